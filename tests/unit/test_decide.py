"""Verdicts: who gets what where, and why not (api §4 and §6, terms §2, protocol R1, R4, R17)."""

from typing import Any

import pytest

from concord.contracts.records import ActivationState
from concord.decision.question import Question, Setting, setting_at
from concord.decision.reasons import Verdict
from concord.decision.scalars import CHANNELS
from concord.decision.timing import Freshness
from concord.money import Money
from unit.decision_samples import (
    AT,
    HOUSEHOLD,
    KEY,
    L2,
    LINDA,
    ask,
    codes_of,
    household,
    items,
    linda,
    offer,
    only,
    promise,
    terms,
    version,
)

S = ActivationState
ZERO, REGULAR, FEE = (Money(amount=amount, currency="USD") for amount in (0, 13000, 500))
NATIVE: dict[str, Any] = {channel: {"action": "native"} for channel in CHANNELS}
NOBODY = Question(offers=(KEY,))
ELIGIBLE = Question(offers=(KEY,), facts={"line.tenure_months": 12, "line.barred": False})


@pytest.mark.parametrize(
    ("channel", "alone", "promised", "fee", "pays"),
    [
        ("web", "available", "honour", None, 0),
        ("call_center", "honour", "honour", None, 0),
        ("store_pos", "honour_with_fee", "honour_with_fee", FEE, 500),
        ("sms", "refer", "refer", None, 0),
    ],
)
def test_each_channel_does_what_its_cell_says(
    channel: str, alone: str, promised: str, fee: Money | None, pays: int
) -> None:
    without = only(ask(linda(), [offer()], household(), channel))
    with_one = only(ask(linda(), [offer()], household(promise()), channel))
    assert (without.verdict, with_one.verdict) == (alone, promised)
    for item in (without, with_one):
        assert (item.fee, item.customer_pays, item.instead_of) == (fee, Money(amount=pays, currency="USD"), REGULAR)
    assert (with_one.promise is not None, without.promise) == (True, None)


def test_a_channel_outside_shown_in_never_says_no_such_offer() -> None:
    """terms §2: outside `shown_in`, whoever asks gets the channel's honour cell."""
    record = offer(version(terms(shown_in=[])))
    assert [only(ask(linda(), [record], household(), channel)).verdict for channel in CHANNELS] == [
        "available", "honour_with_fee", "honour", "refer",
    ]  # fmt: skip


def test_a_referral_says_where_to() -> None:
    item = only(ask(linda(), [offer()], household(), "sms"))
    assert (item.refer_to, item.say_this) == ("web", "We cannot do this here; you can have it on our website.")


def test_an_escalation_says_to_whom() -> None:
    cell = {**NATIVE, "web": {"action": "escalate"}}
    item = only(ask(linda(), [offer(version(terms(honour=cell)))], household()))
    assert (item.verdict, item.escalate_to, codes_of(item)) == ("escalate", "supervisor", ["needs_approval"])


def test_an_alternative_cell_gives_the_other_offer() -> None:
    cell = {**NATIVE, "web": {"action": "alternative", "offer": "other"}}
    records = [offer(version(terms(honour=cell))), offer(version(terms(title={"en": "Other"})), number=2, key="other")]
    item = only(ask(linda(), records, household()))
    assert item.verdict == "alternative"
    assert item.alternative is not None
    assert (item.alternative.offer, item.alternative.title, item.customer_pays) == ("other", "Other", None)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (S.PREPARING, "offer_not_released"),
        (S.HONOURABLE, None),
        (S.LIVE, None),
        (S.SUSPENDED, None),
        (S.CLOSING, "offer_withdrawn"),
        (S.CLOSED, "offer_withdrawn"),
    ],
)
@pytest.mark.parametrize("channel", CHANNELS)
def test_on_request_in_each_state(state: ActivationState, code: str | None, channel: str) -> None:
    item = only(ask(linda(), [offer(version(state=state))], household(), channel))
    assert (item.verdict is Verdict.REFUSED) == (code is not None)
    if code is not None:
        assert codes_of(item) == [code]
        assert (item.benefits, item.customer_pays, item.instead_of, item.fee, item.card) == ([], None, None, None, None)


@pytest.mark.parametrize("state", [state for state in S if state is not S.CLOSED])
@pytest.mark.parametrize("channel", CHANNELS)
def test_a_promise_is_honoured_whatever_the_offers_state(state: ActivationState, channel: str) -> None:
    """R15: the offer's state is not asked."""
    first = items(ask(linda(), [offer(version(state=state))], household(promise()), channel))[0]
    assert first.verdict in {"honour", "honour_with_fee", "refer"}
    assert first.customer_pays is not None


@pytest.mark.parametrize("state", list(S))
def test_only_live_is_shown(state: ActivationState) -> None:
    question = Question(household=HOUSEHOLD, party=LINDA)
    assert bool(items(ask(question, [offer(version(state=state))], household()))) == (state is S.LIVE)


def test_an_unknown_offer_is_a_refusal_with_its_name() -> None:
    item = only(ask(linda("no such offer"), [offer()], household()))
    assert (item.offer, item.version, item.verdict, codes_of(item)) == (
        "no such offer",
        None,
        "refused",
        ["offer_unknown"],
    )


def test_an_offer_is_found_by_key_and_id_once() -> None:
    record = offer()
    assert only(ask(linda(KEY, record.id, KEY), [record], household())).offer == KEY


def test_a_version_this_build_cannot_read_is_withheld_and_not_shown() -> None:
    """R4: a replica that cannot honour a version is fenced for it by its own decision."""
    record = offer(version(evaluator_min=99))
    assert codes_of(only(ask(linda(), [record], household()))) == ["evaluator_too_old"]
    assert items(ask(Question(), [record], None)) == []
    pending = items(ask(linda(), [record], household(promise())))[0]
    assert pending.verdict == "pending"


