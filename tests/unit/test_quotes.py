"""Quotes case by case, where a law would not say enough; `tests/vectors/quotes.json` has the rest."""

from typing import Any

import orjson
import pytest

from concord.contracts.records import ActivationState
from concord.decision.catalogue import Catalogue
from concord.decision.question import Question, View, setting_at
from concord.decision.quote import Ordered, QuoteAnswer, quote
from concord.decision.quoting.basket import Basket
from concord.decision.quoting.shapes import QuoteShape
from concord.decision.scalars import CHANNELS
from unit.decision_samples import AT, HOUSEHOLD, LINDA, household, offer, promise, usd, version
from unit.quote_samples import applied, basket, candidate, discounts, line, one, plain_terms, price

TEN_PER_CENT = {"kind": "percent_off", "basis_points": 1000}


def asked(
    of: Basket, *records: Any, codes: tuple[str, ...] = (), promises: Any = (), channel: str = "web"
) -> QuoteAnswer:
    held = household(*promises) if promises else None
    question = Question(household=HOUSEHOLD, party=LINDA) if promises else Question()
    view = View(Catalogue.of(records), 1, len(records), held)
    return quote(question, Ordered(of, codes), view, setting_at(channel, AT))


def test_groups_are_formed_from_the_dearest_down_so_a_cheap_item_more_takes_nothing_away() -> None:
    """Taking the cheapest of the whole basket would drop from 6.00 to 1.00 when the fourth is put in."""
    three_for_two = {"kind": "buy_x_get_y", "buy": {"quantity": 2}, "get": {"quantity": 1}}
    lines = [line(1, "A", 1, 1000), line(2, "B", 1, 800), line(3, "C", 1, 600)]
    assert discounts(one(three_for_two, basket(*lines))) == [0, 0, 600]
    assert discounts(one(three_for_two, basket(*lines, line(4, "D", 1, 100)))) == [0, 0, 600, 0]


@pytest.mark.parametrize(
    ("buy", "get", "lines", "more"),
    [
        # found by the law: a unit that could be got was bought though others could only be bought
        ({"quantity": 2}, {"quantity": 1, "products": {"skus": ["A"]}},
         [("A", 1, 0), ("A", 1, 0), ("A", 2, 500), ("B", 5, 0)], ("A", 1, 0)),
        # found by the law: one more group took a dear unit to be bought that was got before
        ({"quantity": 1, "products": {"skus": ["A"]}}, {"quantity": 1}, [("A", 1, 1000), ("A", 1, 900), ("C", 1, 100)],
         ("C", 1, 100)),
        ({"quantity": 1, "products": {"skus": ["A"]}}, {"quantity": 1}, [("A", 4, 0), ("A", 2, 800)], ("B", 1, 0)),
    ],
)  # fmt: skip
def test_one_more_item_lowers_nothing_where_buy_and_get_overlap(buy: Any, get: Any, lines: Any, more: Any) -> None:
    benefit = {"kind": "buy_x_get_y", "buy": buy, "get": get}
    few = [line(number, *each) for number, each in enumerate(lines)]
    before, after = (one(benefit, basket(*these)).discount for these in (few, [*few, line(9, *more)]))
    assert after >= before > 0


def test_the_best_choice_of_a_group_is_that_of_the_whole_basket_not_of_one_line() -> None:
    """The larger discount of `a` would shut out `b` and `c`, which together are worth more."""
    a = candidate(plain_terms({"kind": "amount_off", "amount": usd(300), "per": "basket"}, combines_with=[]), "a")
    b = candidate(plain_terms({"kind": "amount_off", "amount": usd(200), "per": "basket"}), "b")
    c = candidate(plain_terms({"kind": "amount_off", "amount": usd(200), "per": "basket"}), "c")
    assert applied(price([a, b, c], basket(line(1, "A", 1, 5000)))) == [("b", 200), ("c", 200)]


def test_above_the_bound_groups_are_settled_one_by_one_in_offer_order() -> None:
    """Thirteen groups of two are 1.6 million combinations; each still gets its better offer."""
    offers = [
        candidate(
            plain_terms({"kind": "amount_off", "amount": usd(amount), "per": "basket"}, exclusive_group=f"g{group}"),
            f"g{group}-{amount}",
        )
        for group in range(13)
        for amount in (10, 20)
    ]
    quoted = price(offers, basket(line(1, "A", 1, 5000)))
    assert [discount for _, discount in applied(quoted)] == [20] * 13


def test_a_near_miss_says_what_to_add_and_adding_it_brings_the_offer() -> None:
    gated = plain_terms(TEN_PER_CENT, criteria={"any": [
        {"attribute": "basket.subtotal", "op": "gte", "value": usd(2000)},
        {"items": {"categories": ["mugs"]}, "op": "gte", "value": 2},
    ]})  # fmt: skip
    record = offer(version(gated))
    answered = asked(basket(line(1, "A", 1, 1750, "mugs")), record)
    (near,) = orjson.loads(answered.to_bytes())["near_misses"]
    assert near["sentence"] == "2.50 USD more or one more of mugs, and you get this offer."
    assert near["worth"] == usd(175)
    assert asked(basket(line(1, "A", 1, 2000, "mugs")), record).quote.discount == 200
    assert asked(basket(line(1, "A", 2, 1750, "mugs")), record).quote.discount == 350


