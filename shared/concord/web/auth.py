"""Who may ask what: bearer tokens and roles (api §1).

    @router.post("/v1/offers", status_code=201)
    async def create(body: NewOffer, caller: Annotated[Caller, require("offer_author")]) -> Offer: ...

The token is checked before the body is read, so that nobody without one learns what a route takes.
"""

from collections.abc import Iterator
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, Final

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from starlette.requests import Request
from starlette.types import Scope

from concord.signin.caller import ROLES, Caller
from concord.signin.errors import TokenInvalid, TokenMissing
from concord.telemetry import metrics
from concord.web.errors import RoleMissing, WrongChannel

__all__ = ["PUBLIC", "Caller", "Require", "check_channel", "require", "requirements"]

KEY: Final = "concord.caller"  # in the ASGI scope: who is asking, once known
REQUEST: Final = "concord_request"  # the name under which `pass_caller` asks for the request
PUBLIC: Final[dict[str, Any]] = {"security": []}  # `openapi_extra` of a route that needs no token


class Require:
    """The dependency behind `require`; the route checks it before anything else (`concord.web.routing`)."""

    def __init__(self, roles: frozenset[str]) -> None:
        self.roles = roles

    async def __call__(self, request: Request) -> Caller:
        caller: Caller = request.scope[KEY]
        return caller

    async def admit(self, scope: Scope) -> None:
        """Raises Unauthenticated, RoleMissing or WrongChannel; else notes the caller in the scope."""
        state = scope["app"].state
        caller: Caller = await state.signin.verify(bearer(scope))
        if caller.channel is not None and state.channel is not None:
            check_channel(caller, state.channel)
        if self.roles.isdisjoint(caller.roles):
            metrics.tokens_refused.labels(reason=RoleMissing.reason).inc()
            raise RoleMissing(f"This needs one of the roles: {', '.join(sorted(self.roles))}.")
        scope[KEY] = caller


def require(*roles: str) -> Any:
    """A dependency that gives the Caller, who has at least one of the roles. Raises ValueError for an unknown role."""
    if not roles or (unknown := set(roles) - ROLES):
        raise ValueError(f"no such role: {sorted(unknown) if roles else 'none given'}")
    return Depends(Require(frozenset(roles)))


def check_channel(caller: Caller, channel: str) -> None:
    """Raises WrongChannel when the caller's token names another channel (or none)."""
    if caller.channel != channel:
        metrics.tokens_refused.labels(reason=WrongChannel.reason).inc()
        raise WrongChannel(f"The token is for {caller.channel or 'no channel'}; this is {channel}.")


def bearer(scope: Scope) -> str:
    """The token of the `Authorization` header. Raises TokenMissing, or TokenInvalid when there are two."""
    found: bytes | None = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            if found is not None:
                raise TokenInvalid("There are two Authorization headers.")
            found = value
    if found is None or found[:7].lower() != b"bearer ":
        raise TokenMissing
    return found[7:].strip().decode("latin-1")


def pass_caller(dependant: Dependant) -> None:
    """Hand the caller to a coroutine endpoint without FastAPI's resolution of dependencies: 20 of 150 µs here."""
    endpoint = dependant.call
    found = [below for below in dependant.dependencies if isinstance(below.call, Require)]
    if not found or endpoint is None or not iscoroutinefunction(endpoint):
        return
    names = [below.name for below in found if below.name is not None]
    wanted = dependant.request_param_name
    dependant.request_param_name = wanted or REQUEST

    @wraps(endpoint)
    async def call(**values: Any) -> Any:
        request = values[wanted] if wanted else values.pop(REQUEST)
        for name in names:
            values[name] = request.scope[KEY]
        return await endpoint(**values)

    dependant.dependencies = [below for below in dependant.dependencies if below not in found]
    dependant.call = call


def requirements(dependant: Dependant) -> Iterator[Require]:
    """Every Require below a route."""
    if isinstance(dependant.call, Require):
        yield dependant.call
    for below in dependant.dependencies:
        yield from requirements(below)
