"""What one unit costs with an offer, as far as that can be said without a basket (terms §1 and §3)."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from concord.decision.amounts import in_currency
from concord.decision.attributes import names_in
from concord.decision.benefits import AmountOff, Benefit, Delivery, FixedPrice, Grant, PercentOff
from concord.decision.terms import Terms
from concord.money import Money, divide_half_even


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """What one unit costs with the offer, before any fee, and without it; None when only a basket tells."""

    pays: Money | None
    instead_of: Money | None


def unit_price(terms: Terms) -> UnitPrice:
    """The price of one unit: of a line of one unit, where a benefit is counted per line.

    Every benefit is computed from the price before the offer; the discounts add up, are rounded once, half-even, and
    never go below zero (terms §1 and §3). Where other units, the sum or a cap on the basket play a part, where criteria
    ask about the basket or its lines, the price is not known, or an amount is in another currency, only a basket tells.
    """
    if any(map(_is_of_basket, names_in(terms.criteria))):
        return UnitPrice(None, None)
    regular = terms.regular_price
    if regular is None:
        return UnitPrice(_bare_price(terms.benefits), None)
    discounts = [_discount(benefit, regular) for benefit in terms.benefits]
    known = [discount for discount in discounts if discount is not None]
    if len(known) < len(discounts) or terms.max_discount is not None:
        return UnitPrice(None, None)
    exact = sum(known, Fraction(0))
    saved = min(regular.amount, divide_half_even(exact.numerator, exact.denominator))
    return UnitPrice(one_money(regular.amount - saved, regular.currency), one_money(regular.amount, regular.currency))


def _is_of_basket(name: str) -> bool:
    return name == "items" or name.startswith(("basket.", "line_item."))


@lru_cache(maxsize=8192)
def one_money(amount: int, currency: str) -> Money:
    """The amount as one object for all offers that name it: prices and fees repeat."""
    return Money(amount=amount, currency=currency)


def _bare_price(benefits: list[Benefit]) -> Money | None:
    """A fixed price alone needs no regular price, if it is in one currency."""
    only = benefits[0]
    if len(benefits) > 1 or not isinstance(only, FixedPrice) or _depends(only):
        return None
    prices = only.price if isinstance(only.price, list) else [only.price]
    return one_money(prices[0].amount, prices[0].currency) if len(prices) == 1 else None


def _discount(benefit: Benefit, regular: Money) -> Fraction | None:
    """What the benefit takes off one unit of the regular price, in minor units; None when only a basket tells."""
    if isinstance(benefit, Delivery | Grant):
        return Fraction(0)
    if not isinstance(benefit, FixedPrice | PercentOff | AmountOff) or _depends(benefit):
        return None
    if isinstance(benefit, FixedPrice):
        price = in_currency(benefit.price, regular.currency)
        return None if price is None else Fraction(max(0, regular.amount - price))
    if isinstance(benefit, AmountOff):
        amount = None if benefit.per == "basket" else in_currency(benefit.amount, regular.currency)
        return None if amount is None else Fraction(amount)
    return _percentage(benefit, regular)


def _depends(benefit: FixedPrice | PercentOff | AmountOff) -> bool:
    """Whether what else is in the basket decides which units it is about."""
    plain = benefit.pick == "all" and benefit.max_units is None and not benefit.skip_reduced
    return not (plain and benefit.products is None and benefit.criteria is None)


def _percentage(benefit: PercentOff, regular: Money) -> Fraction | None:
    if benefit.of == "basket":
        return None
    discount = Fraction(regular.amount * benefit.basis_points, 10_000)
    if benefit.cap is None:
        return discount
    cap = in_currency(benefit.cap, regular.currency)
    return None if cap is None else min(discount, Fraction(cap))
