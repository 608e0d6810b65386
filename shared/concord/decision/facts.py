"""Facts: one flat map of dotted names, put together from what the view knows and what the caller adds (api §3, §6)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import orjson

from concord.contracts.records import HouseholdRecord, PromiseRecord, PromiseState
from concord.decision.kleene import DIFFERS
from concord.decision.terms import Terms

_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of a household: who uses it, and its facts."""

    user: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise as the view holds it."""

    id: str
    code: str  # folded: ten symbols without dashes
    party: str
    offer: str  # id
    offer_key: str
    offer_version: int
    content_hash: str
    channel: str  # where it was made
    made_at: datetime
    honour_until: datetime
    state: PromiseState
    terms: Terms | None = None  # only of an overridden promise


@dataclass(frozen=True, slots=True)
class HouseholdView:
    """A household with its promises as a replica knows it; `version` is the highest version it applied."""

    epoch: int
    id: str
    version: int
    facts: Mapping[str, Any]
    members: Mapping[str, Mapping[str, Any]]  # party id → customer facts
    lines: Mapping[str, LineView]  # line id → line
    promises: tuple[Promise, ...]


def read_household(document: bytes | None, promises: Iterable[bytes], *, epoch: int, household: str) -> HouseholdView:
    """A household from the values of its records, read without models: the quick way for every request.

    The authority validated what it wrote; fields of later releases are left out, as every reader of the log does.
    Without a document (promises that arrived first) nobody and no line is known.
    """
    body = orjson.loads(document) if document is not None else _NOTHING
    held = tuple(map(_read_promise, map(orjson.loads, promises)))
    return HouseholdView(
        epoch=epoch,
        id=household,
        version=max([body.get("version", 0), *(version for version, _ in held)]),
        facts=body.get("facts", _NOTHING),
        members={
            each["id"]: member_facts(each.get("born"), each.get("facts", _NOTHING)) for each in body.get("members", ())
        },
        lines={each["id"]: LineView(each["user"], each.get("facts", _NOTHING)) for each in body.get("lines", ())},
        promises=tuple(promise for _, promise in held),
    )


def _read_promise(body: dict[str, Any]) -> tuple[int, Promise]:
    terms = body.get("terms")
    promise = Promise(
        id=body["id"],
        code=body["code"],
        party=body["party"],
        offer=body["offer"],
        offer_key=body["offer_key"],
        offer_version=body["offer_version"],
        content_hash=body["content_hash"],
        channel=body["channel"],
        made_at=datetime.fromisoformat(body["made_at"]),
        honour_until=datetime.fromisoformat(body["honour_until"]),
        state=PromiseState(body["state"]),
        terms=None if terms is None else Terms.read(terms),
    )
    return body["version"], promise


def household_view(
    record: HouseholdRecord, promises: Iterable[PromiseRecord], *, epoch: int, version: int | None = None
) -> HouseholdView:
    """A household as decisions need it. Without `version` it is the highest of the records given."""
    held = tuple(promises)
    return HouseholdView(
        epoch=epoch,
        id=record.id,
        version=max([record.version, *(each.version for each in held)]) if version is None else version,
        facts=record.facts,
        members={member.id: member_facts(member.born, member.facts) for member in record.members},
        lines={line.id: LineView(line.user, line.facts) for line in record.lines},
        promises=tuple(map(promise_view, held)),
    )


def promise_view(record: PromiseRecord) -> Promise:
    """A promise as decisions need it."""
    return Promise(
        id=record.id,
        code=record.code,
        party=record.party,
        offer=record.offer,
        offer_key=record.offer_key,
        offer_version=record.offer_version,
        content_hash=record.content_hash,
        channel=record.channel,
        made_at=record.made_at.astimezone(UTC),
        honour_until=record.honour_until.astimezone(UTC),
        state=record.state,
        terms=record.terms,
    )


def member_facts(born: str | None, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """A member's facts; the year of birth comes from `born` (`1978` or `1978-05-01`) unless stated."""
    year = (born or "")[:4]
    if "customer.birth_year" in facts or not (year.isascii() and year.isdigit()):
        return facts
    return {**facts, "customer.birth_year": int(year)}


def gather(
    household: HouseholdView | None, party: str | None, line: str | None, given: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The facts of a question. The view's win; the caller's fill only what is absent.

    A line that is named speaks for itself, and for its user when no party is named. Where nobody is named, a fact of
    lines (or of people) is known only if all of them have it and agree; otherwise it is UNKNOWN, and the caller
    cannot settle it, because the view does know something of it.
    """
    if household is None:
        return given
    named = household.lines.get(line) if line else None
    lines = [named.facts] if named else [each.facts for each in household.lines.values()]
    meant = party or (named.user if named else None)
    people = [household.members.get(meant, _NOTHING)] if meant else list(household.members.values())
    return {**given, **household.facts, **agreed(people), **agreed(lines)}


def agreed(maps: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What all the maps say alike; a name that some lack or say otherwise stands as DIFFERS."""
    if len(maps) < 2:
        return maps[0] if maps else _NOTHING
    first = maps[0]
    names = dict.fromkeys(chain.from_iterable(maps))
    return {
        name: first[name] if all(_same(each.get(name), first.get(name)) for each in maps) else DIFFERS for name in names
    }


def _same(one: Any, other: Any) -> bool:
    return one is not None and type(one) is type(other) and one == other
