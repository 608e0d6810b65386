"""What one unit costs with an offer, as far as that can be said without a basket (terms §1 and §3)."""

from dataclasses import dataclass
from functools import lru_cache

from concord.decision.benefits import AmountOff, Benefit, FixedPrice, PercentOff, in_currency
from concord.decision.terms import Terms
from concord.money import Money, share


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """What one unit costs with the offer, before any fee, and without it; None when only a basket tells."""

    pays: Money | None
    instead_of: Money | None


def unit_price(terms: Terms) -> UnitPrice:
    """The price of one unit: of a line of one unit, where a benefit is counted per line.

    Every benefit is computed from the price before the offer and the discounts add up, never below zero (terms §1).
    A benefit on the basket, a benefit on an unknown price, or an amount in another currency leaves it to a basket.
    """
    regular = terms.regular_price
    if regular is None:
        return UnitPrice(_bare_price(terms.benefits), None)
    discounts = [_discount(benefit, regular) for benefit in terms.benefits]
    if any(discount is None for discount in discounts):
        return UnitPrice(None, None)
    saved = min(regular.amount, sum(discount for discount in discounts if discount is not None))
    return UnitPrice(one_money(regular.amount - saved, regular.currency), one_money(regular.amount, regular.currency))


@lru_cache(maxsize=8192)
def one_money(amount: int, currency: str) -> Money:
    """The amount as one object for all offers that name it: prices and fees repeat."""
    return Money(amount=amount, currency=currency)


def _bare_price(benefits: list[Benefit]) -> Money | None:
    """A fixed price alone needs no regular price, if it is in one currency."""
    only = benefits[0]
    if len(benefits) > 1 or not isinstance(only, FixedPrice):
        return None
    prices = only.price if isinstance(only.price, list) else [only.price]
    return one_money(prices[0].amount, prices[0].currency) if len(prices) == 1 else None


def _discount(benefit: Benefit, regular: Money) -> int | None:
    """What the benefit takes off one unit of the regular price, in minor units; None when only a basket tells."""
    if isinstance(benefit, FixedPrice):
        price = in_currency(benefit.price, regular.currency)
        return None if price is None else max(0, regular.amount - price)
    if isinstance(benefit, AmountOff):
        return None if benefit.per == "basket" else in_currency(benefit.amount, regular.currency)
    return _percentage(benefit, regular)


def _percentage(benefit: PercentOff, regular: Money) -> int | None:
    if benefit.of == "basket":
        return None
    discount = share(regular.amount, benefit.basis_points)
    if benefit.cap is None:
        return discount
    cap = in_currency(benefit.cap, regular.currency)
    return None if cap is None else min(discount, cap)
