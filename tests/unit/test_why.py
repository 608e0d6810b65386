"""The reason tree as JSON: criterion, expected, actual, result."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from pydantic import TypeAdapter

from concord.decision.criteria import Criterion
from concord.decision.kleene import DIFFERS, explain
from concord.decision.quoting.basket import Basket
from concord.decision.quoting.till import Till
from concord.decision.terms import EXAMPLE
from concord.decision.why import WhyShape, tree
from unit.decision_samples import usd

CRITERIA: TypeAdapter[Criterion] = TypeAdapter(Criterion)
BASKET_OF_MUGS = Basket.model_validate(
    {
        "currency": "USD",
        "lines": [{"id": "1", "sku": "MUG", "categories": ["mugs"], "quantity": 3, "unit_price": 1250}],
    }
)


def told(criteria: Any, facts: dict[str, Any]) -> Any:
    """The tree as a client reads it."""
    written = orjson.dumps(tree(explain(CRITERIA.validate_python(criteria), facts), facts))
    WhyShape.model_validate_json(written)
    return orjson.loads(written)


def test_tree_has_each_criterion_with_what_it_expects_and_what_is() -> None:
    assert told(EXAMPLE["criteria"], {"line.tenure_months": 11, "line.barred": False}) == {
        "criterion": "all",
        "result": False,
        "parts": [
            {"criterion": "line.tenure_months", "op": "gte", "expected": 12, "actual": 11, "result": False},
            {
                "criterion": "not",
                "result": True,
                "parts": [
                    {"criterion": "line.barred", "op": "eq", "expected": True, "actual": False, "result": False},
                ],
            },
        ],
    }


@pytest.mark.parametrize("facts", [{}, {"line.tenure_months": "twelve"}])
def test_tree_says_unknown_where_a_fact_is_missing_or_of_another_type(facts: dict[str, Any]) -> None:
    node = told({"attribute": "line.tenure_months", "op": "gte", "value": 12}, facts)
    assert (node["result"], node["actual"]) == (None, facts.get("line.tenure_months"))


def test_tree_says_where_lines_disagree() -> None:
    node = told({"attribute": "line.barred", "op": "eq", "value": True}, {"line.barred": DIFFERS})
    assert (node["result"], node["actual"], node["differs"]) == (None, None, True)


@pytest.mark.parametrize(
    ("measure", "value", "actual", "result"),
    [("quantity", 2, 3, True), ("distinct", 2, 1, False), ("sum", usd(3750), usd(3750), True)],
)
def test_tree_measures_the_part_of_the_basket(measure: str, value: Any, actual: Any, result: bool) -> None:  # noqa: FBT001
    part = {"items": {"categories": ["mugs"]}, "measure": measure, "op": "gte", "value": value}
    node = told(part, dict(Till(BASKET_OF_MUGS, {}).facts))
    assert (node["criterion"], node["items"], node["measure"]) == ("items", {"categories": ["mugs"]}, measure)
    assert (node["expected"], node["actual"], node["result"]) == (value, actual, result)


def test_tree_without_a_basket_measures_nothing() -> None:
    part = {"items": {"categories": ["mugs"]}, "measure": "sum", "op": "gte", "value": usd(100)}
    node = told(part, {})
    assert (node["actual"], node["result"]) == (None, None)


@pytest.mark.parametrize(
    ("criteria", "fact", "actual"),
    [
        (
            {"attribute": "now", "op": "lt", "value": "2026-06-15T00:00:00Z"},
            datetime(2026, 6, 3, 10, tzinfo=UTC),
            "2026-06-03T10:00:00Z",
        ),
        (
            {"attribute": "line_item.categories", "op": "contains_any", "value": ["b", "a"]},
            frozenset({"b", "a"}),
            ["a", "b"],
        ),
        ({"attribute": "basket.subtotal", "op": "between", "value": [usd(1), usd(9)]}, usd(5), usd(5)),
    ],
)
def test_tree_writes_every_type_of_fact_as_json(criteria: Any, fact: Any, actual: Any) -> None:
    node = told(criteria, {criteria["attribute"]: fact})
    assert (node["actual"], node["result"], node["expected"]) == (actual, True, criteria["value"])
