"""What the vectors found wrong in quotes, each by its name, with the rule it broke."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concord.contracts.records import ActivationState
from concord.decision.attributes import BUILT_IN, Attribute, Kind
from concord.decision.compile import compile_terms
from concord.decision.quoting.basket import Basket
from concord.decision.quoting.playing import Candidate
from concord.decision.quoting.price import price_basket
from concord.decision.scalars import CHANNELS
from concord.money import Money
from unit.decision_samples import offer, promise, usd, version
from unit.quote_samples import BASKETS, BUY_GET, applied, basket, candidate, discounts, line, one, plain_terms, price
from unit.test_quotes import TEN_PER_CENT, asked

PAIR = {"kind": "buy_x_get_y", "buy": {"quantity": 1}, "get": {"quantity": 1}}
RUNNING = {"attribute": "basket.running_subtotal", "op": "gte", "value": usd(800)}


def off(amount: int) -> dict[str, Any]:
    return {"kind": "amount_off", "amount": usd(amount), "per": "basket"}


def refused(*records: Any, of: Basket | None = None, **given: Any) -> list[tuple[str, tuple[str, ...]]]:
    answered = asked(of or basket(line(1, "A", 1, 1000)), *records, **given)
    return [(each.reason.code, each.needs) for each in answered.refused]


def test_of_units_that_cost_the_same_the_lower_line_id_is_had_for_less() -> None:
    """terms §1, buy_x_get_y: ties by line id."""
    assert discounts(one(PAIR, basket(line(1, "A", 1, 500), line(2, "B", 1, 500), line(3, "C", 1, 500)))) == [500, 0, 0]


def test_two_benefits_of_one_offer_do_not_use_a_unit_twice() -> None:
    """terms §3, Units: a unit serves at most one buy_x_get_y or bundle_price in a basket."""
    bundle = {"kind": "bundle_price", "items": [{"products": {"skus": ["A"]}, "quantity": 2}], "price": usd(100)}
    twice = price([candidate(plain_terms(PAIR, bundle))], basket(line(1, "A", 2, 400)))
    assert discounts(twice) == [400]
    both = price([candidate(plain_terms(PAIR, bundle))], basket(line(1, "A", 3, 400), line(2, "B", 1, 400)))
    assert sum(discounts(both)) == 800


def test_of_equally_good_choices_the_first_in_order_wins_also_where_it_is_none_of_the_choices() -> None:
    """terms §3, Exclusive groups: ties by order."""
    solo = candidate(plain_terms(off(50), combines_with=[], priority=2), "a")
    free = candidate(plain_terms(off(50), priority=1), "b")
    assert applied(price([solo, free], basket(line(1, "A", 1, 1000)))) == [("b", 50)]


def test_what_takes_nothing_off_does_not_keep_a_grant_of_its_group_away() -> None:
    """terms §3, Units: an offer that takes nothing off is not applied."""
    grant = {"kind": "grant", "what": "streaming", "quantity": 3, "unit": "month"}
    nothing = candidate(plain_terms(TEN_PER_CENT, exclusive_group="g", priority=1), "a")
    granted = candidate(plain_terms(grant, exclusive_group="g", priority=2), "b")
    assert applied(price([nothing, granted], basket(line(1, "A", 1, 0)))) == [("b", 0)]


def test_a_code_that_could_be_combined_is_not_refused_as_uncombinable() -> None:
    choosy = offer(version(plain_terms(off(500), combines_with=["coded"])), number=1, key="choosy")
    coded = offer(version(plain_terms(off(0), codes=["CODE"])), number=2, key="coded")
    assert refused(choosy, coded, codes=("CODE",)) == [("nothing_to_reduce", ())]


def test_a_code_whose_turn_comes_too_late_is_told_what_it_needs() -> None:
    """terms §2: what is left when the offer's turn comes. It was called `nothing_to_reduce`."""
    first = offer(version(plain_terms(off(500), priority=1)), number=1, key="first")
    coded = offer(
        version(plain_terms(TEN_PER_CENT, codes=["CODE"], priority=2, criteria=RUNNING)), number=2, key="coded"
    )
    assert refused(first, coded, codes=("CODE",)) == [("criterion_not_met", ("basket.running_subtotal",))]


@pytest.mark.parametrize(
    ("op", "value", "why"), [("eq", "gold", "fact_missing"), ("exists", True, "criterion_not_met")]
)
def test_what_is_asked_beside_the_running_subtotal_is_named(op: str, value: Any, why: str) -> None:
    both = {"all": [{"attribute": "customer.segment", "op": op, "value": value}, RUNNING]}
    coded = offer(version(plain_terms(TEN_PER_CENT, codes=["CODE"], criteria=both)))
    assert refused(coded, codes=("CODE",)) == [(why, ("customer.segment",))]


