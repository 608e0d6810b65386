"""Terms that can never have an effect, found at submit: nobody qualifies, nothing is in scope, nothing is taken off."""

from collections.abc import Iterator
from typing import Any

from concord.decision import criteria as c
from concord.decision.amounts import Amounts
from concord.decision.attributes import check_lines
from concord.decision.benefits import (
    AmountOff,
    Benefit,
    BundlePrice,
    BuyXGetY,
    Delivery,
    FixedPrice,
    FreeItem,
    PercentOff,
    Tiers,
)
from concord.decision.limits import Limit
from concord.decision.products import Products
from concord.decision.terms import Terms
from concord.errors import FieldError
from concord.money import Money


def without_effect(terms: Terms) -> Iterator[FieldError]:
    """Everything that has no effect, with its JSON Pointer below the terms."""
    for index, benefit in enumerate(terms.benefits):
        yield from _benefit(terms, benefit, f"/benefits/{index}")
    yield from _contradictions(terms.criteria)
    for index, limit in enumerate(terms.limits):
        if isinstance(limit, Limit) and limit.scope == "code" and not terms.codes:
            yield FieldError(f"/limits/{index}/scope", "the offer has no codes to limit", "limit_unfit")


def _benefit(terms: Terms, benefit: Benefit, pointer: str) -> Iterator[FieldError]:
    yield from check_lines(getattr(benefit, "criteria", None), f"{pointer}/criteria")
    for where, products in _scopes(benefit):
        if not _meets(terms.products, products):
            detail = "none of these is among the products of the offer"
            yield FieldError(f"{pointer}{where}", detail, "scope_empty")
    if isinstance(benefit, FreeItem) and benefit.worth is None and terms.exclusive_group is not None:
        detail = "say what it counts when the offers of the group compete"
        yield FieldError(f"{pointer}/worth", detail, "worth_missing")
    if (nothing := _takes_nothing(terms, benefit)) is not None:
        yield FieldError(f"{pointer}{nothing}", "this takes nothing off", "benefit_never_applies")


def _scopes(benefit: Benefit) -> Iterator[tuple[str, Products]]:
    own = getattr(benefit, "products", None)
    if own is not None:
        yield "/products", own
    if isinstance(benefit, BuyXGetY):
        for name, part in (("buy", benefit.buy), ("get", benefit.get)):
            if part.products is not None:
                yield f"/{name}/products", part.products
    if isinstance(benefit, BundlePrice):
        yield from ((f"/items/{index}/products", item.products) for index, item in enumerate(benefit.items))


def _meets(scope: Products, inner: Products) -> bool:
    """Whether something may be in both. Categories can hold any SKU, so only lists of SKUs can be told apart."""
    left = set(inner.skus) - set(scope.exclude.skus) - set(inner.exclude.skus)
    if inner.skus and not inner.categories and not left:
        return False
    if scope.categories or inner.categories or not scope.skus or not inner.skus:
        return True
    return bool(left & set(scope.skus))


def _takes_nothing(terms: Terms, benefit: Benefit) -> str | None:
    """Where the benefit says that it takes nothing off, as a JSON Pointer below it."""
    if isinstance(benefit, FixedPrice) and terms.regular_price is not None:
        return "/price" if _never_below(benefit.price, terms.regular_price) else None
    if isinstance(benefit, AmountOff | Delivery) and benefit.amount is not None and _is_nothing(benefit.amount):
        return "/amount"
    if isinstance(benefit, PercentOff) and benefit.cap is not None and _is_nothing(benefit.cap):
        return "/cap"
    if isinstance(benefit, Tiers):
        idle = (n for n, step in enumerate(benefit.steps) if step.amount is not None and _is_nothing(step.amount))
        return next((f"/steps/{index}/amount" for index in idle), None)
    return None


def _amounts(amounts: Amounts) -> list[Money]:
    return amounts if isinstance(amounts, list) else [amounts]


def _is_nothing(amounts: Amounts) -> bool:
    return all(money.amount == 0 for money in _amounts(amounts))


def _never_below(price: Amounts, regular: Money) -> bool:
    same = [money.amount for money in _amounts(price) if money.currency == regular.currency]
    return bool(same) and min(same) >= regular.amount


def _contradictions(criteria: c.Criterion | None) -> Iterator[FieldError]:
    """Comparisons of one number that cannot hold together, among those that must all hold."""
    bounds: dict[str, tuple[Any, Any]] = {}
    for index, part in enumerate(criteria.all if isinstance(criteria, c.AllOf) else []):
        low, high = _bounds(part)
        name = getattr(part, "attribute", "")
        if low is None and high is None:
            continue
        known_low, known_high = bounds.get(name, (None, None))
        low = max((each for each in (low, known_low) if each is not None), default=None)
        high = min((each for each in (high, known_high) if each is not None), default=None)
        bounds[name] = (low, high)
        if low is not None and high is not None and low > high:
            yield FieldError(f"/criteria/all/{index}", f"nobody's {name} is both", "criteria_contradict")
            bounds[name] = (None, None)


def _bounds(part: c.Criterion) -> tuple[int | None, int | None]:
    """The least and the greatest integer that a comparison lets through."""
    if isinstance(part, c.Range) and all(type(value) is int for value in part.value):
        return part.value[0], part.value[1]  # type: ignore[return-value]  # both are ints
    value = getattr(part, "value", None)
    if type(value) is not int or not isinstance(part, c.Equality | c.Order):
        return None, None
    ends: dict[str, tuple[int | None, int | None]] = {
        "eq": (value, value),
        "gt": (value + 1, None),
        "gte": (value, None),
        "lt": (None, value - 1),
        "lte": (None, value),
    }
    return ends.get(part.op, (None, None))
