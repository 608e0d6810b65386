"""What the profile keeps in PostgreSQL. Every function takes the connection of the caller's transaction."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from asyncpg import Record

from concord.contracts.records import PromiseState
from concord.contracts.topics import HOUSEHOLD_CHANGED, HOUSEHOLDS, PROMISE_CHANGED
from concord.eventlog import outbox
from concord.eventlog.outbox import Append, Position
from concord.eventlog.partition import partition_of
from concord.storage import queries
from concord.storage.idempotency import Answer, Claim, Connection
from customer_profile import domain, promises
from customer_profile.documents import Evidence
from customer_profile.domain import Household, Identifier
from customer_profile.errors import HouseholdUnknown, PromiseUnknown
from customer_profile.promises import Promise

PROMISE_COLUMNS = (
    *("id", "code", "household", "party", "offer", "offer_key", "offer_version", "content_hash", "channel"),
    *("made_at", "honour_until", "evidence", "made_by", "version"),
)
Q = queries.load(Path(__file__).with_name("queries.sql"))


@dataclass(frozen=True, slots=True)
class Kept:
    """A household with its counter."""

    household: Household
    version: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known before a promise is decided: the answer kept under the key, and the household, if any."""

    fingerprint: bytes | None
    answer: Answer | None
    household: Household | None


@dataclass(frozen=True, slots=True)
class Written:
    """The household's counter and the log's epoch after a change: what its token says."""

    household: str
    version: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Match:
    """A household found by a name, and what in it the name stands for."""

    kept: Kept
    subject: str


@lru_cache(maxsize=10_000)
def partition(household: str) -> int:
    """The partition of a household and all its promises."""
    return partition_of(household, HOUSEHOLDS.partitions)


async def epoch(connection: Connection) -> int:
    """The epoch of the households log."""
    return int(await connection.fetchval(Q.epoch, HOUSEHOLDS.name))


# Households


async def insert_households(connection: Connection, households: Sequence[Household], by: str, at: datetime) -> None:
    """New households with their counters at one; their identifiers and records are the caller's next steps."""
    names = [household.id for household in households]
    documents = [domain.document(household) for household in households]
    await connection.execute(Q.insert_counters, names)
    await connection.execute(Q.insert_households, names, documents, by, at)


async def insert_identifiers(connection: Connection, household: str, found: Iterable[Identifier]) -> None:
    """Names of one household."""
    await insert_all_identifiers(connection, [(one.kind, one.value, household, one.subject) for one in found])


async def insert_all_identifiers(connection: Connection, rows: Sequence[tuple[str, str, str, str]]) -> None:
    """Names of many households: kind, value, household, subject."""
    if rows:
        await connection.execute(Q.insert_identifiers, *map(list, zip(*rows, strict=True)))


async def update_household(connection: Connection, household: Household, found: Iterable[Identifier]) -> None:
    """A household's new document and names; its counter rises by one."""
    await connection.execute(Q.update_household, household.id, domain.document(household))
    await connection.execute(Q.delete_identifiers, household.id)
    await insert_identifiers(connection, household.id, found)


async def fetch_household(connection: Connection, household: str) -> Kept:
    """A household. Raises HouseholdUnknown."""
    return _kept(await connection.fetchrow(Q.fetch_household, household))


async def lock_household(connection: Connection, household: str) -> Kept:
    """A household whose counter nobody else raises until the transaction ends. Raises HouseholdUnknown."""
    return _kept(await connection.fetchrow(Q.lock_household, household))


async def fetch_households(connection: Connection, ids: Sequence[str]) -> dict[str, Household]:
    """Households by id; unknown ids are left out."""
    rows = await connection.fetch(Q.fetch_households, ids)
    return {row["id"]: _read_text(row["document"]) for row in rows}


async def promised_parties(connection: Connection, household: str) -> set[str]:
    """Parties to whom something was promised."""
    return {row["party"] for row in await connection.fetch(Q.promised_parties, household)}


async def find(connection: Connection, kind: str, value: str) -> list[Match]:
    """Households that go by a name, the newest first."""
    rows = await connection.fetch(Q.find_by_identifier, kind, value)
    return [Match(Kept(read_household(row["document"]), row["version"]), row["subject"]) for row in rows]


async def find_by_ref(connection: Connection, caller: str, ref: str) -> Kept | None:
    """The household that the caller imported under the ref."""
    row = await connection.fetchrow(Q.find_by_ref, caller, ref)
    return None if row is None else Kept(read_household(row["document"]), row["version"])


async def log_household(connection: Connection, value: bytes, household: str, traceparent: str | None) -> Position:
    """A household's record, as the last thing of the transaction."""
    append = Append(household, HOUSEHOLD_CHANGED, value, partition(household), traceparent)
    return (await outbox.append(connection, HOUSEHOLDS, [append]))[0]


async def fetch_records(connection: Connection, household: str) -> tuple[int, list[tuple[str, bytes]]]:
    """A household's counter, and its records as the log has them. Raises HouseholdUnknown."""
    rows = await connection.fetch(Q.fetch_records, HOUSEHOLDS.name, household)
    if not rows:
        raise HouseholdUnknown
    return rows[0]["version"], [(row["key"], row["value"]) for row in rows]


