"""The local issuer: JWKS, and tokens for the story's people and for services.

A deployment uses its own issuer of OAuth 2 access tokens (RFC 9068) and never starts this one. Outside a local run
it knows no people, and only the clients of its file.
"""

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from concord.clock import Clock
from concord.errors import Bug, FieldError, Invalid
from concord.ids import Randomness
from concord.settings import AUDIENCE, ServiceSettings
from concord.signin.errors import ClientUnknown, PersonUnknown
from concord.signin.keys import SigningKey
from concord.signin.people import CLIENTS, PEOPLE, Person
from concord.web.app import create_app
from concord.web.auth import PUBLIC
from concord.web.routing import Router

SERVICE: Final = "issuer"
LIFE: Final = 12 * 3600  # s
KEY_FILE: Final = "signing-key.json"
Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class IssuerSettings(ServiceSettings):
    """Sign-in"""

    clients_file: Path | None = Field(
        None,
        description="JSON object of client id to the SHA-256 (hex) of its secret; "
        "outside local runs the only clients there are.",
    )


class ClientsFileUnreadable(Bug):
    """The file of clients is not a JSON object of client id to SHA-256."""

    reason = "clients_file_unreadable"


class ClientRequest(BaseModel):
    """A service asks for its own token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: Word
    client_secret: Word


class TokenRequest(BaseModel):
    """A person (local runs), or a service with its secret."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    person: Word | None = None
    client_id: Word | None = None
    client_secret: Word | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "TokenRequest":
        given = (self.person is not None, self.client_id is not None, self.client_secret is not None)
        if given not in {(True, False, False), (False, True, True)}:
            raise Invalid(errors=[FieldError("", "Name either a person, or client_id and client_secret.")])
        return self


class TokenAnswer(BaseModel):
    """A token, as OAuth 2 answers it."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  a type, no secret
    expires_in: int


class PersonAnswer(BaseModel):
    """Somebody to sign in as."""

    person: str
    name: str
    roles: list[str]
    channel: str | None
    store: str | None
    team: str | None


class Issuer:
    """Signs tokens in one issuer's name."""

    def __init__(self, name: str, key: SigningKey, clock: Clock, randomness: Randomness) -> None:
        self.name = name
        self.key = key
        self._clock = clock
        self._randomness = randomness

    def token(self, person: Person, life: int = LIFE) -> str:
        """A token valid from now for `life` seconds."""
        now = int(self._clock.now().timestamp())
        times = {"iat": now, "nbf": now, "exp": now + life, "jti": f"{self._randomness.bits(128):032x}"}
        return self.key.sign({"iss": self.name, "aud": AUDIENCE, **person.claims(), **times})

    def answer(self, person: Person) -> TokenAnswer:
        return TokenAnswer(access_token=self.token(person), expires_in=LIFE)


class Clients:
    """Who is a client, by the SHA-256 of its secret."""

    def __init__(self, digests: Mapping[str, str]) -> None:
        self._digests = digests

    @classmethod
    def of(cls, settings: IssuerSettings) -> "Clients":
        """Those of the file; in a local run all services, with the shipped secret or the one set."""
        if settings.clients_file is not None:
            return cls(_digests(settings.clients_file))
        secret = settings.client_secret.get_secret_value()
        return cls(dict.fromkeys(CLIENTS, _sha256(secret)) if settings.local else {})

    def client(self, client_id: str, secret: str) -> Person:
        """The client. Raises ClientUnknown, without saying whether the id or the secret was wrong."""
        expected = self._digests.get(client_id, "")
        if not hmac.compare_digest(expected, _sha256(secret)):
            raise ClientUnknown
        return CLIENTS.get(client_id) or Person(client_id, client_id, ("service",))


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _digests(path: Path) -> dict[str, str]:
    try:
        document = orjson.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ClientsFileUnreadable from error
    if not isinstance(document, dict) or not all(isinstance(digest, str) for digest in document.values()):
        raise ClientsFileUnreadable
    return document


def _person(name: str) -> Person:
    person = PEOPLE.get(name)
    if person is None:
        raise PersonUnknown
    return person


def _keys(issuer: Issuer) -> Router:
    router = Router(tags=["sign-in"])

    @router.get("/.well-known/jwks.json", openapi_extra=PUBLIC)
    async def jwks() -> dict[str, Any]:
        """The public keys of the issuer (RFC 7517)."""
        return issuer.key.public_set()

    return router


def _local(issuer: Issuer, clients: Clients) -> Router:
    router = Router(tags=["sign-in"])

    @router.post("/v1/tokens", openapi_extra=PUBLIC)
    async def token(body: TokenRequest) -> TokenAnswer:
        """A token for a person of the story, or for a service."""
        if body.person is not None:
            return issuer.answer(_person(body.person))
        return issuer.answer(clients.client(body.client_id or "", body.client_secret or ""))

    @router.get("/v1/people", openapi_extra=PUBLIC)
    async def people() -> list[PersonAnswer]:
        """Everybody whose token this local run hands out."""
        return [
            PersonAnswer(
                person=p.subject, name=p.name, roles=list(p.roles), channel=p.channel, store=p.store, team=p.team
            )
            for p in PEOPLE.values()
        ]

    return router


def _deployed(issuer: Issuer, clients: Clients) -> Router:
    router = Router(tags=["sign-in"])

    @router.post("/v1/tokens", openapi_extra=PUBLIC)
    async def token(body: ClientRequest) -> TokenAnswer:
        """A token for a service."""
        return issuer.answer(clients.client(body.client_id, body.client_secret))

    return router


def build(settings: IssuerSettings, clock: Clock, randomness: Randomness, key: SigningKey | None = None) -> FastAPI:
    """The issuer's application; its key is kept in `state_dir` unless one is given."""
    issuer = Issuer(settings.issuer, key or SigningKey.kept_in(settings.state_dir / KEY_FILE), clock, randomness)
    tokens = (_local if settings.local else _deployed)(issuer, Clients.of(settings))
    return create_app(
        title="Concord sign-in", service=SERVICE, routers=[_keys(issuer), tokens], settings=settings, signin=None
    )
