"""A basket while offers are being applied: what is left to pay for each line, and what was used up."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from concord.decision.gates import RUNNING
from concord.decision.kleene import BASKET, DIFFERS, Test, Truth
from concord.decision.quoting.basket import Basket, BasketLine
from concord.decision.reach import Reach

Lines: TypeAlias = Sequence[int]  # places in `Till.items`, ascending
Mark: TypeAlias = tuple[list[int], list[int], int]


class Item:
    """A line of the basket as it came; `least` is what its floor leaves to pay at least."""

    __slots__ = ("categories", "facts", "gross", "id", "least", "offered", "quantity", "sku", "unit_price")

    def __init__(self, line: BasketLine) -> None:
        self.id = line.id
        self.sku = line.sku
        self.categories = frozenset(line.categories)
        self.quantity = line.quantity
        self.unit_price = line.unit_price
        self.gross = line.quantity * line.unit_price
        self.least = min(self.gross, line.quantity * line.floor) if line.floor else 0
        self.offered = not line.no_offers
        self.facts: Mapping[str, Any] | None = None


class Till:
    """Items in the order of their ids, so that the order of the request never matters (terms §3).

    Attributes:
        totals: what is left to pay for each item.
        used: units of each item that serve in a group or a bundle already.
    """

    __slots__ = ("_facts", "_offered", "_truths", "currency", "delivery", "delivery_gross", "items", "totals", "used")

    def __init__(self, basket: Basket, facts: Mapping[str, Any]) -> None:
        self.currency = basket.currency
        self.items = tuple(map(Item, sorted(basket.lines, key=lambda line: line.id)))
        self._truths: dict[Test, Truth] = {}
        self.totals = [item.gross for item in self.items]
        self.used = [0] * len(self.items)
        self.delivery_gross = basket.delivery
        self.delivery = basket.delivery or 0
        self._offered: Lines | None = None
        self._facts: dict[str, Any] = {
            **facts,
            BASKET: self,
            "basket.currency": basket.currency,
            "basket.quantity": sum(item.quantity for item in self.items),
            "basket.subtotal": self._money(sum(self.totals)),
            RUNNING: DIFFERS,  # known when an offer's turn comes, whatever the caller says
        }
        if basket.delivery is not None:
            self._facts["basket.delivery"] = self._money(basket.delivery)

    def _money(self, amount: int) -> dict[str, Any]:
        return {"currency": self.currency, "amount": amount}

    @property
    def facts(self) -> Mapping[str, Any]:
        """What does not move while offers apply."""
        return self._facts

    def truth(self, test: Test) -> Truth:
        """What a test says of the facts that do not move; asked once, however many offers share it."""
        if test in self._truths:
            return self._truths[test]
        truth = self._truths[test] = test(self._facts)
        return truth

    def facts_now(self) -> Mapping[str, Any]:
        """With what is left to pay at this point (terms §2)."""
        return {**self._facts, RUNNING: self._money(sum(self.totals))}

    def facts_of(self, place: int) -> Mapping[str, Any]:
        """With the facts of one line."""
        item = self.items[place]
        if item.facts is None:
            item.facts = {
                **self._facts,
                "line_item.sku": item.sku,
                "line_item.categories": item.categories,
                "line_item.quantity": item.quantity,
                "line_item.unit_price": self._money(item.unit_price),
            }
        return item.facts

    def within(self, reach: Reach, lines: Iterable[int]) -> list[int]:
        """Those of the lines whose product is in reach."""
        if not (reach.scoped or reach.excludes):
            return list(lines)
        items = self.items
        return [place for place in lines if reach.has(items[place].sku, items[place].categories)]

    def offered(self) -> Lines:
        """The lines that take part in offers."""
        if self._offered is None:
            self._offered = [place for place, item in enumerate(self.items) if item.offered]
        return self._offered

    def measure(self, reach: Reach, measure: str) -> int:
        """Units, minor units by the list, or distinct SKUs of what is in reach: the basket as it is, offers or not."""
        found = [item for item in self.items if reach.has(item.sku, item.categories)]
        if measure == "quantity":
            return sum(item.quantity for item in found)
        return sum(item.gross for item in found) if measure == "sum" else len({item.sku for item in found})

    def unit(self, place: int) -> Fraction:
        """What one unit of the line costs now, exactly."""
        return Fraction(self.totals[place], self.items[place].quantity)

    def free(self, place: int) -> int:
        """Units of the line that serve in no group or bundle yet."""
        return self.items[place].quantity - self.used[place]

    def room(self, place: int) -> int:
        """How much may still be taken off the line."""
        return max(0, self.totals[place] - self.items[place].least)

    def mark(self) -> Mark:
        return self.totals.copy(), self.used.copy(), self.delivery

    def back_to(self, mark: Mark) -> None:
        totals, used, self.delivery = mark
        self.totals, self.used = totals.copy(), used.copy()
