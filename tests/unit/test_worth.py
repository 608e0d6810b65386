"""The better of two versions, as far as one can say without a basket (protocol §2)."""

from typing import Any

import pytest

from concord.contracts.records import ActivationState
from concord.decision.question import Question
from concord.money import Money
from unit.decision_samples import (
    KEY,
    ask,
    fixed,
    items,
    offer,
    only,
    terms,
    usd,
    version,
)

S = ActivationState
NOBODY = Question(offers=(KEY,))
ELIGIBLE = Question(offers=(KEY,), facts={"line.tenure_months": 12, "line.barred": False})


def two(old: Any, new: Any, question: Question = ELIGIBLE) -> list[int | None]:
    record = offer(version(terms(**old), 1, S.SUSPENDED, leaving=True), version(terms(**new), 2, S.LIVE))
    return [item.version for item in items(ask(question, [record], None))]


@pytest.mark.parametrize(
    ("old", "new", "versions"),
    [
        ({}, {"benefits": fixed(4900)}, [1]),
        ({"benefits": fixed(4900)}, {}, [2]),
        ({}, {"title": {"en": "Same price"}}, [2]),
        ({"criteria": None}, {"benefits": fixed(0)}, [2]),
    ],
)
def test_whoever_asks_gets_the_better_of_two(old: Any, new: Any, versions: list[int]) -> None:
    assert two(old, new) == versions


def test_only_versions_the_customer_can_have_are_compared() -> None:
    barred = {"attribute": "line.barred", "op": "eq", "value": True}
    assert two({"criteria": barred}, {"benefits": fixed(4900)}) == [2]
    assert two({"benefits": fixed(4900)}, {"criteria": barred}) == [1]
    assert two({"criteria": None, "benefits": fixed(4900)}, {}, NOBODY) == [
        1
    ]  # the new one is unknown, the old is sure


def test_a_version_she_may_yet_qualify_for_comes_before_one_that_refuses_her() -> None:
    barred = {"attribute": "line.barred", "op": "eq", "value": True}
    known = Question(offers=(KEY,), facts={"line.barred": False})
    assert two({}, {"criteria": barred}, known) == [1]
    assert two({"criteria": barred}, {}, known) == [2]


def percent(basis_points: int) -> dict[str, Any]:
    return {"regular_price": None, "benefits": [{"kind": "percent_off", "basis_points": basis_points}]}


def off(amount: int, per: str = "line") -> dict[str, Any]:
    return {"regular_price": None, "benefits": [{"kind": "amount_off", "amount": usd(amount), "per": per}]}


@pytest.mark.parametrize(
    ("old", "new", "versions"),
    [
        (percent(2000), percent(1000), [1]),
        (percent(1000), percent(2000), [2]),
        (off(50), off(40), [1]),
        (off(50), percent(1000), [1, 2]),
        (off(50, "line"), off(40, "unit"), [1, 2]),
        (off(50), {**off(40), "products": {"skus": ["OTHER"]}}, [1, 2]),
    ],
)
def test_without_a_basket_kinds_are_compared_and_where_only_a_basket_tells_both_are_given(
    old: Any, new: Any, versions: list[int]
) -> None:
    assert sorted(version or 0 for version in two(old, new)) == versions


def test_what_is_shown_changes_at_once() -> None:
    record = offer(version(terms(), 1, S.SUSPENDED, leaving=True), version(terms(benefits=fixed(4900)), 2, S.LIVE))
    shown = only(ask(Question(facts=dict(ELIGIBLE.facts)), [record], None))
    assert (shown.version, shown.customer_pays) == (2, Money(amount=4900, currency="USD"))
