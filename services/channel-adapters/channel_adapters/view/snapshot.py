"""What every answer is decided from: one immutable picture of the view, swapped whole (protocol §5, R9)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from channel_adapters.view.freshness import Freshness, freshness
from channel_adapters.view.positions import Position, Positions, StateLog
from concord.decision.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The compiled catalogue, and where the view stood in every partition when it was swapped in.

    Attributes:
        offers: where the offers' one partition stood.
        closed_at: the oldest `closed_at` among the partitions; None while one has adopted no heartbeat.
        built: whether every partition was once read to its end, so that ignorance means something.
        stopped: whether the view waits at a record that it cannot apply.
    """

    log: StateLog
    catalogue: Catalogue
    positions: Positions
    offers: Position
    closed_at: datetime | None
    built: bool
    stopped: bool

    @classmethod
    def of(
        cls, log: StateLog, catalogue: Catalogue, positions: Positions, *, built: bool = False, stopped: bool = False
    ) -> Self:
        """A snapshot of a catalogue and the positions it belongs to."""
        return cls(log, catalogue, positions, positions[log.offers.name, 0], oldest(positions), built, stopped)

    def freshness(self, now: datetime) -> Freshness:
        return freshness(self.closed_at, now, stopped=self.stopped)


def oldest(positions: Positions) -> datetime | None:
    """The `closed_at` of the partition that is furthest behind."""
    instants = [position.closed_at for position in positions.values()]
    known = [instant for instant in instants if instant is not None]
    return min(known) if len(known) == len(instants) else None
