"""The structural difference of JSON documents: its laws, and what it says about terms."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concord.decision.terms import EXAMPLE
from concord.difference import Change, applied, difference
from offer_registry.differences import of_terms

NAMES = ("skus", "value", "op", "all", "a/b", "~", "", "0")
scalars = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "x", "y", "between", "in", "0"])
documents = st.recursive(
    scalars,
    lambda below: st.lists(below, max_size=5) | st.dictionaries(st.sampled_from(NAMES), below, max_size=5),
    max_leaves=25,
)
objects = st.dictionaries(st.sampled_from(NAMES), documents, max_size=6)


def is_set(holder: Any, name: str) -> bool:
    return name == "skus" or (name == "value" and holder.get("op") == "in")


def plain(value: Any) -> Any:
    """A form in which equal documents are equal in Python, sets in any order."""
    if isinstance(value, dict):
        return {name: listed(value, name) for name in value}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return type(value).__name__, value


def listed(holder: dict[str, Any], name: str) -> Any:
    value = holder[name]
    if not (isinstance(value, list) and is_set(holder, name)):
        return plain(value)
    members = [plain(item) for item in value]
    distinct = all(isinstance(item, tuple) for item in members) and len(set(map(repr, members))) == len(members)
    return sorted(members, key=repr) if distinct else members


@given(objects, objects)
def test_difference_applied_to_before_gives_after(before: Any, after: Any) -> None:
    kept = deepcopy(before)
    made = applied(before, difference(before, after, is_set))
    # Where only one of two lists is a set, they are compared place by place; the order that gives is the one after.
    assert plain(made) == plain(after)
    assert repr(before) == repr(kept)


@given(documents, documents)
def test_difference_without_sets_gives_after_to_the_letter(before: Any, after: Any) -> None:
    assert repr_sorted(applied(before, difference(before, after))) == repr_sorted(after)


def repr_sorted(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{name!r}:{repr_sorted(value[name])}" for name in sorted(value)) + "}"
    return "[" + ",".join(map(repr_sorted, value)) + "]" if isinstance(value, list) else repr(value)


@given(objects)
def test_difference_of_equal_documents_is_empty(document: Any) -> None:
    assert difference(document, deepcopy(document), is_set) == []


@given(objects, objects)
def test_difference_is_empty_only_of_equal_documents(before: Any, after: Any) -> None:
    assert (difference(before, after, is_set) == []) == (plain(before) == plain(after))


@given(objects, objects)
def test_difference_the_other_way_is_the_same_seen_from_there(before: Any, after: Any) -> None:
    there, back = difference(before, after, is_set), difference(after, before, is_set)
    assert back == [change.reversed() for change in there]


@given(st.lists(st.integers(), max_size=30, unique=True), st.data())
def test_difference_of_a_set_does_not_depend_on_its_order(members: list[int], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(members))
    assert difference({"skus": members}, {"skus": shuffled}, is_set) == []


@given(st.lists(scalars, max_size=8), scalars, st.integers(0, 8))
def test_difference_of_an_item_put_in_is_one_change(items: list[Any], item: Any, place: int) -> None:
    after = [*items[:place], item, *items[place:]]
    assert [change.op for change in difference(items, after)] == ["added"]


def test_difference_of_fourteen_thousand_skus_with_one_other_is_one_change() -> None:
    skus = [f"SKU-{number}" for number in range(14_000)]
    before, after = EXAMPLE | {"products": {"skus": skus}}, EXAMPLE | {"products": {"skus": [*skus[1:], "NEW"]}}
    assert of_terms(before, after) == [Change("changed", "/products/skus", ["SKU-0"], ["NEW"])]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"priority": 50}, [("changed", "/priority", 100, 50)]),
        ({"shown_in": ["sms", "web"]}, [("added", "/shown_in", [], ["sms"])]),
        ({"promised_in": ["web"]}, [("removed", "/promised_in", ["email"], [])]),
        ({"promised_in": ["web", "email"]}, []),
        ({"combines_with": []}, [("changed", "/combines_with", None, [])]),
        ({"title": EXAMPLE["title"] | {"es": "Gratis"}}, [("added", "/title/es", None, "Gratis")]),
        (
            {"honour": EXAMPLE["honour"] | {"sms": {"action": "honour"}}},
            [("changed", "/honour/sms/action", "refer", "honour"), ("removed", "/honour/sms/to", "web", None)],
        ),
        (
            {"benefits": [{"kind": "grant"}, *EXAMPLE["benefits"]]},
            [("added", "/benefits/0", None, {"kind": "grant"})],
        ),
    ],
)
def test_difference_of_terms_names_the_place_and_both_values(changed: dict[str, Any], expected: list[Any]) -> None:
    assert of_terms(EXAMPLE, EXAMPLE | changed) == [Change(*each) for each in expected]


def test_difference_of_criteria_takes_members_as_a_set_and_the_ends_of_a_range_in_order() -> None:
    def criteria(operator: str, *value: int) -> dict[str, Any]:
        return {"criteria": {"attribute": "line.tenure_months", "op": operator, "value": list(value)}}

    assert of_terms(criteria("in", 1, 2), criteria("in", 2, 1)) == []
    assert of_terms(criteria("in", 1, 2), criteria("in", 2, 3)) == [Change("changed", "/criteria/value", [1], [3])]
    assert [each.pointer for each in of_terms(criteria("between", 1, 2), criteria("between", 2, 1))] == [
        "/criteria/value/0",
        "/criteria/value/1",
    ]


def test_difference_tells_true_from_one() -> None:
    assert difference([True], [1]) == [Change("changed", "/0", True, 1)]
    assert difference({"skus": [1]}, {"skus": [True]}, is_set) == [Change("changed", "/skus", [1], [True])]


def test_difference_of_deep_nesting_takes_no_time() -> None:
    before: Any = []
    after: Any = [0, 0]
    for _ in range(60):
        before, after = [before], [after, 1]
    assert difference(before, after)
