"""Tokens for tests: a real key, real signatures, no network.

signin = LocalSignin(clock)
app = build(settings, ..., signin=signin.verifier)
await client.post("/v1/offers", json=..., headers=signin.headers("marta"))
"""

from typing import Any

import orjson

from concord.clock import Clock, SystemClock
from concord.ids import SystemRandomness
from concord.signin.issuer import LIFE, Issuer
from concord.signin.jwks import Jwks
from concord.signin.keys import SigningKey
from concord.signin.people import CLIENTS, PEOPLE, Person
from concord.signin.verifier import Verifier

ISSUER = "http://127.0.0.1:8400"


class LocalSignin:
    """An issuer and a verifier that trusts it."""

    def __init__(self, clock: Clock | None = None, issuer: str = ISSUER) -> None:
        self.clock = clock or SystemClock()
        self.key = SigningKey.new()
        self.issuer = Issuer(issuer, self.key, self.clock, SystemRandomness())
        self.keys = Jwks(f"{issuer}/.well-known/jwks.json", self.clock, self._published)
        self.verifier = Verifier(issuer, self.keys, self.clock)

    async def _published(self, _: str) -> bytes:
        return orjson.dumps(self.key.public_set())

    def token(self, who: str, life: int = LIFE) -> str:
        """The token of a person of the story, or of a service's client."""
        return self.issuer.token(PEOPLE.get(who) or CLIENTS[who], life)

    def token_with(self, subject: str, *roles: str, **claims: Any) -> str:
        """A token of somebody made up; claims: channel, store, team."""
        return self.issuer.token(Person(subject, subject, roles, **claims))

    def headers(self, who: str) -> dict[str, str]:
        """`Authorization` of a person or client."""
        return {"Authorization": f"Bearer {self.token(who)}"}
