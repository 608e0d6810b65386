"""The answer: the same in every channel, in any order, and checkable by anybody (G1, protocol R21)."""

import hashlib
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from concord.contracts.records import ActivationState, OfferRecord, PromiseRecord, PromiseState
from concord.decision.answer import answer, recompute_policy
from concord.decision.catalogue import Catalogue
from concord.decision.compile import EVALUATOR
from concord.decision.facts import HouseholdView
from concord.decision.question import Question, Setting, View, present, setting_at
from concord.decision.scalars import CHANNELS
from concord.decision.timing import Freshness, Interval
from unit.decision_samples import (
    AT,
    CODE,
    HOUSEHOLD,
    KEY,
    L1,
    L2,
    LINDA,
    ask,
    fixed,
    household,
    items,
    linda,
    offer,
    plain,
    promise,
    read,
    terms,
    usd,
    version,
)

STATES = [state for state in ActivationState if state is not ActivationState.CLOSED]
CELLS: list[dict[str, Any]] = [
    {"action": "native"},
    {"action": "honour"},
    {"action": "honour_with_fee", "fee": usd(500)},
    {"action": "refer", "to": "web"},
    {"action": "escalate"},
    {"action": "alternative", "offer": "offer-0"},
]
CRITERIA: list[Any] = [
    None,
    {"attribute": "line.tenure_months", "op": "gte", "value": 12},
    {"attribute": "line.barred", "op": "eq", "value": True},
    {"attribute": "household.size", "op": "exists"},
]
BENEFITS: list[Any] = [
    fixed(0),
    fixed(4900),
    [{"kind": "percent_off", "basis_points": 1500}],
    [{"kind": "amount_off", "amount": usd(500), "per": "line"}],
    [{"kind": "percent_off", "basis_points": 1000, "of": "basket"}],
]
SKUS = ["A", "B", "C"]
START, END = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 15, tzinfo=UTC)


@st.composite
def some_terms(draw: st.DrawFn) -> Any:
    return terms(
        benefits=draw(st.sampled_from(BENEFITS)),
        criteria=draw(st.sampled_from(CRITERIA)),
        products={"skus": draw(st.lists(st.sampled_from(SKUS), max_size=2, unique=True))},
        honour={channel: draw(st.sampled_from(CELLS)) for channel in CHANNELS},
        shown_in=draw(st.lists(st.sampled_from(CHANNELS), unique=True)),
        cards={channel: {"en": {"say": "It is {price}, until {until}.", "steps": ["{code}"]}} for channel in CHANNELS},
        priority=draw(st.integers(1, 3)),
        alternative=draw(st.sampled_from([None, "offer-1"])),
    )


@st.composite
def some_offers(draw: st.DrawFn) -> list[OfferRecord]:
    made = []
    for number in range(draw(st.integers(0, 4))):
        versions = [
            version(draw(some_terms()), n + 1, draw(st.sampled_from(STATES))) for n in range(draw(st.integers(0, 2)))
        ]
        made.append(OfferRecord(id=f"ofr_{number:026d}", key=f"offer-{number}", versions=versions))
    return made


@st.composite
def some_promises(draw: st.DrawFn, offers: list[OfferRecord]) -> list[PromiseRecord]:
    pinned = [(record, each) for record in offers for each in record.versions]
    made = []
    for number in range(draw(st.integers(0, 3)) if pinned else 0):
        record, each = draw(st.sampled_from(pinned))
        made.append(
            promise(
                each.terms, number, offer=record.id, offer_key=record.key, offer_version=each.version,
                state=draw(st.sampled_from(PromiseState)), code=CODE if number == 0 else f"{number}" * 10,
                honour_until=AT + timedelta(hours=draw(st.integers(-1, 2))),
                made_at=AT - timedelta(hours=draw(st.integers(-1, 2))),
            )
        )  # fmt: skip
    return made


