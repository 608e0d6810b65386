"""Verdicts: who gets what, where and when, and why not (api §4 and §6, terms §2 and §6, protocol R1, R4, R15, R16)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from unit.decision_samples import (
    AT,
    CODE,
    HOUSEHOLD,
    KEY,
    L2,
    LINDA,
    ask,
    codes_of,
    fixed,
    household,
    items,
    linda,
    offer,
    only,
    promise,
    terms,
    usd,
    version,
)

from concord.contracts.records import ActivationState, PromiseState
from concord.decision.question import Question, Setting, setting_at
from concord.decision.reasons import Verdict
from concord.decision.scalars import CHANNELS
from concord.decision.timing import Freshness, Interval, grace
from concord.money import Money

S = ActivationState
ZERO, REGULAR, FEE = (Money(amount=amount, currency="USD") for amount in (0, 13000, 500))
END = datetime(2026, 6, 15, tzinfo=UTC)
NATIVE: dict[str, Any] = {channel: {"action": "native"} for channel in CHANNELS}
NOBODY = Question(offers=(KEY,))
ELIGIBLE = Question(offers=(KEY,), facts={"line.tenure_months": 12, "line.barred": False})


def between(low: datetime, high: datetime, channel: str = "web", at: datetime | None = None) -> Setting:
    return Setting(channel, at or low, Interval(low, high))


# What each channel does (terms §2: total map; api §4: verdicts)


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


# States (R1)


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
    assert (item.offer, item.version, item.verdict, codes_of(item)) == ("no such offer", None, "refused", ["offer_unknown"])


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


# Criteria


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


# Alternatives (terms §2)


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
    assert alternative_of(None, version(terms(criteria={"attribute": "line.barred", "op": "eq", "value": True}))) is None
    assert alternative_of(None, version(terms(validity={"start": "2026-07-01T00:00:00Z"}))) is None


def test_there_is_no_search_for_an_alternative() -> None:
    assert alternative_of(version(state=S.CLOSING), version()) is None


# Time (R16)


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (datetime(2026, 5, 31, 23, 59, 59, 999_000, tzinfo=UTC), "offer_not_started"),
        (datetime(2026, 6, 1, tzinfo=UTC), None),
        (END - timedelta(milliseconds=1), None),
        (END, None),  # still honoured for those who saw it until δ·(1+2ρ) later
        (END + timedelta(milliseconds=30_599), None),
        (END + timedelta(milliseconds=30_600), "offer_ended"),
    ],
)
def test_validity_is_half_open_and_honoured_a_little_longer(at: datetime, code: str | None) -> None:
    item = only(ask(linda(), [offer()], household(), setting=setting_at("web", at)))
    assert codes_of(item) == [code or "available_here"]


def test_the_grace_is_the_time_a_shown_answer_stands() -> None:
    assert grace(timedelta(seconds=30), 0.01) == timedelta(seconds=30.6)
    setting = Setting("web", END, Interval(END, END), leave=timedelta(0))
    assert codes_of(only(ask(linda(), [offer()], household(), setting=setting))) == ["offer_ended"]


def test_an_end_that_is_null_never_comes() -> None:
    record = offer(version(terms(validity={"start": "2026-06-01T00:00:00Z", "end": None})))
    far = setting_at("web", datetime(2999, 1, 1, tzinfo=UTC))
    assert only(ask(linda(), [record], household(), setting=far)).verdict == "available"


SECOND = timedelta(seconds=1)
START = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("low", "high", "shown", "had"),
    [
        (START - SECOND, START - timedelta(microseconds=1), False, False),
        (START - SECOND, START, False, True),  # honoured if it may have begun, shown only when it surely has
        (START, START + SECOND, True, True),
        (END - SECOND, END, False, True),
        (END - 2 * SECOND, END - SECOND, True, True),
        (END + SECOND, END + 40 * SECOND, False, True),
        (END + grace(), END + 2 * grace(), False, False),
    ],
)
def test_shown_when_surely_inside_and_had_unless_surely_outside(
    low: datetime, high: datetime, shown: bool, had: bool
) -> None:
    setting = between(low, high)
    assert bool(items(ask(Question(), [offer(version(terms(criteria=None)))], None, setting=setting))) == shown
    assert (only(ask(linda(), [offer()], household(), setting=setting)).verdict is Verdict.AVAILABLE) == had


def test_effective_at_delays_only_the_showing() -> None:
    record = offer(version(terms(criteria=None), effective_at=AT + SECOND))
    assert items(ask(Question(), [record], None)) == []
    assert only(ask(NOBODY, [record], None)).verdict == "available"
    later = setting_at("web", AT + SECOND)
    assert only(ask(Question(), [record], None, setting=later)).verdict == "available"


def test_without_an_interval_nothing_is_refused_on_grounds_of_time_and_nothing_is_shown() -> None:
    """R16: no heartbeat was adopted in this boot."""
    for at in (START - timedelta(days=1), END + timedelta(days=1)):
        setting = Setting("web", at, None)
        assert only(ask(linda(), [offer()], household(), setting=setting)).verdict == "available"
        held = household(promise(made_at=START - timedelta(days=2)))
        assert items(ask(linda(), [offer()], held, setting=setting))[0].verdict == "honour"
        assert items(ask(Question(), [offer()], None, setting=setting)) == []


@pytest.mark.parametrize(
    ("low", "verdict"), [(END - SECOND, "honour"), (END, "refused"), (END - timedelta(microseconds=1), "honour")]
)
def test_a_promise_is_past_its_deadline_only_when_it_surely_is(low: datetime, verdict: str) -> None:
    setting = between(low, END + timedelta(days=1), at=END + SECOND)
    held = household(promise(state=PromiseState.EXPIRED))
    assert items(ask(linda(), [offer(version(state=S.CLOSING))], held, setting=setting))[0].verdict == verdict


# Promises


def test_promises_come_first_and_say_how_they_were_made() -> None:
    records = [offer(), offer(version(terms(priority=1)), number=2, key="a-first")]
    first, second = items(ask(linda("a-first", KEY), records, household(promise())))
    assert first.promise is not None
    assert (first.offer, first.promise.code, first.promise.channel) == (KEY, "K7M2-9QX4-TB", "email")
    assert first.say_this == (
        "This was promised to you by e-mail on 2 June 2026, and it holds until the end of 14 June 2026."
    )
    assert second.offer == "a-first"


@pytest.mark.parametrize("channel", ["web", "store_pos", "call_center", "sms", "email", "mail"])
def test_every_origin_has_its_reason(channel: str) -> None:
    item = only(ask(linda(), [offer()], household(promise(channel=channel))))
    assert codes_of(item) == [f"promised_by_{channel}"]


def test_a_promise_keeps_its_terms_when_the_offer_changes_and_when_it_goes() -> None:
    """Story scene 7: 49.00, then withdrawn; the promise stays 0.00."""
    old, dearer = terms(), terms(benefits=fixed(4900))
    lives = [
        [version(old, 1, S.SUSPENDED, leaving=True), version(dearer, 2, S.LIVE)],
        [version(old, 1, S.CLOSING), version(dearer, 2, S.LIVE)],
        [version(old, 1, S.CLOSING), version(dearer, 2, S.SUSPENDED, leaving=True)],
        [version(old, 1, S.CLOSING), version(dearer, 2, S.CLOSING)],
    ]
    for versions in lives:
        item = only(ask(linda(), [offer(*versions)], household(promise(old))))
        assert (item.verdict, item.customer_pays, item.version) == ("honour", ZERO, 1)


def test_when_todays_offer_is_worth_more_both_are_shown() -> None:
    """terms §3: promised terms beside today's; the customer gets what is worth more."""
    old, cheaper = terms(benefits=fixed(4900)), terms()
    record = offer(version(old, 1, S.CLOSING), version(cheaper, 2, S.LIVE))
    kept, today = items(ask(linda(), [record], household(promise(old))))
    assert (kept.version, kept.verdict, kept.customer_pays) == (1, "honour", Money(amount=4900, currency="USD"))
    assert (today.version, today.verdict, today.customer_pays, today.promise) == (2, "available", ZERO, None)


