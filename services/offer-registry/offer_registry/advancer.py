"""Moves versions that can move by themselves (R2, R3, R5).

Every step is its own transaction: what it waits for is asked once more of the snapshot that its commit is conditioned
on, so that two registries may both try and only one succeeds. Steps of many offers share a transaction, each with a
record of its own. Nothing is remembered but when a version was first seen where it stands; a restart begins there.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime, timedelta

import asyncpg

from concord.clock import Clock
from concord.errors import ConcordError
from concord.storage import postgres
from offer_registry.activation import LEAVING, Activation, ActiveOffer, Event, Guards, due
from offer_registry.journal import Cause, Journal, Snapshot
from offer_registry.store import Q, activation_of
from offer_registry.waits import Waits

POLL = 1.0  # s; for what another process committed, and for deadlines that pass
RETRY = 0.5  # s
AT_ONCE = 200  # offers in one transaction

log = logging.getLogger(__name__)


class Advancer:
    """The loop that moves versions; `poke` it after a commit."""

    def __init__(self, pool: asyncpg.Pool, journal: Journal, clock: Clock, w2: float) -> None:
        self._pool = pool
        self._journal = journal
        self._clock = clock
        self._w2 = w2  # seconds
        self._waits = Waits(clock)
        self._wake = asyncio.Event()

    def poke(self) -> None:
        """Something was committed, or a wait may be over."""
        self._wake.set()

    async def run(self) -> None:
        """Move what can move, for ever; whatever fails is tried again."""
        while True:
            self._wake.clear()
            try:
                pause = await self.step()
            except ConcordError as error:
                log.warning("Activation waits", extra={"action": "activation_waits", "reason": error.reason})
                pause = RETRY
            except Exception as error:  # the outermost loop; the step was rolled back
                log.exception(
                    "An activation step failed", extra={"action": "activation_failed", "error": type(error).__name__}
                )
                pause = POLL
            await self._sleep(pause)

    async def step(self) -> float:
        """Move each version that can move one step; seconds until there may be more to do."""
        moving, at = await self._look()
        guards = self._guards(at)
        ready = list(dict.fromkeys(each.offer for each in moving if due(each, guards) is not None))
        moved = False
        for start in range(0, len(ready), AT_ONCE):
            committed = await self._journal.move(ready[start : start + AT_ONCE], self._advance, Cause())
            moved = moved or bool(committed.offers)
        return 0.0 if moved else min([POLL, *(self._left(each) for each in moving if each.place == LEAVING)])

    async def _look(self) -> tuple[list[Activation], datetime]:
        async with postgres.connection(self._pool) as connection:
            rows = await connection.fetch(Q.moving, timedelta(seconds=self._w2))
        moving = [activation_of(row) for row in rows]
        # After the statement returned: it saw what was committed, so no wait starts before its commit (R10).
        self._waits.saw(moving)
        return moving, rows[0]["at"] if rows else self._clock.now()

    def _advance(self, offer: ActiveOffer, snapshot: Snapshot, revision: int) -> ActiveOffer:
        return offer.advance(self._guards(snapshot.at), revision)

    def _guards(self, at: datetime) -> Guards:
        """What each automatic step waits for, at the authority's time."""
        return {
            Event.VOTED: _at_once,
            Event.ACKNOWLEDGED: _at_once,
            Event.STAYED: lambda activation: self._waits.stayed(activation, self._w2),
            Event.OUTLIVED: lambda activation: self._outlived(activation, at),
        }

    def _outlived(self, activation: Activation, at: datetime) -> bool:
        """Whether the last deadline passed W2 ago (protocol §2); without one there is no telling."""
        end = activation.honour_until
        return end is not None and at - timedelta(seconds=self._w2) >= end

    def _left(self, activation: Activation) -> float:
        return max(0.0, self._w2 - self._waits.seconds(activation))

    async def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._wake.wait()


def _at_once(_: Activation) -> bool:
    """No votes and no barrier in this release: nothing to wait for."""
    return True
