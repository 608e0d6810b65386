"""What one benefit does to a till (terms §1): exact discounts of lines, less for delivery, things added.

Every kind is computed from the prices before the offer. A discount is a pair of integers, numerator and denominator, so
that it can be rounded once per line (terms §3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol, TypeAlias

from concord.decision.amounts import Amounts, in_currency
from concord.decision.quoting import bundles, groups
from concord.decision.quoting.sharing import Chosen, spread_over
from concord.decision.quoting.till import Lines, Till
from concord.decision.quoting.units import Picking, by_price, pick
from concord.decision.reach import Reach
from concord.money import divide_half_even, share

WHOLE = 10_000  # basis points
Exact: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Added:
    """A free item to be put into the basket, or an entitlement."""

    kind: str  # free_item or grant
    name: str  # SKU, or what is granted
    quantity: int
    unit: str | None = None
    worth: int = 0  # of all of it, where offers compete


@dataclass(slots=True)
class Effect:
    """What a benefit takes off and adds; `serving` are units it uses up."""

    lines: Mapping[int, Exact] = field(default_factory=dict)
    delivery: int = 0
    added: tuple[Added, ...] = ()
    serving: Mapping[int, int] = field(default_factory=dict)


NOTHING = Effect()


class Kind(Protocol):
    """A benefit made ready. Its amounts are in the till's currency: the plan asks for that before."""

    def effect(self, till: Till, lines: Lines) -> Effect:
        """What it does to these lines, none of them left out for any other reason. Changes nothing."""


def _amount(amounts: Amounts, till: Till) -> int:
    return in_currency(amounts, till.currency) or 0


def _of(till: Till, place: int, units: int) -> Exact:
    """What so many units of a line cost now."""
    return till.totals[place] * units, till.items[place].quantity


@dataclass(frozen=True, slots=True)
class Fixed:
    """`fixed_price`: each unit costs this, never more than before."""

    price: Amounts
    picking: Picking

    def effect(self, till: Till, lines: Lines) -> Effect:
        return Effect(priced(till, pick(till, lines, self.picking), _amount(self.price, till)))


def priced(till: Till, chosen: Chosen, price: int) -> dict[int, Exact]:
    """Discounts that bring each chosen unit down to the price."""
    found = {}
    for place, units in chosen:
        cost, quantity = _of(till, place, units)
        if cost > price * units * quantity:
            found[place] = (cost - price * units * quantity, quantity)
    return found


@dataclass(frozen=True, slots=True)
class PercentOfLine:
    """`percent_off` of each line, at most the cap."""

    basis_points: int
    cap: Amounts | None
    picking: Picking

    def effect(self, till: Till, lines: Lines) -> Effect:
        cap = None if self.cap is None else _amount(self.cap, till)
        off = reduced(till, pick(till, lines, self.picking), self.basis_points)
        if cap is not None:
            off = {place: (cap, 1) if num > cap * den else (num, den) for place, (num, den) in off.items()}
        return Effect(off)


def reduced(till: Till, chosen: Chosen, basis_points: int) -> dict[int, Exact]:
    """So many basis points off each chosen unit."""
    found = {}
    for place, units in chosen:
        cost, quantity = _of(till, place, units)
        found[place] = (cost * basis_points, quantity * WHOLE)
    return found


@dataclass(frozen=True, slots=True)
class PercentOfBasket:
    """`percent_off` of the sum in scope, at most the cap, then shared among the lines."""

    basis_points: int
    cap: Amounts | None
    picking: Picking
    spread: str

    def effect(self, till: Till, lines: Lines) -> Effect:
        chosen = pick(till, lines, self.picking)
        total = cost_of(till, chosen)
        amount = divide_half_even(total.numerator * self.basis_points, total.denominator * WHOLE)
        if self.cap is not None:
            amount = min(amount, _amount(self.cap, till))
        return Effect(spread_over(till, chosen, amount, self.spread))


