"""Keeps a channel's view at the end of the log, for ever: through lost brokers, full disks, bad records and rebuilds.

open ──► follow ──► Kafka away: wait, follow again from the file's place
           │  └───► record unreadable: stop there, say STALE, look again later
           └──────► log moved, content differs: build a new file beside the old one, which goes on answering; then swap
"""

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from channel_adapters.errors import LogMoved, ViewFileForeign, ViewStopped
from channel_adapters.view.builder import BUILT, build
from channel_adapters.view.follower import Follower, stop_was_asked
from channel_adapters.view.freshness import Adoption
from channel_adapters.view.live import LiveView
from channel_adapters.view.positions import Slot, Stretch
from channel_adapters.view.reader import ViewReader
from channel_adapters.view.scribe import Outcome, Scribe
from channel_adapters.view.snapshot import Snapshot
from channel_adapters.view.store import Applied, ViewStore, checkpoint, remove, wal_size
from concord.clock import Clock
from concord.contracts.records import OfferRecord
from concord.decision.catalogue import Catalogue
from concord.eventlog import client
from concord.eventlog.digest import to_hex
from concord.eventlog.errors import LogUnavailable, Undecodable
from concord.telemetry import metrics

log = logging.getLogger(__name__)

RETRY: Final = 0.5  # s after Kafka was lost
LOOK_AGAIN: Final = 5.0  # s at a record that cannot be applied, and after a failed write
REBUILD_APART: Final = 60.0  # s between rebuilds that nobody asked for
HOUSEKEEPING: Final = 1.0  # s between checkpoints
LARGE_WAL: Final = 4 << 20  # bytes


