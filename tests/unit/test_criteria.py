"""Criteria: Kleene's three values, and that the compiled test, the reason tree and the laws agree."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from concord.decision.attributes import BUILT_IN, Attribute, Kind, check_criteria, check_facts, comparable
from concord.decision.compile import read_criteria
from concord.decision.criteria import Criteria, Criterion
from concord.decision.kleene import DIFFERS, Truth, blamed, compile_criteria, explain
from concord.decision.reasons import missing, not_met

CRITERIA: TypeAdapter[Criterion] = TypeAdapter(Criteria)
INTS, SEGMENTS = st.integers(-3, 3), st.sampled_from(["loyal", "new", "gold"])
DAYS = st.sampled_from(["2026-05-31", "2026-06-01", "2026-12-24"])
VALUES: Mapping[Kind, st.SearchStrategy[Any]] = {
    Kind.BOOL: st.booleans(),
    Kind.INT: INTS,
    Kind.STRING: SEGMENTS,
    Kind.MONEY: st.integers(0, 3).map(lambda amount: {"amount": amount, "currency": "USD"}),
    Kind.DECIMAL: st.sampled_from(["-1.5", "0", "0.25", "10"]),
    Kind.DATE: DAYS,
    Kind.INSTANT: DAYS.map(lambda day: f"{day}T12:00:00Z"),
    Kind.SET: st.lists(SEGMENTS, max_size=3, unique=True),
}
REGISTRY = {
    **BUILT_IN,
    "line.signed": Attribute("line.signed", Kind.DATE, "the day of the contract", "when the contract was signed"),
    "line.rating": Attribute("line.rating", Kind.DECIMAL, "the rating", "how it is rated"),
}
ORDERED = frozenset({Kind.INT, Kind.MONEY, Kind.DECIMAL, Kind.DATE, Kind.INSTANT})


def ascending(kind: Kind, pair: tuple[Any, Any]) -> list[Any]:
    return sorted(pair, key=lambda value: comparable(kind, value))


NAMES = sorted(REGISTRY)


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(NAMES))
    kind = REGISTRY[name].kind
    value = VALUES[Kind.STRING if kind is Kind.SET else kind]
    some = st.lists(value, min_size=1, max_size=3, unique_by=str)
    shapes: list[tuple[str, st.SearchStrategy[Any]]] = [("exists", st.booleans())]
    if kind is Kind.SET:
        shapes += [("contains_any", some), ("contains_all", some)]
    else:
        shapes += [("eq", value), ("ne", value)]
    if kind not in {Kind.BOOL, Kind.SET}:
        shapes += [("in", some), ("not_in", some)]
    if kind in ORDERED:
        shapes += [(op, value) for op in ("lt", "lte", "gt", "gte")]
        shapes += [("between", st.tuples(value, value).map(lambda pair: ascending(kind, pair)))]
    op, values = draw(st.sampled_from(shapes))
    return {"attribute": name, "op": op, "value": draw(values)}


def _combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        some.map(lambda parts: {"all": parts}),
        some.map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    )


trees = st.recursive(comparisons(), _combined, max_leaves=8)
facts_of = st.fixed_dictionaries({}, optional={name: VALUES[REGISTRY[name].kind] | st.just(DIFFERS) for name in NAMES})


def truth(document: Any, facts: Mapping[str, Any]) -> Truth:
    return compile_criteria(CRITERIA.validate_python(document), REGISTRY)(facts)


LEAF = {"attribute": "household.size", "op": "gte", "value": 2}
TRUE, FALSE, UNKNOWN = {"household.size": 2}, {"household.size": 1}, {}


def of(value: Truth) -> dict[str, Any]:
    """A criterion that has this value when nothing is known."""
    leaf = {"attribute": "line.barred", "op": "exists", "value": not value}
    return leaf if value is not None else {"attribute": "line.barred", "op": "eq", "value": True}


TRUTHS: tuple[Truth, ...] = (True, False, None)


@pytest.mark.parametrize("left", TRUTHS)
@pytest.mark.parametrize("right", TRUTHS)
def test_kleene_tables(left: Truth, right: Truth) -> None:
    both = {True: 2, None: 1, False: 0}
    pair = [of(left), of(right)]
    assert truth({"all": pair}, {}) is min(left, right, key=both.__getitem__)
    assert truth({"any": pair}, {}) is max(left, right, key=both.__getitem__)
    assert truth({"not": of(left)}, {}) is (None if left is None else not left)


@given(trees, trees, facts_of)
def test_de_morgan(one: Any, other: Any, facts: dict[str, Any]) -> None:
    left = truth({"not": {"all": [one, other]}}, facts)
    right = truth({"any": [{"not": one}, {"not": other}]}, facts)
    assert left is right


@given(trees, facts_of)
def test_double_negation(tree: Any, facts: dict[str, Any]) -> None:
    assert truth({"not": {"not": tree}}, facts) is truth(tree, facts)


@given(st.lists(trees, min_size=1, max_size=4), facts_of, st.randoms())
def test_order_does_not_matter(parts: list[Any], facts: dict[str, Any], random: Any) -> None:
    turned = random.sample(parts, len(parts))
    for name in ("all", "any"):
        assert truth({name: parts}, facts) is truth({name: turned}, facts)


@given(trees, trees, trees, facts_of)
def test_distribution_and_absorption(one: Any, two: Any, three: Any, facts: dict[str, Any]) -> None:
    spread = {"any": [{"all": [one, two]}, {"all": [one, three]}]}
    assert truth({"all": [one, {"any": [two, three]}]}, facts) is truth(spread, facts)
    assert truth({"all": [one, {"any": [one, two]}]}, facts) is truth(one, facts)


def without_exists(tree: Any) -> bool:
    return "'exists'" not in repr(tree)


@given(trees.filter(without_exists), facts_of, facts_of)
def test_learning_more_never_changes_what_was_known(tree: Any, known: dict[str, Any], more: dict[str, Any]) -> None:
    """Monotone in information: once true or false, it stays so whatever else becomes known."""
    known = {name: fact for name, fact in known.items() if fact is not DIFFERS}
    before = truth(tree, known)
    if before is not None:
        assert truth(tree, {**more, **known}) is before


@given(trees, facts_of)
def test_the_reason_tree_says_what_the_compiled_test_says(tree: Any, facts: dict[str, Any]) -> None:
    criteria = CRITERIA.validate_python(tree)
    assert explain(criteria, facts, REGISTRY).result is compile_criteria(criteria, REGISTRY)(facts)


@given(trees, facts_of)
def test_what_is_blamed_is_what_decided(tree: Any, facts: dict[str, Any]) -> None:
    """Every answer other than yes names a comparison; an unknown one names only facts that are not known."""
    why = explain(CRITERIA.validate_python(tree), facts, REGISTRY)
    blames = list(blamed(why))
    assert blames
    for blame in blames:
        result = compile_criteria(blame.comparison, REGISTRY)(facts)
        assert result is (why.result if not blame.negated or why.result is None else not why.result)
        if why.result is None:
            assert facts.get(blame.comparison.attribute) in {None, DIFFERS}


@given(trees, facts_of)
def test_every_refusal_has_a_sentence(tree: Any, facts: dict[str, Any]) -> None:
    why = explain(CRITERIA.validate_python(tree), facts, REGISTRY)
    said = missing(blamed(why), "en", REGISTRY) if why.result is None else not_met(blamed(why), "en", REGISTRY)
    assert said
    assert all("{" not in reason.sentence and reason.attribute in REGISTRY for reason in said)


@given(trees)
def test_compiled_criteria_read_back_from_their_bytes(tree: Any) -> None:
    criteria = CRITERIA.validate_python(tree)
    again = read_criteria(CRITERIA.dump_json(criteria, by_alias=True))
    assert again == criteria
    assert check_criteria(criteria, registry=REGISTRY) == []


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("eq", 12, [False, True, False]),
        ("ne", 12, [True, False, True]),
        ("lt", 12, [True, False, False]),
        ("lte", 12, [True, True, False]),
        ("gt", 12, [False, False, True]),
        ("gte", 12, [False, True, True]),
        ("in", [11, 13], [True, False, True]),
        ("not_in", [11, 13], [False, True, False]),
        ("between", [11, 12], [True, True, False]),
        ("between", [12, 12], [False, True, False]),
    ],
)
def test_comparisons_at_their_bounds(op: str, value: Any, expected: list[bool]) -> None:
    """`between` includes both ends (terms §2)."""
    leaf = {"attribute": "line.tenure_months", "op": op, "value": value}
    assert [truth(leaf, {"line.tenure_months": months}) for months in (11, 12, 13)] == expected
    assert truth(leaf, {}) is None
    assert truth(leaf, {"line.tenure_months": DIFFERS}) is None


@pytest.mark.parametrize("fact", ["12", 12.0, True, None, [], {}])
def test_a_fact_of_another_type_is_missing_never_converted(fact: object) -> None:
    assert truth({"attribute": "line.tenure_months", "op": "gte", "value": 1}, {"line.tenure_months": fact}) is None
    assert truth({"attribute": "line.tenure_months", "op": "in", "value": [1]}, {"line.tenure_months": fact}) is None


def test_existence_is_known_unless_people_disagree() -> None:
    leaf = {"attribute": "household.size", "op": "exists"}
    assert truth(leaf, TRUE) is True
    assert truth(leaf, UNKNOWN) is False
    assert truth(leaf, {"household.size": DIFFERS}) is None
    assert truth({**leaf, "value": False}, UNKNOWN) is True


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"attribute": "line.size", "op": "eq", "value": 1}, ("/criteria/attribute", "attribute_unknown")),
        ({"attribute": "line.barred", "op": "eq", "value": 1}, ("/criteria/value", "type_mismatch")),
        ({"attribute": "household.size", "op": "eq", "value": True}, ("/criteria/value", "type_mismatch")),
        ({"attribute": "household.size", "op": "gte", "value": "2"}, ("/criteria/value", "type_mismatch")),
        ({"attribute": "household.size", "op": "in", "value": [1, "2"]}, ("/criteria/value/1", "type_mismatch")),
        ({"attribute": "household.size", "op": "between", "value": [3, 1]}, ("/criteria/value", "range_empty")),
        ({"attribute": "line.barred", "op": "gte", "value": True}, ("/criteria/op", "operator_unfit")),
        ({"attribute": "customer.segment", "op": "lt", "value": "b"}, ("/criteria/op", "operator_unfit")),
        ({"all": [LEAF, {"not": {"any": [LEAF, {"attribute": "a.b", "op": "exists"}]}}]},
         ("/criteria/all/1/not/any/1/attribute", "attribute_unknown")),
    ],
)  # fmt: skip
def test_types_are_checked_when_saved(document: Any, expected: tuple[str, str]) -> None:
    (error,) = check_criteria(CRITERIA.validate_python(document))
    assert (error.pointer, error.reason) == expected


def test_all_type_errors_are_named_at_once_below_the_pointer_asked() -> None:
    document = {"all": [{"attribute": "x.y", "op": "exists"}, {"attribute": "line.barred", "op": "gt", "value": 1}]}
    errors = check_criteria(CRITERIA.validate_python(document), "/terms/criteria")
    assert [error.pointer for error in errors] == ["/terms/criteria/all/0/attribute", "/terms/criteria/all/1/op"]
    assert check_criteria(None) == []


def test_facts_of_a_caller_are_checked() -> None:
    good = {"household.size": 2, "line.barred": False, "customer.segment": "loyal"}
    assert check_facts(good) == []
    bad = {
        "household.size": True,
        "line.barred": 0,
        "a~b/c": 1,
        "customer.segment": "x" * 201,
        "line.tenure_months": 2**53,
    }
    errors = check_facts(bad)
    assert [(error.pointer, error.reason) for error in errors] == [
        ("/facts/household.size", "type_mismatch"),
        ("/facts/line.barred", "type_mismatch"),
        ("/facts/a~0b~1c", "attribute_unknown"),
        ("/facts/customer.segment", "type_mismatch"),
        ("/facts/line.tenure_months", "type_mismatch"),
    ]
    assert [error.reason for error in check_facts(good, prefix="line.")] == ["attribute_unknown"] * 2
