"""Time, passed in. Nothing in Concord reads a clock it was not given."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Two clocks: the wall, which people agree on, and the boot, which only this machine keeps."""

    def now(self) -> datetime:
        """The instant, in UTC. It may jump either way."""
        ...

    def boot(self) -> float:
        """Seconds since the machine booted, counting suspension. It never goes back (protocol §1)."""
        ...


class SystemClock:
    """The clocks of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def boot(self) -> float:
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def rfc3339(instant: datetime) -> str:
    """`2026-06-01T00:00:00Z`, with as many digits of the second as it has."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def milliseconds(instant: datetime) -> datetime:
    """The instant cut to whole milliseconds, the precision of a certificate (protocol R21)."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