@st.composite
def cases(draw: st.DrawFn) -> tuple[Question, list[OfferRecord], HouseholdView | None, datetime]:
    offers = draw(some_offers())
    held = household(*draw(some_promises(offers))) if draw(st.booleans()) else None
    names = ["offer-0", "offer-1", "ofr_" + "0" * 25 + "2", "nope"]
    question = Question(
        household=HOUSEHOLD if held else None,
        party=draw(st.sampled_from([None, LINDA])) if held else None,
        line=draw(st.sampled_from([None, L1, L2])) if held else None,
        code=draw(st.sampled_from([None, CODE, "Z" * 10])),
        offers=tuple(draw(st.lists(st.sampled_from(names), max_size=3))),
        products=tuple(draw(st.lists(st.sampled_from([*SKUS, "D"]), max_size=2))),
        facts=draw(st.sampled_from([{}, {"line.tenure_months": 20, "line.barred": False}, {"household.size": 1}])),
    )
    return (
        question,
        offers,
        held,
        draw(st.sampled_from([START - timedelta(days=1), START, AT, END, END + timedelta(days=1)])),
    )


@given(cases(), st.randoms(use_true_random=False))
def test_order_of_anything_in_the_inputs_never_matters(case: Any, chance: random.Random) -> None:
    question, offers, held, at = case
    straight = ask(question, offers, held, setting=setting_at("web", at)).to_bytes()

    def turned(values: Any) -> tuple[Any, ...]:
        return tuple(chance.sample(list(values), len(values)))

    mixed = replace(
        question, offers=turned(question.offers), products=turned(question.products),
        facts=dict(turned(question.facts.items())),
    )  # fmt: skip
    people = held and replace(
        held,
        promises=turned(held.promises),
        lines=dict(turned(held.lines.items())),
        members=dict(turned(held.members.items())),
    )
    shuffled = [record.model_copy(update={"versions": list(turned(record.versions))}) for record in turned(offers)]
    assert ask(mixed, shuffled, people, setting=setting_at("web", at)).to_bytes() == straight


@given(cases())
def test_equal_inputs_give_equal_terms_in_every_channel_however_fresh(case: Any) -> None:
    """G1: the view's freshness decides whether terms may be shown, not what they are (R21)."""
    question, offers, held, at = case
    settings = [setting_at(channel, at, freshness=fresh) for channel in CHANNELS for fresh in Freshness]
    settings += [
        Setting("web", at, None),
        Setting("sms", at, Interval(at - timedelta(hours=1), at + timedelta(hours=1))),
    ]
    certificates = [ask(question, offers, held, setting=setting).certificate for setting in settings]
    assert len({certificate.terms_digest for certificate in certificates}) == 1
    assert len({certificate.request_digest for certificate in certificates}) == 1


@given(cases())
def test_any_channel_can_recompute_the_policy_of_another(case: Any) -> None:
    question, offers, held, at = case
    view = View(Catalogue.of(offers), 1, 7, held)
    for channel in CHANNELS:
        stated = answer(question, view, setting_at(channel, at)).certificate.policy_digest
        assert recompute_policy(question, view, setting_at("web", at), channel) == stated


@given(cases())
def test_every_answer_has_the_documented_shape(case: Any) -> None:
    question, offers, held, at = case
    for channel in CHANNELS:
        given_answer = ask(question, offers, held, setting=setting_at(channel, at, hypothetical=True))
        shape = read(given_answer)
        assert shape.hypothetical
        assert shape.certificate.evaluator == EVALUATOR
        for item in shape.items:
            assert item.say_this
            assert (item.verdict == "refer") == (item.refer_to is not None)
            assert (item.verdict == "escalate") == (item.escalate_to is not None)
            assert (item.verdict in {"refused", "unknown", "withheld", "pending"}) == (item.benefits == [])
            assert "{" not in item.say_this


@given(cases())
def test_records_read_back_from_the_log_give_the_same_answer(case: Any) -> None:
    question, offers, held, at = case
    again = [OfferRecord.parse(record.to_bytes()) for record in offers]
    setting = setting_at("store_pos", at)
    assert (
        ask(question, again, held, setting=setting).to_bytes()
        == ask(question, offers, held, setting=setting).to_bytes()
    )


