"""Promises: kept by the version they pin, whatever happens to the offer (protocol R15, terms §6)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concord.clock import milliseconds
from concord.contracts.records import ActivationState, PromiseState
from concord.decision.catalogue import Catalogue
from concord.decision.decide import Asking
from concord.decision.promised import held_promises, standing_promises
from concord.decision.question import Question, Setting, View
from concord.decision.scalars import CHANNELS
from concord.money import Money
from unit.decision_samples import (
    AT,
    CODE,
    DAUGHTER,
    HOUSEHOLD,
    KEY,
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

S = ActivationState
ZERO, REGULAR, FEE = (Money(amount=amount, currency="USD") for amount in (0, 13000, 500))
END = datetime(2026, 6, 15, tzinfo=UTC)
NATIVE: dict[str, Any] = {channel: {"action": "native"} for channel in CHANNELS}


MOMENTS = st.integers(-3_000, 3_000).map(lambda moved: AT + timedelta(microseconds=moved))


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "made_at": MOMENTS,
                "honour_until": MOMENTS,
                "state": st.sampled_from(PromiseState),
                "party": st.sampled_from([LINDA, DAUGHTER]),
                "content_hash": st.sampled_from([terms().content_hash(), "0" * 64]),
            }
        ),
        max_size=4,
    ),
    MOMENTS,
    st.sampled_from([None, LINDA]),
    st.sampled_from([{}, {"offers": (KEY,)}, {"offers": ("another",)}, {"products": ("HANDSET-X",)}, {"code": CODE}]),
)
def test_standing_promises_are_those_of_all_that_stand(
    made: list[dict[str, Any]], at: datetime, meant: str | None, asked: dict[str, Any]
) -> None:
    held = household(*(promise(number=number, **fields) for number, fields in enumerate(made)))
    view = View(Catalogue.of([offer()]), 1, 1, held)
    for instant in (at, milliseconds(at)):
        question = Question(household=HOUSEHOLD, party=meant, **asked)
        asking = Asking(question, view, Setting("web", instant, None))
        everything = [each for each in held_promises(asking) if each.standing]
        assert standing_promises(asking) == [each for each in everything if meant in {None, each.promise.party}]


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
def test_a_promise_that_ended_says_so_and_the_offer_is_open_to_her_as_to_anybody(
    fields: dict[str, Any], code: str
) -> None:
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
