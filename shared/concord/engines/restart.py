"""When a process that died is started anew, and when that is given up (architecture §8)."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, but for `deaths`: so many of one process within `window` stop everything."""

    first: float = 0.5
    most: float = 10.0
    deaths: int = 5
    window: float = 60.0


class RestartPolicy:
    """Of one process. `clock` gives seconds that never go back."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._deaths: deque[float] = deque()

    def died(self) -> float | None:
        """Seconds to wait before the next start, doubling with each death in the window; None to give up."""
        now = self._clock()
        self._deaths.append(now)
        while now - self._deaths[0] >= self._limits.window:
            self._deaths.popleft()
        if len(self._deaths) >= self._limits.deaths:
            return None
        # The exponent is bounded so that a test with a million deaths allowed does not overflow a float.
        doublings = min(len(self._deaths) - 1, 30)
        return min(self._limits.first * 2.0**doublings, self._limits.most)
