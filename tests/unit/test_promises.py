"""What may be promised, until when, and what the log says of it (terms §6)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from concord import codes
from concord.contracts.records import ActivationState, PromiseRecord, PromiseState
from concord.decision.criteria import Criteria
from concord.decision.kleene import compile_criteria
from concord.errors import Invalid
from concord.testkit.ids import CountingIds, SeededRandomness
from customer_profile import domain, promises
from customer_profile.documents import NewHousehold, NewPromise
from customer_profile.domain import Household
from customer_profile.errors import (
    DeadlineMissing,
    DeadlineUnfit,
    LineUnknown,
    NotPromisable,
    OfferUnknown,
    PartyUnknown,
)
from customer_profile.promises import Maker, OfferCopy, Promisable

NOW = datetime(2026, 6, 1, 9, 12, tzinfo=UTC)
END = NOW + timedelta(days=14)
LIVE, HONOURABLE = ActivationState.LIVE, ActivationState.HONOURABLE
VERSION = Promisable(1, "a" * 64, LIVE, END, None, frozenset({"email", "web"}))
HOUSEHOLD: dict[str, Any] = {
    "members": [{"ref": "linda", "born": "1978"}, {"ref": "daughter"}],
    "lines": [
        {"ref": "L1", "number": "+12025550117", "holder": "linda", "facts": {"line.tenure_months": 44}},
        {
            "ref": "L2",
            "number": "+12025550142",
            "holder": "linda",
            "user": "daughter",
            "facts": {"line.tenure_months": 8},
        },
    ],
    "facts": {"household.size": 2},
}


def household() -> Household:
    return domain.new_household(NewHousehold.model_validate(HOUSEHOLD), CountingIds())


def maker(now: datetime = NOW) -> Maker:
    return Maker("campaign", now, CountingIds(), SeededRandomness())


def offer(*versions: Promisable) -> OfferCopy:
    return OfferCopy("ofr_1", "upgrade", 7, {version.version: version for version in versions or (VERSION,)})


def asked(**changes: Any) -> NewPromise:
    body = {"household": "hh", "party": "linda", "offer": "upgrade", "channel": "email", "evidence": {"kind": "call"}}
    return NewPromise.model_validate(body | changes)


def gated(criteria: dict[str, Any]) -> OfferCopy:
    parsed = TypeAdapter(Criteria).validate_python(criteria)
    return offer(replace(VERSION, criteria=parsed, gate=compile_criteria(parsed)))


def test_promise_pins_the_version_and_its_hash() -> None:
    made = maker().make(asked(), household(), offer())
    assert (made.offer, made.offer_key, made.offer_version, made.content_hash) == ("ofr_1", "upgrade", 1, "a" * 64)
    assert (made.made_at, made.made_by, made.state) == (NOW, "campaign", PromiseState.OPEN)
    assert codes.fold(made.code) == made.code


def test_promise_of_an_offer_nobody_knows_is_refused() -> None:
    with pytest.raises(OfferUnknown):
        maker().make(asked(), household(), None)


def test_promise_names_party_and_line_of_the_household() -> None:
    with pytest.raises(PartyUnknown):
        maker().make(asked(party="sam"), household(), offer())
    with pytest.raises(LineUnknown):
        maker().make(asked(line="L9"), household(), offer())
    assert maker().make(asked(party="daughter"), household(), offer()).party == household().members[1].id


@pytest.mark.parametrize("state", [state for state in ActivationState if state not in {LIVE, HONOURABLE}])
def test_promise_needs_a_version_that_is_honourable_or_live(state: ActivationState) -> None:
    with pytest.raises(NotPromisable):
        maker().make(asked(), household(), offer(replace(VERSION, state=state)))
    with pytest.raises(NotPromisable):
        maker().make(asked(version=1), household(), offer(replace(VERSION, state=state)))


def test_promise_without_a_version_takes_the_live_one_before_a_newer_honourable_one() -> None:
    versions = offer(replace(VERSION, version=2), replace(VERSION, version=3, state=HONOURABLE))
    assert maker().make(asked(), household(), versions).offer_version == 2
    assert maker().make(asked(version=3), household(), versions).offer_version == 3


def test_promise_without_a_version_takes_the_newest_honourable_one_when_none_is_live() -> None:
    versions = offer(replace(VERSION, state=HONOURABLE), replace(VERSION, version=2, state=HONOURABLE))
    assert maker().make(asked(), household(), versions).offer_version == 2


def test_promise_needs_an_end_that_is_not_past() -> None:
    assert maker(END - timedelta(milliseconds=1)).make(asked(), household(), offer())
    with pytest.raises(NotPromisable):
        maker(END).make(asked(), household(), offer())


def test_promise_needs_a_channel_it_may_be_promised_in() -> None:
    with pytest.raises(NotPromisable, match="email, web"):
        maker().make(asked(channel="sms"), household(), offer())


def test_deadline_is_the_end_unless_the_offer_says_how_long() -> None:
    assert promises.deadline(VERSION, NOW, None) == END
    assert promises.deadline(replace(VERSION, honour_for=timedelta(days=30)), NOW, None) == NOW + timedelta(days=30)
    assert promises.deadline(replace(VERSION, end=None, honour_for=timedelta(1)), NOW, None) == NOW + timedelta(1)


def test_deadline_asked_for_may_be_earlier_only() -> None:
    earlier = NOW + timedelta(days=2)
    assert promises.deadline(VERSION, NOW, earlier) == earlier
    assert promises.deadline(VERSION, NOW, END) == END
    for unfit in (NOW, NOW - timedelta(1), END + timedelta(seconds=1)):
        with pytest.raises(DeadlineUnfit):
            promises.deadline(VERSION, NOW, unfit)


def test_deadline_of_an_endless_offer_must_be_asked_for() -> None:
    endless = replace(VERSION, end=None)
    with pytest.raises(DeadlineMissing):
        promises.deadline(endless, NOW, None)
    assert promises.deadline(endless, NOW, END) == END


@given(
    st.timedeltas(timedelta(milliseconds=1), timedelta(days=3_000)), st.timedeltas(timedelta(0), timedelta(days=3_000))
)
def test_deadline_is_never_later_than_the_offers(length: timedelta, wish: timedelta) -> None:
    version = replace(VERSION, honour_for=length)
    try:
        assert NOW < promises.deadline(version, NOW, NOW + wish) <= NOW + length
    except DeadlineUnfit:
        assert not timedelta(0) < wish <= length


def test_criteria_hold_when_one_line_of_the_party_meets_them() -> None:
    long_standing = gated({"attribute": "line.tenure_months", "op": "gte", "value": 12})
    assert maker().make(asked(), household(), long_standing)
    assert maker().make(asked(line="L1"), household(), long_standing)
    with pytest.raises(NotPromisable) as refused:
        maker().make(asked(line="L2"), household(), long_standing)
    assert [error.reason for error in refused.value.errors] == ["criterion_not_met"]
    with pytest.raises(NotPromisable):
        maker().make(asked(party="daughter"), household(), long_standing)


def test_criteria_that_need_an_unknown_fact_refuse_and_name_it() -> None:
    unbarred = gated({"not": {"attribute": "line.barred", "op": "eq", "value": True}})
    with pytest.raises(NotPromisable) as refused:
        maker().make(asked(), household(), unbarred)
    assert [error.reason for error in refused.value.errors] == ["fact_missing"]
    assert maker().make(asked(facts={"line.barred": False}), household(), unbarred)
    with pytest.raises(NotPromisable):
        maker().make(asked(facts={"line.barred": True}), household(), unbarred)


def test_facts_of_the_household_win_over_the_callers() -> None:
    large = gated({"attribute": "household.size", "op": "gte", "value": 5})
    with pytest.raises(NotPromisable):
        maker().make(asked(facts={"household.size": 6}), household(), large)


def test_facts_of_another_type_are_refused() -> None:
    with pytest.raises(Invalid):
        maker().make(asked(facts={"household.size": "six"}), household(), offer())


@pytest.mark.parametrize("state", list(PromiseState))
def test_log_value_is_the_bytes_of_the_record(state: PromiseState) -> None:
    evidence = {
        "kind": "message",
        "channel": "email",
        "words": "Yours.",
        "sent_at": "2026-06-01T08:00:00.25Z",
        "reference": "c",
    }
    made = replace(
        maker(NOW.replace(microsecond=7_000)).make(asked(evidence=evidence), household(), offer()), state=state
    )
    value = promises.log_value(made, 12)
    record = PromiseRecord.parse(value)
    assert record.to_bytes() == value
    assert (record.id, record.version, record.state, record.honour_until) == (made.id, 12, state, END)
    assert b"Yours." not in value


@given(st.integers(1, 2**62))
def test_log_value_around_its_version_is_the_same_bytes(version: int) -> None:
    made = maker().make(asked(), household(), offer())
    head, tail = promises.log_value_around_version(made)
    assert head + str(version).encode() + tail == promises.log_value(made, version)


def test_promise_past_its_deadline_reads_as_expired() -> None:
    made = maker().make(asked(), household(), offer())
    assert promises.shown(made, END - timedelta(milliseconds=1)).state is PromiseState.OPEN
    assert promises.shown(made, END).state is PromiseState.EXPIRED
    assert promises.shown(replace(made, state=PromiseState.HONOURED), END).state is PromiseState.HONOURED
    assert promises.shown(made, NOW).code == codes.shown(made.code)
