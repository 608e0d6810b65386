"""Builds a view's file from the beginning of the log, beside the one that answers."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

from channel_adapters.view.follower import Follower
from channel_adapters.view.freshness import Adoption
from channel_adapters.view.positions import Slot, StateLog
from channel_adapters.view.scribe import Outcome, Scribe
from channel_adapters.view.store import ViewStore
from concord.decision.catalogue import Catalogue

BUILT: Final = "built"  # meta: every partition was once read to its end


class Confirmation:
    """Whether the authority said of every partition that the file holds what it holds.

    A rebuild that nobody confirmed never replaces a view: a topic that lost its records would empty it.
    """

    def __init__(self, log: StateLog) -> None:
        self.reached = asyncio.Event()
        self._left: set[Slot] = set(log.slots())

    def __call__(self, outcome: Outcome) -> None:
        for slot, adoption in outcome.applied.adoptions.items():
            if adoption is Adoption.ADOPTED:
                self._left.discard(slot)
            elif adoption is not Adoption.IGNORED:
                self._left.add(slot)
        if not self._left:
            self.reached.set()


async def build(path: Path, log: StateLog, bootstrap: str, name: str) -> Scribe:
    """A closed, confirmed file with its catalogue.

    Raises:
        LogUnavailable, LogMoved, ViewStopped, Undecodable: as `Follower.run`; the file is worth nothing then.
    """
    confirmation = Confirmation(log)
    scribe = Scribe(ViewStore(path, log), Catalogue(), confirmation, name=name)
    follower = Follower(scribe, bootstrap, name=name)
    try:
        await _first(follower.run(), follower.caught_up.wait(), confirmation.reached.wait())
        scribe.store.put_meta(BUILT, "1")
    finally:
        await scribe.close()
    return scribe


async def _first(endless: Coroutine[Any, Any, None], *reached: Coroutine[Any, Any, bool]) -> None:
    """Run the endless one until all the others are done; what it raises is raised."""
    running = asyncio.create_task(endless)
    others = asyncio.gather(*reached)
    waiting: set[asyncio.Future[Any]] = {running, others}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
    finally:
        others.cancel()
        running.cancel()
        await asyncio.gather(running, others, return_exceptions=True)
