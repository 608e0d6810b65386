"""Laws of the search for somebody worse off: what it finds is true, and it finds what there plainly is."""

from itertools import product
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from concord.decision.kleene import compile_criteria
from concord.decision.terms import Terms
from offer_registry.counterexample import wording
from offer_registry.counterexample.search import (
    PAIRS_MOST,
)
from offer_registry.simulation import stated
from unit.counterexample_samples import (
    BUNDLE,
    CRITERIA,
    GRANT,
    HATS,
    MUG,
    MUGS,
    assert_true,
    found,
    items,
    plain,
    searched,
    tenure,
)
from unit.decision_samples import fixed, usd

MONTH = {"kind": "grant", "what": "streaming", "quantity": 1, "unit": "month"}
EXAMPLES = 60  # terms are large; each is searched for up to half a second


names = st.sampled_from(["line.tenure_months", "household.size", "customer.birth_year"])
bounds = st.integers(1, 4)
comparing = st.builds(
    lambda name, op, value: {"attribute": name, "op": op, "value": value},
    names,
    st.sampled_from(["eq", "ne", "lt", "lte", "gt", "gte"]),
    bounds,
) | st.builds(
    lambda name, op, values: {"attribute": name, "op": op, "value": sorted(values)},
    names,
    st.sampled_from(["in", "not_in"]),
    st.sets(bounds, min_size=1),
) | st.builds(
    lambda name, known: {"attribute": name, "op": "exists", "value": known}, names, st.booleans()
)  # fmt: skip
trees = st.recursive(
    comparing,
    lambda inner: (
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda part: {"not": part}, inner)
    ),
    max_leaves=6,
)


def exists_somebody(live: Any, new: Any) -> bool:
    """Whether some facts let a customer through one version and not through the other, all of them tried."""
    before, after = (compile_criteria(CRITERIA.validate_python(each)) for each in (live, new))
    attributes = ("line.tenure_months", "household.size", "customer.birth_year")
    for values in product([None, 0, 1, 2, 3, 4, 5], repeat=len(attributes)):
        facts = {name: value for name, value in zip(attributes, values, strict=True) if value is not None}
        if before(facts) is True and after(facts) is not True:
            return True
    return False


@settings(max_examples=300)
@given(live=trees, new=trees)
def test_search_finds_somebody_shut_out_exactly_when_there_is_somebody(live: Any, new: Any) -> None:
    outcome = searched(plain(criteria=live), plain(criteria=new))
    if outcome.found is not None:
        assert_true(outcome.found, plain(criteria=live), plain(criteria=new))
    assert (outcome.found is not None) is exists_somebody(live, new)


scopes = st.sampled_from([{}, MUGS, HATS, {"skus": ["A", "B"]}, {"skus": ["B"], "categories": ["mugs"]}])
prices = st.integers(0, 20_000)
benefits = st.one_of(
    st.builds(lambda price: {"kind": "fixed_price", "price": usd(price)}, prices),
    st.builds(
        lambda off, of, cap: {"kind": "percent_off", "basis_points": off, "of": of, "cap": usd(cap) if cap else None},
        st.integers(1, 10_000),
        st.sampled_from(["line", "basket"]),
        st.none() | st.integers(1, 9_000),
    ),
    st.builds(
        lambda off, per: {"kind": "amount_off", "amount": usd(off), "per": per},
        st.integers(1, 9_000),
        st.sampled_from(["unit", "line", "basket"]),
    ),
    st.builds(
        lambda buy, get, off, repeat: {
            "kind": "buy_x_get_y",
            "buy": {"quantity": buy},
            "get": {"quantity": get, "basis_points": off},
            "repeat": repeat,
        },
        st.integers(1, 4),
        st.integers(1, 3),
        st.integers(1, 10_000),
        st.booleans() | st.integers(1, 3),
    ),
    st.builds(lambda first, more: {"kind": "tiers", "by": "quantity", "steps": [
        {"from": first, "basis_points": 500}, {"from": first + more, "basis_points": 1500}]},
        st.integers(1, 6), st.integers(1, 6)),
    st.builds(lambda price, units: {**BUNDLE, "price": usd(price), "items": [
        {"products": MUGS, "quantity": units}, {"products": HATS}]}, prices, st.integers(1, 3)),
    st.builds(lambda price: {"kind": "delivery", "price": usd(price)}, st.integers(0, 600)),
    st.builds(lambda quantity: {**GRANT, "quantity": quantity}, st.integers(1, 5)),
    st.builds(lambda quantity: {**MUG, "quantity": quantity}, st.integers(1, 3)),
)  # fmt: skip
asked = st.none() | comparing | st.builds(
    lambda value, where: items(value, **where), st.integers(1, 4), st.sampled_from([MUGS, HATS])
) | st.builds(lambda value: {"attribute": "basket.subtotal", "op": "gte", "value": usd(value)}, st.integers(0, 20_000)
)  # fmt: skip
anything = st.builds(
    lambda said, scope, criteria, codes: plain(benefits=said, products=scope, criteria=criteria, codes=codes),
    st.lists(benefits, min_size=1, max_size=2),
    scopes,
    asked,
    st.sampled_from([[], ["SUMMER"], ["SUMMER", "WINTER"]]),
)


@settings(max_examples=EXAMPLES)
@given(live=anything, new=anything)
@example(live=plain(benefits=[MONTH, MONTH]), new=plain(benefits=[MONTH]))  # the same grant twice is two of it
def test_whatever_is_found_is_true_and_the_search_is_bounded(live: Terms, new: Terms) -> None:
    outcome = searched(live, new)
    assert outcome.pairs <= PAIRS_MOST
    if outcome.found is not None:
        assert_true(outcome.found, live, new)
        assert wording.worse_off(outcome.found, stated("offer", 1, live), stated("offer", 2, new))


@settings(max_examples=EXAMPLES)
@given(said=anything)
def test_nobody_is_worse_off_with_the_same_terms(said: Terms) -> None:
    assert searched(said, said.model_copy(update={"title": {"en": "Another title"}})).found is None


@settings(max_examples=EXAMPLES)
@given(
    said=anything,
    price=st.integers(0, 20_000),
    more=st.integers(1, 5_000),
    regular=st.none() | st.integers(1, 30_000),
)
def test_raised_price_is_found_and_a_lower_one_is_not(said: Terms, price: int, more: int, regular: int | None) -> None:
    usual = None if regular is None else {"amount": regular, "currency": "USD"}
    low, high = (
        plain(benefits=fixed(each), regular_price=usual, products=said.products, criteria=None, codes=said.codes)
        for each in (price, price + more)
    )
    assert found(low, high).channel is None
    assert searched(high, low).found is None


@settings(max_examples=EXAMPLES)
@given(said=anything, months=st.integers(1, 60), more=st.integers(1, 60))
def test_tightened_criterion_is_found_and_a_loosened_one_is_not(said: Terms, months: int, more: int) -> None:
    assume(said.criteria is None)
    loose, tight = (
        said.model_copy(update={"criteria": CRITERIA.validate_python(tenure(each))}) for each in (months, months + more)
    )
    assume(searched(loose, plain(criteria=items(9999))).found is not None)  # the offer does something at all
    given = found(loose, tight)
    assert months <= given.example.facts["line.tenure_months"] < months + more
    assert searched(tight, loose).found is None
