"""Opaque, typed, time-ordered identifiers: a prefix and a UUIDv7 (RFC 9562) in lower-case Crockford base 32."""

import secrets
from typing import Protocol

from concord.clock import Clock

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
PREFIXES = ("ofr", "prm", "red", "hh", "pty", "lin", "cp", "int", "msg", "job")
LENGTH = 26  # symbols for 128 bits


class Randomness(Protocol):
    """Where random bits come from."""

    def bits(self, count: int) -> int:
        """A number of `count` random bits."""
        ...


class SystemRandomness:
    """The operating system's randomness."""

    def bits(self, count: int) -> int:
        return secrets.randbits(count)


class Ids(Protocol):
    """Where new ids come from."""

    def new(self, prefix: str) -> str:
        """A new id such as `ofr_01jz…`; later ids sort after earlier ones."""
        ...


class TimeOrderedIds:
    """Ids that sort by the millisecond in which they were made, and within it by the order of making."""

    def __init__(self, clock: Clock, randomness: Randomness) -> None:
        self._clock = clock
        self._randomness = randomness
        self._last = 0

    def new(self, prefix: str) -> str:
        millis = int(self._clock.now().timestamp() * 1000)
        drawn = self._randomness.bits(74)
        value = (millis & (1 << 48) - 1) << 80 | 7 << 76 | drawn >> 62 << 64 | 2 << 62 | drawn & (1 << 62) - 1
        self._last = value if value > self._last else self._last + 1
        return f"{prefix}_{_encode(self._last)}"


_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
_SHIFTS = range(5 * (LENGTH - 2), -1, -10)


def _encode(value: int) -> str:
    return "".join([_PAIRS[value >> shift & 1023] for shift in _SHIFTS])


def is_id(text: str, prefix: str) -> bool:
    """Whether the text has the shape of an id with this prefix."""
    head, _, tail = text.partition("_")
    return head == prefix and len(tail) == LENGTH and all(symbol in ALPHABET for symbol in tail)