def test_several_promises_on_one_offer_are_several_items() -> None:
    sooner = promise(number=2, honour_until=END - timedelta(days=3), code="0" * 10)
    found = items(ask(linda(), [offer()], household(promise(), sooner)))
    assert [item.promise.id for item in found if item.promise] == [sooner.id, promise().id]


@pytest.mark.parametrize("state", [PromiseState.OPEN, PromiseState.HELD])
def test_an_open_or_held_promise_is_honoured(state: PromiseState) -> None:
    item = only(ask(linda(), [offer()], household(promise(state=state))))
    assert item.promise is not None
    assert (item.verdict, item.promise.state) == ("honour", state)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"state": PromiseState.HONOURED}, "promise_honoured"),
        ({"state": PromiseState.CANCELLED}, "promise_cancelled"),
        ({"honour_until": AT}, "promise_expired"),
        ({"honour_until": AT - timedelta(hours=1), "state": PromiseState.EXPIRED}, "promise_expired"),
    ],
)
def test_a_promise_that_ended_says_so_and_the_offer_is_open_to_her_as_to_anybody(fields: dict[str, Any], code: str) -> None:
    ended, open_to_all = items(ask(linda(), [offer()], household(promise(**fields))))
    assert (ended.verdict, codes_of(ended), ended.benefits) == ("refused", [code], [])
    assert ended.promise is not None
    assert open_to_all.verdict == "available"


