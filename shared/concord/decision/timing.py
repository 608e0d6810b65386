"""Time in a decision: instants are inputs, held against an interval of the authority's clock (protocol R16)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from concord.decision.hours import Intervals, is_open

DELTA = timedelta(seconds=30)  # how long a shown answer stands (protocol §4)
RHO = 0.01  # how far a boot-time clock may be off
FIRST = datetime.min.replace(tzinfo=UTC)


class Freshness(StrEnum):
    """How old a replica's view is (architecture §4)."""

    READY = "READY"
    STALE = "STALE"
    FENCED = "FENCED"


@dataclass(frozen=True, slots=True)
class Interval:
    """The authority's clock lies between these two."""

    low: datetime
    high: datetime


def grace(delta: timedelta = DELTA, rho: float = RHO) -> timedelta:
    """How long past its end an offer is still honoured for those who saw it: δ·(1+2ρ)."""
    return delta * (1 + 2 * rho)


@dataclass(frozen=True, slots=True)
class Window:
    """When an offer version may be shown and had: half-open, with `effective_at` delaying only the showing."""

    start: datetime
    end: datetime | None
    effective_at: datetime | None = None
    hours: Intervals | None = None

    def surely_inside(self, when: Interval | None) -> bool:
        """Whether it may be shown: low ≥ max(start, effective_at) and high < end. Without an interval it may not."""
        if when is None or when.low < self.start:
            return False
        if self.hours is not None and not (is_open(self.hours, when.low) and is_open(self.hours, when.high)):
            return False
        return (self.effective_at is None or when.low >= self.effective_at) and (
            self.end is None or when.high < self.end
        )

    def surely_shut(self, when: Interval | None, leave: timedelta) -> bool:
        """Whether it is surely outside its weekly hours for everyone who saw it in them."""
        if when is None or self.hours is None:
            return False
        seen = when.low - leave if when.low - FIRST >= leave else FIRST
        return not any(is_open(self.hours, instant) for instant in (seen, when.low, when.high))

    def holds(self, at: datetime) -> bool:
        """Whether somebody who asks for it at exactly this instant may have it; `effective_at` delays only showing."""
        begun = at >= self.start and (self.end is None or at < self.end)
        return begun and (self.hours is None or is_open(self.hours, at))

    def surely_early(self, when: Interval | None) -> bool:
        """Whether it has surely not begun: high < start."""
        return when is not None and when.high < self.start

    def surely_over(self, when: Interval | None, leave: timedelta) -> bool:
        """Whether it is surely over for everyone who saw it: low ≥ end + δ·(1+2ρ)."""
        return when is not None and self.end is not None and when.low - self.end >= leave
