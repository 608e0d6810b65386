"""The authority's side of the log: append within a transaction, and say where each partition is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from concord.contracts.topics import Topic
from concord.eventlog.digest import to_hex
from concord.eventlog.errors import RevisionMoved
from concord.storage import queries

Connection = asyncpg.Connection | PoolConnectionProxy

REVISION_MOVED = "CL001"  # SQLSTATE raised by log_append_v1
Q = queries.load(Path(__file__).with_name("queries.sql"))


@dataclass(frozen=True, slots=True)
class Append:
    """A record to be written: a null value is a tombstone."""

    key: str
    type: str
    value: bytes | None
    partition: int = 0
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record stands."""

    topic: str
    partition: int
    epoch: int
    revision: int


@dataclass(frozen=True, slots=True)
class LogPosition:
    """Where a partition is, as its authority has it; `digest` is 64 hex digits."""

    topic: str
    partition: int
    log: int
    epoch: int
    revision: int
    closed_at: datetime
    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class Change:
    """A record as history has it."""

    revision: int
    epoch: int
    key: str
    type: str
    value: bytes | None
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """Records that Kafka has not acknowledged, and seconds since the oldest of them was committed."""

    records: int
    age: float


def arguments(topic: Topic, appends: Sequence[Append], expected: int | None = None) -> tuple[Any, ...]:
    """The seven arguments of log_append_v1, for statements that call it themselves."""
    return (
        topic.name,
        [append.partition for append in appends],
        [append.key for append in appends],
        [append.type for append in appends],
        [append.value for append in appends],
        [append.traceparent for append in appends],
        expected,
    )


async def append(
    connection: Connection, topic: Topic, appends: Sequence[Append], *, expected: int | None = None
) -> list[Position]:
    """Write records, as the last thing of the transaction; keys are distinct within a call.

    Raises:
        RevisionMoved: the first record would not get the revision `expected`.
    """
    try:
        rows = await connection.fetch(Q.append, *arguments(topic, appends, expected))
    except asyncpg.PostgresError as error:
        raise moved(error) from error
    return [Position(topic.name, row["partition"], row["epoch"], row["revision"]) for row in rows]


def moved(error: asyncpg.PostgresError) -> Exception:
    """RevisionMoved if that is what the database said, else the error itself."""
    return RevisionMoved() if error.sqlstate == REVISION_MOVED else error


async def positions(connection: Connection, topic: Topic | None = None) -> list[LogPosition]:
    """Where every partition is, in one snapshot."""
    rows = await connection.fetch(Q.positions, topic.name if topic else None)
    return [LogPosition(**{**row, "digest": to_hex(row["digest"].to_int())}) for row in rows]


async def changes(connection: Connection, topic: Topic, partition: int, after: int, limit: int) -> list[Change]:
    """Records after a revision, oldest first."""
    return [Change(**row) for row in await connection.fetch(Q.changes, topic.name, partition, after, limit)]


async def backlog(connection: Connection, topic: Topic) -> Backlog:
    """What Kafka has not acknowledged of a topic."""
    [row] = await connection.fetch(Q.backlog, topic.name)
    return Backlog(**row)


async def oldest_unsent_age(connection: Connection) -> float:
    """Seconds since the oldest record that Kafka has not acknowledged was committed; 0 when there is none."""
    return float(await connection.fetchval(Q.oldest_unsent_age))
