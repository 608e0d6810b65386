"""Offers and versions as PostgreSQL keeps them. Every function is one statement on the caller's connection."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from asyncpg import Record
from pydantic import TypeAdapter

from concord.contracts.records import ActivationState, AttributeRecord
from concord.contracts.topics import OFFERS
from concord.decision.hours import Intervals
from concord.decision.terms import Terms
from concord.eventlog.outbox import Connection
from concord.storage import queries
from offer_registry.activation import Activation, Place
from offer_registry.conflicts import Rival
from offer_registry.domain import Lifecycle, Offer, OfferVersion
from offer_registry.errors import OfferNamed, OfferSubmitted, OfferUnknown, VersionUnknown
from offer_registry.references import Graph, Node

Q = queries.load(Path(__file__).with_name("queries.sql"))
SHORT = 16_384  # characters of terms that are remembered
REMEMBERED = 4_096  # terms, so 64 MB of text at most


@dataclass(frozen=True, slots=True)
class Summary:
    """An offer as a list shows it: its newest version's lifecycle, hash and title, where its newest open version
    stands, and the revision of its last record.
    """

    offer: Offer
    lifecycle: Lifecycle
    content_hash: str
    title: Mapping[str, str]
    active_version: int | None
    state: str | None
    leaving: bool
    revision: int | None


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of offers is narrowed to; None leaves everything in."""

    lifecycle: str | None = None
    activation: str | None = None
    channel: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step in the history of a version, and who asked for it, if somebody did."""

    state: str
    leaving: bool
    revision: int
    at: datetime
    by: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Lived:
    """A released version: where it stands, and every step that brought it there, oldest first."""

    activation: Activation
    history: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """Where the catalogue is."""

    epoch: int
    revision: int


async def insert(connection: Connection, offers: Sequence[Offer], versions: Sequence[OfferVersion]) -> set[str]:
    """Write new offers with their first versions, all with the same author and instant; the ids whose key was free."""
    if not offers:
        return set()
    ids, keys = [offer.id for offer in offers], [offer.key for offer in offers]
    rows = await connection.fetch(Q.insert_offers, ids, keys, offers[0].created_by, offers[0].created_at)
    made = {row["id"] for row in rows}
    await insert_versions(connection, [version for version in versions if version.offer in made])
    return made


async def insert_versions(connection: Connection, versions: Sequence[OfferVersion]) -> None:
    """Write new versions that have the same lifecycle, authors and instants."""
    if not versions:
        return
    first = versions[0]
    await connection.execute(
        Q.insert_versions,
        [version.offer for version in versions],
        [version.number for version in versions],
        [version.terms.document() for version in versions],
        [version.content_hash for version in versions],
        first.lifecycle,
        list(first.authors),
        first.row_version,
        first.created_at,
        first.changed_at,
        list(first.required_locales),
        [_hours_text(version) for version in versions],
        [_attributes_text(version) for version in versions],
    )


async def fetch_offer(connection: Connection, offer: str, *, lock: bool = False) -> Offer:
    """An offer by id or key; locked to the end of the transaction if asked.

    Raises:
        OfferUnknown: there is none.
    """
    row = await connection.fetchrow(Q.lock_offer if lock else Q.fetch_offer, offer)
    if row is None:
        raise OfferUnknown
    return _offer(row)


async def set_newest(connection: Connection, offer: Offer, number: int) -> None:
    await connection.execute(Q.set_newest, offer.id, number)


async def discard(connection: Connection, offer: Offer) -> None:
    """Take away an offer with its drafts; the caller holds its row.

    Raises:
        OfferSubmitted: a version of it is no draft.
        OfferNamed: another offer names it.
    """
    (row,) = await connection.fetch(Q.discard_offer, offer.id, offer.key)
    if row["submitted"]:
        raise OfferSubmitted
    if row["named"]:
        raise OfferNamed


async def fetch_version(connection: Connection, offer: Offer, number: int, *, lock: bool = False) -> OfferVersion:
    """One version; locked to the end of the transaction if asked.

    Raises:
        VersionUnknown: there is none of that number.
    """
    row = await connection.fetchrow(Q.lock_version if lock else Q.fetch_version, offer.id, number)
    if row is None:
        raise VersionUnknown(f"The newest version of {offer.key} is {offer.newest}.")
    return version_of(row)


async def list_versions(connection: Connection, offer: Offer, after: int, limit: int) -> list[OfferVersion]:
    return [version_of(row) for row in await connection.fetch(Q.list_versions, offer.id, after, limit)]


async def fetch_documents(connection: Connection, offer: Offer, *numbers: int) -> list[dict[str, Any]]:
    """The terms of versions as they are stored, in the order of the numbers.

    Raises:
        VersionUnknown: there is none of one of the numbers.
    """
    rows = await connection.fetch(Q.fetch_documents, offer.id, numbers)
    found: dict[int, dict[str, Any]] = {row["number"]: row["terms"] for row in rows}
    for number in numbers:
        if number not in found:
            raise VersionUnknown(f"There is no version {number}; the newest of {offer.key} is {offer.newest}.")
    return [found[number] for number in numbers]


async def save(connection: Connection, version: OfferVersion) -> None:
    """Write a version as a verb left it; the caller holds its row."""
    await connection.execute(
        Q.save_version,
        version.offer,
        version.number,
        version.terms.document(),
        version.content_hash,
        version.lifecycle,
        list(version.authors),
        version.row_version,
        version.changed_at,
        version.approver,
        version.rejection,
        list(version.required_locales),
        _hours_text(version),
        _attributes_text(version),
    )


async def list_offers(connection: Connection, wanted: Filter, after: str, limit: int) -> list[Summary]:
    """Offers by key, after a key."""
    narrowed = (wanted.lifecycle, wanted.activation, wanted.channel, wanted.text)
    return [_summary(row) for row in await connection.fetch(Q.list_offers, OFFERS.name, after, limit, *narrowed)]


async def summarise(connection: Connection, offer: str) -> Summary:
    """One offer, by id or key, as the list shows it.

    Raises:
        OfferUnknown: there is none.
    """
    row = await connection.fetchrow(Q.summarise_offer, OFFERS.name, offer)
    if row is None:
        raise OfferUnknown
    return _summary(row)


async def fetch_references(connection: Connection, names: Collection[str]) -> Graph:
    """Everything that can be reached from these keys and ids by way of alternatives."""
    if not names:
        return {}
    graph: dict[str, Node] = {}
    for row in await connection.fetch(Q.fetch_references, list(names)):
        graph[row["id"]] = graph[row["key"]] = Node(row["id"], tuple(row["names"]), row["ends"])
    return graph


async def fetch_rivals(connection: Connection, offer: Offer, terms: Terms, limit: int) -> list[Rival]:
    """Live versions of other offers that may stand in the way of these terms, by key: never fewer than do."""
    validity, products = terms.validity, terms.products
    rows = await connection.fetch(
        Q.rivals,
        offer.id,
        terms.exclusive_group,
        offer.key,
        terms.combines_with,
        validity.start,
        validity.end,
        not (products.skus or products.categories),
        products.skus,
        products.categories,
        limit,
    )
    return [Rival(row["key"], row["version"], terms_of(row["terms"])) for row in rows]


async def list_activations(connection: Connection, offer: Offer) -> list[Lived]:
    """Every released version with its history, CLOSED ones too, in one snapshot."""
    rows = await connection.fetch(Q.list_activations, offer.id)
    return [_lived(list(group)) for _, group in groupby(rows, key=itemgetter("version"))]


async def position(connection: Connection) -> Position:
    """Where the catalogue is now; what is read after this is at least as new."""
    (row,) = await connection.fetch(Q.position, OFFERS.name)
    return Position(**row)


def activation_of(row: Record) -> Activation:
    """A row of `activations`, without what stands in its version when the statement did not join that."""
    return Activation(
        offer=row["offer"],
        version=row["version"],
        content_hash=row.get("content_hash") or "",
        place=Place(ActivationState(row["state"]), leaving=row["leaving"]),
        state_revision=row["state_revision"],
        effective_at=row["effective_at"],
        honour_until=row["honour_until"],
        evaluator_min=row["evaluator_min"],
        traceparent=row["traceparent"],
        hours=hours_of(row.get("hours")),
        attributes=attributes_of(row.get("attributes")),
    )


def _lived(rows: Sequence[Record]) -> Lived:
    names = [each.name for each in fields(Step)]
    history = tuple(Step(**{name: row[f"step_{name}"] for name in names}) for row in rows)
    return Lived(activation_of(rows[0]), history)


def terms_of(text: str) -> Terms:
    """Stored terms, without fields of later releases. Short ones are parsed once for all the steps that follow."""
    return _remembered(text) if len(text) <= SHORT else _parsed(text)


def _parsed(text: str) -> Terms:
    return Terms.model_validate_json(text, extra="ignore")


_remembered = lru_cache(maxsize=REMEMBERED)(_parsed)
_HOURS: TypeAdapter[list[tuple[datetime, datetime]]] = TypeAdapter(list[tuple[datetime, datetime]])
_ATTRIBUTES: TypeAdapter[dict[str, AttributeRecord]] = TypeAdapter(dict[str, AttributeRecord])


def hours_of(text: str | None) -> Intervals | None:
    """Stored hours."""
    return None if text is None else _HOURS.validate_json(text)


def attributes_of(text: str | None) -> Mapping[str, AttributeRecord] | None:
    """Stored attributes of a version, without fields of later releases."""
    return None if text is None else _ATTRIBUTES.validate_json(text, extra="ignore")


def _hours_text(version: OfferVersion) -> str | None:
    return None if version.hours is None else _HOURS.dump_json(list(version.hours)).decode()


def _attributes_text(version: OfferVersion) -> str | None:
    return None if version.attributes is None else _ATTRIBUTES.dump_json(dict(version.attributes)).decode()


def version_of(row: Record | Mapping[str, Any]) -> OfferVersion:
    columns: dict[str, Any] = dict(row)
    return OfferVersion(
        **columns
        | {
            "terms": terms_of(row["terms"]),
            "lifecycle": Lifecycle(row["lifecycle"]),
            "authors": tuple(row["authors"]),
            "required_locales": tuple(row["required_locales"]),
            "hours": hours_of(row["hours"]),
            "attributes": attributes_of(row["attributes"]),
        }
    )


def _offer(row: Record) -> Offer:
    return Offer(row["id"], row["key"], row["newest"], row["created_by"], row["created_at"])


def _summary(row: Record) -> Summary:
    return Summary(
        offer=_offer(row),
        lifecycle=Lifecycle(row["lifecycle"]),
        content_hash=row["content_hash"],
        title=row["title"],
        active_version=row["active_version"],
        state=row["state"],
        leaving=bool(row["leaving"]),
        revision=row["revision"],
    )