@given(cases())
def test_no_promise_is_refused_before_its_deadline_unless_a_record_says_so(case: Any) -> None:
    """I2, in any state of the offer, any channel, any freshness."""
    question, offers, held, at = case
    for fresh in Freshness:
        for item in items(ask(question, offers, held, setting=setting_at("call_center", at, freshness=fresh))):
            if item.promise is not None and item.verdict in {"refused", "withheld"}:
                assert item.promise.state in {"honoured", "cancelled"} or at >= item.promise.honour_until


@given(cases())
def test_nobody_with_a_standing_promise_is_refused_the_same_offer(case: Any) -> None:
    question, offers, held, at = case
    found = items(ask(question, offers, held, setting=setting_at("web", at)))
    kept = {item.offer for item in found if item.promise is not None and item.verdict != "refused"}
    assert not [item for item in found if item.promise is None and item.offer in kept and item.verdict == "refused"]


def test_the_terms_digest_is_what_it_says() -> None:
    """Computed again from the answer alone, as another implementation would."""
    records = [offer(), offer(version(terms(criteria=None)), number=2, key="other")]
    given_answer = plain(ask(linda(KEY, "other", "nope"), records, household(promise())))
    entries = [
        rfc8785.dumps(
            {
                "because": [] if item["benefits"] else [reason["code"] for reason in item["reasons"]],
                "benefits": item["benefits"],
                "honour_until": item["promise"] and item["promise"]["honour_until"],
                "offer": item["offer"],
                "promise": item["promise"] and item["promise"]["id"],
                "version": item["version"],
            }
        )
        for item in given_answer["items"]
    ]
    expected = hashlib.sha256(b"[" + b",".join(sorted(entries)) + b"]").hexdigest()
    assert given_answer["certificate"]["terms_digest"] == expected


def test_the_policy_digest_is_what_it_says() -> None:
    for channel in CHANNELS:
        of = terms()
        given_answer = plain(ask(linda(), [offer(version(of))], household(promise(of)), channel))
        (item,) = given_answer["items"]
        entry = {
            "alternative": None,
            "card": of.document()["cards"].get(channel, {}).get("en"),
            "escalate_to": item.get("escalate_to"),
            "fee": item["fee"],
            "offer": item["offer"],
            "promise": item["promise"]["id"],
            "refer_to": item.get("refer_to"),
            "verdict": item["verdict"],
            "version": item["version"],
        }
        if entry["card"] is not None:
            entry["card"] = {"steps": [], "verify": [], **entry["card"]}
        expected = hashlib.sha256(b"[" + rfc8785.dumps(entry) + b"]").hexdigest()
        assert given_answer["certificate"]["policy_digest"] == expected


def test_the_request_digest_is_what_it_says() -> None:
    question = linda("b", "a", "b", facts={"household.size": 2}, products=("X",), code=CODE)
    document = {
        "household": HOUSEHOLD, "party": LINDA, "line": L1, "code": CODE,
        "offers": ["a", "b"], "products": ["X"], "facts": {"household.size": 2},
    }  # fmt: skip
    stated = ask(question, [], household(), setting=setting_at("sms", AT)).certificate.request_digest
    assert stated == hashlib.sha256(rfc8785.dumps(document)).hexdigest()


@pytest.mark.parametrize(
    "change",
    [{"benefits": fixed(1)}, {"criteria": {"attribute": "household.size", "op": "gt", "value": 2}}],
)
def test_the_terms_digest_sees_what_is_owed(change: dict[str, Any]) -> None:
    before = ask(linda(), [offer()], household()).certificate.terms_digest
    assert ask(linda(), [offer(version(terms(**change)))], household()).certificate.terms_digest != before
    assert ask(linda(), [offer()], household(promise())).certificate.terms_digest != before
    assert ask(linda(), [offer(version(number=2))], household()).certificate.terms_digest != before


@pytest.mark.parametrize("change", [{"title": {"en": "x"}}, {"priority": 5}, {"cards": {}}, {"honour": {}}])
def test_the_terms_digest_does_not_see_how_a_channel_says_it(change: dict[str, Any]) -> None:
    before = ask(linda(), [offer()], household()).certificate.terms_digest
    assert ask(linda(), [offer(version(terms(**change)))], household()).certificate.terms_digest == before


