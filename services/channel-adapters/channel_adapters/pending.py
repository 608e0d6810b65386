"""Codes that were presented here before anybody knew them: noted, looked up again, never refused (protocol R15)."""

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from channel_adapters.view.applier import Applier
from channel_adapters.view.live import LiveView
from channel_adapters.view.readthrough import Authorities
from concord.clock import Clock

log = logging.getLogger(__name__)

INTERVAL: Final = 5.0  # s between rounds
ASKED_AT_ONCE: Final = 20  # codes of a round that the profile is asked for
KEPT_FOR: Final = timedelta(hours=24)


class PendingCodes:
    """The codes of one replica that are still not known. They stand in its own file and survive a restart."""

    def __init__(self, applier: Applier, live: LiveView, authorities: Authorities, channel: str, clock: Clock) -> None:
        self._applier = applier
        self._live = live
        self._authorities = authorities
        self._channel = channel
        self._clock = clock
        self._turn = 0

    async def note(self, code: str) -> None:
        """Keep a code until it is found or 24 h old."""
        await self._applier.note_pending(code, self._clock.now())

    async def run(self) -> None:
        """Look for the codes for ever."""
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self.look()
            except sqlite3.Error as error:
                log.exception("pending codes not read", extra={"action": "pending", "error": error})

    async def look(self) -> None:
        """One round: drop what the view or the profile knows by now, and what is too old."""
        kept = await self._applier.pending()
        if not kept:
            return
        old = [code for code, seen in kept if self._clock.now() - seen >= KEPT_FOR]
        here = [code for code, _seen in kept if self._live.reader.by_code(code) is not None]
        there = await self._ask(kept, {*old, *here})
        done = sorted({*old, *here, *there})
        await self._applier.forget_pending(done)
        fields = {"action": "pending", "channel": self._channel, "count": len(kept), "accepted": len(done) - len(old)}
        log.info("pending codes looked up", extra=fields)

    async def _ask(self, kept: Sequence[tuple[str, datetime]], settled: set[str]) -> list[str]:
        """Codes that the profile knows, asking for a few in turn."""
        open_ = [code for code, _seen in kept if code not in settled]
        if not open_:
            return []
        start = self._turn % len(open_)
        self._turn += ASKED_AT_ONCE
        asked = (open_[start:] + open_[:start])[:ASKED_AT_ONCE]
        return [code for code in asked if await self._authorities.household_of(code) is not None]
