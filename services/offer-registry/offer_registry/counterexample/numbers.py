"""Quantities and prices just around the thresholds that two versions name."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from concord.decision import benefits as b
from concord.decision import criteria as c
from concord.decision.amounts import Amounts, in_currency
from concord.decision.quoting.basket import QUANTITY_MOST
from concord.decision.terms import Terms
from concord.money import MOST, Money
from offer_registry.counterexample.values import comparisons

QUANTITIES_MOST: Final = 16
PRICES_MOST: Final = 24
DELIVERIES_MOST: Final = 8
PLAIN: Final = 10_000  # a price where none is named
LARGE: Final = 100_000_000  # one at which a single basis point shows
DELIVERY: Final = 499
_COUNTED: Final = frozenset({"basket.quantity", "line_item.quantity"})
_SUMS: Final = frozenset({"basket.subtotal", "basket.running_subtotal", "line_item.unit_price"})


def quantities(old: Terms, new: Terms) -> list[int]:
    """How many units to buy, the fewest first; one is always among them."""
    before, after = set(_counts(old)), set(_counts(new))
    around = (each + step for each in [*sorted(before ^ after), *sorted(before & after)] for step in (0, -1, 1))
    found = dict.fromkeys([1, *(each for each in around if 1 <= each <= QUANTITY_MOST), 2])
    return sorted(list(found)[:QUANTITIES_MOST])


def prices(old: Terms, new: Terms, currency: str) -> list[int]:
    """What one unit costs, in minor units: the regular price first, then a plain one, then around what they name."""
    usual = [terms.regular_price for terms in (old, new)]
    regular = [price.amount for price in usual if price is not None and price.currency == currency]
    before, after = set(_amounts(old, currency)), set(_amounts(new, currency))
    around = (each + step for each in [*sorted(before ^ after), *sorted(before & after)] for step in (1, 0, -1))
    found = dict.fromkeys([*regular, PLAIN, LARGE, *(each for each in around if 1 <= each <= MOST)])
    return list(found)[:PRICES_MOST]


def sums(old: Terms, new: Terms, currency: str) -> list[int]:
    """Sums of a basket that a condition names."""
    found = {amount for terms in (old, new) for amount in _conditions(terms, currency)}
    return sorted(amount for amount in found if amount > 0)


def deliveries(old: Terms, new: Terms, currency: str) -> Sequence[int | None]:
    """What the delivery costs; none where neither version asks."""
    charges = [each for terms in (old, new) for each in _charges(terms, currency)]
    if not charges and not any(map(_delivers, (old, new))):
        return [None]
    around = [each + step for each in charges for step in (0, 1, -1)]
    return list(dict.fromkeys([DELIVERY, *(each for each in around if 0 <= each <= MOST)]))[:DELIVERIES_MOST]


def _counts(terms: Terms) -> Iterator[int]:
    for benefit in terms.benefits:
        yield from _counts_of(benefit)
    for node in _nodes(terms):
        if isinstance(node, c.PartOfBasket):
            if isinstance(node.value, int):
                yield node.value
        elif node.attribute in _COUNTED:
            yield from (each for each in _values(node) if isinstance(each, int))


def _counts_of(benefit: b.Benefit) -> Iterator[int]:
    if isinstance(benefit, b.BuyXGetY):
        group = benefit.buy.quantity + benefit.get.quantity
        yield from (benefit.buy.quantity, group, group * (benefit.most or 1), group * ((benefit.most or 1) + 1))
    elif isinstance(benefit, b.Tiers) and benefit.by == "quantity":
        yield from (step.from_ for step in benefit.steps if isinstance(step.from_, int))
    elif isinstance(benefit, b.FreeItem):
        yield benefit.quantity
    elif isinstance(benefit, b.BundlePrice):
        yield from (item.quantity for item in benefit.items)
    else:
        yield from (each for name in ("units", "max_units") if (each := getattr(benefit, name, None)) is not None)


def _amounts(terms: Terms, currency: str) -> Iterator[int]:
    for benefit in terms.benefits:
        for _, amounts in b.stated(benefit):
            yield from _in(amounts, currency)
        yield from _where_capped(benefit, currency)
    for node in _nodes(terms):
        if not isinstance(node, c.PartOfBasket) and node.attribute in _SUMS:
            yield from (each.amount for each in _values(node) if isinstance(each, Money) and each.currency == currency)
    yield from _conditions(terms, currency)
    if terms.max_discount is not None:
        yield from _in(terms.max_discount, currency)


def _where_capped(benefit: b.Benefit, currency: str) -> Iterator[int]:
    """The price at which a percentage reaches its cap."""
    if isinstance(benefit, b.PercentOff) and benefit.cap is not None:
        yield from (cap * 10_000 // benefit.basis_points + 1 for cap in _in(benefit.cap, currency))


def _conditions(terms: Terms, currency: str) -> Iterator[int]:
    for node in _nodes(terms):
        named = isinstance(node, c.PartOfBasket) or node.attribute in {"basket.subtotal", "basket.running_subtotal"}
        values = _values(node) if named else []
        yield from (each.amount for each in values if isinstance(each, Money) and each.currency == currency)
    for benefit in terms.benefits:
        steps = benefit.steps if isinstance(benefit, b.Tiers) and benefit.by == "spend" else []
        yield from (each for step in steps if not isinstance(step.from_, int) for each in _in(step.from_, currency))
        multiple = benefit.per_multiple_of if isinstance(benefit, b.AmountOff) else None
        yield from _in(multiple, currency) if multiple is not None else ()


def _charges(terms: Terms, currency: str) -> Iterator[int]:
    for benefit in terms.benefits:
        if isinstance(benefit, b.Delivery):
            yield from (each for _, amounts in b.stated(benefit) for each in _in(amounts, currency))
    for node in _nodes(terms):
        if not isinstance(node, c.PartOfBasket) and node.attribute == "basket.delivery":
            yield from (each.amount for each in _values(node) if isinstance(each, Money) and each.currency == currency)


def _delivers(terms: Terms) -> bool:
    asked = any(not isinstance(node, c.PartOfBasket) and node.attribute == "basket.delivery" for node in _nodes(terms))
    return asked or any(isinstance(benefit, b.Delivery) for benefit in terms.benefits)


def _in(amounts: Amounts, currency: str) -> list[int]:
    amount = in_currency(amounts, currency)
    return [] if amount is None else [amount]


def _nodes(terms: Terms) -> Iterator[c.Comparison | c.PartOfBasket]:
    yield from comparisons(terms.criteria)
    for benefit in terms.benefits:
        yield from comparisons(getattr(benefit, "criteria", None))


def _values(node: c.Comparison | c.PartOfBasket) -> Iterable[object]:
    return node.value if isinstance(node.value, list) else [node.value]
