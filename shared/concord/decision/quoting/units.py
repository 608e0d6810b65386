"""Which units a benefit is about: all in scope, the cheapest, the dearest, at most so many (terms §1)."""

from collections.abc import Sequence
from dataclasses import dataclass

from concord.decision.quoting.till import Lines, Till


@dataclass(frozen=True, slots=True)
class Picking:
    """How units are picked; `units` of the basket where `cheapest` is said, `most` at most."""

    cheapest: bool | None  # None: all
    units: int | None
    most: int | None
    most_per_line: bool

    @property
    def everything(self) -> bool:
        return self.cheapest is None and self.most is None


def pick(till: Till, lines: Lines, picking: Picking) -> list[tuple[int, int]]:
    """Lines with how many of their units, in the order of their ids."""
    items = till.items
    counted = [(place, items[place].quantity) for place in lines]
    if picking.everything:
        return counted
    if picking.most is not None and picking.most_per_line:
        counted = [(place, min(units, picking.most)) for place, units in counted]
    limits = [picking.units, None if picking.most_per_line else picking.most]
    most = min((limit for limit in limits if limit is not None), default=None)
    return counted if most is None else sorted(_first(by_price(till, counted, cheapest=bool(picking.cheapest)), most))


def by_price(till: Till, counted: Sequence[tuple[int, int]], *, cheapest: bool) -> list[tuple[int, int]]:
    """Ordered by what one unit costs now, ties by line id."""
    return sorted(counted, key=lambda each: (till.unit(each[0]) * (1 if cheapest else -1), each[0]))


def _first(counted: Sequence[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    """The first so many units."""
    taken = []
    for place, units in counted:
        if most <= 0:
            break
        taken.append((place, min(units, most)))
        most -= units
    return taken
