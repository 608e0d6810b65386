"""Verification of bearer tokens (RFC 7519, 8725, 9068).

Accepted: alg EdDSA, typ at+jwt, a kid of the configured issuer's JWKS, iss and aud exactly ours, an exp ahead, an
nbf not ahead. The header may hold nothing but alg, typ and kid: keys and addresses that a token brings along
(`jwk`, `jku`, `x5u`) and critical extensions (`crit`) are refused, not ignored.
"""

import binascii
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from concord.clock import Clock
from concord.errors import Refused, Unauthenticated
from concord.settings import AUDIENCE
from concord.signin.caller import CHANNELS, ROLES, Caller
from concord.signin.errors import TokenExpired, TokenInvalid
from concord.signin.jwks import Jwks
from concord.signin.keys import ALGORITHMS, REGISTRY, TYPE
from concord.telemetry import metrics
from concord.web import strict

LONGEST: Final = 8_192  # characters of a token
LEEWAY: Final = 5.0  # s by which clocks may differ
REMEMBERED: Final = 4_096  # verified tokens
COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
HEADER: Final = frozenset({"alg", "typ", "kid"})
Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller
    until: float  # seconds since 1970


class Verifier:
    """Turns tokens of one issuer into callers; remembers verified ones by their exact text until they expire."""

    def __init__(self, issuer: str, keys: Jwks, clock: Clock, audience: str = AUDIENCE) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._clock = clock
        self._verified: dict[str, _Verified] = {}
        self._generation = keys.generation

    async def verify(self, token: str) -> Caller:
        """Who the token stands for.

        Raises:
            TokenInvalid, TokenExpired: what they say.
            IssuerUnreachable: no key was ever fetched.
        """
        self._keys.refresh_when_stale()
        if self._generation != self._keys.generation:
            self._verified.clear()
            self._generation = self._keys.generation
        known = self._verified.get(token)
        if known is not None and self._clock.now().timestamp() < known.until:
            return known.caller
        try:
            return self._remember(token, await self._claims(token))
        except Unauthenticated as error:
            self._verified.pop(token, None)
            metrics.tokens_refused.labels(reason=error.reason).inc()
            raise

    def _remember(self, token: str, claims: Claims) -> Caller:
        verified = _Verified(_caller(claims), claims["exp"] + LEEWAY)
        if len(self._verified) >= REMEMBERED:
            del self._verified[next(iter(self._verified))]  # the one remembered longest
        self._verified[token] = verified
        return verified.caller

    async def _claims(self, token: str) -> Claims:
        if len(token) > LONGEST or COMPACT.fullmatch(token) is None:
            raise TokenInvalid("It is not a signed token.")
        kid = _kid(_document(token.partition(".")[0]))
        key = await self._keys.key(kid)
        if key is None:
            raise TokenInvalid("Its key is not the issuer's.")
        claims = _document_of(_payload(token, key))
        self._check(claims)
        return claims

    def _check(self, claims: Claims) -> None:
        audience = claims.get("aud")
        if claims.get("iss") != self._issuer:
            raise TokenInvalid("Another issuer made it.")
        if audience != self._audience and not (isinstance(audience, list) and self._audience in audience):
            raise TokenInvalid("It is meant for another audience.")
        now = self._clock.now().timestamp()
        if now >= _instant(claims, "exp") + LEEWAY:
            raise TokenExpired
        if "nbf" in claims and now < _instant(claims, "nbf") - LEEWAY:
            raise TokenInvalid("It is not valid yet.")
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise TokenInvalid("It names no subject.")


def _payload(token: str, key: OKPKey) -> bytes:
    try:
        return jws.deserialize_compact(token, key, registry=REGISTRY).payload
    except (JoseError, ValueError) as error:
        raise TokenInvalid("Its signature does not fit.") from error


def _kid(header: Claims) -> str:
    kid = header.get("kid")
    if header.keys() - HEADER:
        raise TokenInvalid("Its header holds more than alg, typ and kid.")
    if header.get("alg") not in ALGORITHMS or str(header.get("typ", "")).lower().removeprefix("application/") != TYPE:
        raise TokenInvalid("It is not an EdDSA access token.")
    if not isinstance(kid, str) or not 0 < len(kid) <= 200:
        raise TokenInvalid("It names no key.")
    return kid


def _document(segment: str) -> Claims:
    try:
        return _document_of(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except binascii.Error as error:
        raise TokenInvalid("It is not a signed token.") from error


def _document_of(raw: bytes) -> Claims:
    try:
        document = strict.loads(raw)
    except Refused as error:
        raise TokenInvalid("It is not a signed token.") from error
    if not isinstance(document, dict):
        raise TokenInvalid("It is not a signed token.")
    return document


def _instant(claims: Claims, name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenInvalid(f"Its {name} is not a number.")
    return float(value)


def _caller(claims: Claims) -> Caller:
    roles, channel = claims.get("roles"), claims.get("channel")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise TokenInvalid("It names no roles.")
    if channel is not None and channel not in CHANNELS:
        raise TokenInvalid("It names a channel that does not exist.")
    subject = claims["sub"]
    return Caller(
        subject,
        _text(claims, "name") or subject,
        ROLES.intersection(roles),
        channel,
        _text(claims, "store"),
        _text(claims, "team"),
    )


def _text(claims: Claims, name: str) -> str | None:
    value = claims.get(name)
    if value is not None and not isinstance(value, str):
        raise TokenInvalid(f"Its {name} is not a text.")
    return value