def test_a_promise_made_after_the_instant_is_not_counted() -> None:
    later = promise(made_at=AT + timedelta(milliseconds=1))
    assert only(ask(linda(), [offer()], household(later))).promise is None
    same_millisecond = promise(made_at=AT + timedelta(microseconds=999))
    assert only(ask(linda(), [offer()], household(same_millisecond))).promise is not None


def test_a_promise_whose_version_the_view_lacks_is_pending_never_refused() -> None:
    """R15, R21: a view that has the promise but not yet the version treats it as an unknown code."""
    held = household(promise(content_hash="f" * 64))
    pending, today = items(ask(linda(), [offer()], held))
    assert (pending.verdict, codes_of(pending)) == ("pending", ["promise_not_known_yet"])
    assert (today.verdict, today.promise) == ("available", None)
    assert only(ask(linda(), [offer(version(state=S.CLOSING))], held)).verdict == "pending"


@pytest.mark.parametrize("name", ["elsewhere", "ofr_" + "9" * 26])
def test_a_promise_of_an_offer_the_view_lacks_is_pending_and_the_offer_not_refused(name: str) -> None:
    held = household(promise(offer="ofr_" + "9" * 26, offer_key="elsewhere"))
    pending = only(ask(linda(name), [offer()], held))
    assert (pending.verdict, pending.offer, codes_of(pending)) == ("pending", "elsewhere", ["promise_not_known_yet"])


def test_an_overridden_promise_is_answered_from_its_own_terms() -> None:
    held = household(promise(content_hash="f" * 64, terms=terms(benefits=fixed(100))))
    item = items(ask(linda(), [offer(version(state=S.CLOSING))], held))[0]
    assert (item.verdict, item.customer_pays) == ("honour", Money(amount=100, currency="USD"))


def test_a_code_nobody_knows_is_pending_and_never_refused() -> None:
    found = only(ask(Question(code=CODE, offers=()), [], None))
    assert (found.offer, found.verdict, codes_of(found)) == (None, "pending", ["code_not_known_yet"])
    other = ask(Question(household=HOUSEHOLD, code="0" * 10), [], household(promise()))
    assert [item.verdict for item in items(other)] == ["pending", "pending"]


def test_the_promise_presented_stands_first_and_is_answered_whatever_else_is_asked() -> None:
    sooner = promise(number=2, honour_until=END - timedelta(days=3), code="0" * 10)
    held = household(promise(), sooner)
    found = items(ask(linda(code=CODE), [offer()], held))
    assert [item.promise.code for item in found if item.promise] == ["K7M2-9QX4-TB", "0000-0000-00"]
    records = [offer(), offer(version(terms(criteria=None)), number=2, key="other")]
    asked = items(ask(linda("other", code=CODE), records, held))
    assert [(item.offer, item.promise is not None) for item in asked] == [(KEY, True), ("other", False)]


def test_other_promises_are_not_told_when_something_in_particular_is_asked() -> None:
    records = [offer(), offer(version(terms(criteria=None)), number=2, key="other")]
    assert [item.offer for item in items(ask(linda("other"), records, household(promise())))] == ["other"]


# The better cell (terms §6)


def cells(**changes: Any) -> dict[str, Any]:
    return {**NATIVE, **changes}


CHEAP = {"action": "honour_with_fee", "fee": usd(100)}
DEAR = {"action": "honour_with_fee", "fee": usd(900)}


