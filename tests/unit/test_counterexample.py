"""The search for somebody worse off: what it finds is true, and it finds what there plainly is."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import orjson
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from concord.decision.attributes import BUILT_IN, Attribute, Kind
from concord.decision.criteria import Criterion
from concord.decision.hours import DAYS
from concord.decision.kleene import compile_criteria
from concord.decision.quote import Ordered
from concord.decision.scalars import CHANNELS
from concord.decision.terms import EXAMPLE, Terms
from offer_registry.counterexample import wording
from offer_registry.counterexample.instants import instants
from offer_registry.counterexample.search import (
    PAIRS_MOST,
    WORK_MOST,
    CounterExample,
    Searched,
    _Search,
    disagreement,
    search,
)
from offer_registry.counterexample.sides import Example, side
from offer_registry.simulation import Trial, simulate, stated
from unit import rich_terms
from unit.decision_samples import AT, fixed, terms, usd

EXAMPLES = 60  # terms are large; each is searched for up to half a second
CRITERIA: TypeAdapter[Criterion] = TypeAdapter(Criterion)


def plain(**changes: Any) -> Terms:
    """Ten per cent off everything, for everybody."""
    own: dict[str, Any] = {
        "benefits": [{"kind": "percent_off", "basis_points": 1000}],
        "products": {},
        "regular_price": None,
        "criteria": None,
        "cards": {},
        "exclusive_group": None,
        "honour": {channel: {"action": "native"} for channel in CHANNELS},
    }
    return terms(**{**own, **changes})


def searched(live: Terms, new: Terms, at: datetime = AT) -> Searched:
    return search(stated("offer", 1, live), stated("offer", 2, new), at)


def found(live: Terms, new: Terms, at: datetime = AT) -> CounterExample:
    """What the search finds, priced again by a simulation of each version."""
    given = searched(live, new, at).found
    assert given is not None
    assert_true(given, live, new)
    return given


def assert_true(given: CounterExample, live: Terms, new: Terms) -> None:
    """The customer is worse off by the channels' own quotes."""
    before, after = (quoted(said, number, given.example) for number, said in ((1, live), (2, new)))
    assert {name: quote["to_pay"] for name, quote in before.items()} == dict.fromkeys(CHANNELS, given.live.to_pay)
    assert {name: quote["to_pay"] for name, quote in after.items()} == dict.fromkeys(CHANNELS, given.new.to_pay)
    if given.channel is None:
        assert worse(before["web"], after["web"])
    else:
        (had,), (has,) = before[given.channel]["here"], after[given.channel]["here"]
        assert has["verdict"] != had["verdict"] or paid(after[given.channel]) > paid(before[given.channel])


def quoted(said: Terms, number: int, example: Example) -> Mapping[str, Any]:
    """What each channel quotes with this version alone; facts and basket as a caller sends them."""
    basket = type(example.basket).model_validate_json(example.basket.model_dump_json())
    facts = orjson.loads(orjson.dumps(example.facts))
    trial = Trial([stated("offer", number, said)], facts, example.at, Ordered(basket, example.codes))
    channels: Mapping[str, Any] = orjson.loads(simulate(trial))["channels"]
    return channels


def worse(before: Any, after: Any) -> bool:
    """Whether the customer pays more, or gets less besides."""
    given, had = added(after), added(before)
    return bool(after["to_pay"] > before["to_pay"]) or any(given.get(name, 0) < many for name, many in had.items())


def added(quote: Any) -> dict[str, int]:
    return {each.get("sku") or each["what"]: each["quantity"] for each in quote["added"]}


def paid(quote: Any) -> int:
    return int(quote["to_pay"] + sum((each["fee"] or {"amount": 0})["amount"] for each in quote["here"]))


def tenure(months: int) -> dict[str, Any]:
    return {"attribute": "line.tenure_months", "op": "gte", "value": months}


def either(months: int, other: dict[str, Any]) -> dict[str, Any]:
    """A criterion that joins the customer with what is bought."""
    return {"any": [tenure(months), other]}


def items(value: Any, measure: str = "quantity", **where: list[str]) -> dict[str, Any]:
    return {"items": where, "measure": measure, "op": "gte", "value": value}


