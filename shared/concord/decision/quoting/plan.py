"""The benefits of an offer made ready, and what they do together to a till (terms §1 and §3)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from concord.decision import benefits as b
from concord.decision.amounts import Amounts, by_currency, currencies, in_currency
from concord.decision.kleene import Test, compile_criteria
from concord.decision.quoting import effects as e
from concord.decision.quoting import groups
from concord.decision.quoting.effects import Added, Effect, Kind
from concord.decision.quoting.sharing import share_out
from concord.decision.quoting.till import Lines, Till
from concord.decision.quoting.units import Picking
from concord.decision.reach import EVERYTHING, Reach, reach
from concord.money import divide_half_even

Quick: TypeAlias = Callable[[int, int, str], int]
"""The discount of a whole line, from what it costs, its units and the currency: for most offers all there is to it."""


@dataclass(slots=True)
class Taken:
    """What an offer took off and added, as it was applied."""

    lines: dict[int, int]
    delivery: int = 0
    added: tuple[Added, ...] = ()

    @property
    def discount(self) -> int:
        off = self.lines
        if len(off) == 1:  # most offers are about one line
            (only,) = off.values()
            return only + self.delivery
        return sum(off.values()) + self.delivery

    @property
    def worth(self) -> int:
        """What it counts when offers compete (terms §3)."""
        return self.discount + sum(each.worth for each in self.added)


@dataclass(frozen=True, slots=True)
class Part:
    """One benefit: its kind, and which of the offer's lines it is about."""

    kind: Kind
    reach: Reach
    test: Test | None
    skip_reduced: bool

    def effect(self, till: Till, lines: Lines) -> Effect:
        return self.kind.effect(till, self.narrowed(till, lines))

    def narrowed(self, till: Till, lines: Lines) -> Lines:
        """Those of the offer's lines that the benefit is about."""
        if self.reach is not EVERYTHING:
            lines = till.within(self.reach, lines)
        if self.test is not None:
            lines = [place for place in lines if self.test(till.facts_of(place))]
        if self.skip_reduced:
            lines = [place for place in lines if till.totals[place] == till.items[place].gross]
        return lines


@dataclass(frozen=True, slots=True)
class Plan:
    """All benefits of an offer.

    Attributes:
        currencies: those in which every amount is stated; None when there is none to state.
        quick: how the one plain benefit reduces a whole line, where the offer has no other.
        most: the most the offer takes off a basket.
    """

    parts: tuple[Part, ...]
    currencies: frozenset[str] | None
    quick: Quick | None
    most: Amounts | None

    def offers_in(self, currency: str) -> bool:
        return self.currencies is None or currency in self.currencies

    def apply(self, till: Till, lines: Lines) -> Taken | None:
        """Take it off the till. None, and the till as it was, when there is nothing to take off and nothing to add."""
        if self.quick is not None:
            found = _quickly(self.quick, till, lines)
            return Taken(found) if found else None
        taken = self._fully(till, lines)
        if taken is not None:
            for place, off in taken.lines.items():
                till.totals[place] -= off
            till.delivery -= taken.delivery
        return taken

    def _fully(self, till: Till, lines: Lines) -> Taken | None:
        used = till.used.copy()
        done = [_served(till, part.effect(till, lines)) for part in self.parts]
        taken = Taken(
            _rounded(till, [each.lines for each in done]),
            min(till.delivery, sum(each.delivery for each in done)),
            tuple(added for each in done for added in each.added),
        )
        self._capped(till, taken)
        if taken.discount or taken.added:
            return taken
        till.used = used
        return None

    def _capped(self, till: Till, taken: Taken) -> None:
        """At most so much from one basket; what is too much is left off in proportion."""
        cap = None if self.most is None else in_currency(self.most, till.currency)
        if cap is None or taken.discount <= cap:
            return
        places = list(taken.lines)
        weights = [*taken.lines.values(), taken.delivery]
        *parts, taken.delivery = share_out(cap, weights, weights)
        taken.lines = {place: part for place, part in zip(places, parts, strict=True) if part}


def _served(till: Till, effect: Effect) -> Effect:
    """The effect, its units used up: what one benefit has, the next of the same offer has not (terms §3, Units)."""
    for place, units in effect.serving.items():
        till.used[place] += units
    return effect


def _quickly(quick: Quick, till: Till, lines: Lines) -> dict[int, int]:
    """Take a plain benefit off whole lines: what `_fully` does, without what it does not need."""
    totals, items, currency = till.totals, till.items, till.currency
    found = {}
    for place in lines:
        item, total = items[place], totals[place]
        off = min(quick(total, item.quantity, currency), total - item.least)
        if off > 0:
            found[place] = off
            totals[place] = total - off
    return found


