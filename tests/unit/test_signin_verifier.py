"""Which tokens are refused, and that the issuer may be away (research: reliability §2.2)."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from concord.ids import SystemRandomness
from concord.signin.errors import IssuerUnreachable, TokenExpired, TokenInvalid
from concord.signin.issuer import Issuer
from concord.signin.jwks import Jwks
from concord.signin.keys import SigningKey
from concord.signin.people import PEOPLE
from concord.signin.verifier import Verifier
from concord.testkit.clock import FakeClock
from concord.testkit.signin import ISSUER, LocalSignin

CLOCK = FakeClock()
SIGNIN = LocalSignin(CLOCK)
NOW = int(CLOCK.now().timestamp())
CLAIMS: dict[str, Any] = {
    "iss": ISSUER, "aud": "concord", "sub": "marta", "name": "Marta", "roles": ["offer_author"],
    "iat": NOW, "nbf": NOW, "exp": NOW + 600,
}  # fmt: skip
PUBLIC_X = SIGNIN.key.public_set()["keys"][0]["x"]


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def part(document: Any) -> str:
    return b64(json.dumps(document).encode())


def signed(
    header: dict[str, Any] | None = None, claims: dict[str, Any] | None = None, key: SigningKey = SIGNIN.key
) -> str:
    """A token with a good signature over whatever header and claims are given."""
    whole = {"alg": "EdDSA", "typ": "at+jwt", "kid": SIGNIN.key.kid, **(header or {})}
    return resigned(part(whole), part({**CLAIMS, **(claims or {})}), key)


def resigned(header: str, payload: str, key: SigningKey = SIGNIN.key) -> str:
    signature = key._key.private_key.sign(f"{header}.{payload}".encode())  # type: ignore[union-attr]
    return f"{header}.{payload}.{b64(signature)}"


def hs256(secret: bytes) -> str:
    signing_input = f"{part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': SIGNIN.key.kid})}.{part(CLAIMS)}"
    return f"{signing_input}.{b64(hmac.digest(secret, signing_input.encode(), hashlib.sha256))}"


def without(name: str) -> str:
    return resigned(
        part({"alg": "EdDSA", "typ": "at+jwt", "kid": SIGNIN.key.kid}),
        part({key: value for key, value in CLAIMS.items() if key != name}),
    )


def own_key_inside() -> str:
    mine = SigningKey.new()
    return signed({"jwk": mine.public_set()["keys"][0], "kid": mine.kid}, key=mine)


NONE = f"{part({'alg': 'none', 'typ': 'at+jwt', 'kid': SIGNIN.key.kid})}.{part(CLAIMS)}"
REFUSED: dict[str, Callable[[], str]] = {
    "alg none, no signature": lambda: f"{NONE}.",
    "alg none, some signature": lambda: f"{NONE}.{b64(b'x')}",
    "alg None in other case": lambda: signed({"alg": "NONE"}),
    "HS256 with the public key": lambda: hs256(base64.urlsafe_b64decode(PUBLIC_X + "=")),
    "HS256 with the JWK's text": lambda: hs256(orjson.dumps(SIGNIN.key.public_set()["keys"][0])),
    "alg missing": lambda: resigned(part({"typ": "at+jwt", "kid": SIGNIN.key.kid}), part(CLAIMS)),
    "alg a list": lambda: signed({"alg": ["EdDSA"]}),
    "typ JWT": lambda: signed({"typ": "JWT"}),
    "typ missing": lambda: resigned(part({"alg": "EdDSA", "kid": SIGNIN.key.kid}), part(CLAIMS)),
    "kid missing": lambda: resigned(part({"alg": "EdDSA", "typ": "at+jwt"}), part(CLAIMS)),
    "kid a number": lambda: signed({"kid": 1}),
    "kid unknown": lambda: signed({"kid": "other"}),
    "crit": lambda: signed({"crit": ["exp"]}),
    "crit unknown": lambda: signed({"crit": ["x"], "x": 1}),
    "embedded jwk": own_key_inside,
    "jku": lambda: signed({"jku": "https://evil.example/jwks.json"}),
    "x5u": lambda: signed({"x5u": "https://evil.example/cert"}),
    "b64 false": lambda: signed({"b64": False, "crit": ["b64"]}),
    "another key, our kid": lambda: signed(key=SigningKey.new()),
    "wrong iss": lambda: signed(claims={"iss": "https://evil.example"}),
    "iss with a slash": lambda: signed(claims={"iss": f"{ISSUER}/"}),
    "iss missing": lambda: without("iss"),
    "wrong aud": lambda: signed(claims={"aud": "other"}),
    "aud part of": lambda: signed(claims={"aud": "concord-admin"}),
    "aud missing": lambda: without("aud"),
    "nbf ahead": lambda: signed(claims={"nbf": NOW + 60}),
    "nbf a text": lambda: signed(claims={"nbf": "0"}),
    "exp missing": lambda: without("exp"),
    "exp a text": lambda: signed(claims={"exp": str(NOW + 60)}),
    "exp true": lambda: signed(claims={"exp": True}),
    "exp infinite": lambda: signed(claims={"exp": float("inf")}),
    "exp too large": lambda: signed(claims={"exp": 10**30}),
    "sub missing": lambda: without("sub"),
    "sub empty": lambda: signed(claims={"sub": ""}),
    "roles a text": lambda: signed(claims={"roles": "offer_author"}),
    "roles missing": lambda: without("roles"),
    "unknown channel": lambda: signed(claims={"channel": "fax"}),
    "name a list": lambda: signed(claims={"name": ["x"]}),
    "claims a list": lambda: resigned(part({"alg": "EdDSA", "typ": "at+jwt", "kid": SIGNIN.key.kid}), part([])),
    "claims not json": lambda: resigned(part({"alg": "EdDSA", "typ": "at+jwt", "kid": SIGNIN.key.kid}), b64(b"{")),
    "claims with sub twice": lambda: resigned(
        part({"alg": "EdDSA", "typ": "at+jwt", "kid": SIGNIN.key.kid}), b64(b'{"sub":"a","sub":"b"}')
    ),
    "header not json": lambda: resigned(b64(b"{"), part(CLAIMS)),
    "header deep": lambda: resigned(b64(b"[" * 3000), part(CLAIMS)),
    "two signatures": lambda: f"{signed()}.{signed().split('.')[2]}",
    "signature cut": lambda: signed()[:-4],
    "claims changed": lambda: ".".join(
        [signed().split(".")[0], part({**CLAIMS, "sub": "nora"}), signed().split(".")[2]]
    ),
    "JSON serialisation": lambda: json.dumps({"payload": part(CLAIMS), "signatures": []}),
    "encrypted": lambda: ".".join(["e30"] * 5),
    "1 MB": lambda: signed(claims={"name": "x" * 1_000_000}),
    "1 MB of dots": lambda: "." * 1_000_000,
    "empty": lambda: "",
    "garbage": lambda: "garbage",
    "not ASCII": lambda: f"{signed()}\xff",
    "spaces": lambda: f" {signed()}",
    "NUL": lambda: f"{signed()}\x00",
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED.keys())
async def test_token_is_refused(make: Callable[[], str]) -> None:
    with pytest.raises(TokenInvalid) as refused:
        await SIGNIN.verifier.verify(make())
    assert refused.value.reason == "token_invalid"


async def test_token_is_taken() -> None:
    caller = await SIGNIN.verifier.verify(
        signed(claims={"aud": ["other", "concord"], "roles": ["offer_author", "of_another_system"]})
    )
    assert (caller.subject, caller.name, caller.roles) == ("marta", "Marta", frozenset({"offer_author"}))
    assert (await SIGNIN.verifier.verify(signed({"alg": "Ed25519", "typ": "application/AT+JWT"}))).subject == "marta"


async def test_token_expires_also_when_it_was_remembered() -> None:
    clock = FakeClock()
    signin = LocalSignin(clock)
    token = signin.token("ana", life=60)
    await signin.verifier.verify(token)  # the first fetches the keys, and a new set forgets what was remembered
    caller = await signin.verifier.verify(token)
    assert (caller.channel, caller.team) == ("call_center", "retention")
    clock.advance(59)
    assert await signin.verifier.verify(token) is caller
    clock.advance(7)
    for _ in range(2):
        with pytest.raises(TokenExpired):
            await signin.verifier.verify(token)


async def test_remembered_tokens_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("concord.signin.verifier.REMEMBERED", 3)
    signin = LocalSignin(FakeClock())
    for _ in range(10):
        await signin.verifier.verify(signin.token("tom"))
    assert len(signin.verifier._verified) == 3


class Network:
    """The way to the issuer, as a test wants it."""

    def __init__(self, key: SigningKey) -> None:
        self.answer: bytes | Exception = orjson.dumps(key.public_set())
        self.fetched = 0
        self.gate: asyncio.Event | None = None

    async def __call__(self, url: str) -> bytes:
        assert url == "http://issuer/jwks"
        self.fetched += 1
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Setting:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.key = SigningKey.new()
        self.network = Network(self.key)
        self.jwks = Jwks("http://issuer/jwks", self.clock, self.network)
        self.verifier = Verifier(ISSUER, self.jwks, self.clock)

    def token(self, key: SigningKey | None = None) -> str:
        return Issuer(ISSUER, key or self.key, self.clock, SystemRandomness()).token(PEOPLE["marta"])


async def test_a_service_that_starts_before_the_issuer_recovers() -> None:
    here = Setting()
    published = here.network.answer
    here.network.answer = httpx.ConnectError("refused")
    token = here.token()
    for _ in range(5):
        with pytest.raises(IssuerUnreachable):
            await here.verifier.verify(token)
    assert here.network.fetched == 1
    here.network.answer = published
    here.clock.advance(1.1)
    assert (await here.verifier.verify(token)).subject == "marta"


async def test_a_storm_of_unknown_kids_costs_one_fetch_in_30_seconds() -> None:
    here = Setting()
    await here.verifier.verify(here.token())
    here.clock.advance(31)
    strange = here.token(SigningKey.new())
    results = await asyncio.gather(*(here.verifier.verify(strange) for _ in range(200)), return_exceptions=True)
    assert {type(result) for result in results} == {TokenInvalid}
    assert here.network.fetched == 2
    here.clock.advance(29)
    with pytest.raises(TokenInvalid):
        await here.verifier.verify(here.token(SigningKey.new()))
    assert here.network.fetched == 2


async def test_many_first_requests_fetch_once() -> None:
    here = Setting()
    here.network.gate = asyncio.Event()
    token = here.token()
    waiting = [asyncio.create_task(here.verifier.verify(token)) for _ in range(20)]
    await asyncio.sleep(0)
    here.network.gate.set()
    assert {caller.subject for caller in await asyncio.gather(*waiting)} == {"marta"}
    assert here.network.fetched == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("slow"),
        b"{",
        b"[]",
        b'{"keys":[]}',
        b'{"keys":[{"kty":"oct","k":"eA","kid":"a"}]}',
        b'{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"?"}]}',
    ],
    ids=["time-out", "no JSON", "no set", "no keys", "a secret", "no point"],
)
async def test_the_last_good_keys_are_kept(answer: bytes | Exception) -> None:
    here = Setting()
    await here.verifier.verify(here.token())
    here.network.answer = answer
    here.clock.advance(301)
    assert (await here.verifier.verify(here.token())).subject == "marta"
    await asyncio.wait_for(here.jwks._background, 5)  # type: ignore[arg-type]
    assert here.network.fetched == 2
    assert (await here.verifier.verify(here.token())).subject == "marta"


async def test_a_key_taken_back_ends_its_tokens_even_remembered_ones() -> None:
    here = Setting()
    token = here.token()
    await here.verifier.verify(token)
    successor = SigningKey.new()
    here.network.answer = orjson.dumps(successor.public_set())
    here.clock.advance(301)
    await here.verifier.verify(token)
    await asyncio.wait_for(here.jwks._background, 5)  # type: ignore[arg-type]
    with pytest.raises(TokenInvalid):
        await here.verifier.verify(token)
    assert (await here.verifier.verify(here.token(successor))).subject == "marta"


async def test_a_private_part_in_the_published_set_is_not_kept() -> None:
    here = Setting()
    here.network.answer = orjson.dumps({"keys": [{**here.key._key.as_dict(private=True), "kid": here.key.kid}]})
    await here.verifier.verify(here.token())
    assert not (await here.jwks.key(here.key.kid)).is_private  # type: ignore[union-attr]
