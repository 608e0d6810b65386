"""An imported catalogue let through by one person: approved at once, released in batches (api §1).

The approval is one transaction. Releasing follows in the background, a batch a transaction, so that a killed registry
goes on where it was; a batch waits while the log is behind.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from concord.clock import Clock
from concord.errors import ConcordError
from concord.eventlog import crash, outbox
from concord.storage import jobs, postgres
from concord.storage.importer import BACKLOG, BACKLOG_POLL
from offer_registry.errors import JobNotDone, OwnVersion
from offer_registry.journal import Cause, Journal
from offer_registry.store import Q, version_of

AT_ONCE = 200  # offers in one transaction
POLL = 1.0  # s; for approvals that another process left
RETRY = 0.5  # s

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved a job and how far its offers are; counts are offers. `activated` are beyond HONOURABLE."""

    by: str
    at: datetime
    approved: int
    release: bool
    released_at: datetime | None
    released: int
    activated: int

    @property
    def done(self) -> bool:
        return not self.release or (self.released_at is not None and self.activated == self.released)


class Approvals:
    """Approves jobs and releases what they brought."""

    def __init__(self, pool: asyncpg.Pool, journal: Journal, clock: Clock) -> None:
        self._pool = pool
        self._journal = journal
        self._clock = clock
        self._wake = asyncio.Event()

    async def approve(self, job: str, by: str, *, release: bool, traceparent: str | None) -> None:
        """Approve what the job's lines made; doing it again approves what is left.

        Raises:
            JobUnknown: there is no such job.
            JobNotDone: its lines are still being read.
            OwnVersion: `by` sent the job.
        """
        async with postgres.transaction(self._pool) as connection:
            found = await jobs.fetch(connection, job)
            if found.caller == by:
                raise OwnVersion
            if found.state != "done":
                raise JobNotDone
            await connection.execute(Q.approve_job, job, by, self._clock.now(), release, traceparent)
        crash.point("registry.after_commit_before_reply")
        self._wake.set()

    async def progress(self, job: str) -> Approval | None:
        """How far the job's approval is; None when nobody approved it."""
        async with postgres.connection(self._pool) as connection:
            row = await connection.fetchrow(Q.fetch_approval, job)
        return Approval(**row) if row else None

    async def run(self) -> None:
        """Release what approved jobs brought, for ever; whatever fails is tried again."""
        while True:
            self._wake.clear()
            try:
                pause = 0.0 if await self.step() else POLL
            except ConcordError as error:
                log.warning("Releasing an import waits", extra={"action": "release_waits", "reason": error.reason})
                pause = RETRY
            except Exception as error:  # the outermost loop; the batch was rolled back
                log.exception(
                    "Releasing an import failed", extra={"action": "release_failed", "error": type(error).__name__}
                )
                pause = POLL
            await self._sleep(pause)

    async def step(self) -> bool:
        """Release one batch of the oldest job; False when there is nothing to do."""
        async with postgres.connection(self._pool) as connection:
            job = await connection.fetchrow(Q.next_release)
        if job is None:
            return False
        await self._log_caught_up()
        async with postgres.connection(self._pool) as connection:
            offers = [
                row["id"] for row in await connection.fetch(Q.next_of_job, job["job"], job["released_to"], AT_ONCE)
            ]
            versions = [version_of(row) for row in await connection.fetch(Q.releasable, offers)]
        if versions:
            await self._journal.release(versions, Cause(by=job["by"], traceparent=job["traceparent"]))
            crash.point("import.after_batch_commit")
        async with postgres.connection(self._pool) as connection:
            if offers:
                await connection.execute(Q.released_to, job["job"], job["at"], offers[-1])
            else:
                await connection.execute(Q.released_all, job["job"], job["at"], self._clock.now())
        return True

    async def _log_caught_up(self) -> None:
        while True:
            async with postgres.connection(self._pool) as connection:
                if await outbox.oldest_unsent_age(connection) < BACKLOG:
                    return
            await asyncio.sleep(BACKLOG_POLL)

    async def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
