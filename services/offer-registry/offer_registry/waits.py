"""How long this process has seen a version where it stands (protocol R10).

A wait runs on the boot-time clock from the moment a statement after the commit saw the row. Nothing of it is stored, so
after a restart every wait begins again: too long is safe, too short is not.
"""

from collections.abc import Iterable

from concord.clock import Clock
from offer_registry.activation import Activation

Sighting = tuple[str, int, str, int]


class Waits:
    """When each version that waits was first seen, in seconds of the boot-time clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[Sighting, float] = {}

    def saw(self, activations: Iterable[Activation]) -> None:
        """Note what a statement just returned; versions it did not return are forgotten."""
        now = self._clock.boot()
        self._seen = {key: self._seen.get(key, now) for key in map(_sighting, activations)}

    def seconds(self, activation: Activation) -> float:
        """How long it has been seen where it stands; 0 when it never was."""
        first = self._seen.get(_sighting(activation))
        return 0.0 if first is None else self._clock.boot() - first

    def stayed(self, activation: Activation, seconds: float) -> bool:
        """Whether it has been seen where it stands for so long."""
        return _sighting(activation) in self._seen and self.seconds(activation) >= seconds


def _sighting(activation: Activation) -> Sighting:
    return activation.offer, activation.version, activation.state, activation.state_revision
