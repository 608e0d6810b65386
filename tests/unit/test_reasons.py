"""Reason codes: one vocabulary, every code with a sentence somebody can say."""

import re
from datetime import UTC, datetime
from typing import get_args

import pytest

from concord.decision import reasons
from concord.decision.criteria import EQUALITY, MEMBERSHIP, ORDER, Equality, Existence, Membership, Order, Range
from concord.decision.kleene import Blame
from concord.decision.reasons import ENGLISH, Verdict, not_met, reference, say, until_text
from concord.decision.scalars import Channel, Origin


def test_codes_are_snake_case_and_sentences_end() -> None:
    for code, entry in ENGLISH.items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)
        assert entry.sentence.endswith((".", "?"))
        assert entry.verdicts


def test_every_verdict_has_a_reason() -> None:
    assert {verdict for entry in ENGLISH.values() for verdict in entry.verdicts} == set(Verdict)


def test_every_origin_and_channel_has_its_words() -> None:
    for origin in get_args(Origin):
        sentence = say(f"promised_by_{origin}", promised_on="1 June 2026", until="the end of 14 June 2026").sentence
        assert reasons.origin_text(origin) in sentence
    assert all(reasons.place_text(channel) for channel in get_args(Channel))


def test_an_unknown_locale_speaks_english() -> None:
    assert say("offer_unknown", "xx") == say("offer_unknown", "en")


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 6, 15, tzinfo=UTC), "the end of 14 June 2026"),
        (datetime(2026, 3, 1, tzinfo=UTC), "the end of 28 February 2026"),
        (datetime(2026, 1, 1, tzinfo=UTC), "the end of 31 December 2025"),
        (datetime(2026, 6, 15, 9, 5, tzinfo=UTC), "09:05 UTC on 15 June 2026"),
        (datetime(2026, 6, 15, 0, 0, 0, 1, tzinfo=UTC), "00:00 UTC on 15 June 2026"),
    ],
)
def test_a_half_open_end_is_said_as_people_say_it(instant: datetime, text: str) -> None:
    assert until_text(instant) == text


SIZE = "household.size"
COMPARISONS = [
    *(Equality(attribute=SIZE, op=op, value=2) for op in EQUALITY),
    *(Equality(attribute="line.barred", op=op, value=value) for op in EQUALITY for value in (True, False)),
    *(Order(attribute=SIZE, op=op, value=2) for op in ORDER),
    *(Membership(attribute=SIZE, op=op, value=list(range(9))) for op in MEMBERSHIP),
    Range(attribute=SIZE, op="between", value=[1, 2]),
    Existence(attribute=SIZE, op="exists", value=False),
    Equality(attribute="later.attribute", op="eq", value="x"),
]


@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda comparison: f"{comparison.attribute} {comparison.op}")
def test_every_comparison_and_its_opposite_has_a_sentence(comparison: Equality) -> None:
    (said,), (opposite,) = not_met([Blame(comparison, False)], "en"), not_met([Blame(comparison, True)], "en")
    assert said.sentence != opposite.sentence
    assert said.sentence.startswith("This offer needs ")
    assert "{" not in said.sentence


def test_long_lists_are_cut_and_repetitions_said_once() -> None:
    long = Membership(attribute=SIZE, op="in", value=list(range(9)))
    assert not_met([Blame(long, False)] * 2, "en") == not_met([Blame(long, False)], "en")
    assert not_met([Blame(long, False)], "en")[0].sentence.endswith("to be one of 0, 1, 2, 3, 4 and 4 more.")


def test_the_reference_lists_every_code() -> None:
    page = reference()
    assert all(f"| `{code}` |" in page for code in ENGLISH)
