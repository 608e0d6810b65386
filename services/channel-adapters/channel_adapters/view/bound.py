"""Makes an answer at least as fresh as the tokens a request carries: wait, read through, or say so (protocol R20)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from channel_adapters.view.households import Household
from channel_adapters.view.live import LiveView
from channel_adapters.view.positions import Position
from channel_adapters.view.readthrough import Authorities, Changes
from channel_adapters.view.snapshot import Snapshot
from concord.clock import Clock
from concord.decision.catalogue import Catalogue
from concord.telemetry import metrics
from concord.web.tokens import AtLeast, CatalogueToken, HouseholdToken, LostWrite, NotUpToBound, ViewToken

WAIT: Final = 0.3  # s
RETRY_AFTER: Final = 1.0  # s
LINEAGE: Final[Mapping[int, int]] = {}  # ended epoch → its fork revision; no authority was ever restored yet (R18)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was read from the authorities for one request, to be laid over the view."""

    changes: Changes | None = None
    households: Mapping[str, Household] = field(default_factory=dict)

    def over(self, snapshot: Snapshot) -> tuple[Catalogue, Position | Changes]:
        """The catalogue with what was fetched, and what tells its epoch and revision."""
        here = snapshot.offers
        if self.changes is None or self.changes.revision <= here.revision:
            return snapshot.catalogue, here
        return snapshot.catalogue.apply(self.changes.offers), self.changes

    def newest(self, household: str, here: Household | None) -> Household | None:
        """The newer of what was fetched and what is here."""
        there = self.households.get(household)
        if here is None or (there is not None and there.version > here.version):
            return there
        return here

    def plus(self, *, changes: Changes | None = None, household: Household | None = None) -> "Fetched":
        """With more fetched."""
        more = {household.id: household} if household is not None else {}
        return Fetched(changes or self.changes, {**self.households, **more})


NOTHING: Final = Fetched()


class Bound:
    """Waits and reads through for one view."""

    def __init__(self, live: LiveView, authorities: Authorities, clock: Clock) -> None:
        self._live = live
        self._authorities = authorities
        self._clock = clock

    async def reach(self, wanted: AtLeast) -> Fetched:
        """What must be laid over the view so that an answer is as fresh as wanted; nothing when the view is.

        Raises:
            LostWrite: a token is of an ended epoch and proves a write after its fork.
            NotUpToBound: neither the view nor the authority got there in time.
        """
        if not wanted and not wanted.older:
            return NOTHING
        began = self._clock.boot()
        self._refuse_lost(wanted)
        outcome, fetched = await self._reach(wanted)
        metrics.token_wait.labels(outcome).observe(self._clock.boot() - began)
        if fetched is None:
            raise NotUpToBound(retry_after=RETRY_AFTER)
        return fetched

    async def _reach(self, wanted: AtLeast) -> tuple[str, Fetched | None]:
        if not self._missing(wanted):
            return "served", NOTHING
        if await self._live.until(lambda: not self._missing(wanted), WAIT):
            return "waited", NOTHING
        fetched = await self._read_through(wanted)
        return ("not_up_to_bound" if fetched is None else "read_through"), fetched

    def _refuse_lost(self, wanted: AtLeast) -> None:
        """A token of an ended epoch proves a write that is here only if it was made before the fork."""
        offers = self._live.snapshot.offers
        tokens: list[ViewToken] = [*wanted.older, *wanted.households.values()]
        for token in [*tokens, wanted.catalogue] if wanted.catalogue else tokens:
            made = token.revision if isinstance(token, CatalogueToken) else token.version
            if token.epoch < offers.epoch and made > LINEAGE.get(token.epoch, 0):
                metrics.token_wait.labels("lost_write").observe(0)
                raise LostWrite

    def _missing(self, wanted: AtLeast) -> list[ViewToken]:
        """The tokens that the view has not reached."""
        missing: list[ViewToken] = [token for token in wanted.households.values() if not self._has(token)]
        offers = self._live.snapshot.offers
        if wanted.catalogue is not None and wanted.catalogue > CatalogueToken(offers.epoch, offers.revision):
            missing.append(wanted.catalogue)
        return missing

    def _has(self, token: HouseholdToken) -> bool:
        version = self._live.reader.version(token.household)
        return version is not None and version >= (token.epoch, token.version)

    async def _read_through(self, wanted: AtLeast) -> Fetched | None:
        """All that is missing, from the authorities; None when one does not reach its token either."""
        found = await asyncio.gather(*(self._fetch(token) for token in self._missing(wanted)))
        fetched = NOTHING
        for each in found:
            if each is None:
                return None
            fetched = Fetched(each.changes or fetched.changes, {**fetched.households, **each.households})
        return fetched

    async def _fetch(self, token: ViewToken) -> Fetched | None:
        if isinstance(token, CatalogueToken):
            changes = await self._authorities.changes(self._live.snapshot.offers.revision)
            reached = changes is not None and (changes.epoch, changes.revision) >= (token.epoch, token.revision)
            return NOTHING.plus(changes=changes) if reached else None
        household = await self._authorities.household(token.household)
        if household is None or (household.view.epoch, household.version) < (token.epoch, token.version):
            return None
        return NOTHING.plus(household=household)
