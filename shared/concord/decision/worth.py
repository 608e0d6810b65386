"""Which of two terms is better for the customer, as far as one can say without a basket (protocol §2, terms §3)."""

from concord.decision.amounts import Amounts, currencies, in_currency
from concord.decision.benefits import AmountOff, Benefit, FixedPrice, PercentOff
from concord.decision.compile import CompiledTerms, read_benefits


def compare(one: CompiledTerms, other: CompiledTerms) -> int | None:
    """1 when the first is better, -1 when the second is, 0 when they are alike, None when only a basket tells.

    What is compared is the price before any fee: fees are a channel's, and the choice must be the same in all.
    """
    mine, theirs = one.price.pays, other.price.pays
    if mine is not None and theirs is not None and mine.currency == theirs.currency:
        return _order(theirs.amount, mine.amount)
    if one.reach != other.reach or one.price.instead_of != other.price.instead_of or one.plan.most != other.plan.most:
        return None
    ours, others = read_benefits(one.benefits), read_benefits(other.benefits)
    return _joined({_compare(*pair) for pair in zip(ours, others, strict=True)}) if len(ours) == len(others) else None


def undominated(terms: list[CompiledTerms]) -> list[int]:
    """Which of the terms no other one beats; of those that are alike the first. One, unless only a basket tells."""
    kept: list[int] = []
    for index, mine in enumerate(terms):
        orders = [compare(mine, terms[other]) for other in kept]
        if -1 in orders or 0 in orders:
            continue
        kept = [other for other, order in zip(kept, orders, strict=True) if order != 1] + [index]
    return kept


def _joined(orders: set[int | None]) -> int | None:
    """One answer from several: None when they pull both ways or one of them is open."""
    decided = orders - {0}
    return decided.pop() if len(decided) == 1 else None if decided else 0


def _compare(mine: Benefit, theirs: Benefit) -> int | None:
    if mine == theirs:
        return 0
    for kind, field in ((PercentOff, "basis_points"), (AmountOff, "amount"), (FixedPrice, "price")):
        if isinstance(mine, kind) and isinstance(theirs, kind):
            alike = mine.model_copy(update={field: getattr(theirs, field)}) == theirs
            return _by_field(mine, theirs, field) if alike else None
    return None


def _by_field(mine: Benefit, theirs: Benefit, field: str) -> int | None:
    ours, others = getattr(mine, field), getattr(theirs, field)
    if field == "basis_points":
        return _order(ours, others)
    return _compare_amounts(others, ours) if field == "price" else _compare_amounts(ours, others)


def _compare_amounts(mine: Amounts, theirs: Amounts) -> int | None:
    if currencies(mine) != currencies(theirs):
        return None
    return _joined({_order(in_currency(mine, each) or 0, in_currency(theirs, each) or 0) for each in currencies(mine)})


def _order(mine: int, theirs: int) -> int:
    return (mine > theirs) - (mine < theirs)
