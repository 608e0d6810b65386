"""Criteria taken apart by what they ask about: the customer, the basket, or one line of it (terms §2).

`products` and criteria under `line_item.` choose lines; every other criterion gates the offer. A condition that joins
several with `all` is taken apart at that level; one that mixes them below an `any` or a `not` stays whole.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from concord.decision import criteria as c
from concord.decision.attributes import Attribute, names_in
from concord.decision.kleene import Test, compile_criteria

RUNNING = "basket.running_subtotal"


@dataclass(frozen=True, slots=True)
class Gates:
    """The parts of some criteria, each a test or None when nothing is asked.

    Attributes:
        whole: everything that gates the offer.
        customer: what a promise fixes when it is made.
        basket: what is asked of the basket, also of promised terms.
        line: what chooses lines.
        gating: the criteria behind `whole`.
        asked: those behind `customer`.
        moves: whether `whole` depends on what is left to pay when the offer's turn comes.
    """

    whole: Test | None
    customer: Test | None
    basket: Test | None
    line: Test | None
    gating: c.Criterion | None
    asked: c.Criterion | None
    moves: bool


NO_GATES = Gates(None, None, None, None, None, None, moves=False)


def take_apart(criteria: c.Criterion | None, registry: Mapping[str, Attribute]) -> Gates:
    """The criteria taken apart."""
    if criteria is None:
        return NO_GATES
    customer, basket, line = parts_of(criteria)
    if not line and not basket:
        test = compile_criteria(criteria, registry)
        return Gates(test, test, None, None, criteria, criteria, moves=False)
    gating, asked = _joined([*customer, *basket]), _joined(customer)
    return Gates(
        whole=_test(gating, registry),
        customer=_test(asked, registry),
        basket=_test(_joined(basket), registry),
        line=_test(_joined(line), registry),
        gating=gating,
        asked=asked,
        moves=any(RUNNING in names_in(part) for part in basket),
    )


def asks_basket(names: Iterable[str]) -> bool:
    """Whether criteria with these names ask about the basket."""
    return any(name == "items" or name.startswith("basket.") for name in names)


def of_lines(criteria: c.Criterion | None) -> c.Criterion | None:
    """The part of some criteria that chooses lines."""
    return None if criteria is None else _joined(parts_of(criteria)[2])


def parts_of(criteria: c.Criterion) -> tuple[list[c.Criterion], list[c.Criterion], list[c.Criterion]]:
    """The parts that ask about the customer, about the basket, and about its lines."""
    customer: list[c.Criterion] = []
    basket: list[c.Criterion] = []
    line: list[c.Criterion] = []
    for part in criteria.all if isinstance(criteria, c.AllOf) else [criteria]:
        names = names_in(part)
        if any(name.startswith("line_item.") for name in names):
            line.append(part)
        elif asks_basket(names):
            basket.append(part)
        else:
            customer.append(part)
    return customer, basket, line


def _joined(parts: list[c.Criterion]) -> c.Criterion | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    return c.AllOf(all=parts)


def _test(criteria: c.Criterion | None, registry: Mapping[str, Attribute]) -> Test | None:
    return None if criteria is None else compile_criteria(criteria, registry)
