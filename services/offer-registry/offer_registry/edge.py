"""What the registry's routes share: who may call them, what they are built from, the view tokens of their answers."""

from dataclasses import dataclass
from typing import Annotated, Final

import asyncpg
from fastapi import Depends, Header, Path, Request, Response

from concord.telemetry.tracing import current_traceparent
from concord.web.auth import Caller, require
from concord.web.tokens import AT_LEAST, CatalogueToken, parse_at_least, set_view
from offer_registry.approvals import Approvals
from offer_registry.bound import Catalogue
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
