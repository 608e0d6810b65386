"""What the registry's routes share: who may call them, what they are built from, the view tokens of their answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

import asyncpg
from fastapi import Depends, Header, Path, Request, Response

from concord.errors import FieldError
from concord.telemetry.tracing import current_traceparent
from concord.web.auth import Caller, require
from concord.web.errors import CursorMalformed, EtagStale
from concord.web.etag import check_if_match
from concord.web.pagination import PageRequest
from concord.web.tokens import AT_LEAST, CatalogueToken, parse_at_least, set_view
from offer_registry.approvals import Approvals
from offer_registry.attributes import Attributes
from offer_registry.bound import Catalogue
from offer_registry.budgets import Budgets
from offer_registry.handlers import Registry
from offer_registry.history import Person
from offer_registry.journal import Cause, Committed

READ: Final = (
    "offer_author",
    "offer_approver",
    "campaign_tool",
    "agent",
    "supervisor",
    "clerk",
    "operator",
    "auditor",
    "service",
)
RUN: Final = ("offer_author", "offer_approver")
LAST_NUMBER: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Services:
    """What the routes call; made once PostgreSQL answers."""

    pool: asyncpg.Pool
    registry: Registry
    approvals: Approvals
    catalogue: Catalogue
    attributes: Attributes
    budgets: Budgets


async def _services(request: Request) -> Services:  # not `def`: FastAPI would fetch it on another thread
    services: Services = request.app.state.services
    return services


Parts = Annotated[Services, Depends(_services)]


async def _bound(
    parts: Parts,
    response: Response,
    at_least: Annotated[
        str | None,
        Header(
            alias=AT_LEAST, description="Tokens of earlier answers' `Concord-View`; the answer is as new as they are."
        ),
    ] = None,
) -> None:
    set_view(response, [await parts.catalogue.at_least(parse_at_least(at_least))], 0)


READING: Final = [require(*READ), Depends(_bound)]
"""What every read depends on: a role, and to be as new as the caller asked for; the answer says how new it is."""

OfferName = Annotated[str, Path(description="The offer's id or key.", max_length=80)]
Number = Annotated[int, Path(description="The version's number.", ge=1, le=LAST_NUMBER)]


IF_MATCH: Final = {
    "parameters": [
        {
            "name": "If-Match",
            "in": "header",
            "required": False,
            "description": "The `ETag` that was read, to change what there is; another is 412, none is 428.",
            "schema": {"type": "string"},
        }
    ]
}


def unless_changed(request: Request) -> Callable[[int | None], None]:
    """Refuses unless `If-Match` names what there is: its row version, None for nothing, which needs no `If-Match`."""

    def check(version: int | None) -> None:
        if version is not None:
            check_if_match(request, version)
        elif "if-match" in request.headers:
            raise EtagStale("There is nothing of that name yet; leave out If-Match to declare it.")

    return check


def name_after(page: PageRequest) -> str:
    """The name after which a page of a list by name begins. Raises CursorMalformed."""
    place = page.after or ("",)
    if len(place) != 1 or not isinstance(place[0], str):
        raise CursorMalformed(errors=[FieldError("/query/after", "It is not a cursor of this list.")])
    return place[0]


async def set_current(parts: Services, response: Response) -> None:
    """The view token of a write that the log does not carry."""
    set_view(response, [await parts.catalogue.read()], 0)


def set_written(parts: Services, response: Response, committed: Committed) -> None:
    """The view token of what was written."""
    set_view(response, [parts.catalogue.note(CatalogueToken(committed.epoch, committed.revision))], 0)


def person(caller: Caller) -> Person:
    """The caller as the author of a change, in the request's trace."""
    return Person(caller.subject, current_traceparent())


def cause(caller: Caller, reason: str | None = None) -> Cause:
    """The caller's request as the cause of a change, in its trace."""
    return Cause(by=caller.subject, reason=reason, traceparent=current_traceparent())