def test_nobody_without_facts_is_told_which_are_missing() -> None:
    item = only(ask(NOBODY, [offer()], None))
    assert item.verdict == "unknown"
    assert [(reason.code, reason.attribute) for reason in item.reasons] == [
        ("fact_missing", "line.tenure_months"),
        ("fact_missing", "line.barred"),
    ]
    assert item.say_this == "We need to know how long the line has been with us before we can say."


def test_a_fact_that_lines_dispute_is_missing() -> None:
    item = only(ask(Question(household=HOUSEHOLD, party=LINDA, offers=(KEY,)), [offer()], household()))
    assert [reason.attribute for reason in item.reasons] == ["line.tenure_months", "line.barred"]


def test_a_criterion_that_fails_is_said_aloud_and_the_missing_fact_beside_it_is_not() -> None:
    lines = {L2: {"line.tenure_months": 8}}
    item = only(ask(Question(household=HOUSEHOLD, line=L2, offers=(KEY,)), [offer()], household(lines=lines)))
    assert item.verdict == "refused"
    assert [(reason.code, reason.attribute, reason.sentence) for reason in item.reasons] == [
        (
            "criterion_not_met",
            "line.tenure_months",
            "This offer needs the months the line has been with us to be at least 12.",
        )
    ]


def test_a_barred_line_is_refused_with_the_opposite_of_not() -> None:
    facts = {"line.tenure_months": 12, "line.barred": True}
    item = only(ask(Question(offers=(KEY,), facts=facts), [offer()], None))
    assert item.say_this == "This offer needs the line not to be barred."


@pytest.mark.parametrize("nothing", [{"criteria": None}, {}])
def test_without_criteria_everybody_qualifies(nothing: dict[str, Any]) -> None:
    of = terms(criteria=None, **nothing) if nothing == {} else terms(**nothing)
    assert only(ask(NOBODY, [offer(version(of))], None)).verdict == "available"


@pytest.mark.parametrize("facts", [{"line.tenure_months": 1, "line.barred": True}, {}])
def test_criteria_that_gate_the_customer_are_never_checked_for_a_promise(facts: dict[str, Any]) -> None:
    """terms §6: checked when the promise is made, never again."""
    held = household(promise(), lines={"lin_" + "1" * 26: facts})
    assert only(ask(linda(), [offer()], held)).verdict == "honour"


@pytest.mark.parametrize("reason", ["closed", "criteria", "time"])
def test_reason_and_sentence_of_a_refusal_do_not_depend_on_the_channel(reason: str) -> None:
    """api §6, story scene 9."""
    records = {
        "closed": offer(version(state=S.CLOSING)),
        "criteria": offer(version(terms(criteria={"attribute": "household.size", "op": "gt", "value": 2}))),
        "time": offer(version(terms(validity={"start": "2026-07-01T00:00:00Z"}))),
    }
    answers = [only(ask(linda(), [records[reason]], household(), channel)) for channel in CHANNELS]
    assert all(item == answers[0] and item.verdict == "refused" for item in answers)


def alternative_of(refused: Any, other: Any, question: Question = ELIGIBLE) -> str | None:
    records = [offer(version(terms(alternative="other"), state=S.CLOSING) if refused is None else refused)]
    records += [] if other is None else [offer(other, number=2, key="other")]
    found = only(ask(question, records, None)).alternative
    return None if found is None else found.offer


def test_the_alternative_is_given_with_a_refusal_when_it_is_live_and_this_customer_is_eligible() -> None:
    assert alternative_of(None, version()) == "other"
    assert alternative_of(None, version(terms(criteria=None)), NOBODY) == "other"


@pytest.mark.parametrize("state", [state for state in S if state is not S.LIVE])
def test_an_alternative_that_is_not_live_is_not_given(state: ActivationState) -> None:
    assert alternative_of(None, version(state=state)) is None


def test_an_alternative_that_is_missing_or_not_for_this_customer_is_not_given() -> None:
    assert alternative_of(None, None) is None
    assert alternative_of(None, version(), NOBODY) is None  # not known to be eligible
    assert (
        alternative_of(None, version(terms(criteria={"attribute": "line.barred", "op": "eq", "value": True}))) is None
    )
    assert alternative_of(None, version(terms(validity={"start": "2026-07-01T00:00:00Z"}))) is None


def test_there_is_no_search_for_an_alternative() -> None:
    assert alternative_of(version(state=S.CLOSING), version()) is None


def fenced(channel: str = "web") -> Setting:
    return setting_at(channel, AT, freshness=Freshness.FENCED)


@pytest.mark.parametrize("state", list(S))
def test_a_fenced_channel_withholds_what_is_not_promised_and_never_refuses(state: ActivationState) -> None:
    item = only(ask(linda(), [offer(version(state=state))], household(), setting=fenced()))
    assert (item.verdict, codes_of(item), item.benefits) == ("withheld", ["view_fenced"], [])
    assert only(ask(linda("nope"), [], household(), setting=fenced())).verdict == "withheld"


def test_a_fenced_channel_honours_promises_and_shows_nothing() -> None:
    question = Question(household=HOUSEHOLD, party=LINDA)
    item = only(ask(question, [offer()], household(promise()), setting=fenced()))
    assert item.verdict == "honour"
    assert only(ask(linda(), [offer()], household(promise()), setting=fenced())).verdict == "honour"


def test_a_stale_channel_answers() -> None:
    setting = setting_at("web", AT, freshness=Freshness.STALE)
    assert only(ask(linda(), [offer()], household(), setting=setting)).verdict == "available"