def test_the_policy_digest_sees_card_fee_and_verdict() -> None:
    def of(**changes: Any) -> str:
        return ask(linda(), [offer(version(terms(**changes)))], household(), "store_pos").certificate.policy_digest

    card = {"store_pos": {"en": {"say": "Other."}}}
    cell = {"store_pos": {"action": "honour_with_fee", "fee": usd(501)}}
    assert len({of(), of(cards=card), of(honour=cell), of(honour={"store_pos": {"action": "native"}})}) == 4


def test_the_instant_is_cut_to_milliseconds_and_repeated() -> None:
    at = datetime(2026, 6, 3, 10, 0, 0, 123_999, tzinfo=UTC)
    body = plain(ask(linda(), [], household(), setting=setting_at("web", at)))
    assert body["certificate"]["at"] == "2026-06-03T10:00:00.123Z"
    assert "hypothetical" not in body


def test_the_certificate_names_what_the_answer_rests_on() -> None:
    body = plain(ask(linda(), [offer()], household(promise())))
    assert body["certificate"]["catalogue"] == {"epoch": 1, "revision": 1}
    assert body["certificate"]["household"] == {"epoch": 1, "id": HOUSEHOLD, "version": 6}
    assert plain(ask(Question(), [], None))["certificate"]["household"] is None


def test_now_is_never_before_a_promise_the_view_has() -> None:
    later = AT + timedelta(milliseconds=40, microseconds=7)
    assert present(AT, household(promise(made_at=later))) == AT + timedelta(milliseconds=40)
    assert present(AT, household(promise())) == AT
    assert present(AT, None) == AT


# By product, and with nothing asked


def by_product(*skus: str) -> list[str | None]:
    records = [
        offer(
            version(terms(criteria=None, products={"skus": ["A", "B"]}, shown_in=[], priority=2)), number=1, key="ab"
        ),
        offer(version(terms(criteria=None, products={"skus": ["B"]})), number=2, key="b"),
        offer(version(terms(criteria=None, products={}, priority=1)), number=3, key="everything"),
        offer(version(terms(criteria=None, products={"exclude": {"skus": ["B"]}}, priority=3)), number=4, key="not-b"),
        offer(version(terms(criteria=None, products={"categories": ["mugs"]})), number=5, key="category"),
        offer(
            version(terms(criteria=None, products={"skus": ["A"]}), state=ActivationState.SUSPENDED),
            number=6,
            key="gone",
        ),
    ]
    return [item.offer for item in items(ask(Question(products=skus), records, None))]


def test_offers_are_found_by_product_in_order_of_priority_then_key() -> None:
    assert by_product("A") == ["everything", "ab", "not-b"]
    assert by_product("B") == ["everything", "ab", "b"]
    assert by_product("C") == ["everything", "not-b"]
    assert by_product("A", "B") == ["everything", "ab", "not-b", "b"]


def test_promises_are_found_by_product() -> None:
    records = [offer(version(state=ActivationState.CLOSING))]
    question = Question(household=HOUSEHOLD, products=("HANDSET-X",))
    assert [item.verdict for item in items(ask(question, records, household(promise())))] == ["honour"]
    assert items(ask(replace(question, products=("OTHER",)), records, household(promise()))) == []


def test_with_nothing_asked_there_are_the_promises_and_what_the_channel_shows() -> None:
    records = [
        offer(version(state=ActivationState.CLOSING)),
        offer(version(terms(criteria=None, shown_in=["web"])), number=2, key="web-only"),
        offer(version(terms(criteria=None, shown_in=["sms", "web"])), number=3, key="both"),
    ]
    question = Question(household=HOUSEHOLD, party=LINDA)

    def offers_in(channel: str) -> list[str | None]:
        return [item.offer for item in items(ask(question, records, household(promise()), channel))]

    assert offers_in("web") == [KEY, "both", "web-only"]
    assert offers_in("sms") == [KEY, "both"]
    assert offers_in("store_pos") == [KEY]


def test_answers_are_json_without_repeated_members() -> None:
    body = ask(linda(), [offer()], household(promise()), "store_pos").to_bytes()
    assert orjson.dumps(orjson.loads(body)) == body