MUGS, HATS = {"categories": ["mugs"]}, {"categories": ["hats"]}
SUBTOTAL = {"attribute": "basket.subtotal", "op": "gte", "value": usd(5000)}
OF_LINE = {"attribute": "line_item.quantity", "op": "gte", "value": 3}
EURO = {"amount": 1, "currency": "EUR"}
GRANT = {"kind": "grant", "what": "streaming", "quantity": 3, "unit": "month"}
MUG = {"kind": "free_item", "sku": "MUG", "if_present": "add"}
BOGO = {"kind": "buy_x_get_y", "buy": {"quantity": 2}, "get": {"quantity": 1}}
BUNDLE = {"kind": "bundle_price", "items": [{"products": MUGS}, {"products": HATS}], "price": usd(1500)}
STEPS = {"kind": "tiers", "by": "quantity", "steps": [{"from": 3, "basis_points": 1000}]}
SPEND = {"kind": "tiers", "by": "spend", "steps": [{"from": usd(5000), "amount": usd(500)}]}


@pytest.mark.parametrize(
    ("live", "new"),
    [
        (terms(), terms(benefits=fixed(500))),
        (terms(), terms(criteria=tenure(24))),
        (plain(), plain(benefits=[{"kind": "percent_off", "basis_points": 999}])),
        (plain(), plain(benefits=[{"kind": "percent_off", "basis_points": 1000, "cap": usd(5000)}])),
        (plain(), plain(max_discount=usd(700))),
        (plain(), plain(criteria=tenure(1))),
        (plain(), plain(products=MUGS)),
        (plain(products=MUGS), plain(products={"categories": ["mugs"], "exclude": {"skus": ["MUG-7"]}})),
        (plain(products=MUGS), plain(products={"categories": ["mugs"], "exclude": {"categories": ["sale"]}})),
        (plain(products={"skus": ["A", "B"]}), plain(products={"skus": ["B", "C"]})),
        (plain(criteria=items(2, **MUGS)), plain(criteria=items(3, **MUGS))),
        (plain(criteria=items(usd(2000), "sum", **MUGS)), plain(criteria=items(usd(2001), "sum", **MUGS))),
        (plain(criteria=items(1, "distinct", **MUGS)), plain(criteria=items(2, "distinct", **MUGS))),
        (plain(), plain(criteria=SUBTOTAL)),
        (plain(), plain(criteria={"attribute": "line_item.quantity", "op": "gte", "value": 2})),
        (plain(), plain(criteria={"attribute": "line_item.categories", "op": "contains_any", "value": ["mugs"]})),
        (plain(), plain(criteria={"not": {"attribute": "line_item.sku", "op": "in", "value": ["MUG-7"]}})),
        (plain(criteria=either(12, SUBTOTAL)), plain(criteria=either(24, SUBTOTAL))),
        (plain(criteria=either(12, OF_LINE)), plain(criteria=either(24, OF_LINE))),
        (plain(criteria=either(12, OF_LINE)), plain(criteria=OF_LINE)),
        (plain(benefits=[BOGO]), plain(benefits=[{**BOGO, "buy": {"quantity": 3}}])),
        (plain(benefits=[BOGO]), plain(benefits=[{**BOGO, "repeat": False}])),
        (plain(benefits=[BOGO]), plain(benefits=[{**BOGO, "get": {"quantity": 1, "basis_points": 5000}}])),
        (plain(benefits=[BUNDLE]), plain(benefits=[{**BUNDLE, "price": usd(1501)}])),
        (plain(benefits=[BUNDLE]), plain(benefits=[{**BUNDLE, "items": [*BUNDLE["items"], {"products": MUGS}]}])),
        (plain(benefits=[STEPS]), plain(benefits=[{**STEPS, "steps": [{"from": 4, "basis_points": 1000}]}])),
        (plain(benefits=[SPEND]), plain(benefits=[{**SPEND, "steps": [{"from": usd(5001), "amount": usd(500)}]}])),
        (plain(benefits=[GRANT]), plain(benefits=[{**GRANT, "quantity": 2}])),
        (plain(benefits=[MUG]), plain(benefits=[{**MUG, "sku": "CUP"}])),
        (
            plain(benefits=[{"kind": "delivery", "basis_points": 10_000}]),
            plain(benefits=[{"kind": "delivery", "price": usd(100)}]),
        ),
        (plain(), plain(codes=["SUMMER"])),
        (plain(codes=["SUMMER", "WINTER"]), plain(codes=["SUMMER"])),
        (plain(), plain(benefits=[{"kind": "amount_off", "amount": usd(1), "per": "basket"}])),
        (
            plain(benefits=[{"kind": "amount_off", "amount": [usd(1), EURO], "per": "unit"}]),
            plain(benefits=[{"kind": "amount_off", "amount": usd(1), "per": "unit"}]),
        ),
        (plain(), plain(validity={"start": "2026-06-01T00:00:00Z", "end": "2026-06-14T00:00:00Z"})),
        (plain(), plain(validity={"start": "2026-06-04T00:00:00Z", "end": "2026-06-15T00:00:00Z"})),
        (plain(), plain(criteria={"attribute": "now", "op": "lt", "value": "2026-06-10T12:00:00Z"})),
    ],
)  # fmt: skip
def test_change_for_the_worse_has_a_counter_example(live: Terms, new: Terms) -> None:
    given = found(live, new)
    assert given.channel is None
    assert "version 1" in (said := wording.worse_off(given, stated("offer", 1, live), stated("offer", 2, new)))
    assert said.endswith(".")
    assert searched(new, new).found is None