class Applier:
    """The view of one channel and everything that moves it. All methods belong to the event loop."""

    def __init__(self, live: LiveView, path: Path, bootstrap: str, channel: str, clock: Clock) -> None:
        self._log = live.snapshot.log
        self._live = live
        self._path = path
        self._bootstrap = bootstrap
        self._channel = channel
        self._clock = clock
        self._wanted = asyncio.Event()  # a rebuild
        self._next_rebuild = 0.0  # boot-time clock
        self._scribe: Scribe | None = None
        self._away = False  # whether Kafka was not reached since something was last applied

    @property
    def scribe(self) -> Scribe:
        if self._scribe is None:
            raise RuntimeError("The view is not open.")
        return self._scribe

    def open(self) -> None:
        """Open the file and answer from it; a file that is no view of this build is thrown away, the log has
        everything.
        """
        try:
            store = ViewStore(self._path, self._log)
        except ViewFileForeign:
            log.warning("view file thrown away", extra={"action": "view_open", "channel": self._channel})
            remove(self._path)
            store = ViewStore(self._path, self._log)
        self._answer_from(store)

    def _answer_from(self, store: ViewStore, catalogue: Catalogue | None = None) -> None:
        reader = ViewReader(self._path)
        compiled = catalogue or Catalogue.of(map(OfferRecord.parse, reader.offers()))
        self._scribe = Scribe(store, compiled, self._applied, name=f"{self._channel}-writer")
        snapshot = Snapshot.of(self._log, compiled, store.positions, built=store.meta(BUILT) is not None)
        self._live.open(snapshot, reader)

    def close(self) -> None:
        """Save where the view stands and let go of the file."""
        self.scribe.writer.close()
        self.scribe.store.save()
        self._live.close()
        self.scribe.store.close()

    def rebuild(self) -> None:
        """Build the view anew from the log; the old one answers until the swap."""
        self._wanted.set()

    async def run(self) -> None:
        """Follow for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._housekeeping())
            while True:
                following = group.create_task(self._keep_following())
                await self._wanted.wait()
                fresh = await self._build()
                following.cancel()
                await asyncio.wait([following])
                self._swap(fresh)
                self._wanted.clear()

    async def _keep_following(self) -> None:
        while True:
            follower = Follower(self.scribe, self._bootstrap, name=self._channel)
            built = asyncio.create_task(self._mark_built(follower))
            try:
                await client.ensure_topics(self._bootstrap, self._log.topics)
                await follower.run()
            except asyncio.CancelledError:
                if stop_was_asked():
                    raise
                log.warning("following broke off", extra={"action": "view_follow", "channel": self._channel})
                await asyncio.sleep(RETRY)
            except LogMoved:
                log.warning("log moved", extra={"action": "view_follow", "channel": self._channel})
                self.rebuild()
                await asyncio.sleep(LOOK_AGAIN)
            except Exception as error:  # noqa: BLE001  the outermost loop of the view
                await self._wait_after(error)
            finally:
                built.cancel()

    async def _mark_built(self, follower: Follower) -> None:
        await follower.caught_up.wait()
        if not self._live.snapshot.built:
            await self.scribe.writer.run(self.scribe.store.put_meta, BUILT, "1")
            self._live.built()
            log.info("view built", extra={"action": "view_built", "channel": self._channel})

    async def _wait_after(self, error: Exception) -> None:
        fields = {"action": "view_follow", "channel": self._channel, "error": error}
        if isinstance(error, LogUnavailable):
            if not self._away:
                log.warning("log not reachable", extra=fields)
            self._away = True
            await asyncio.sleep(RETRY)
            return
        if isinstance(error, ViewStopped | Undecodable):
            self._live.stopped()
            metrics.view_stopped.labels(self._channel).set(1)
        log.error("view cannot go on", extra=fields, exc_info=error)
        await asyncio.sleep(LOOK_AGAIN)

    def _applied(self, outcome: Outcome) -> None:
        """On the loop after each transaction: swap, then measure what became visible."""
        applied = outcome.applied
        self._live.applied(applied, outcome.catalogue)
        if self._away:
            self._away = False
            log.info("log reachable again", extra={"action": "view_follow", "channel": self._channel})
        self._measure(applied, outcome.stretches)
        for slot, adoption in applied.adoptions.items():
            if adoption in {Adoption.AHEAD, Adoption.DIFFERS} and self._live.snapshot.built:
                self._differs(slot, adoption)

    def _measure(self, applied: Applied, stretches: Sequence[Stretch]) -> None:
        now = self._clock.now()
        metrics.view_stopped.labels(self._channel).set(0)
        seen = metrics.propagation.labels(self._channel)
        for stretch in stretches:
            topic, partition = stretch.slot
            position = applied.positions[stretch.slot]
            metrics.view_revision.labels(self._channel, topic, str(partition)).set(position.revision)
            if self._live.snapshot.built:
                for record in stretch.records:
                    seen.observe(max(0.0, (now - record.envelope.time).total_seconds()))
        for slot, missing in applied.gaps.items():
            if self._live.snapshot.built:
                self._gap(slot, missing)

    def _gap(self, slot: Slot, missing: int) -> None:
        """Lawful where compaction overtook this view, a loss otherwise; the next heartbeat's digest tells which."""
        metrics.view_gaps.labels(self._channel, slot[0]).inc(missing)
        fields = {
            "action": "view_gap",
            "channel": self._channel,
            "topic": slot[0],
            "partition": slot[1],
            "count": missing,
        }
        log.warning("revisions skipped", extra=fields)

    def _differs(self, slot: Slot, adoption: Adoption) -> None:
        """The view is not what the authority says at this revision (protocol R13)."""
        position = self._live.snapshot.positions[slot]
        metrics.digest_mismatches.labels(self._channel, slot[0]).inc()
        fields = {
            "action": "view_differs",
            "channel": self._channel,
            "kind": adoption,
            "topic": slot[0],
            "partition": slot[1],
            "revision": position.revision,
            "digest": to_hex(position.digest),
        }
        log.error("view differs", extra=fields)
        if self._clock.boot() >= self._next_rebuild:
            self._next_rebuild = self._clock.boot() + REBUILD_APART
            self.rebuild()

    async def _housekeeping(self) -> None:
        """Positions of quiet partitions to the file, the write-ahead log into the file; neither is waited for by an
        answer.
        """
        while True:
            await asyncio.sleep(HOUSEKEEPING)
            try:
                await self.scribe.writer.run(self.scribe.store.save)
                if wal_size(self._path) > LARGE_WAL:
                    await asyncio.to_thread(checkpoint, self._path)
            except sqlite3.Error as error:
                log.exception(
                    "view file not written", extra={"action": "view_save", "channel": self._channel, "error": error}
                )

    async def _build(self) -> Scribe:
        """A new file beside the old one, read to the end of the log and confirmed there by a heartbeat of every
        partition.
        """
        path = self._path.with_suffix(".building")
        while True:
            log.info("view being rebuilt", extra={"action": "view_rebuild", "channel": self._channel})
            try:
                remove(path)
                return await build(path, self._log, self._bootstrap, f"{self._channel}-builder")
            except Exception as error:  # noqa: BLE001  only a confirmed file ends this
                log.warning(
                    "rebuild begins again", extra={"action": "view_rebuild", "channel": self._channel, "error": error}
                )
                await asyncio.sleep(LOOK_AGAIN)

    def _swap(self, fresh: Scribe) -> None:
        """The new file takes the old one's name. Nothing awaits here: no answer sees half of it."""
        pending = self.scribe.store.pending()
        self.close()
        remove(self._path)
        fresh.store.path.replace(self._path)
        store = ViewStore(self._path, self._log)
        store.note_pending(pending)
        self._answer_from(store, fresh.catalogue)
        log.info("view rebuilt", extra={"action": "view_rebuilt", "channel": self._channel})

    async def note_pending(self, code: str, at: datetime) -> None:
        """Keep a code that nobody knew, in this replica's own table (protocol R15)."""
        await self.scribe.writer.run(self.scribe.store.note_pending, [(code, at)])

    async def forget_pending(self, codes: Sequence[str]) -> None:
        await self.scribe.writer.run(self.scribe.store.forget_pending, codes)

    async def pending(self) -> list[tuple[str, datetime]]:
        return await self.scribe.writer.run(self.scribe.store.pending)
