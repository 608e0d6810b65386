"""Things together for one price: the choice of units that saves most (terms §1, bundle_price).

Which units can fill the slots of so many bundles is a transversal matroid, so taking the dearest unit that still leaves
the slots fillable, again and again, gives the dearest choice. What one more bundle saves never rises, so the number of
bundles that saves most is found by halving.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from concord.decision.quoting.till import Lines, Till
from concord.decision.quoting.units import by_price


@dataclass(slots=True)
class Slots:
    """Units of lines put into the items of bundles; `able[line]` are the items a line fits into."""

    able: dict[int, list[int]]
    left: list[int]  # free slots of each item
    held: dict[tuple[int, int], int] = field(default_factory=dict)  # (line, item) → units

    def put(self, line: int, units: int) -> int:
        """Put as many of these units in as fit, moving others between items where that makes place; how many did."""
        done = 0
        while done < units and (path := self._path(line)):
            moved = min(units - done, self.left[path[-1][1]], *self._movable(path))
            for place, (giver, item) in enumerate(path):
                if place:
                    self.held[giver, path[place - 1][1]] -= moved
                self.held[giver, item] = self.held.get((giver, item), 0) + moved
            self.left[path[-1][1]] -= moved
            done += moved
        return done

    def _movable(self, path: Sequence[tuple[int, int]]) -> list[int]:
        return [self.held[giver, path[place - 1][1]] for place, (giver, _) in enumerate(path) if place]

    def _path(self, line: int) -> list[tuple[int, int]]:
        """From the line to an item with a free slot: each step moves a unit of a line into an item. Empty: none."""
        came: dict[int, tuple[int, int] | None] = {}  # item → (line that would go in, item that line leaves)
        queue: list[int] = []
        for item in self.able[line]:
            came[item] = None
            queue.append(item)
        for item in queue:
            if self.left[item]:
                return self._walk(line, item, came)
            for other, there in [pair for pair, units in self.held.items() if units and pair[1] == item]:
                for onward in self.able[other]:
                    if onward not in came:
                        came[onward] = (other, there)
                        queue.append(onward)
        return []

    @staticmethod
    def _walk(line: int, item: int, came: dict[int, tuple[int, int] | None]) -> list[tuple[int, int]]:
        path: list[tuple[int, int]] = []
        step = came[item]
        while step is not None:
            path.append((step[0], item))
            item = step[1]
            step = came[item]
        return [(line, item), *reversed(path)]


@dataclass(frozen=True, slots=True)
class Filled:
    """Units of lines that fill so many bundles, and what they save."""

    units: dict[int, int]
    saving: Fraction


NOTHING = Filled({}, Fraction(0))


def fill(till: Till, scopes: Sequence[Lines], quantities: Sequence[int], price: int, most: int | None) -> Filled:
    """The bundles that save most; of equally good numbers the smallest. `scopes` are the lines fitting each item."""
    fitting = _most(till, scopes, quantities) if most is None else min(most, _most(till, scopes, quantities))
    low, high = 0, fitting
    while low < high:  # the largest number whose last bundle still saves something
        middle = (low + high + 1) // 2
        gain = _fill(till, scopes, quantities, price, middle).saving
        before = _fill(till, scopes, quantities, price, middle - 1).saving
        low, high = (middle, high) if gain > before else (low, middle - 1)
    return _fill(till, scopes, quantities, price, low)


def _most(till: Till, scopes: Sequence[Lines], quantities: Sequence[int]) -> int:
    """How many bundles can be filled."""
    low, high = (
        0,
        min(
            (
                sum(till.free(place) for place in scope) // quantity
                for scope, quantity in zip(scopes, quantities, strict=True)
            ),
            default=0,
        ),
    )
    while low < high:
        middle = (low + high + 1) // 2
        full = sum(_put(till, scopes, quantities, middle).values()) == middle * sum(quantities)
        low, high = (middle, high) if full else (low, middle - 1)
    return low


def _fill(till: Till, scopes: Sequence[Lines], quantities: Sequence[int], price: int, bundles: int) -> Filled:
    if not bundles:
        return NOTHING
    units = _put(till, scopes, quantities, bundles)
    worth = sum((till.unit(place) * count for place, count in units.items()), Fraction(0))
    return Filled(units, worth - price * bundles)


def _put(till: Till, scopes: Sequence[Lines], quantities: Sequence[int], bundles: int) -> dict[int, int]:
    places = sorted(set().union(*scopes))
    able = {place: [item for item, scope in enumerate(scopes) if place in scope] for place in places}
    slots = Slots(able, [quantity * bundles for quantity in quantities])
    ordered = by_price(till, [(place, till.free(place)) for place in places], cheapest=False)
    put = {place: slots.put(place, free) for place, free in ordered}
    return {place: units for place, units in put.items() if units}
