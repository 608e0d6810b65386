"""What submit refuses: every missing piece, all at once, with its place (api §2)."""

from typing import Any

import pytest

from concord.decision.completeness import missing
from unit.decision_samples import fixed, terms, usd

NATIVE = {"action": "native"}
ALL_NATIVE: dict[str, Any] = dict.fromkeys(("web", "store_pos", "call_center", "sms"), NATIVE)
EUR = {"amount": 500, "currency": "EUR"}


def found(locales: tuple[str, ...] = ("en",), **changes: Any) -> list[tuple[str, str | None]]:
    return [(error.pointer, error.reason) for error in missing(terms(**changes), locales)]


def test_the_example_is_complete() -> None:
    assert found() == []


def test_every_missing_piece_is_named_at_once() -> None:
    """Scene 1 of the story, and more of it."""
    changes = {
        "honour": {"call_center": {"action": "honour"}, "web": NATIVE, "sms": {"action": "escalate"}},
        "cards": {"web": {"en": {"say": "It is {prize}."}}},
        "validity": {"start": "2026-06-01T00:00:00Z", "end": "2026-05-01T00:00:00Z"},
    }
    assert found(("en", "es"), **changes) == [
        ("/honour/store_pos", "honour_cell_missing"),
        ("/cards/call_center/en", "card_missing"),
        ("/cards/call_center/es", "card_missing"),
        ("/cards/sms/en", "card_missing"),
        ("/cards/sms/es", "card_missing"),
        ("/cards/web/en/say", "placeholder_unknown"),
        ("/validity/end", "end_before_start"),
    ]


@pytest.mark.parametrize(
    ("cell", "needed"),
    [
        (NATIVE, False),
        ({"action": "honour"}, True),
        ({"action": "honour_with_fee", "fee": usd(500)}, True),
        ({"action": "alternative", "offer": "other"}, True),
        ({"action": "refer", "to": "sms"}, False),
        ({"action": "escalate"}, True),
    ],
)
def test_a_card_is_required_where_staff_have_something_to_do(cell: dict[str, Any], *, needed: bool) -> None:
    expected = [("/cards/web/en", "card_missing")] if needed else []
    assert found(honour={**ALL_NATIVE, "web": cell}, cards={}) == expected


@pytest.mark.parametrize(
    "text", ["{promised_on} {promised_in} {code} {until}", "{price} {regular_price} {customer_pays}", "none"]
)
def test_placeholders_of_the_interface_are_known(text: str) -> None:
    assert found(honour=ALL_NATIVE, cards={"web": {"en": {"say": text}}}) == []


@pytest.mark.parametrize(
    "text", ["{Price}", "{}", "{ price }", "{price", "price}", "{{price}}", "{price.amount}", "{0}"]
)
def test_any_other_brace_is_refused(text: str) -> None:
    reasons = {reason for _, reason in found(honour=ALL_NATIVE, cards={"web": {"en": {"say": text}}})}
    assert reasons == {"placeholder_unknown"}


def test_placeholders_are_looked_for_in_every_text() -> None:
    card = {"say": "{a}", "steps": ["{b}"], "verify": ["{c}"], "next_question": {"asks": "{d}", "answer": "{e}"}}
    places = [pointer for pointer, _ in found(honour=ALL_NATIVE, cards={"web": {"en": card}})]
    assert places == [
        f"/cards/web/en/{name}" for name in ("say", "steps/0", "verify/0", "next_question/asks", "next_question/answer")
    ]


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("{fee}", {}),
        ("{price}", {"benefits": [{"kind": "percent_off", "basis_points": 500, "of": "basket"}]}),
        ("{customer_pays}", {"regular_price": None, "benefits": [{"kind": "percent_off", "basis_points": 500}]}),
        ("{regular_price}", {"regular_price": None}),
    ],
)
def test_a_placeholder_that_can_never_be_filled_is_refused(text: str, changes: dict[str, Any]) -> None:
    assert found(honour=ALL_NATIVE, cards={"web": {"en": {"say": text}}}, **changes) == [
        ("/cards/web/en/say", "placeholder_without_value")
    ]