@pytest.mark.parametrize(
    ("live", "new"),
    [
        (terms(benefits=fixed(500)), terms()),
        (terms(criteria=tenure(24)), terms(criteria=tenure(12))),
        (plain(criteria=tenure(1)), plain()),
        (plain(products=MUGS), plain()),
        (plain(codes=["SUMMER"]), plain()),
        (plain(max_discount=usd(700)), plain()),
        (plain(benefits=[{**BOGO, "repeat": False}]), plain(benefits=[BOGO])),
        (plain(), plain(title={"en": "Another title"}, priority=7, shown_in=[])),
    ],
)
def test_change_for_the_better_has_none(live: Terms, new: Terms) -> None:
    outcome = searched(live, new)
    assert outcome.found is None
    assert 0 < outcome.pairs <= PAIRS_MOST


def honouring(cell: dict[str, Any]) -> Terms:
    return plain(honour={**{channel: {"action": "native"} for channel in CHANNELS}, "store_pos": cell})


FEE = {"action": "honour_with_fee", "fee": usd(500)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"action": "honour"}, FEE),
        (FEE, {"action": "honour_with_fee", "fee": usd(501)}),
        (FEE, {"action": "refer", "to": "web"}),
        ({"action": "escalate"}, {"action": "refer", "to": "web"}),
    ],
)
def test_channel_that_does_less_is_a_counter_example_there(before: dict[str, Any], after: dict[str, Any]) -> None:
    live, new = honouring(before), honouring(after)
    given = found(live, new)
    assert given.channel == "store_pos"
    assert "store_pos" in wording.worse_off(given, stated("offer", 1, live), stated("offer", 2, new))
    assert searched(new, live).found is None


def test_counter_example_is_made_small() -> None:
    criteria = {"all": [tenure(12), {"any": [{"attribute": "household.size", "op": "gte", "value": 2}, tenure(1)]}]}
    given = found(terms(criteria=criteria), terms(criteria=criteria, benefits=fixed(500)))
    assert given.example.facts == {"line.tenure_months": 12}
    (line,) = given.example.basket.lines
    assert (line.quantity, line.sku, given.example.basket.delivery, given.example.codes) == (1, "HANDSET-X", None, ())


def test_counter_example_says_who_buys_what_and_why() -> None:
    new = terms(criteria={"all": [tenure(24), EXAMPLE["criteria"]["all"][1]]})
    said = wording.worse_off(found(terms(), new), stated("offer", 1, terms()), stated("offer", 2, new))
    assert said == (
        "Somebody with line.barred false and line.tenure_months 12 who buys 1 × HANDSET-X at 130.00 USD pays 0.00 USD "
        "with version 1 and 130.00 USD with version 2. This offer needs the months the line has been with us to be at "
        "least 24."
    )


def test_search_gives_the_same_answer_each_time_and_for_any_order_of_names() -> None:
    skus = [f"SKU-{number}" for number in range(40)]
    segments = ["gold", "silver", "loyal", "new"]
    some = {"attribute": "customer.segment", "op": "in"}
    one, other = (
        searched(plain(products={"skus": names}, criteria={**some, "value": values}), plain(products=MUGS))
        for names, values in ((skus, segments), (skus[::-1], segments[::-1]))
    )
    assert one.found is not None
    assert other.found is not None
    assert (one.found.example, one.pairs) == (other.found.example, other.pairs)