def test_the_running_subtotal_is_known_when_its_turn_comes() -> None:
    """However it is asked for, before that it is neither missing nor there."""
    exists = {"attribute": "basket.running_subtotal", "op": "exists", "value": True}
    assert one(TEN_PER_CENT, basket(line(1, "A", 1, 1000)), criteria=exists).discount == 100


@pytest.mark.parametrize(
    ("versions", "why"),
    [
        ([(ActivationState.PREPARING, "CODE", {})], "code_not_started"),  # was code_ended
        ([(ActivationState.CLOSING, "CODE", {}), (ActivationState.LIVE, "OTHER", {})], "code_ended"),  # outside_hours
        ([(ActivationState.LIVE, "CODE", {"evaluator_min": 999})], "evaluator_too_old"),  # outside_hours
    ],
)
def test_a_code_is_refused_for_what_its_own_version_is(versions: list[Any], why: str) -> None:
    terms = [plain_terms(TEN_PER_CENT, codes=[code]) for _, code, _ in versions]
    stated = zip(versions, terms, strict=True)
    records = [version(of, number, state, **more) for number, ((state, _, more), of) in enumerate(stated, start=1)]
    assert refused(offer(*records), codes=("CODE",)) == [(why, ())]


@pytest.mark.parametrize("channel", CHANNELS)
def test_promised_terms_are_quoted_with_todays_cell_where_it_is_better(channel: str) -> None:
    """terms §6: fee and honour cell are the pinned version's, or today's where better for the customer."""
    cells = {each: {"action": "honour"} for each in CHANNELS}
    dearer = {each: {"action": "honour_with_fee", "fee": usd(500)} for each in CHANNELS}
    pinned, today = plain_terms(TEN_PER_CENT, honour=dearer), plain_terms(off(1), honour=cells)
    record = offer(version(pinned, 1, ActivationState.CLOSING), version(today, 2))
    answered = asked(basket(line(1, "A", 1, 1000)), record, promises=[promise(pinned)], channel=channel)
    (here,) = orjson.loads(answered.to_bytes())["here"]
    assert (here["version"], here["verdict"], here["fee"]) == (1, "honour", None)


def test_a_promise_that_only_the_basket_keeps_from_applying_is_a_near_miss() -> None:
    gate = {"attribute": "basket.subtotal", "op": "gte", "value": usd(2000)}
    pinned = plain_terms(TEN_PER_CENT, criteria=gate)
    answered = asked(basket(line(1, "A", 1, 1500)), offer(version(pinned)), promises=[promise(pinned)])
    assert [near.missing[0].amount for near in answered.quote.near] == [Money(amount=500, currency="USD")]


def test_a_near_miss_reads_declared_attributes_by_their_type() -> None:
    """10.0 is more than 7.5 as a decimal, and less as a text."""
    both = {"all": [
        {"attribute": "customer.score", "op": "gte", "value": "7.5"},
        {"attribute": "basket.quantity", "op": "gte", "value": 2},
    ]}  # fmt: skip
    declared = {"customer.score": Attribute("customer.score", Kind.DECIMAL, "the score", "what the score is")}
    gated = Candidate("offer", 1, compile_terms(plain_terms(TEN_PER_CENT, criteria=both), {**BUILT_IN, **declared}))
    quoted = price_basket([gated], {"customer.score": "10.0"}, basket(line(1, "A", 1, 1000)), near=True)
    assert [near.missing[0].units for near in quoted.near] == [1]


def at_a_price(of: Basket) -> Basket:
    """Every unit costs something and may cost nothing, so that whatever is had for less shows."""
    lines = [{**each.model_dump(), "unit_price": each.unit_price + 1, "floor": None} for each in of.lines]
    return Basket.model_validate({**of.model_dump(), "lines": lines})


@settings(max_examples=500, deadline=None)
@given(
    BUY_GET.map(lambda benefit: {**benefit, "get": {**benefit["get"], "basis_points": 10_000}}),
    BASKETS.map(at_a_price),
    st.data(),
)
def test_any_one_of_what_a_near_miss_names_brings_the_offer(benefit: dict[str, Any], of: Basket, data: Any) -> None:
    """It named what is to be bought when what is to be got was lacking, and whole groups where a part would do."""
    offers = [candidate(plain_terms(benefit))]
    for near in price(offers, of, near=True).near:
        missing = data.draw(st.sampled_from(near.missing))
        sku = missing.skus[0] if missing.skus else "D"
        more = line(99, sku, missing.units or 0, 400, *missing.categories[:1])
        assert price(
            offers, Basket.model_validate({**of.model_dump(), "lines": [*of.model_dump()["lines"], more]})
        ).applied