def refer(to: str) -> dict[str, str]:
    return {"action": "refer", "to": to}


@pytest.mark.parametrize(
    ("cells", "places"),
    [
        ({"web": refer("web")}, ["web"]),
        ({"web": refer("sms"), "sms": refer("web")}, ["web", "sms"]),
        ({"web": refer("sms"), "sms": refer("store_pos"), "store_pos": refer("sms")}, ["store_pos", "sms"]),
        ({"web": refer("sms"), "sms": refer("store_pos")}, []),
        (
            {
                "web": refer("sms"),
                "sms": refer("store_pos"),
                "store_pos": refer("call_center"),
                "call_center": refer("web"),
            },
            ["web", "store_pos", "call_center", "sms"],
        ),
    ],
)
def test_channels_never_refer_in_a_circle(cells: dict[str, Any], places: list[str]) -> None:
    expected = [(f"/honour/{channel}/to", "refer_loop") for channel in places]
    assert sorted(found(honour={**ALL_NATIVE, **cells}, cards={})) == sorted(expected)


def test_fees_are_in_the_currency_of_the_price() -> None:
    honour = {**ALL_NATIVE, "web": {"action": "honour_with_fee", "fee": EUR}}
    cards = {"web": {"en": {"say": "Yes."}}}
    error = [("/honour/web/fee/currency", "currency_differs")]
    assert found(honour=honour, cards=cards) == error
    assert found(honour=honour, cards=cards, regular_price=None) == error
    assert (
        found(honour=honour, cards=cards, regular_price=None, benefits=[{"kind": "percent_off", "basis_points": 1}])
        == []
    )
    both = [{"kind": "fixed_price", "price": [usd(0), {"amount": 0, "currency": "EUR"}]}]
    assert found(honour=honour, cards=cards, regular_price=None, benefits=both) == []


def test_limits_count_money_that_the_offer_gives() -> None:
    euros = {"scope": "total", "money": EUR}
    assert found(limits=[{"scope": "total", "units": 5}, euros]) == [("/limits/1/money/currency", "currency_differs")]
    codes = ["PLAIN", {"code": "LIMITED", "limits": [euros]}]
    assert found(codes=codes) == [("/codes/1/limits/0/money/currency", "currency_differs")]
    both = [{"kind": "fixed_price", "price": [usd(0), {"amount": 0, "currency": "EUR"}]}]
    assert found(limits=[euros], benefits=both) == []
    tenth = [{"kind": "percent_off", "basis_points": 1_000}]
    assert found(limits=[euros], honour=ALL_NATIVE, cards={}, regular_price=None, benefits=tenth) == []


@pytest.mark.parametrize(
    ("benefit", "field"),
    [
        ({"kind": "fixed_price", "price": EUR}, "price"),
        ({"kind": "amount_off", "amount": [EUR], "per": "line"}, "amount"),
        ({"kind": "percent_off", "basis_points": 500, "cap": EUR}, "cap"),
    ],
)
def test_a_benefit_names_the_currency_of_the_regular_price(benefit: dict[str, Any], field: str) -> None:
    benefits = [*fixed(0), benefit]
    assert found(honour=ALL_NATIVE, cards={}, benefits=benefits) == [(f"/benefits/1/{field}", "currency_differs")]


def test_a_scope_must_leave_something() -> None:
    assert found(products={"skus": ["A"], "exclude": {"skus": ["A", "B"]}}) == [("/products/exclude", "scope_empty")]
    assert found(products={"skus": ["A", "B"], "exclude": {"skus": ["A"]}}) == []
    assert found(products={"exclude": {"skus": ["A"]}}) == []


def test_validity_is_never_empty() -> None:
    same = {"start": "2026-06-01T00:00:00Z", "end": "2026-06-01T00:00:00Z"}
    assert found(validity=same) == [("/validity/end", "end_before_start")]
    assert found(validity={"start": "2026-06-01T00:00:00Z"}) == []
