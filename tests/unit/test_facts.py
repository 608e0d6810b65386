"""Facts: the view's win, the caller's fill what is absent, and nobody guesses between two lines (api §3, §6)."""

from typing import Any

import pytest

from concord.contracts.records import HouseholdRecord, PromiseRecord
from concord.decision.facts import agreed, gather, household_view, member_facts, read_household
from concord.decision.kleene import DIFFERS
from unit.decision_samples import AT, DAUGHTER, HOUSEHOLD, L1, L2, LINDA, household, promise, terms


def test_a_named_line_speaks_for_itself_and_for_its_user() -> None:
    facts = gather(household(), None, L1, {})
    assert facts["line.tenure_months"] == 44
    assert facts["customer.birth_year"] == 1978
    assert facts["customer.segment"] == "loyal"
    assert facts["household.size"] == 2
    assert gather(household(), None, L2, {})["customer.birth_year"] == 2013


def test_a_named_party_wins_over_the_user_of_the_line() -> None:
    facts = gather(household(), LINDA, L2, {})
    assert (facts["line.tenure_months"], facts["customer.birth_year"]) == (14, 1978)


def test_with_several_lines_and_none_named_a_fact_is_known_only_if_all_agree() -> None:
    lines = {L1: {"line.tenure_months": 44, "line.barred": False}, L2: {"line.tenure_months": 14, "line.barred": False}}
    facts = gather(household(lines=lines), LINDA, None, {})
    assert facts["line.barred"] is False
    assert facts["line.tenure_months"] is DIFFERS


def test_a_fact_that_some_lines_lack_is_not_agreed() -> None:
    assert gather(household(), LINDA, None, {})["line.barred"] is DIFFERS


def test_people_are_treated_as_lines_when_nobody_is_named() -> None:
    assert gather(household(), None, None, {})["customer.birth_year"] is DIFFERS
    assert gather(household(), DAUGHTER, None, {})["customer.birth_year"] == 2013


def test_one_line_needs_no_name() -> None:
    assert gather(household(lines={L1: {"line.tenure_months": 44}}), LINDA, None, {})["line.tenure_months"] == 44


def test_the_facts_of_the_view_win_and_those_of_the_caller_fill_what_is_absent() -> None:
    given = {"line.tenure_months": 99, "household.size": 9, "line.barred": True}
    facts = gather(household(lines={L1: {"line.tenure_months": 44}}), LINDA, L1, given)
    assert (facts["line.tenure_months"], facts["household.size"], facts["line.barred"]) == (44, 2, True)


def test_the_caller_cannot_settle_what_lines_disagree_on() -> None:
    assert gather(household(), LINDA, None, {"line.tenure_months": 44})["line.tenure_months"] is DIFFERS


def test_without_a_household_there_are_only_the_facts_of_the_caller() -> None:
    assert gather(None, None, None, {"household.size": 3}) == {"household.size": 3}


@pytest.mark.parametrize(
    ("born", "expected"),
    [("1978", 1978), ("1978-05-01", 1978), (None, None), ("", None), ("c. 1978", None), ("٢٠١٣", None)],
)
def test_the_year_of_birth_comes_from_the_date(born: str | None, expected: int | None) -> None:
    assert member_facts(born, {}).get("customer.birth_year") == expected


def test_a_stated_year_of_birth_stays() -> None:
    assert member_facts("1978", {"customer.birth_year": 1980}) == {"customer.birth_year": 1980}


@pytest.mark.parametrize(
    ("maps", "expected"),
    [([], {}), ([{"a": 1}], {"a": 1}), ([{"a": 1}, {"a": True}], {"a": DIFFERS}), ([{}, {"a": 1}], {"a": DIFFERS})],
)
def test_agreement_compares_types_too(maps: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    assert agreed(maps) == expected


def test_the_quick_reader_reads_what_the_models_read() -> None:
    view = household(promise(), promise(number=2, terms=terms()))
    document = HouseholdRecord.model_validate(
        {
            "id": HOUSEHOLD, "version": 4, "facts": {"household.size": 2},
            "members": [
                {"id": LINDA, "born": "1978", "facts": {"customer.segment": "loyal"}},
                {"id": DAUGHTER, "born": "2013-05-01"},
            ],
            "lines": [
                {"id": L1, "holder": LINDA, "user": LINDA, "payer": LINDA, "lookup": "0" * 32, "last_digits": "0117",
                 "facts": {"line.tenure_months": 44, "line.barred": False}},
                {"id": L2, "holder": LINDA, "user": DAUGHTER, "payer": LINDA, "lookup": "0" * 32, "last_digits": "0117",
                 "facts": {"line.tenure_months": 14}},
            ],
        }
    )  # fmt: skip
    promises = [promise(), promise(number=2, terms=terms())]
    assert household_view(document, promises, epoch=1) == view
    values = [each.to_bytes() for each in promises]
    assert read_household(document.to_bytes(), values, epoch=1, household=HOUSEHOLD) == view
    assert view.version == 7
    assert PromiseRecord.parse(values[0]).made_at < AT


def test_promises_may_be_known_before_their_household() -> None:
    view = read_household(None, [promise().to_bytes()], epoch=1, household=HOUSEHOLD)
    assert (view.id, view.version, len(view.promises), view.members, view.lines) == (HOUSEHOLD, 6, 1, {}, {})