@pytest.mark.parametrize("channel", CHANNELS)
def test_promised_and_todays_terms_are_both_priced_and_the_better_one_counts(channel: str) -> None:
    pinned, today = plain_terms(TEN_PER_CENT), plain_terms({"kind": "percent_off", "basis_points": 500})
    record = offer(version(pinned, 1, ActivationState.CLOSING), version(today, 2))
    answered = asked(basket(line(1, "A", 1, 1000)), record, promises=[promise(pinned)], channel=channel)
    body = orjson.loads(answered.to_bytes())
    assert body["to_pay"] == 900
    (beside,) = body["promises"]
    assert (beside["discount"], beside["today"], beside["applied"]) == (100, {"version": 2, "discount": 50}, True)
    assert [share["version"] for share in body["applied"]] == [1]


def test_what_is_owed_is_the_same_in_every_channel_and_what_each_does_stands_beside_it() -> None:
    gated = plain_terms(TEN_PER_CENT)
    answers = {
        channel: asked(basket(line(1, "A", 1, 1000)), offer(version(gated)), channel=channel) for channel in CHANNELS
    }
    bodies = {channel: QuoteShape.model_validate_json(answer.to_bytes()) for channel, answer in answers.items()}
    assert len({answer.certificate.terms_digest for answer in answers.values()}) == 1
    assert len({answer.core for answer in answers.values()}) == 1
    assert {channel: body.here[0].verdict.value for channel, body in bodies.items()} == {
        "web": "available",
        "call_center": "honour",
        "store_pos": "honour_with_fee",
        "sms": "refer",
    }


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("WINTER", "code_unknown"),
        ("summer-26", None),  # folded like a promise code
        ("SUMM3R26", "code_unknown"),
        ("LATER", "code_not_started"),
        ("GONE", "code_ended"),
    ],
)
def test_a_code_that_does_not_help_is_named_with_its_reason(given: str, reason: str | None) -> None:
    def coded(code: str, number: int, **changes: Any) -> Any:
        of = plain_terms(TEN_PER_CENT, codes=[code], **changes)
        return offer(version(of), number=number, key=f"offer-{number}")

    records = [
        coded("SUMMER26", 1),
        coded("LATER", 2, validity={"start": "2026-06-10T00:00:00Z"}),
        coded("GONE", 3, validity={"start": "2026-05-01T00:00:00Z", "end": "2026-06-01T00:00:00Z"}),
    ]
    answered = asked(basket(line(1, "A", 1, 1000)), *records, codes=(given,))
    assert [refused.reason.code for refused in answered.refused] == ([] if reason is None else [reason])
    assert answered.quote.discount == (100 if reason is None else 0)


def test_without_its_code_an_offer_stays_out_of_the_quote() -> None:
    assert (
        asked(basket(line(1, "A", 1, 1000)), offer(version(plain_terms(TEN_PER_CENT, codes=["X123"])))).quote.applied
        == ()
    )


def test_a_code_whose_criteria_are_not_met_says_what_is_needed() -> None:
    gate = {"attribute": "basket.subtotal", "op": "gte", "value": usd(5000)}
    record = offer(version(plain_terms(TEN_PER_CENT, codes=["BIG"], criteria=gate)))
    (refused,) = asked(basket(line(1, "A", 1, 1000)), record, codes=("BIG",)).refused
    assert refused.reason.sentence == "This offer needs the basket's list total to be at least 50.00 USD."
    assert refused.needs == ("basket.subtotal",)


def test_a_promise_passes_the_customers_gate_but_not_the_baskets() -> None:
    both = {"all": [
        {"attribute": "line.barred", "op": "eq", "value": True},
        {"attribute": "basket.subtotal", "op": "gte", "value": usd(2000)},
    ]}  # fmt: skip
    pinned = plain_terms(TEN_PER_CENT, criteria=both)
    record = offer(version(pinned))
    small = asked(basket(line(1, "A", 1, 1000)), record, promises=[promise(pinned)])
    large = asked(basket(line(1, "A", 1, 2000)), record, promises=[promise(pinned)])
    assert (small.quote.discount, large.quote.discount) == (0, 200)


def test_the_same_offer_once_promised_and_once_not_is_one_offer() -> None:
    pinned = plain_terms(TEN_PER_CENT)
    answered = asked(basket(line(1, "A", 1, 1000)), offer(version(pinned)), promises=[promise(pinned)])
    body = orjson.loads(answered.to_bytes())
    assert body["totals"] == {"gross": 1000, "discount": 100, "net": 900}
    assert body["promises"][0]["today"] == {"version": 1, "discount": 100}
    assert body["here"][0]["verdict"] == "honour"


def test_weekly_hours_keep_an_offer_out_of_a_quote() -> None:
    hours = [(AT.replace(hour=8), AT.replace(hour=10)), (AT.replace(hour=17), AT.replace(hour=19))]
    record = offer(version(plain_terms(TEN_PER_CENT), hours=hours))
    assert AT.hour == 10  # the end of the first, which is half-open
    assert asked(basket(line(1, "A", 1, 1000)), record).quote.discount == 0
    open_now = offer(version(plain_terms(TEN_PER_CENT), hours=[(AT, AT.replace(hour=11))]))
    assert asked(basket(line(1, "A", 1, 1000)), open_now).quote.discount == 100


def test_an_offer_in_another_currency_is_never_converted() -> None:
    euros = candidate(plain_terms({"kind": "amount_off", "amount": {"amount": 5, "currency": "EUR"}, "per": "unit"}))
    quoted = price([euros], basket(line(1, "A", 1, 1000)))
    assert [kept.code for kept in quoted.kept] == ["currency_not_offered"]


def test_offers_on_other_products_are_not_even_judged() -> None:
    other = offer(version(plain_terms(TEN_PER_CENT, products={"skus": ["ELSEWHERE"]})))
    quoted = asked(basket(line(1, "A", 1, 1000)), other).quote
    assert (quoted.kept, quoted.idle, quoted.discount) == ((), (), 0)
