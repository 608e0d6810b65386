"""What a list of promotions is narrowed to, as TM Forum's queries say it: `name=…`, `validFor.startDateTime.gte=…`."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import Depends, Query

from concord.contracts.records import ActivationState
from concord.decision.scalars import Instant, Origin
from concord.errors import FieldError, Invalid
from offer_registry.edge import LAST_NUMBER
from offer_registry.tmf.lifecycle import LifecycleStatus
from offer_registry.tmf.schemas import HonouredPromotion

LONGEST: Final = 1_000  # characters of one parameter
LAST: Final = datetime.max.replace(tzinfo=UTC)
TICK: Final = timedelta(microseconds=1)  # PostgreSQL's, so that "after" is "from the next tick on"
LAST_OFFSET: Final = 2**31 - 1
USUAL: Final = 50
MOST: Final = 200
ALWAYS: Final = ("id", "href", "@type")  # members that stand there whatever `fields` says
MEMBERS: Final = tuple(field.alias or name for name, field in HonouredPromotion.model_fields.items())
TYPES: Final = ("Award", "Discount", "Reduction")


@dataclass(frozen=True, slots=True)
class Span:
    """Instants from `start` on, before `end`; None is open."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; None leaves everything in."""

    ids: Collection[str] | None = None
    keys: Collection[str] | None = None
    name: str | None = None
    version: int | None = None
    statuses: Collection[str] | None = None
    types: Collection[str] | None = None
    channel: str | None = None
    state: str | None = None
    starts: Span = Span()
    ends: Span = Span()
    updated: Span = Span()


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for."""

    offset: int
    limit: int


def _span(member: str) -> Callable[..., Awaitable[Span]]:
    """A dependency that reads `member`, `member.gt`, `member.gte`, `member.lt` and `member.lte`."""

    async def read(
        exactly: Annotated[Instant | None, Query(alias=member)] = None,
        above: Annotated[Instant | None, Query(alias=f"{member}.gt")] = None,
        at_least: Annotated[Instant | None, Query(alias=f"{member}.gte")] = None,
        below: Annotated[Instant | None, Query(alias=f"{member}.lt")] = None,
        at_most: Annotated[Instant | None, Query(alias=f"{member}.lte")] = None,
    ) -> Span:
        starts = [each for each in (exactly, at_least, _next(above)) if each is not None]
        ends = [each for each in (below, _next(exactly), _next(at_most)) if each is not None]
        return Span(max(starts, default=None), min(ends, default=None))

    return read


def _next(instant: datetime | None) -> datetime | None:
    return None if instant is None else LAST if instant == LAST else instant + TICK


def _names(text: str | None) -> list[str] | None:
    return None if text is None else text.split(",")


def _some_of(text: str | None, known: Collection[str], parameter: str) -> list[str] | None:
    names = _names(text)
    if names is None or set(names) <= set(known):
        return names
    raise Invalid(errors=[FieldError(f"/query/{parameter}", f"Write one or more of {', '.join(known)}.", "enum")])


async def _filter(
    starts: Annotated[Span, Depends(_span("validFor.startDateTime"))],
    ends: Annotated[Span, Depends(_span("validFor.endDateTime"))],
    updated: Annotated[Span, Depends(_span("lastUpdate"))],
    ids: Annotated[str | None, Query(alias="id", max_length=LONGEST, description="One or more, by commas.")] = None,
    key: Annotated[str | None, Query(max_length=LONGEST, description="One or more, by commas.")] = None,
    name: Annotated[str | None, Query(max_length=LONGEST, description="The whole name.")] = None,
    version: Annotated[int | None, Query(ge=1, le=LAST_NUMBER)] = None,
    lifecycle_status: Annotated[
        str | None, Query(alias="lifecycleStatus", max_length=LONGEST, description="One or more, by commas.")
    ] = None,
    promotion_type: Annotated[
        str | None, Query(alias="promotionType", max_length=LONGEST, description="One or more, by commas.")
    ] = None,
    channel: Annotated[Origin | None, Query(alias="channel.id", description="Shown there, or promised there.")] = None,
    state: Annotated[ActivationState | None, Query(alias="activation.state")] = None,
) -> Filter:
    return Filter(
        ids=_names(ids),
        keys=_names(key),
        name=name,
        version=version,
        statuses=_some_of(lifecycle_status, list(LifecycleStatus), "lifecycleStatus"),
        types=_some_of(promotion_type, TYPES, "promotionType"),
        channel=channel,
        state=state,
        starts=starts,
        ends=ends,
        updated=updated,
    )


async def _page(
    offset: Annotated[int, Query(ge=0, le=LAST_OFFSET, description="Promotions to leave out at the start.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST, description="Promotions at most.")] = USUAL,
) -> Page:
    return Page(offset, limit)


async def _fields(
    fields: Annotated[
        str | None, Query(max_length=LONGEST, description="Members of the first level, by commas; all unless said.")
    ] = None,
) -> frozenset[str]:
    named = _some_of(fields, MEMBERS, "fields")
    return frozenset(MEMBERS if named is None else (*ALWAYS, *named))


Wanted = Annotated[Filter, Depends(_filter)]
Paging = Annotated[Page, Depends(_page)]
Fields = Annotated[frozenset[str], Depends(_fields)]


def only(document: dict[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    """The promotion with these members alone."""
    return {name: value for name, value in document.items() if name in fields}
