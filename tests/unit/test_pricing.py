"""The price of one unit, and the card that says it (terms §1 and §3, api §2)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from concord.contracts.records import ActivationState
from concord.decision.question import Question, setting_at
from concord.money import Money
from unit.decision_samples import (
    AT,
    KEY,
    ask,
    codes_of,
    fixed,
    household,
    linda,
    offer,
    only,
    promise,
    terms,
    usd,
    version,
)

S = ActivationState
NOBODY = Question(offers=(KEY,))


@pytest.mark.parametrize(
    ("benefits", "regular", "pays"),
    [
        (fixed(4900), 13000, 4900),
        (fixed(20_000), 13000, 13000),  # never more than before
        (fixed(4900), None, 4900),
        ([{"kind": "percent_off", "basis_points": 1500}], 13000, 11050),
        ([{"kind": "percent_off", "basis_points": 1000}], 25, 23),  # 2.5 off, half-even
        ([{"kind": "percent_off", "basis_points": 1000}], 35, 31),  # 3.5 off, half-even
        ([{"kind": "percent_off", "basis_points": 5000, "cap": usd(1000)}], 13000, 12000),
        ([{"kind": "percent_off", "basis_points": 1500}], None, None),
        ([{"kind": "percent_off", "basis_points": 1500, "of": "basket"}], 13000, None),
        ([{"kind": "amount_off", "amount": usd(500), "per": "unit"}], 13000, 12500),
        ([{"kind": "amount_off", "amount": usd(500), "per": "line"}], 13000, 12500),
        ([{"kind": "amount_off", "amount": usd(500), "per": "basket"}], 13000, None),
        ([{"kind": "amount_off", "amount": usd(50_000), "per": "unit"}], 13000, 0),  # never below zero
        # the second is computed from the price before the offer, like the first
        (
            [{"kind": "percent_off", "basis_points": 5000}, {"kind": "percent_off", "basis_points": 5000}],
            13000,
            0,
        ),
        ([*fixed(10_000), {"kind": "percent_off", "basis_points": 1000}], 13000, 8700),
        ([*fixed(10_000), {"kind": "amount_off", "amount": usd(1), "per": "basket"}], None, None),
        ([{"kind": "fixed_price", "price": [usd(100), {"amount": 90, "currency": "EUR"}]}], 13000, 100),
        ([{"kind": "fixed_price", "price": [usd(100), {"amount": 90, "currency": "EUR"}]}], None, None),
        ([{"kind": "fixed_price", "price": {"amount": 90, "currency": "EUR"}}], 13000, None),  # never a conversion
    ],
)
def test_the_price_of_one_unit(benefits: list[Any], regular: int | None, pays: int | None) -> None:
    of = terms(benefits=benefits, regular_price=None if regular is None else usd(regular), criteria=None)
    item = only(ask(NOBODY, [offer(version(of))], None))
    assert item.customer_pays == (None if pays is None else Money(amount=pays, currency="USD"))
    assert ("price_needs_basket" in codes_of(item)) == (pays is None)
    if pays is None or regular is None:
        assert item.instead_of is None
    else:
        assert item.instead_of == Money(amount=regular, currency="USD")


@pytest.mark.parametrize(
    "asked",
    [
        {"attribute": "line_item.quantity", "op": "gte", "value": 3},
        {"not": {"attribute": "basket.quantity", "op": "lt", "value": 3}},
        {"items": {"categories": ["mugs"]}, "op": "gte", "value": 2},
    ],
)
def test_criteria_on_the_basket_or_its_lines_leave_the_price_to_a_basket(asked: dict[str, Any]) -> None:
    """A price was named that nobody got who bought one unit."""
    gated = terms(criteria=asked)
    item = only(ask(NOBODY, [offer(version(gated))], household(promise(gated))))
    assert item.customer_pays is None
    assert "price_needs_basket" in codes_of(item)


def card_terms(**card: Any) -> Any:
    cards = {"web": {"en": {"say": "Yes.", **card}, "es": {"say": "Sí."}, "de": {"say": "Ja."}}}
    return terms(cards=cards, criteria=None)


def test_placeholders_are_filled() -> None:
    text = "{price}|{regular_price}|{customer_pays}|{until}|{promised_on}|{promised_in}|{code}"
    of = card_terms(say=text, next_question={"asks": "{code}?", "answer": "{until}"})
    item = only(ask(linda(), [offer(version(of))], household(promise(of))))
    filled = "0.00|130.00|0.00|the end of 14 June 2026|2 June 2026|by e-mail|K7M2-9QX4-TB"
    assert item.say_this == filled
    assert item.card is not None
    assert (item.card.say, item.card.locale) == (filled, "en")
    assert item.card.next_question is not None
    assert item.card.next_question.asks == "K7M2-9QX4-TB?"


def test_a_text_that_names_what_is_not_there_is_left_out() -> None:
    of = card_terms(
        say="Your code is {code}.", steps=["Type {code}", "Charge {price}"], verify=["{promised_on}", "Name"],
        next_question={"asks": "Why?", "answer": "Promised {promised_in}"},
    )  # fmt: skip
    item = only(ask(NOBODY, [offer(version(of))], None))
    assert item.say_this == "Yes, you can have this here."
    assert item.card is not None
    assert (item.card.say, item.card.steps, item.card.verify, item.card.next_question) == (
        "Yes, you can have this here.", ["Charge 0.00"], ["Name"], None,
    )  # fmt: skip


def test_until_is_the_end_of_validity_without_a_promise_and_the_deadline_with_one() -> None:
    of = card_terms(say="Until {until}.")
    assert only(ask(NOBODY, [offer(version(of))], None)).say_this == "Until the end of 14 June 2026."
    held = household(promise(of, honour_until=datetime(2026, 6, 10, 14, 30, tzinfo=UTC)))
    assert only(ask(linda(), [offer(version(of))], held)).say_this == "Until 14:30 UTC on 10 June 2026."


@pytest.mark.parametrize(("locale", "said"), [("en", "Yes."), ("es", "Sí."), ("es-MX", "Sí."), ("fr", "Yes.")])
def test_a_card_is_given_in_the_locale_or_the_nearest(locale: str, said: str) -> None:
    setting = setting_at("web", AT, locale=locale)
    assert only(ask(NOBODY, [offer(version(card_terms()))], None, setting=setting)).say_this == said


def test_a_refusal_has_no_card() -> None:
    assert only(ask(NOBODY, [offer(version(card_terms(), state=S.CLOSING))], None)).card is None