def _rounded(till: Till, exact: Sequence[Mapping[int, e.Exact]]) -> dict[int, int]:
    """Added up exactly, rounded half-even once per line, at most what the line has room for (terms §3)."""
    found: dict[int, int] = {}
    for place in sorted(set().union(*exact)):
        parts = [each[place] for each in exact if place in each]
        numerator, denominator = parts[0] if len(parts) == 1 else _sum(parts)
        off = min(divide_half_even(numerator, denominator), till.room(place))
        if off > 0:
            found[place] = off
    return found


def _sum(parts: Sequence[e.Exact]) -> e.Exact:
    total = sum((Fraction(*each) for each in parts), Fraction(0))
    return total.numerator, total.denominator


def plan(benefits: Sequence[b.Benefit], most: Amounts | None) -> Plan:
    """The benefits made ready."""
    parts = tuple(map(_part, benefits))
    stated = [currencies(amounts) for benefit in benefits for _, amounts in b.stated(benefit)]
    stated += [currencies(most)] if most is not None else []
    alone = parts[0] if len(parts) == 1 and most is None else None
    plain = alone is not None and alone.reach is EVERYTHING and alone.test is None and not alone.skip_reduced
    return Plan(
        parts=parts,
        currencies=frozenset.intersection(*stated) if stated else None,
        quick=_quick(parts[0].kind) if plain else None,
        most=most,
    )


def _quick(kind: Kind) -> Quick | None:
    if isinstance(kind, e.PercentOfLine) and kind.picking.everything and kind.cap is None:
        return _quick_percent(kind.basis_points)
    if isinstance(kind, e.AmountOff) and kind.picking.everything:
        return _quick_amount(by_currency(kind.amount), per_unit=kind.per_unit)
    if isinstance(kind, e.Fixed) and kind.picking.everything:
        prices = by_currency(kind.price)
        return lambda total, units, currency: total - prices[currency] * units
    return None


def _quick_percent(basis_points: int) -> Quick:
    return lambda total, _, __: divide_half_even(total * basis_points, e.WHOLE)


def _quick_amount(amounts: Mapping[str, int], *, per_unit: bool) -> Quick:
    if per_unit:
        return lambda _, units, currency: amounts[currency] * units
    return lambda _, __, currency: amounts[currency]


def _part(benefit: b.Benefit) -> Part:
    criteria = getattr(benefit, "criteria", None)
    return Part(
        kind=_kind(benefit),
        reach=reach(getattr(benefit, "products", None)),
        test=None if criteria is None else compile_criteria(criteria),
        skip_reduced=bool(getattr(benefit, "skip_reduced", False)),
    )


def _kind(benefit: b.Benefit) -> Kind:  # noqa: C901, PLR0911  one case for each kind
    match benefit:
        case b.FixedPrice():
            return e.Fixed(benefit.price, _picking(benefit))
        case b.PercentOff() if benefit.of == "line":
            return e.PercentOfLine(benefit.basis_points, benefit.cap, _picking(benefit))
        case b.PercentOff():
            return e.PercentOfBasket(benefit.basis_points, benefit.cap, _picking(benefit), benefit.spread)
        case b.AmountOff() if benefit.per == "basket":
            multiple, most = benefit.per_multiple_of, benefit.max_applications
            return e.AmountOffBasket(benefit.amount, multiple, most, _picking(benefit), benefit.spread)
        case b.AmountOff():
            return e.AmountOff(benefit.amount, benefit.per == "unit", _picking(benefit))
        case b.BuyXGetY():
            return _buy_get(benefit)
        case b.FreeItem():
            return e.FreeItem(benefit.sku, benefit.quantity, benefit.worth, benefit.if_present == "make_free")
        case b.Tiers():
            steps = tuple(e.TierStep(step.from_, step.basis_points, step.amount, step.price) for step in benefit.steps)
            return e.Tiers(benefit.by == "spend", benefit.mode == "graduated", steps, benefit.spread)
        case b.BundlePrice():
            items = tuple((reach(item.products), item.quantity) for item in benefit.items)
            return e.Bundle(items, benefit.price, benefit.max_applications, benefit.spread)
        case b.Delivery():
            return e.Delivery(benefit.basis_points, benefit.amount, benefit.price)
        case b.Grant():
            return e.Grant(Added("grant", benefit.what, benefit.quantity, benefit.unit))


def _picking(benefit: b.FixedPrice | b.PercentOff | b.AmountOff) -> Picking:
    cheapest = None if benefit.pick == "all" else benefit.pick == "cheapest"
    units = None if cheapest is None else benefit.units or 1
    return Picking(cheapest, units, benefit.max_units, benefit.max_units_per == "line")


def _buy_get(benefit: b.BuyXGetY) -> e.BuyGet:
    rule = groups.Rule(
        buy=benefit.buy.quantity,
        get=benefit.get.quantity,
        dearest=benefit.select == "dearest",
        most=benefit.most,
        partial=benefit.partial,
    )
    return e.BuyGet(rule, reach(benefit.buy.products), reach(benefit.get.products), benefit.get.basis_points)
