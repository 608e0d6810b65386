"""Terms: what is refused when a draft is saved, and that what is kept is kept exactly."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from concord.contracts.records import OfferRecord
from concord.decision import criteria as c
from concord.decision import scalars
from concord.decision.scalars import Duration, Instant, duration_text
from concord.decision.terms import EXAMPLE, Terms
from unit.decision_samples import KEY, offer, terms, usd, version

DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)
INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)
NAIVE = datetime(2026, 6, 1)  # noqa: DTZ001  what must be refused
LEAF = {"attribute": "household.size", "op": "gte", "value": 2}


def wrong(**changes: Any) -> list[tuple[tuple[int | str, ...], str]]:
    """Where and how terms with these changes are refused."""
    with pytest.raises(ValidationError) as refused:
        terms(**changes)
    return [(error["loc"], error["type"]) for error in refused.value.errors()]


def test_the_example_of_the_interface_is_accepted() -> None:
    assert Terms.model_validate(EXAMPLE).regular_price is not None


def test_the_document_leaves_out_what_says_nothing() -> None:
    bare = terms(criteria=None, description=None, exclusive_group=None)
    assert "criteria" not in bare.document()
    assert bare == terms(criteria=None, description={}, exclusive_group=None, priority=100, alternative=None)
    assert (
        bare.content_hash() == terms(criteria=None, description={}, exclusive_group=None, priority=100).content_hash()
    )


def test_an_empty_list_of_what_combines_is_not_the_same_as_none() -> None:
    assert terms(combines_with=[]).content_hash() != terms(combines_with=None).content_hash()
    assert Terms.read(terms(combines_with=[]).document()).combines_with == []


def test_the_document_reads_back_to_the_same_terms_and_hash() -> None:
    made = terms(honour_for="P2W", benefits=[{"kind": "percent_off", "basis_points": 1500, "cap": [usd(100)]}])
    assert Terms.read(made.document()) == made
    assert Terms.read(made.document()).content_hash() == made.content_hash()


def test_the_record_of_the_log_carries_the_same_terms() -> None:
    record = offer(version(terms(criteria={"not": LEAF})))
    again = OfferRecord.parse(record.to_bytes())
    assert again == record
    assert again.to_bytes() == record.to_bytes()
    assert again.versions[0].terms.content_hash() == record.versions[0].content_hash


def test_a_reader_of_the_log_leaves_out_fields_of_later_releases() -> None:
    later = {**EXAMPLE, "budget": [], "validity": {**EXAMPLE["validity"], "zone": "UTC"}}
    assert Terms.read(later) == Terms.model_validate(EXAMPLE)


@pytest.mark.parametrize("field", ["when_gone", "Title", ""])
def test_unknown_fields_are_refused_by_name(field: str) -> None:
    assert wrong(**{field: []}) == [((field,), "extra_forbidden")]


@pytest.mark.parametrize("field", ["limits", "codes", "windows"])
def test_an_empty_list_says_what_its_absence_says(field: str) -> None:
    assert Terms.model_validate({**EXAMPLE, field: []}).content_hash() == Terms.model_validate(EXAMPLE).content_hash()


@pytest.mark.parametrize(
    ("benefit", "kind"),
    [
        ({"kind": "present"}, "union_tag_invalid"),
        ({}, "union_tag_not_found"),
        ({"kind": "fixed_price", "price": {"amount": 1.5, "currency": "USD"}}, "int_type"),
        ({"kind": "fixed_price", "price": {"amount": True, "currency": "USD"}}, "int_type"),
        ({"kind": "fixed_price", "price": {"amount": 2**63, "currency": "USD"}}, "less_than_equal"),
        ({"kind": "fixed_price", "price": [usd(1), usd(2)]}, "currency_repeated"),
        ({"kind": "fixed_price", "price": []}, "too_short"),
        ({"kind": "percent_off", "basis_points": 10_001}, "less_than_equal"),
        ({"kind": "percent_off", "basis_points": 0}, "greater_than_equal"),
        ({"kind": "percent_off", "basis_points": "1500"}, "int_type"),
        ({"kind": "amount_off", "amount": usd(5)}, "missing"),
        ({"kind": "amount_off", "amount": usd(5), "per": "order"}, "literal_error"),
        ({"kind": "amount_off", "amount": usd(5), "per": "line", "units": 2}, "option_unfit"),
        ({"kind": "amount_off", "amount": usd(5), "per": "line", "colour": 2}, "extra_forbidden"),
    ],
)
def test_a_benefit_that_means_nothing_is_refused(benefit: dict[str, Any], kind: str) -> None:
    assert [each for _, each in wrong(benefits=[benefit])] == [kind]


def test_one_to_five_benefits() -> None:
    assert wrong(benefits=[]) == [(("benefits",), "too_short")]
    assert wrong(benefits=EXAMPLE["benefits"] * 6) == [(("benefits",), "too_long")]


def test_skus_are_distinct_and_may_be_many() -> None:
    assert wrong(products={"skus": ["A", "B", "A"]}) == [(("products", "skus"), "repeated")]
    assert len(terms(products={"skus": [f"S{n}" for n in range(20_000)]}).products.skus) == 20_000
    assert wrong(products={"skus": [f"S{n}" for n in range(scalars.SKUS_MOST + 1)]}) == [
        (("products", "skus"), "too_long")
    ]


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "a b", "", "a\n", "x" * 65, "\ud800", 5, None, True])
def test_a_sku_is_a_short_word(text: object) -> None:
    assert wrong(products={"skus": [text]})


@pytest.mark.parametrize("text", ["", "  ", "two\nlines", "nul\x00", "x" * 121, "\udfff", 5])
def test_a_title_is_one_line(text: object) -> None:
    assert wrong(title={"en": text})


def test_cards_are_short() -> None:
    def card(**texts: Any) -> list[tuple[tuple[int | str, ...], str]]:
        return wrong(cards={"web": {"en": {"say": "Yes.", **texts}}})

    at = ("cards", "web", "en")
    assert card(say="word " * 36) == [((*at, "say"), "say_too_long")]
    assert card(say=" ") == [((*at, "say"), "string_pattern_mismatch")]
    assert card(steps=["x"] * 7) == [((*at, "steps"), "too_long")]
    assert card(steps=["x" * 41]) == [((*at, "steps", 0), "string_too_long")]
    assert card(locale="en") == [((*at, "locale"), "extra_forbidden")]
    assert terms(cards={"web": {"en": {"say": "word " * 35, "steps": ["x" * 40] * 6}}})


def test_channels_and_locales_are_closed_sets() -> None:
    assert wrong(shown_in=["email"]) == [(("shown_in", 0), "literal_error")]
    assert wrong(promised_in=["fax"]) == [(("promised_in", 0), "literal_error")]
    assert wrong(honour={"fax": {"action": "native"}})
    assert wrong(honour={"web": {"action": "refer", "to": "email"}}) == [
        (("honour", "web", "refer", "to"), "literal_error")
    ]
    assert wrong(title={"english": "x"})


@pytest.mark.parametrize("key", ["Upper", "with space", "-a", "a-", "a--b", "", "x" * 81, "a_b", "ofr_1"])
def test_an_alternative_is_named_by_key_or_id(key: str) -> None:
    assert wrong(alternative=key)
    assert terms(alternative=KEY).alternative == KEY
    assert terms(alternative="ofr_" + "0" * 26).alternative


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("P14D", "P14D"),
        ("P2W", "P14D"),
        ("PT24H", "P1D"),
        ("PT90M", "PT1H30M"),
        ("P1DT30M", "P1DT30M"),
        ("PT5S", "PT5S"),
    ],
)
def test_durations_have_one_spelling(text: str, canonical: str) -> None:
    assert duration_text(DURATION.validate_python(text)) == canonical


@pytest.mark.parametrize(
    "text", ["P1M", "P1Y", "P", "PT", "P0D", "P1DT", "-P1D", "P1.5D", "14D", "p14d", "P99999D", "P١D", 14, None, ""]
)
def test_durations_that_depend_on_the_day_or_say_nothing_are_refused(text: object) -> None:
    with pytest.raises(ValidationError):
        DURATION.validate_python(text)


@given(
    st.timedeltas(timedelta(seconds=1), scalars.DURATION_MOST).map(lambda d: timedelta(seconds=int(d.total_seconds())))
)
def test_durations_read_back(duration: timedelta) -> None:
    assert DURATION.validate_python(duration_text(duration)) == duration


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-06-01T00:00:00Z", datetime(2026, 6, 1, tzinfo=UTC)),
        ("2026-06-01T02:00:00+02:00", datetime(2026, 6, 1, tzinfo=UTC)),
        ("2026-06-01T00:00:00.25Z", datetime(2026, 6, 1, 0, 0, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_instants_are_kept_in_utc(text: str, instant: datetime) -> None:
    assert INSTANT.validate_python(text) == instant
    assert INSTANT.validate_python(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    ["2026-06-01", "2026-06-01T00:00:00", "2026-02-30T00:00:00Z", "2026-06-01T24:00:00Z", "2026-06-01T00:00:60Z",
     "2026-06-01 00:00:00Z", "0001-01-01T00:00:00+14:00", 1780272000, 1.5, None, NAIVE, "x" * 10**6],
)  # fmt: skip
def test_instants_of_another_form_are_refused(text: object) -> None:
    with pytest.raises(ValidationError):
        INSTANT.validate_python(text)


@given(st.integers(0, 4 * 10**10).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC)))
def test_instants_read_back(instant: datetime) -> None:
    assert INSTANT.validate_python(scalars.instant_text(instant)) == instant


def nested(depth: int) -> dict[str, Any]:
    tree: dict[str, Any] = LEAF
    for _ in range(depth):
        tree = {"not": tree}
    return tree


def test_criteria_may_be_nested_but_not_without_end() -> None:
    assert terms(criteria=nested(c.DEPTH_MOST - 1))
    assert wrong(criteria=nested(c.DEPTH_MOST)) == [(("criteria",), "criteria_too_deep")]
    assert wrong(criteria=nested(10_000)) == [(("criteria",), "criteria_too_deep")]


def test_criteria_may_be_many_but_not_without_end() -> None:
    assert terms(criteria={"all": [LEAF] * (c.NODES_MOST - 1)})
    assert wrong(criteria={"all": [LEAF] * c.NODES_MOST}) == [(("criteria",), "criteria_too_many")]
    assert wrong(criteria={"all": [LEAF] * 10**6}) == [(("criteria",), "criteria_too_many")]


@pytest.mark.parametrize(
    "criterion",
    [
        {}, [], "x", 1, True, {"all": []}, {"all": LEAF}, {"all": [LEAF], "any": [LEAF]}, {"not": [LEAF]},
        {"not": None},
        {**LEAF, "extra": 1}, {**LEAF, "op": "contains"}, {**LEAF, "op": ["gte"]}, {**LEAF, "value": 1.0},
        {**LEAF, "value": None}, {**LEAF, "value": [1]}, {**LEAF, "value": 2**53}, {**LEAF, "value": "x" * 201},
        {**LEAF, "value": "nul\x00"}, {**LEAF, "value": "\ud800"}, {**LEAF, "attribute": "size"},
        {**LEAF, "attribute": "a.B"},
        {**LEAF, "op": "in", "value": []}, {**LEAF, "op": "in", "value": 1},
        {**LEAF, "op": "in", "value": [1, 1]},
        {**LEAF, "op": "in", "value": list(range(1_001))}, {**LEAF, "op": "between", "value": [1]},
        {**LEAF, "op": "between", "value": [1, 2, 3]}, {**LEAF, "op": "exists", "value": 1},
    ],
)  # fmt: skip
def test_a_criterion_of_another_form_is_refused(criterion: object) -> None:
    assert wrong(criteria=criterion)


def test_a_large_document_is_refused_in_bounded_time() -> None:
    assert wrong(criteria={"attribute": "household.size", "op": "in", "value": list(range(10**6))})


@pytest.mark.parametrize("document", [None, [], "x", 5, {}])
def test_terms_that_are_no_terms_are_refused(document: object) -> None:
    with pytest.raises(ValidationError):
        Terms.model_validate(document)


def test_the_schema_has_examples_that_parse() -> None:
    for example in Terms.model_json_schema()["examples"]:
        assert Terms.model_validate(example)
