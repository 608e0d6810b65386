"""The view that answers: the current snapshot, the file's reader, and a bell that rings at each swap."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from channel_adapters.view.positions import STATE_LOG, StateLog
from channel_adapters.view.reader import ViewReader
from channel_adapters.view.snapshot import Snapshot
from channel_adapters.view.store import Applied
from concord.decision.catalogue import Catalogue


class LiveView:
    """Owned by the event loop: snapshots are swapped and read there only, so each is seen whole or not at all."""

    def __init__(self, log: StateLog = STATE_LOG) -> None:
        self.snapshot = Snapshot.of(log, Catalogue(), log.start())
        self._reader: ViewReader | None = None
        self._moved: asyncio.Future[None] | None = None

    @property
    def reader(self) -> ViewReader:
        if self._reader is None:
            raise RuntimeError("The view's file is not open.")
        return self._reader

    def open(self, snapshot: Snapshot, reader: ViewReader) -> None:
        """Answer from this file from now on; the file before it is let go."""
        before, self._reader = self._reader, reader
        if before is not None:
            before.close()
        self._swap(snapshot)

    def applied(self, applied: Applied, catalogue: Catalogue) -> None:
        """A transaction was committed: forget what it changed and swap the snapshot."""
        self.reader.forget(applied.households)
        self._swap(Snapshot.of(self.snapshot.log, catalogue, applied.positions, built=self.snapshot.built))

    def built(self) -> None:
        """Every partition was read to its end."""
        if not self.snapshot.built:
            self._swap(replace(self.snapshot, built=True))

    def stopped(self) -> None:
        """The view waits at a record that it cannot apply."""
        self._swap(replace(self.snapshot, stopped=True))

    def count_pending(self) -> int:
        """How many codes are noted; 0 while the file is not open."""
        return 0 if self._reader is None else self._reader.count_pending()

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    async def until(self, reached: Callable[[], bool], seconds: float) -> bool:
        """Wait for a swap after which `reached` holds; whether it does in the end."""
        if reached():
            return True
        try:
            async with asyncio.timeout(seconds):
                while not reached():
                    await self._next_swap()
        except TimeoutError:
            return reached()
        return True

    async def _next_swap(self) -> None:
        if self._moved is None:
            self._moved = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._moved)

    def _swap(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        moved, self._moved = self._moved, None
        if moved is not None:
            moved.set_result(None)
