"""Clocks, ids and randomness a test can hold in its hand."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Both clocks of `concord.clock.Clock`, moved only by the test."""

    def __init__(self, now: datetime = datetime(2026, 6, 1, 9, 12, tzinfo=UTC), boot: float = 1_000.0) -> None:
        self._now = now
        self._boot = boot

    def now(self) -> datetime:
        return self._now

    def boot(self) -> float:
        return self._boot

    def advance(self, seconds: float) -> None:
        """Both clocks move on."""
        self._now += timedelta(seconds=seconds)
        self._boot += seconds

    def set_wall(self, now: datetime) -> None:
        """Somebody set the wall clock; the boot clock does not notice."""
        self._now = now
