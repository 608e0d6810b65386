"""Import jobs as PostgreSQL keeps them: what was uploaded, how far it is, what was refused, which refs exist (api §1).

An upload is stored in chunks of whole lines before it is acknowledged. A chunk is deleted in the transaction that gives
its lines their effect, so that a killed service goes on at the first chunk that is left, and no line counts twice.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from concord.errors import FieldError
from concord.storage import queries
from concord.storage.errors import JobUnknown
from concord.storage.idempotency import Connection
from concord.storage.lines import Chunk, Line, LineRefused
from concord.storage.migrations import Migration

REF_COLUMNS = ("caller", "kind", "ref", "id", "fingerprint", "job")
ABANDONED_AFTER = timedelta(hours=1)
Q = queries.load(Path(__file__).with_name("jobs.sql"))

_TABLES = (
    """
CREATE TABLE import_jobs (
    id text PRIMARY KEY,
    caller text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL CHECK (state IN ('receiving', 'queued', 'running', 'done')),
    traceparent text,
    lines bigint NOT NULL DEFAULT 0,
    accepted bigint NOT NULL DEFAULT 0,
    already_there bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz
)""",
    "CREATE INDEX import_jobs_unfinished ON import_jobs (id) WHERE state <> 'done'",
    """
CREATE TABLE import_chunks (
    job text NOT NULL REFERENCES import_jobs ON DELETE CASCADE,
    first_line bigint NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (job, first_line)
)""",
    "ALTER TABLE import_chunks ALTER COLUMN data SET STORAGE EXTERNAL",
    """
CREATE TABLE import_refusals (
    job text NOT NULL REFERENCES import_jobs ON DELETE CASCADE,
    line bigint NOT NULL,
    ref text,
    reason text NOT NULL,
    sentence text NOT NULL,
    errors jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (job, line)
)""",
    """
CREATE TABLE import_refs (
    caller text NOT NULL,
    kind text NOT NULL,
    ref text NOT NULL,
    id text NOT NULL,
    fingerprint bytea NOT NULL,
    job text,
    PRIMARY KEY (caller, kind, ref)
)""",
)


@dataclass(frozen=True, slots=True)
class Job:
    """An import job; counts are lines. `state` is queued, running or done."""

    id: str
    caller: str
    kind: str
    state: str
    traceparent: str | None
    lines: int
    accepted: int
    already_there: int
    refused: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def done(self) -> int:
        return self.accepted + self.already_there + self.refused


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused line of a job."""

    line: int
    ref: str | None
    reason: str
    sentence: str
    errors: Sequence[dict[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """A line that took effect: the id of what it made."""

    id: str


Outcome = Accepted | LineRefused


@dataclass(frozen=True, slots=True)
class Applied:
    """One outcome for each line, in their order, and what must be written last in the transaction (the log)."""

    outcomes: Sequence[Outcome]
    append: Callable[[Connection], Awaitable[object]] | None = None


class LineHandler(Protocol):
    """Gives lines of one kind their effect."""

    async def apply(self, connection: Connection, job: Job, lines: Sequence[Line]) -> Applied:
        """Write what the lines say, in the caller's transaction; refs are distinct and new.

        A line that cannot have its effect is a LineRefused, never an exception. `Unavailable` makes the batch wait.
        """
        ...


def create(op: Migration) -> None:
    """Create the tables, in a service's migration."""
    for statement in _TABLES:
        op.execute(statement)


async def begin(connection: Connection, job: str, caller: str, kind: str, traceparent: str | None) -> None:
    """A job whose upload begins."""
    await connection.execute(Q.begin_job, job, caller, kind, traceparent)


async def add(connection: Connection, job: str, chunk: Chunk) -> None:
    """Store lines of an upload."""
    await connection.execute(Q.add_chunk, job, chunk.first_line, chunk.data)


async def queue(connection: Connection, job: str, lines: int) -> Job:
    """The upload is complete; acknowledge the job after this commits.

    Raises:
        JobUnknown: the upload was abandoned meanwhile.
    """
    row = await connection.fetchrow(Q.queue_job, job, lines)
    if row is None:
        raise JobUnknown
    return Job(**row)


async def drop(connection: Connection, job: str) -> None:
    """Forget an upload that was not completed."""
    await connection.execute(Q.drop_job, job)


async def drop_abandoned(connection: Connection, now: datetime) -> None:
    """Forget uploads that nobody completed within an hour."""
    await connection.execute(Q.drop_abandoned, now - ABANDONED_AFTER)


async def fetch(connection: Connection, job: str) -> Job:
    """A job.

    Raises:
        JobUnknown: there is none of that id.
    """
    row = await connection.fetchrow(Q.fetch_job, job)
    if row is None:
        raise JobUnknown
    return Job(**row)


async def refusals(connection: Connection, job: str, after: int, limit: int) -> list[Refusal]:
    """Refused lines of a job, by line number."""
    return [Refusal(**row) for row in await connection.fetch(Q.fetch_refusals, job, after, limit)]


async def resolve(connection: Connection, caller: str, kind: str, refs: Sequence[str]) -> dict[str, str]:
    """The ids a caller's refs stand for; unknown refs are left out."""
    rows = await connection.fetch(Q.find_refs, caller, kind, list(set(refs)))
    return {row["ref"]: row["id"] for row in rows}


async def ids(connection: Connection, job: str) -> list[str]:
    """What a job's accepted lines made, and what lines it found already there stand for."""
    return [row["id"] for row in await connection.fetch(Q.ids_of_job, job)]


def field_errors(errors: Sequence[FieldError]) -> list[dict[str, str]]:
    """Field errors as they are stored and shown."""
    return [{"pointer": error.pointer, "detail": error.detail} for error in errors]
