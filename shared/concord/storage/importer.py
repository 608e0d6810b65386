"""Carries out import jobs: one chunk of lines, one transaction, one after the other (api §1)."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import orjson

from concord.clock import Clock
from concord.errors import Unavailable
from concord.eventlog import crash, outbox
from concord.eventlog.errors import RevisionMoved
from concord.storage import idempotency, jobs, postgres
from concord.storage.idempotency import Connection
from concord.storage.jobs import Accepted, Applied, Job, LineHandler, Outcome
from concord.storage.lines import BROKEN, REF_REUSED, Chunk, Line, LineRefused, read_chunk
from concord.telemetry import metrics

BACKLOG = 0.5  # s; the next batch waits until the oldest unsent record is younger (api §1)
BACKLOG_POLL = 0.02  # s
IDLE_POLL = 1.0  # s; jobs of a process that died, and a wake-up that was lost
RETRY = 0.2  # s
HOUSEKEEPING = 600.0  # s
log = logging.getLogger(__name__)
_SOMEBODY_WAS_FIRST = (RevisionMoved, asyncpg.UniqueViolationError, asyncpg.SerializationError)
_TRANSIENT = (*_SOMEBODY_WAS_FIRST, *postgres.LOST, Unavailable)


@dataclass(slots=True)
class Settled:
    """What became of a batch's lines, and what is left to write to the log."""

    accepted: int = 0
    already_there: int = 0
    refused: list[tuple[int, str | None, LineRefused]] = field(default_factory=list)
    appends: list[Callable[[Connection], Awaitable[object]]] = field(default_factory=list)

    def refuse(self, line: Line, why: LineRefused) -> None:
        self.refused.append((line.number, line.ref, why))

    def count(self, kind: str) -> None:
        """The batch is committed: add its lines to the metric."""
        outcomes = {"accepted": self.accepted, "already_there": self.already_there, "refused": len(self.refused)}
        for outcome, lines in outcomes.items():
            metrics.import_lines.labels(kind=kind, outcome=outcome).inc(lines)