def read_household(document: dict[str, Any]) -> Household:
    """A stored household."""
    return Household.model_validate(document)


@lru_cache(maxsize=10_000)
def _read_text(document: str) -> Household:
    """Batch after batch of an import names the same households."""
    return Household.model_validate_json(document)


def _kept(row: Record | None) -> Kept:
    if row is None:
        raise HouseholdUnknown
    return Kept(read_household(row["document"]), row["version"])


# Promises


async def prepare_promise(connection: Connection, claim: Claim, household: str) -> Prepared:
    """One read of all that a promise needs; `household` is an id or a ref of the caller's imports."""
    row = await connection.fetchrow(Q.prepare_promise, claim.caller, claim.key, household)
    assert row is not None  # noqa: S101  the statement's first table has one row
    answer = None if row["fingerprint"] is None else Answer(row["status"], row["body"])
    found = None if row["id"] is None else read_household(row["document"])
    return Prepared(row["fingerprint"], answer, found)


async def make_promise(
    connection: Connection, claim: Claim, promise: Promise, body: bytes, traceparent: str | None
) -> Written | None:
    """The promise, its answer under the key and its record, in one statement; None when another request has the key."""
    head, tail = promises.log_value_around_version(promise)
    row = await connection.fetchrow(
        Q.make_promise,
        *(claim.caller, claim.key, claim.fingerprint, claim.lock, body),
        *(promise.id, promise.code, promise.household, promise.party),
        *(promise.offer, promise.offer_key, promise.offer_version, promise.content_hash),
        *(promise.channel, promise.made_at, promise.honour_until, promises.evidence_text(promise.evidence)),
        *(HOUSEHOLDS.name, partition(promise.household), promise.log_key, PROMISE_CHANGED, head, tail, traceparent),
    )
    return None if row is None else Written(promise.household, row["version"], row["epoch"])


async def lock_promise(connection: Connection, promise: str) -> tuple[Promise, int]:
    """A promise and its household's counter, held until the transaction ends. Raises PromiseUnknown."""
    counter = await connection.fetchval(Q.lock_promise, promise)
    if counter is None:
        raise PromiseUnknown
    return await find_promise(connection, promise), counter


async def cancel_promise(connection: Connection, promise: Promise, by: str, traceparent: str | None) -> None:
    """The promise, given as it will be, cancelled; the last thing of the transaction."""
    value = promises.log_value(promise, promise.version)
    await connection.execute(
        Q.cancel_promise,
        *(promise.id, promise.household, promise.cancelled, by, promise.version),
        *(HOUSEHOLDS.name, partition(promise.household), promise.log_key, PROMISE_CHANGED, value, traceparent),
    )


async def counters(connection: Connection, households: Sequence[str]) -> dict[str, int]:
    """Counters of households; unknown ones are left out."""
    return {row["household"]: row["version"] for row in await connection.fetch(Q.counters, households)}


async def find_promise(connection: Connection, promise: str) -> Promise:
    """A promise. Raises PromiseUnknown."""
    row = await connection.fetchrow(Q.find_promise, promise)
    if row is None:
        raise PromiseUnknown
    return _promise(row)


async def find_promise_by_code(connection: Connection, code: str) -> Promise | None:
    """The promise with a folded code."""
    row = await connection.fetchrow(Q.find_promise_by_code, code)
    return None if row is None else _promise(row)


async def promises_of(connection: Connection, household: str) -> list[Promise]:
    """A household's promises, newest first."""
    return [_promise(row) for row in await connection.fetch(Q.promises_of, household)]


async def raise_counters(connection: Connection, households: Iterable[str]) -> dict[str, int]:
    """Counters as they were, each then raised by the times its household is named; held until the transaction ends."""
    changes = Counter(households)
    rows = await connection.fetch(Q.raise_counters, list(changes), list(changes.values()))
    return {row["household"]: row["before"] for row in rows}


async def insert_promises(connection: Connection, made: Sequence[Promise], versions: Sequence[int]) -> None:
    """Many promises, each with its household's counter."""
    rows = [
        (
            *(one.id, one.code, one.household, one.party, one.offer, one.offer_key, one.offer_version),
            *(one.content_hash, one.channel, one.made_at, one.honour_until),
            *(promises.evidence_text(one.evidence), one.made_by, version),
        )
        for one, version in zip(made, versions, strict=True)
    ]
    await connection.copy_records_to_table("promises", records=rows, columns=PROMISE_COLUMNS)


async def log_promises(
    connection: Connection, made: Sequence[Promise], versions: Sequence[int], traceparent: str | None
) -> None:
    """Records of many promises, as the last thing of the transaction."""
    partitions = [partition(one.household) for one in made]
    values = [promises.log_value(one, version) for one, version in zip(made, versions, strict=True)]
    keys = [one.log_key for one in made]
    await connection.execute(Q.log_promises, HOUSEHOLDS.name, partitions, keys, PROMISE_CHANGED, values, traceparent)


def _promise(row: Record) -> Promise:
    fields = {name: row[name] for name in row.keys() if name not in {"state", "evidence", "cancelled_by"}}  # noqa: SIM118  a Record iterates its values
    return Promise(**fields, state=PromiseState(row["state"]), evidence=Evidence.model_validate_json(row["evidence"]))
