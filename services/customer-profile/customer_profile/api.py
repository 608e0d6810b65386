"""The profile's routes (api §3)."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Request, Response

from concord.web import imports
from concord.web.auth import Caller, require
from concord.web.idempotency import IdempotencyKey, claim
from concord.web.imports import ImportDesk
from concord.web.routing import Router
from concord.web.tokens import AT_LEAST, parse_at_least
from customer_profile.documents import (
    Cancellation,
    Found,
    HouseholdChange,
    HouseholdDocument,
    NewHousehold,
    NewPromise,
    PromiseDocument,
    Question,
)
from customer_profile.handlers import Profile

READ = ("campaign_tool", "agent", "supervisor", "clerk", "operator", "auditor", "service")
WRITE = ("campaign_tool", "agent", "supervisor", "operator", "service")
PROMISE = ("campaign_tool", "agent", "supervisor", "clerk", "service")
CANCEL = ("campaign_tool", "supervisor", "operator")
IMPORT = ("campaign_tool", "operator", "service")
KINDS = ("households", "promises")

AtLeastHeader = Annotated[
    str | None, Header(alias=AT_LEAST, description="Tokens of `Concord-View`: the answer is at least as fresh, or 503.")
]
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The `ETag` that was read; another is 412, none is 428.",
    "schema": {"type": "string"},
}
Id = Annotated[str, Path(max_length=40)]


def routers(profile: Callable[[], Profile], desk: Callable[[], ImportDesk]) -> list[Router]:
    """Routes that ask the profile there is when they are called."""

    async def bound(at_least: AtLeastHeader = None) -> None:
        await profile().satisfy(parse_at_least(at_least))

    fresh = Depends(bound)
    importing = imports.router(desk, kinds=KINDS, roles=IMPORT, readers=("auditor",), dependencies=[fresh])
    return [households(profile, fresh), promises(profile, fresh), log(profile, fresh), importing]


def households(profile: Callable[[], Profile], fresh: Any) -> Router:
    """Households, and who is meant."""
    routes = Router(tags=["households"])

    @routes.post("/v1/households", status_code=201, response_model=HouseholdDocument)
    async def create_household(
        body: NewHousehold, request: Request, caller: Annotated[Caller, require(*WRITE)], key: IdempotencyKey = None
    ) -> Response:
        """A household; its entries name each other by `ref`. An Idempotency-Key may be sent, and then counts."""
        claimed = None if key is None else await claim(request, caller.subject, key)
        return await profile().create(body, caller, claimed)

    @routes.get(
        "/v1/households/{household}",
        response_model=HouseholdDocument,
        dependencies=[require(*READ), fresh],
    )
    async def read_household(household: Id) -> Response:
        """A household with its promises, newest first."""
        return await profile().household(household)

    @routes.patch(
        "/v1/households/{household}",
        response_model=HouseholdDocument,
        dependencies=[require(*WRITE)],
        openapi_extra={"parameters": [IF_MATCH]},
    )
    async def change_household(household: Id, body: HouseholdChange, request: Request) -> Response:
        """Change a household; `If-Match` names the version that was read."""
        return await profile().change(household, body, request)

    @routes.post("/v1/customers:lookup", response_model=Found, dependencies=[fresh])
    async def look_up(body: Question, caller: Annotated[Caller, require(*READ)]) -> Response:
        """Who is meant by a number, an e-mail address, a code, a party, a line, a ref of the caller's imports, or a
        name with its postcode.
        """
        return await profile().find(body, caller)

    return routes


def promises(profile: Callable[[], Profile], fresh: Any) -> Router:
    """Promises, one at a time."""
    routes = Router(tags=["promises"])

    @routes.post("/v1/promises", status_code=201, response_model=PromiseDocument, dependencies=[fresh])
    async def make_promise(
        body: NewPromise, request: Request, caller: Annotated[Caller, require(*PROMISE)], key: IdempotencyKey = None
    ) -> Response:
        """Promise an offer to a party: pins the version and its deadline, and gives a code (terms §6)."""
        return await profile().promise(body, caller, await claim(request, caller.subject, key))

    @routes.get(
        "/v1/promises/{promise}",
        response_model=PromiseDocument,
        dependencies=[require(*READ), fresh],
    )
    async def read_promise(promise: Id) -> Response:
        """A promise; an open one past its deadline reads as expired."""
        return await profile().read_promise(promise)

    @routes.post("/v1/promises/{promise}:cancel", response_model=PromiseDocument)
    async def cancel_promise(
        promise: Id,
        body: Cancellation,
        request: Request,
        caller: Annotated[Caller, require(*CANCEL)],
        key: IdempotencyKey = None,
    ) -> Response:
        """Cancel a promise, for a reason that stays on record."""
        return await profile().cancel(promise, body, caller, await claim(request, caller.subject, key))

    return routes


def log(profile: Callable[[], Profile], fresh: Any) -> Router:
    """What the log has, from its authority."""
    routes = Router(tags=["log"])

    @routes.get("/v1/households/{household}/records", dependencies=[require("service"), fresh])
    async def read_records(household: Id) -> Response:
        """The household's record and its promises' as on `concord.households.v1`, for read-throughs (protocol R20)."""
        return await profile().records(household)

    @routes.get("/v1/log", dependencies=[require(*READ), fresh])
    async def read_log() -> Response:
        """Every partition of the households log as the authority has it."""
        return await profile().log()

    return routes
