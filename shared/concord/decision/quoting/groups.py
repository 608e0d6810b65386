"""Buy so many, get so many for less (terms §1, buy_x_get_y).

Groups are formed from the dearest units down: the first takes the dearest units that can serve, the next those that
are left. Within a group the cheapest (or with `dearest` the dearest) are the ones to get, ties by line id. Formed so,
one more article in the basket never lowers the discount; taking the cheapest of the whole basket would.

Where only some units can play both roles, those that can only be bought are bought first, and as many groups are formed
as save most: one more group may cost more than it gives, when it takes a dear unit to be bought that was got before.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from concord.decision.quoting.till import Lines, Till
from concord.decision.quoting.units import by_price

TRIED_MOST: Final = 50  # fewer groups than fit, where units can play both roles


@dataclass(slots=True)
class Pool:
    """Units that can serve: line by line, dearest first, with the roles each line can play."""

    lines: list[int]
    free: dict[int, int]
    buys: frozenset[int]
    gets: frozenset[int]
    cost: dict[int, Fraction]  # of one unit of each line
    bought: dict[int, int] = field(default_factory=dict)
    got: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, till: Till, buys: Lines, gets: Lines) -> "Pool":
        places = sorted({*buys, *gets})
        free = {place: till.free(place) for place in places}
        ordered = [place for place, _ in by_price(till, list(free.items()), cheapest=False)]
        cost = {place: till.unit(place) for place in places}
        return cls(ordered, free, frozenset(buys), frozenset(gets), cost)

    @property
    def mixed(self) -> bool:
        """Whether some units can play both roles and some but one."""
        return self.buys != self.gets and not self.buys.isdisjoint(self.gets)

    def again(self) -> "Pool":
        """The same units, none of them serving yet."""
        return Pool(self.lines, self.free.copy(), self.buys, self.gets, self.cost)

    def _counts(self) -> tuple[int, int, int]:
        """Free units that can only be bought, only be got, and both."""
        only_buy = sum(units for place, units in self.free.items() if place not in self.gets)
        only_get = sum(units for place, units in self.free.items() if place not in self.buys)
        return only_buy, only_get, sum(self.free.values()) - only_buy - only_get

    def slack(self, buy: int, get: int) -> int:
        """Units of both kinds that are left over when so many are bought and so many got; negative: it does not fit."""
        only_buy, only_get, both = self._counts()
        return both - max(0, buy - only_buy) - max(0, get - only_get)

    def fitting(self, buy: int, get: int) -> int:
        """How many groups of so many fit."""
        low, high = 0, sum(self.free.values()) // (buy + get)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.slack(buy * middle, get * middle) >= 0 else (low, middle - 1)
        return low

    def take(self, role: str, need: int, after: tuple[int, int]) -> None:
        """The dearest units for a role; `after` is what is still to be bought and got once they are taken."""
        served, able, others = (
            (self.bought, self.buys, self.gets) if role == "buy" else (self.got, self.gets, self.buys)
        )
        places = [place for place in self.lines if place in able]
        if role == "buy":
            places.sort(key=lambda place: place in others)
        for place in places:
            if not need:
                return
            most = min(need, self.free[place])
            if place in others:
                most = min(most, self._spared(role, need, after))
            self.free[place] -= most
            served[place] = served.get(place, 0) + most
            need -= most

    def settle_ties(self) -> None:
        """Of units that cost the same and may play either role, those of the lower line id are the ones to get."""
        either = sorted(self.buys & self.gets)
        left: dict[Fraction, int] = {}
        for place in either:
            left[self.cost[place]] = left.get(self.cost[place], 0) + self.got.get(place, 0)
        for place in either:
            served = self.bought.get(place, 0) + self.got.get(place, 0)
            self.got[place] = min(served, left[self.cost[place]])
            self.bought[place] = served - self.got[place]
            left[self.cost[place]] -= self.got[place]

    def _spared(self, role: str, need: int, after: tuple[int, int]) -> int:
        """How many units of both kinds this role may take without leaving the others short."""
        buy, get = after
        buy, get = (buy + need, get) if role == "buy" else (buy, get + need)
        only_buy, only_get, _ = self._counts()
        short = max(0, buy - only_buy) if role == "buy" else max(0, get - only_get)
        return short + self.slack(buy, get)


@dataclass(frozen=True, slots=True)
class Rule:
    """So many to buy, so many to get; the get units are the dearest of their group if so said."""

    buy: int
    get: int
    dearest: bool
    most: int | None
    partial: bool

    def serve(self, pool: Pool) -> Pool:
        """The groups that are formed; of numbers that save alike the larger."""
        most = pool.fitting(self.buy, self.get)
        if self.most is not None:
            most = min(most, self.most)
        least = max(0, most - TRIED_MOST) if pool.mixed else most
        tried = [self._served(pool.again(), groups) for groups in range(most, least - 1, -1)]
        return max(tried, key=_worth) if len(tried) > 1 else tried[0]

    def _served(self, pool: Pool, groups: int) -> Pool:
        for left in range(groups - 1, -1, -1):
            self._form(pool, self.get, left)
        if self.partial and (self.most is None or groups < self.most):
            short = next((get for get in range(self.get - 1, 0, -1) if pool.slack(self.buy, get) >= 0), 0)
            if short:
                self._form(pool, short, 0)
        pool.settle_ties()
        return pool

    def _form(self, pool: Pool, get: int, left: int) -> None:
        buy_left, get_left = self.buy * left, self.get * left
        if self.dearest:
            pool.take("get", get, (buy_left + self.buy, get_left))
            pool.take("buy", self.buy, (buy_left, get_left))
        else:
            pool.take("buy", self.buy, (buy_left, get_left + get))
            pool.take("get", get, (buy_left, get_left))


def _worth(pool: Pool) -> Fraction:
    """What the units to get cost now."""
    return sum((pool.cost[place] * units for place, units in pool.got.items()), Fraction(0))