def cost_of(till: Till, chosen: Chosen) -> Fraction:
    """What the chosen units cost now, exactly."""
    return sum((Fraction(*_of(till, place, units)) for place, units in chosen), Fraction(0))


@dataclass(frozen=True, slots=True)
class AmountOff:
    """`amount_off` each unit or each line, at most what it costs."""

    amount: Amounts
    per_unit: bool
    picking: Picking

    def effect(self, till: Till, lines: Lines) -> Effect:
        return Effect(lowered(till, pick(till, lines, self.picking), _amount(self.amount, till), self.per_unit))


def lowered(till: Till, chosen: Chosen, amount: int, per_unit: bool) -> dict[int, Exact]:  # noqa: FBT001  a rule's flag
    """So much off each chosen unit, or each line, at most what the chosen units cost."""
    found = {}
    for place, units in chosen:
        off = amount * units if per_unit else amount
        cost, quantity = _of(till, place, units)
        found[place] = (off, 1) if off * quantity <= cost else (cost, quantity)
    return found


@dataclass(frozen=True, slots=True)
class AmountOffBasket:
    """`amount_off` the basket, once or for each multiple of a sum, shared among the lines."""

    amount: Amounts
    multiple: Amounts | None
    most: int | None
    picking: Picking
    spread: str

    def effect(self, till: Till, lines: Lines) -> Effect:
        chosen = pick(till, lines, self.picking)
        amount = _amount(self.amount, till) * self.times(till, chosen)
        return Effect(spread_over(till, chosen, amount, self.spread))

    def times(self, till: Till, chosen: Chosen) -> int:
        """How often it is given."""
        if self.multiple is None:
            return 1
        times = int(cost_of(till, chosen) // max(1, _amount(self.multiple, till)))
        return times if self.most is None else min(times, self.most)


@dataclass(frozen=True, slots=True)
class BuyGet:
    """`buy_x_get_y`."""

    rule: groups.Rule
    buys: Reach
    gets: Reach
    basis_points: int

    def pool(self, till: Till, lines: Lines) -> groups.Pool:
        return groups.Pool.of(till, till.within(self.buys, lines), till.within(self.gets, lines))

    def effect(self, till: Till, lines: Lines) -> Effect:
        pool = self.rule.serve(self.pool(till, lines))
        serving = {place: pool.bought.get(place, 0) + pool.got.get(place, 0) for place in pool.lines}
        return Effect(reduced(till, sorted(pool.got.items()), self.basis_points), serving=serving)


@dataclass(frozen=True, slots=True)
class Bundle:
    """`bundle_price`."""

    items: tuple[tuple[Reach, int], ...]
    price: Amounts
    most: int | None
    spread: str

    def effect(self, till: Till, lines: Lines) -> Effect:
        scopes = [till.within(reach, lines) for reach, _ in self.items]
        quantities = [quantity for _, quantity in self.items]
        found = bundles.fill(till, scopes, quantities, _amount(self.price, till), self.most)
        saving = divide_half_even(found.saving.numerator, found.saving.denominator)
        if saving <= 0:
            return NOTHING
        return Effect(spread_over(till, sorted(found.units.items()), saving, self.spread), serving=found.units)


@dataclass(frozen=True, slots=True)
class TierStep:
    """One step: from a quantity or an amount on, one of three."""

    start: int | Amounts
    basis_points: int | None
    amount: Amounts | None
    price: Amounts | None

    def begins(self, till: Till) -> int:
        return self.start if isinstance(self.start, int) else _amount(self.start, till)

    def off(self, till: Till, chosen: Chosen) -> dict[int, Exact]:
        """What it takes off each of the chosen units."""
        if self.basis_points is not None:
            return reduced(till, chosen, self.basis_points)
        if self.amount is not None:
            return lowered(till, chosen, _amount(self.amount, till), per_unit=True)
        return priced(till, chosen, _amount(self.price, till) if self.price is not None else 0)


@dataclass(frozen=True, slots=True)
class Tiers:
    """`tiers`, volume or graduated, by quantity or by spend."""

    by_spend: bool
    graduated: bool
    steps: tuple[TierStep, ...]
    spread: str

    def effect(self, till: Till, lines: Lines) -> Effect:
        whole = [(place, till.items[place].quantity) for place in lines]
        if self.graduated:
            return Effect(self._by_rate(till, whole) if self.by_spend else self._by_unit(till, whole))
        step = self.step(till, whole)
        if step is None:
            return NOTHING
        if self.by_spend and step.amount is not None:
            return Effect(spread_over(till, whole, _amount(step.amount, till), self.spread))
        return Effect(step.off(till, whole))

    def measured(self, till: Till, whole: Chosen) -> int:
        """Units, or what is left to pay for them."""
        return sum(till.totals[place] if self.by_spend else units for place, units in whole)

    def step(self, till: Till, whole: Chosen) -> TierStep | None:
        """The step that is reached."""
        measured = self.measured(till, whole)
        return next((step for step in reversed(self.steps) if step.begins(till) <= measured), None)

    def _by_rate(self, till: Till, whole: Chosen) -> dict[int, Exact]:
        spent, begins = self.measured(till, whole), [step.begins(till) for step in self.steps]
        ends = [*begins[1:], spent]
        parts = (
            max(0, min(end, spent) - begin) * (step.basis_points or 0)
            for step, begin, end in zip(self.steps, begins, ends, strict=True)
        )
        return spread_over(till, whole, divide_half_even(sum(parts), WHOLE), self.spread)

    def _by_unit(self, till: Till, whole: Chosen) -> dict[int, Exact]:
        """Each unit at its own step, counted from the cheapest."""
        found: dict[int, Fraction] = {}
        counted = 0
        for place, units in by_price(till, whole, cheapest=True):
            for step, count in self._at(till, counted, units):
                for exact in step.off(till, [(place, count)]).values():
                    found[place] = found.get(place, Fraction(0)) + Fraction(*exact)
            counted += units
        return {place: (off.numerator, off.denominator) for place, off in found.items()}

    def _at(self, till: Till, counted: int, units: int) -> Sequence[tuple[TierStep, int]]:
        """Which steps the next so many units stand at."""
        begins = [step.begins(till) for step in self.steps]
        ends = [*begins[1:], counted + units + 1]
        spans = (
            (step, min(end - 1, counted + units) - max(begin - 1, counted))
            for step, begin, end in zip(self.steps, begins, ends, strict=True)
        )
        return [(step, count) for step, count in spans if count > 0]


@dataclass(frozen=True, slots=True)
class FreeItem:
    """`free_item`: what is in the basket is made free, the rest is to be added."""

    sku: str
    quantity: int
    worth: Amounts | None
    make_free: bool

    def effect(self, till: Till, lines: Lines) -> Effect:
        here = [
            (place, item.quantity)
            for place, item in enumerate(till.items)
            if self.make_free and item.offered and item.sku == self.sku
        ]
        left, off = self.quantity, {}
        for place, units in by_price(till, here, cheapest=False):
            free = min(units, left)
            if free:
                off[place] = _of(till, place, free)
            left -= free
        worth = (_amount(self.worth, till) if self.worth is not None else 0) * left
        return Effect(off, added=(Added("free_item", self.sku, left, worth=worth),) if left else ())


@dataclass(frozen=True, slots=True)
class Delivery:
    """`delivery`: less for the delivery of the quote."""

    basis_points: int | None
    amount: Amounts | None
    price: Amounts | None

    def effect(self, till: Till, lines: Lines) -> Effect:
        charge = till.delivery
        if self.basis_points is not None:
            return Effect(delivery=share(charge, self.basis_points))
        if self.amount is not None:
            return Effect(delivery=min(charge, _amount(self.amount, till)))
        return Effect(delivery=max(0, charge - _amount(self.price, till)) if self.price is not None else 0)


@dataclass(frozen=True, slots=True)
class Grant:
    """`grant`: an entitlement that is not a price."""

    added: Added

    def effect(self, till: Till, lines: Lines) -> Effect:
        return Effect(added=(self.added,))