def test_search_against_a_version_that_is_over_finds_nobody() -> None:
    over = plain(validity={"start": "2026-05-01T00:00:00Z", "end": "2026-06-01T00:00:00Z"})
    assert searched(over, plain(criteria=tenure(1))) == Searched(None, 0)


def test_channels_that_charge_differently_are_named() -> None:
    given = disagreement(stated("offer", 1, honouring(FEE)), AT)
    assert given is not None
    quotes = quoted(honouring(FEE), 1, given.example)
    assert given.fees == {"web": 0, "store_pos": 500, "call_center": 0, "sms": 0}
    assert {name: paid(quote) for name, quote in quotes.items()} == {
        name: given.quote.to_pay + fee for name, fee in given.fees.items()
    }
    assert wording.differing(given).startswith("Somebody who buys 1 × ARTICLE-1 at ")


@pytest.mark.parametrize("cell", [{"action": "honour"}, {"action": "refer", "to": "web"}, {"action": "escalate"}])
def test_channels_that_charge_alike_or_do_not_give_it_do_not_disagree(cell: dict[str, Any]) -> None:
    assert disagreement(stated("offer", 1, honouring(cell)), AT) is None


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


def test_hours_that_are_cut_have_a_counter_example_in_them() -> None:
    week = {"days": list(DAYS), "from": "09:00", "to": "17:00"}
    live, new = plain(windows=[week]), plain(windows=[{**week, "to": "16:00"}])
    moments = instants(side(stated("offer", 1, live)), side(stated("offer", 2, new)), AT)
    assert moments[:2] == [AT, AT.replace(hour=16)]
    assert found(live, new).example.at == AT.replace(hour=16)
    assert searched(new, live).found is None


def test_attribute_that_authors_declared_is_searched_by_its_type() -> None:
    share = Attribute("customer.share", Kind.DECIMAL, "the share", "how large the share is")
    registry = {**BUILT_IN, share.name: share}
    live, new = (
        stated("offer", number, plain(criteria={"attribute": share.name, "op": "gte", "value": least}), registry)
        for number, least in ((1, "0.5"), (2, "0.75"))
    )
    given = search(live, new, AT).found
    assert given is not None
    assert given.example.facts == {share.name: "0.5"}


def test_search_of_costly_terms_does_less_of_it() -> None:
    bundles = [
        {
            "kind": "bundle_price",
            "items": [{"products": {"skus": [f"S{n}", f"S{n + 1}"]}, "quantity": 300 * step + n} for n in range(1, 11)],
            "price": usd(1000 + step),
        }
        for step in range(5)
    ]
    doing = _Search(*(side(stated("offer", number, plain(benefits=bundles))) for number in (1, 2)), AT)
    assert doing.run().found is None
    dearest = 1 + 10 * 2 * 5 * 10  # ten lines, the items of five bundles of both versions
    assert WORK_MOST // 10 < doing._work < WORK_MOST + dearest
    assert 0 < doing._pairs < PAIRS_MOST // 4


RICH = [Terms.model_validate(said) for said in (rich_terms.ONE, rich_terms.OTHER, EXAMPLE)]


@pytest.mark.parametrize(("live", "new"), [(live, new) for live in RICH for new in RICH])
def test_rich_terms_against_each_other_give_what_is_true(live: Terms, new: Terms) -> None:
    assert (searched(live, new).found is None) is (live == new)
    if live != new:
        found(live, new)


@pytest.mark.parametrize("place", range(5))
def test_benefit_that_is_left_out_is_missed(place: int) -> None:
    benefits = [benefit for number, benefit in enumerate(rich_terms.ONE["benefits"]) if number != place]
    live = {**rich_terms.ONE, "max_discount": None}
    found(Terms.model_validate(live), Terms.model_validate({**live, "benefits": benefits}))


def test_instants_stay_within_what_a_date_can_be() -> None:
    last = plain(validity={"start": "0001-01-01T00:00:00Z", "end": "9999-12-31T23:59:59Z"})
    now = datetime(9999, 12, 31, 23, 59, 58, tzinfo=UTC)
    assert searched(last, plain(criteria=tenure(1), validity={"start": "0001-01-01T00:00:00Z", "end": None}), now).found
    assert searched(last, last, datetime(1, 1, 1, tzinfo=UTC) + timedelta(seconds=1)).found is None
