"""View tokens of the registry, which is the authority: it has every revision it ever gave out (protocol R20)."""

import asyncio
from typing import Final

import asyncpg

from concord.clock import Clock
from concord.storage import postgres
from concord.telemetry import metrics
from concord.web.tokens import AtLeast, CatalogueToken, LostWrite, NotUpToBound
from offer_registry import store

WAIT: Final = 0.3  # s
POLL: Final = 0.02  # s


class Catalogue:
    """Where the catalogue is; `seen` is the newest position this process read, for answers that read none."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self.seen: CatalogueToken | None = None

    async def at_least(self, wanted: AtLeast) -> CatalogueToken:
        """A position as new as what is wanted, for the answer to carry: what is read after this is at least as new.

        Raises:
            LostWrite: the token is of an epoch before this one.
            NotUpToBound: nothing that new was committed within 300 ms.
        """
        began = self._clock.boot()
        found = await self.read()
        if wanted.catalogue is None:
            return found
        _refuse_older(wanted, found)
        waited = False
        while wanted.catalogue > found:
            if self._clock.boot() - began >= WAIT:
                self._observe("not_up_to_bound", began)
                raise NotUpToBound(retry_after=1)
            await asyncio.sleep(POLL)
            waited, found = True, await self.read()
        self._observe("waited" if waited else "served", began)
        return found

    async def read(self) -> CatalogueToken:
        """Where the catalogue is now."""
        async with postgres.connection(self._pool) as connection:
            position = await store.position(connection)
        return self.note(CatalogueToken(position.epoch, position.revision))

    def note(self, found: CatalogueToken) -> CatalogueToken:
        """Remember a position; the newest stays."""
        self.seen = found if self.seen is None else max(self.seen, found)
        return found

    def view(self) -> tuple[str, int]:
        """`Concord-View` and `Concord-Age` of an answer that read nothing."""
        return ("", 0) if self.seen is None else (str(self.seen), 0)

    def _observe(self, outcome: str, began: float) -> None:
        metrics.token_wait.labels(outcome=outcome).observe(self._clock.boot() - began)


def _refuse_older(wanted: AtLeast, found: CatalogueToken) -> None:
    """No epoch ended yet, so a token of one before this proves a write that is not here."""
    older = [token for token in (wanted.catalogue, *wanted.older) if isinstance(token, CatalogueToken)]
    if any(token.epoch < found.epoch for token in older):
        raise LostWrite