@pytest.mark.parametrize(
    ("pinned", "today", "verdict", "pays"),
    [
        (DEAR, CHEAP, "honour_with_fee", 100),
        (CHEAP, DEAR, "honour_with_fee", 100),
        (DEAR, {"action": "honour"}, "honour", 0),
        ({"action": "honour"}, DEAR, "honour", 0),
        ({"action": "refer", "to": "sms"}, DEAR, "honour_with_fee", 900),
        (DEAR, {"action": "refer", "to": "sms"}, "honour_with_fee", 900),
        ({"action": "refer", "to": "sms"}, {"action": "escalate"}, "escalate", 0),
        (DEAR, {"action": "honour_with_fee", "fee": {"amount": 1, "currency": "EUR"}}, "honour_with_fee", 900),
    ],
)
def test_fee_and_cell_of_a_promise_are_the_pinned_ones_or_todays_where_better(
    pinned: dict[str, Any], today: dict[str, Any], verdict: str, pays: int
) -> None:
    old = terms(honour=cells(web=pinned), cards={"web": {"en": {"say": "Pinned {price}."}}})
    new = terms(honour=cells(web=today), cards={"web": {"en": {"say": "Today."}}}, benefits=fixed(7000))
    record = offer(version(old, 1, S.CLOSING), version(new, 2, S.LIVE))
    item = items(ask(linda(), [record], household(promise(old))))[0]
    assert (item.verdict, item.customer_pays) == (verdict, Money(amount=pays, currency="USD"))
    assert item.say_this == "Pinned 0.00."


def test_a_cell_of_a_version_nobody_can_have_any_more_is_not_todays() -> None:
    old, new = terms(honour=cells(web=DEAR)), terms(honour=cells(web=CHEAP))
    record = offer(version(old, 1, S.CLOSING), version(new, 2, S.CLOSING))
    assert items(ask(linda(), [record], household(promise(old))))[0].fee == Money(amount=900, currency="USD")


# The better of two versions (protocol §2)


def two(old: Any, new: Any, question: Question = ELIGIBLE) -> list[int | None]:
    record = offer(version(terms(**old), 1, S.SUSPENDED, leaving=True), version(terms(**new), 2, S.LIVE))
    return [item.version for item in items(ask(question, [record], None))]


@pytest.mark.parametrize(
    ("old", "new", "versions"),
    [
        ({}, {"benefits": fixed(4900)}, [1]),
        ({"benefits": fixed(4900)}, {}, [2]),
        ({}, {"title": {"en": "Same price"}}, [2]),
        ({"criteria": None}, {"benefits": fixed(0)}, [2]),
    ],
)
def test_whoever_asks_gets_the_better_of_two(old: Any, new: Any, versions: list[int]) -> None:
    assert two(old, new) == versions


def test_only_versions_the_customer_can_have_are_compared() -> None:
    barred = {"attribute": "line.barred", "op": "eq", "value": True}
    assert two({"criteria": barred}, {"benefits": fixed(4900)}) == [2]
    assert two({"benefits": fixed(4900)}, {"criteria": barred}) == [1]
    assert two({"criteria": None, "benefits": fixed(4900)}, {}, NOBODY) == [1]  # the new one is unknown, the old is sure


def percent(basis_points: int) -> dict[str, Any]:
    return {"regular_price": None, "benefits": [{"kind": "percent_off", "basis_points": basis_points}]}


def off(amount: int, per: str = "line") -> dict[str, Any]:
    return {"regular_price": None, "benefits": [{"kind": "amount_off", "amount": usd(amount), "per": per}]}


@pytest.mark.parametrize(
    ("old", "new", "versions"),
    [
        (percent(2000), percent(1000), [1]),
        (percent(1000), percent(2000), [2]),
        (off(50), off(40), [1]),
        (off(50), percent(1000), [1, 2]),
        (off(50, "line"), off(40, "unit"), [1, 2]),
        (off(50), {**off(40), "products": {"skus": ["OTHER"]}}, [1, 2]),
    ],
)
def test_without_a_basket_kinds_are_compared_and_where_only_a_basket_tells_both_are_given(
    old: Any, new: Any, versions: list[int]
) -> None:
    assert sorted(version or 0 for version in two(old, new)) == versions


def test_what_is_shown_changes_at_once() -> None:
    record = offer(version(terms(), 1, S.SUSPENDED, leaving=True), version(terms(benefits=fixed(4900)), 2, S.LIVE))
    shown = only(ask(Question(facts=dict(ELIGIBLE.facts)), [record], None))
    assert (shown.version, shown.customer_pays) == (2, Money(amount=4900, currency="USD"))


# Prices without a basket (terms §1, §3)


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


# Cards


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


# FENCED (R17)


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
