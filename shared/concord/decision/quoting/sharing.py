"""One amount shared among lines in whole minor units (terms §3, Allocation)."""

from collections.abc import Sequence
from math import lcm

from concord.decision.quoting.till import Till
from concord.money import allocate

Chosen = Sequence[tuple[int, int]]  # place of a line, and how many of its units


def share_out(amount: int, weights: Sequence[int], room: Sequence[int]) -> list[int]:
    """The amount in proportion to the weights by largest remainder, ties to the earlier line, at most `room` each.

    What a line has no room for is shared again among the rest until nothing is left, of the amount or of the room.
    """
    parts = [0] * len(weights)
    open_ones = [place for place, weight in enumerate(weights) if weight and room[place]]
    while amount and open_ones:
        given = allocate(amount, [weights[place] for place in open_ones])
        for place, part in zip(open_ones, given, strict=True):
            taken = min(part, room[place] - parts[place])
            parts[place] += taken
            amount -= taken
        open_ones = [place for place in open_ones if parts[place] < room[place]]
    return parts


def weigh(till: Till, chosen: Chosen, spread: str) -> list[int]:
    """What each line weighs: what its chosen units cost now, the same for all, or how many they are."""
    if spread == "even":
        return [1] * len(chosen)
    if spread == "by_quantity":
        return [units for _, units in chosen]
    common = lcm(*(till.items[place].quantity for place, units in chosen if units != till.items[place].quantity))
    return [till.totals[place] * units * common // till.items[place].quantity for place, units in chosen]


def spread_over(till: Till, chosen: Chosen, amount: int, spread: str) -> dict[int, tuple[int, int]]:
    """The amount as discounts of the chosen units' lines, each at most what those units cost and its floor leaves."""
    room = [min(till.room(place), till.totals[place] * units // till.items[place].quantity) for place, units in chosen]
    parts = share_out(amount, weigh(till, chosen, spread), room)
    return {place: (part, 1) for (place, _), part in zip(chosen, parts, strict=True) if part}


def unit_shares(discount: int, quantity: int) -> list[int]:
    """A line's discount over its units as evenly as possible, larger shares first (terms §3)."""
    part, larger = divmod(discount, quantity)
    return [part + 1] * larger + [part] * (quantity - larger)
