"""Promotions as PostgreSQL gives them. Every function is one statement on the caller's connection."""

from collections.abc import Collection, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from asyncpg import Record

from concord.contracts.records import ActivationState
from concord.contracts.topics import OFFERS
from concord.eventlog.outbox import Connection
from concord.storage import queries
from offer_registry.activation import Place
from offer_registry.domain import Offer, OfferVersion
from offer_registry.errors import OfferUnknown, VersionUnknown
from offer_registry.store import version_of
from offer_registry.tmf.actions import OTHER_TYPE, TYPES
from offer_registry.tmf.filters import Filter, Page
from offer_registry.tmf.lifecycle import LifecycleStatus, standings
from offer_registry.tmf.promotion import Shown

Q = queries.load(Path(__file__).with_name("queries.sql"))
VERSION: Final = tuple(field.name for field in fields(OfferVersion))


async def fetch(connection: Connection, name: str, number: int | None = None) -> Shown:
    """An offer by id or key with one of its versions, the newest unless another is named.

    Raises:
        OfferUnknown: there is no such offer.
        VersionUnknown: it has no such version.
    """
    row = await connection.fetchrow(Q.fetch_promotion, OFFERS.name, name, number)
    if row is None:
        raise OfferUnknown
    if row["number"] is None:
        raise VersionUnknown(f"The newest version of {row['key']} is {row['newest']}.")
    return _shown(row)


async def list_promotions(connection: Connection, wanted: Filter, page: Page, locale: str) -> tuple[list[Shown], int]:
    """A page of offers by key, and how many there are in all."""
    rows = await connection.fetch(
        Q.list_promotions,
        OFFERS.name,
        page.offset,
        page.limit,
        wanted.ids,
        wanted.keys,
        wanted.name,
        locale,
        wanted.version,
        *_standings(wanted.statuses),
        wanted.types,
        dict(TYPES),
        OTHER_TYPE,
        wanted.channel,
        wanted.state,
        *(instant for span in (wanted.starts, wanted.ends, wanted.updated) for instant in (span.start, span.end)),
    )
    return [_shown(row) for row in rows if row["offer"] is not None], rows[0]["total"]


def _standings(statuses: Collection[str] | None) -> Iterator[list[Any] | None]:
    found = list(standings({LifecycleStatus(each) for each in statuses or ()}))
    columns: list[list[Any]] = [
        [lifecycle.value for lifecycle, _ in found],
        [place.state.value if place else "" for _, place in found],
        [bool(place and place.leaving) for _, place in found],
    ]
    return (None if statuses is None else column for column in columns)


def _shown(row: Record) -> Shown:
    running = _place(row, "running")
    return Shown(
        offer=Offer(row["offer_id"], row["key"], row["newest"], row["created_by"], row["offer_created_at"]),
        version=version_of({name: row[name] for name in VERSION}),
        place=_place(row, "place"),
        running=(row["running_version"], running) if running else None,
        revision=row["revision"],
        updated=row["updated"],
    )


def _place(row: Record, name: str) -> Place | None:
    state = row[f"{name}_state"]
    return Place(ActivationState(state), leaving=row[f"{name}_leaving"]) if state else None
