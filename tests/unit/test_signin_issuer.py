"""The local issuer and the tokens services get from it (api §1)."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import orjson
import pytest
from fastapi import FastAPI

from concord.ids import SystemRandomness
from concord.signin.caller import CHANNELS, ROLES
from concord.signin.client import ServiceTokens
from concord.signin.errors import ClientUnknown, IssuerUnreachable, SigningKeyUnreadable
from concord.signin.issuer import ClientsFileUnreadable, IssuerSettings, build
from concord.signin.jwks import Jwks
from concord.signin.keys import SigningKey
from concord.signin.people import CLIENTS, PEOPLE
from concord.signin.verifier import Verifier
from concord.telemetry import tracing
from concord.testkit.clock import FakeClock
from concord.web.app import unprotected_routes
from unit.web_sample import client_of

CLOCK = FakeClock()


def issuer(state: Path, *, local: bool = True, clients_file: Path | None = None) -> FastAPI:
    return build(IssuerSettings(local=local, state_dir=state, clients_file=clients_file), CLOCK, SystemRandomness())


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(issuer(tmp_path)) as made:
        yield made


def verifier(client: httpx.AsyncClient) -> Verifier:
    async def fetch(_: str) -> bytes:
        return (await client.get("/.well-known/jwks.json")).content

    return Verifier("http://127.0.0.1:8400", Jwks("", CLOCK, fetch), CLOCK)


@pytest.mark.parametrize("person", PEOPLE)
async def test_everybody_gets_a_token_that_says_who_they_are(client: httpx.AsyncClient, person: str) -> None:
    answer = (await client.post("/v1/tokens", json={"person": person})).json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 43_200)
    caller = await verifier(client).verify(answer["access_token"])
    expected = PEOPLE[person]
    assert (caller.subject, caller.name, caller.roles) == (person, expected.name, frozenset(expected.roles))
    assert (caller.channel, caller.store, caller.team) == (expected.channel, expected.store, expected.team)


def test_the_storys_people_have_roles_and_channels_that_exist() -> None:
    assert {
        "marta",
        "nora",
        "ana",
        "tom",
        "linda",
        "sam",
        "supervisor",
        "campaign",
        "operator",
        "auditor",
        "web",
        "sms",
    } == set(PEOPLE)
    assert {role for person in PEOPLE.values() for role in person.roles} == ROLES
    assert {person.channel for person in PEOPLE.values()} - {None} == CHANNELS
    assert PEOPLE["tom"].store == "12"
    assert all(person.roles == ("service",) for person in CLIENTS.values())


async def test_a_service_gets_a_token_with_its_secret(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/tokens", json={"client_id": "registry", "client_secret": "local-runs-only"})
    assert (await verifier(client).verify(answer.json()["access_token"])).roles == {"service"}
    for body in (
        {"client_id": "registry", "client_secret": "wrong"},
        {"client_id": "nobody", "client_secret": "local-runs-only"},
    ):
        refused = await client.post("/v1/tokens", json=body)
        assert (refused.status_code, refused.json()["reason"]) == (401, "client_unknown")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"person": "ana", "client_id": "web", "client_secret": "x"},
        {"client_id": "web"},
        {"person": ""},
        {"person": 1},
    ],
)
async def test_a_request_names_one_of_both(client: httpx.AsyncClient, body: dict[str, object]) -> None:
    assert (await client.post("/v1/tokens", json=body)).json()["reason"] == "invalid"


async def test_an_unknown_person_is_told(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/tokens", json={"person": "eve"})
    assert (answer.status_code, answer.json()["reason"]) == (404, "person_unknown")


async def test_the_published_keys_are_public(client: httpx.AsyncClient) -> None:
    (key,) = (await client.get("/.well-known/jwks.json")).json()["keys"]
    assert key.keys() == {"kty", "crv", "x", "kid", "use", "alg"}


async def test_people_exist_only_in_local_runs(tmp_path: Path) -> None:
    clients = tmp_path / "clients.json"
    clients.write_bytes(
        orjson.dumps({"profile": "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"})
    )  # of "secret"
    deployed = issuer(tmp_path, local=False, clients_file=clients)
    assert unprotected_routes(deployed) == ["/.well-known/jwks.json", "/v1/tokens"]
    async with client_of(deployed) as client:
        assert (await client.get("/v1/people")).status_code == 404
        assert (await client.post("/v1/tokens", json={"person": "ana"})).status_code == 422
        assert (
            await client.post("/v1/tokens", json={"client_id": "profile", "client_secret": "secret"})
        ).status_code == 200
        shipped = await client.post("/v1/tokens", json={"client_id": "registry", "client_secret": "local-runs-only"})
        assert shipped.json()["reason"] == "client_unknown"
    assert unprotected_routes(issuer(tmp_path)) == ["/.well-known/jwks.json", "/v1/people", "/v1/tokens"]


def test_a_broken_clients_file_stops_the_start(tmp_path: Path) -> None:
    clients = tmp_path / "clients.json"
    clients.write_text("[]")
    with pytest.raises(ClientsFileUnreadable):
        issuer(tmp_path, clients_file=clients)


def test_the_key_outlives_a_restart_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "signing-key.json"
    first = SigningKey.kept_in(path)
    assert SigningKey.kept_in(path).kid == first.kid
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    SigningKey.new().write(path)
    assert SigningKey.kept_in(path).kid == first.kid
    assert [entry.name for entry in path.parent.iterdir()] == ["signing-key.json"]
    path.write_text("{}")
    with pytest.raises(SigningKeyUnreadable):
        SigningKey.kept_in(path)


class Issuing:
    """An issuer behind an httpx transport that can be away."""

    def __init__(self) -> None:
        self.asked = 0
        self.status = 200
        self.away = False

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("refused")
        self.asked += 1
        assert "authorization" not in request.headers
        return httpx.Response(self.status, json={"access_token": f"t{self.asked}", "expires_in": 100})


@pytest.fixture
async def issuing() -> AsyncIterator[tuple[Issuing, ServiceTokens, FakeClock]]:
    here, clock = Issuing(), FakeClock()
    async with httpx.AsyncClient(transport=httpx.MockTransport(here)) as http:
        yield here, ServiceTokens("http://issuer", "registry", "secret", clock, http), clock


async def test_service_token_is_kept_and_renewed_in_time(issuing: tuple[Issuing, ServiceTokens, FakeClock]) -> None:
    here, tokens, clock = issuing
    assert await asyncio.gather(*(tokens.token() for _ in range(10))) == ["t1"] * 10
    clock.advance(79)
    assert await tokens.token() == "t1"
    clock.advance(2)
    assert await tokens.token() == "t2"
    assert here.asked == 2


async def test_a_valid_service_token_outlives_an_issuer_that_is_away(
    issuing: tuple[Issuing, ServiceTokens, FakeClock],
) -> None:
    here, tokens, clock = issuing
    await tokens.token()
    here.away = True
    clock.advance(90)
    assert await tokens.token() == "t1"
    clock.advance(11)
    with pytest.raises(IssuerUnreachable):
        await tokens.token()
    here.away = False
    clock.advance(2)
    assert await tokens.token() == "t2"


async def test_a_wrong_secret_is_told(issuing: tuple[Issuing, ServiceTokens, FakeClock]) -> None:
    here, tokens, _ = issuing
    here.status = 401
    with pytest.raises(ClientUnknown):
        await tokens.token()
    here.status = 503
    with pytest.raises(IssuerUnreachable):
        await tokens.token()


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"access_token": 1, "expires_in": "soon"}', b"{}"])
async def test_an_answer_that_is_no_token_counts_as_away(body: bytes) -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=body))) as http:
        tokens = ServiceTokens("http://issuer", "registry", "secret", FakeClock(), http)
        with pytest.raises(IssuerUnreachable):
            await tokens.token()


async def test_calls_carry_the_token_and_the_trace_and_survive_a_new_key(
    issuing: tuple[Issuing, ServiceTokens, FakeClock],
) -> None:
    _, tokens, _ = issuing
    seen: list[httpx.Headers] = []

    async def registry(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.copy())
        return httpx.Response(401 if request.headers["authorization"] == "Bearer t1" else 200)

    async with httpx.AsyncClient(transport=httpx.MockTransport(registry), auth=tokens) as http:
        with tracing.span("call"):
            traceparent = tracing.current_traceparent()
            assert (await http.get("http://registry/")).status_code == 200
    assert [headers["authorization"] for headers in seen] == ["Bearer t1", "Bearer t2"]
    assert {headers["traceparent"] for headers in seen} == {traceparent}
