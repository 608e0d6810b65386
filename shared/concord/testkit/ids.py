"""Ids and randomness that repeat."""

import random

from concord.ids import ALPHABET, LENGTH


class CountingIds:
    """`ofr_0000…1`, `ofr_0000…2`: the shape of real ids, in the order of making."""

    def __init__(self) -> None:
        self._made = 0

    def new(self, prefix: str) -> str:
        self._made += 1
        digits, rest = [], self._made
        while rest:
            rest, digit = divmod(rest, len(ALPHABET))
            digits.append(ALPHABET[digit])
        return f"{prefix}_{''.join(reversed(digits)).rjust(LENGTH, '0')}"


class SeededRandomness:
    """The same bits for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311  repeatable on purpose

    def bits(self, count: int) -> int:
        return self._random.getrandbits(count)
