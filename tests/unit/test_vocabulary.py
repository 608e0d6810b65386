"""Words of terms that are defined elsewhere: which of them keep terms from being saved, and what a version carries."""

from typing import Any

import pytest

from concord.contracts.records import AttributeRecord
from concord.decision.attributes import BUILT_IN, OPEN, Attribute, Kind
from concord.decision.terms import EXAMPLE, Terms
from offer_registry import vocabulary

VIP = Attribute("customer.vip", Kind.BOOL, "the customer", "whether the customer is one of our best", "a VIP")
VISITS = Attribute("household.visits", Kind.INT, "the number of visits", "how often the household came")
REGISTRY = {**BUILT_IN, VIP.name: VIP, VISITS.name: VISITS}
IS_VIP = {"attribute": "customer.vip", "op": "eq", "value": True}
OFTEN = {"attribute": "household.visits", "op": "gte", "value": 3}
MUGS = {"attribute": "line_item.categories", "op": "contains_any", "value": ["mugs"]}
SHARE = {"budget": "summer-2026"}


def terms(**changes: Any) -> Terms:
    return Terms.model_validate(EXAMPLE | changes)


def with_line_criteria(criteria: Any) -> Terms:
    return terms(
        benefits=[*EXAMPLE["benefits"], {"kind": "percent_off", "basis_points": 1_000, "criteria": criteria}],
        regular_price=None,
    )


def wrong(said: Terms, registry: vocabulary.AttributeRegistry = REGISTRY) -> list[tuple[str, str | None]]:
    return [(error.pointer, error.reason) for error in vocabulary.unsavable(said, registry, "/terms")]


def test_declared_attributes_are_compared_by_their_kind() -> None:
    assert not wrong(terms(criteria={"any": [IS_VIP, {"not": OFTEN}]}))
    mistyped = {"all": [IS_VIP | {"value": 1}, OFTEN | {"op": "contains_any", "value": ["a"]}]}
    assert wrong(terms(criteria=mistyped)) == [
        ("/terms/criteria/all/0/value", "type_mismatch"),
        ("/terms/criteria/all/1/op", "operator_unfit"),
    ]
    assert wrong(terms(criteria=IS_VIP), BUILT_IN) == [("/terms/criteria/attribute", "attribute_unknown")]


def test_a_benefits_own_criteria_choose_lines_and_nothing_else() -> None:
    assert not wrong(with_line_criteria(MUGS))
    assert wrong(with_line_criteria(IS_VIP)) == [("/terms/benefits/1/criteria", "attribute_unfit")]
    assert wrong(with_line_criteria(MUGS | {"value": [1]})) == [("/terms/benefits/1/criteria/value/0", "type_mismatch")]
    assert wrong(with_line_criteria({"attribute": "line_item.colour", "op": "eq", "value": "red"})) == [
        ("/terms/benefits/1/criteria/attribute", "attribute_unknown")
    ]


def test_the_sentence_about_an_unknown_attribute_stays_short() -> None:
    many = {f"line.number_{n}": Attribute(f"line.number_{n}", Kind.INT, "it", "it") for n in range(1_000)}
    (error,) = vocabulary.unsavable(
        terms(criteria={"attribute": "line.age", "op": "eq", "value": 1}), {**BUILT_IN, **many}, ""
    )
    assert error.detail.startswith("there is no attribute line.age; there are line.barred, line.number_0, ")
    assert error.detail.endswith(" and 972 more")
    assert len(error.detail) < 1_000


def test_a_version_carries_what_it_names_and_nobody_built_in() -> None:
    said = terms(criteria={"all": [OFTEN, {"not": IS_VIP}, {"attribute": "line.barred", "op": "exists"}]})
    assert vocabulary.not_built_in(said) == {"customer.vip", "household.visits"}
    assert vocabulary.carried(said, REGISTRY) == {
        "customer.vip": AttributeRecord(kind=Kind.BOOL, noun=VIP.noun, question=VIP.question, adjective="a VIP"),
        "household.visits": AttributeRecord(kind=Kind.INT, noun=VISITS.noun, question=VISITS.question),
    }
    of_basket = {"items": {"categories": ["mugs"]}, "op": "gte", "value": 2}
    for built_in in (None, of_basket, {"attribute": "now", "op": "exists"}):
        assert vocabulary.carried(terms(criteria=built_in), BUILT_IN) is None


def test_budgets_are_found_in_limits_and_in_those_of_codes() -> None:
    said = terms(
        limits=[{"scope": "total", "units": 1}, SHARE],
        codes=["PLAIN", {"code": "LIMITED", "limits": [{"budget": "other"}]}],
    )
    assert vocabulary.budgets(said) == {"/limits/1/budget": "summer-2026", "/codes/1/limits/0/budget": "other"}


@pytest.mark.parametrize("name", ["customer.vip", "household.visits", "line.plan", "channel.kiosk"])
def test_authors_declare_under_four_namespaces(name: str) -> None:
    assert name.startswith(OPEN)


@pytest.mark.parametrize("name", ["basket.weight", "line_item.colour", "now", "order.size"])
def test_the_other_namespaces_belong_to_the_kernel(name: str) -> None:
    assert not name.startswith(OPEN)