class Importer:
    """The loop that carries out jobs. Several processes may run one each: a job is locked while a batch is written."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        handlers: Mapping[str, LineHandler],
        clock: Clock,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        self._pool = pool
        self._handlers = handlers
        self._clock = clock
        self._committed = committed
        self._woken = asyncio.Event()
        self._housekeeping_at = clock.boot()

    def wake(self) -> None:
        """A job was queued."""
        self._woken.set()

    async def run(self) -> None:
        """Carry out jobs until cancelled; whatever fails is tried again."""
        while True:
            try:
                await self._keep_house()
                if not await self.step():
                    await self._sleep()
            except _SOMEBODY_WAS_FIRST:
                await asyncio.sleep(0)
            except Unavailable as error:
                log.warning("import waits", extra={"action": "import_waits", "reason": error.reason})
                await asyncio.sleep(RETRY)
            except Exception as error:  # noqa: BLE001  the outermost loop; the batch was rolled back
                _report("import batch failed", error)
                await asyncio.sleep(IDLE_POLL)

    async def step(self) -> bool:
        """Carry out one batch of the oldest job; False when there is nothing to do.

        Raises:
            Unavailable: PostgreSQL or something the handler needs does not answer; nothing was written.
            RevisionMoved, UniqueViolationError: somebody was first; nothing was written.
        """
        await self._backlog_drained()
        async with postgres.transaction(self._pool) as connection:
            row = await connection.fetchrow(jobs.Q.lock_next_job)
            if row is None:
                return False
            job = Job(**row)
            settled = await self._batch(connection, job)
            crash.point("import.before_batch_commit")
        crash.point("import.after_batch_commit")
        settled.count(job.kind)
        self._committed()
        return True

    async def _batch(self, connection: Connection, job: Job) -> Settled:
        chunk = await connection.fetchrow(jobs.Q.take_chunk, job.id)
        settled = Settled()
        if chunk is not None:
            readable = _readable(Chunk(chunk["first_line"], chunk["data"]), settled)
            await self._settle(connection, job, readable, settled)
            await _keep_refusals(connection, job, settled.refused)
        last = chunk is None or chunk["last"]
        counts = (settled.accepted, settled.already_there, len(settled.refused))
        await connection.execute(jobs.Q.advance_job, job.id, last, *counts)
        for append in settled.appends:
            await append(connection)
        return settled

    async def _settle(self, connection: Connection, job: Job, lines: list[Line], settled: Settled) -> None:
        """Each line in turn; a ref that comes twice is looked up again after its first line had its effect."""
        while lines:
            wave = {line.ref: line for line in reversed(lines)}
            later = [line for line in lines if wave[line.ref] is not line]
            fresh = await _not_seen(connection, job, [line for line in lines if wave[line.ref] is line], settled)
            if fresh:
                outcomes = await self._apply(connection, job, fresh, settled)
                await _claim(connection, job, fresh, outcomes)
                _count(fresh, outcomes, settled)
            lines = later

    async def _apply(
        self, connection: Connection, job: Job, lines: Sequence[Line], settled: Settled
    ) -> Sequence[Outcome]:
        """The handler's outcomes. A line that breaks it is found by halving and refused, so that the job goes on."""
        try:
            async with connection.transaction():
                applied: Applied = await self._handlers[job.kind].apply(connection, job, lines)
        except _TRANSIENT:
            raise
        except Exception as error:  # noqa: BLE001  one line's fault is not the others'
            if len(lines) == 1:
                _report("import line failed", error, job=job.id, line=lines[0].number)
                return [BROKEN]
            half = len(lines) // 2
            first = await self._apply(connection, job, lines[:half], settled)
            return [*first, *await self._apply(connection, job, lines[half:], settled)]
        if applied.append is not None:
            settled.appends.append(applied.append)
        return applied.outcomes

    async def _backlog_drained(self) -> None:
        while True:
            async with postgres.connection(self._pool) as connection:
                if await outbox.oldest_unsent_age(connection) < BACKLOG:
                    return
            await asyncio.sleep(BACKLOG_POLL)

    async def _sleep(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(IDLE_POLL):
                await self._woken.wait()
        self._woken.clear()

    async def _keep_house(self) -> None:
        if self._clock.boot() < self._housekeeping_at:
            return
        async with postgres.transaction(self._pool) as connection:
            await jobs.drop_abandoned(connection, self._clock.now())
            await idempotency.forget(connection, self._clock.now())
        self._housekeeping_at = self._clock.boot() + HOUSEKEEPING


def _report(message: str, error: Exception, **subject: str | int) -> None:
    """The error's class and where it was raised; its own message may quote a customer's data."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    what = {"action": message.replace(" ", "_"), "error": type(error).__name__, "place": place}
    log.error(message, extra={**what, **subject})


def _readable(chunk: Chunk, settled: Settled) -> list[Line]:
    lines = []
    for number, line in read_chunk(chunk):
        if isinstance(line, LineRefused):
            settled.refused.append((number, None, line))
        else:
            lines.append(line)
    return lines


async def _not_seen(connection: Connection, job: Job, lines: Sequence[Line], settled: Settled) -> list[Line]:
    """The lines whose ref is new; the others are counted as already there, or refused when their data differs."""
    rows = await connection.fetch(jobs.Q.find_refs, job.caller, job.kind, [line.ref for line in lines])
    known = {row["ref"]: row["fingerprint"] for row in rows}
    if not known:
        return list(lines)
    again = [line for line in lines if known.get(line.ref) == line.fingerprint]
    for line in lines:
        if line.ref in known and known[line.ref] != line.fingerprint:
            settled.refuse(line, REF_REUSED)
    settled.already_there += len(again)
    await connection.execute(jobs.Q.seen_again, job.caller, job.kind, [line.ref for line in again], job.id)
    return [line for line in lines if line.ref not in known]


async def _claim(connection: Connection, job: Job, lines: Sequence[Line], outcomes: Sequence[Outcome]) -> None:
    """Register the refs of accepted lines.

    Raises:
        UniqueViolationError: another request took one of them since it was looked up.
    """
    rows = [
        (job.caller, job.kind, line.ref, made.id, line.fingerprint, job.id)
        for line, made in zip(lines, outcomes, strict=True)
        if isinstance(made, Accepted)
    ]
    if rows:
        await connection.copy_records_to_table("import_refs", records=rows, columns=jobs.REF_COLUMNS)


def _count(lines: Sequence[Line], outcomes: Sequence[Outcome], settled: Settled) -> None:
    for line, outcome in zip(lines, outcomes, strict=True):
        if isinstance(outcome, LineRefused):
            settled.refuse(line, outcome)
        else:
            settled.accepted += 1


async def _keep_refusals(
    connection: Connection, job: Job, refused: Sequence[tuple[int, str | None, LineRefused]]
) -> None:
    if refused:
        # As text: asyncpg would take a list of lists of errors for an array of two dimensions.
        rows = [
            (number, ref, why.reason, why.sentence, orjson.dumps(jobs.field_errors(why.errors)).decode())
            for number, ref, why in refused
        ]
        await connection.execute(jobs.Q.keep_refusals, job.id, *map(list, zip(*rows, strict=True)))
