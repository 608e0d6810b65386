"""Decisions on promises are remembered; nobody can tell, except by the time it takes."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from concord.contracts.records import PromiseState
from concord.decision import promised
from concord.decision.answer import answer
from concord.decision.catalogue import Catalogue
from concord.decision.question import View, setting_at
from concord.decision.scalars import CHANNELS
from unit.decision_samples import AT, fixed, household, linda, offer, promise, terms, usd, version

DEARER = terms(benefits=fixed(4900))
KINDER = {
    "web": {"action": "native"},
    "store_pos": {"action": "honour_with_fee", "fee": usd(100)},
    "call_center": {"action": "honour"},
    "sms": {"action": "honour"},
}
CATALOGUES = [
    Catalogue.of([offer()]),
    Catalogue.of([offer(version(), version(DEARER, number=2))]),
    Catalogue.of([offer(version(), version(terms(honour=KINDER), number=2))]),
]
HOUSEHOLDS = [
    household(promise()),
    household(promise(), promise(number=2, honour_until=AT + timedelta(hours=2))),
    household(promise(state=PromiseState.HONOURED)),
    household(promise(honour_until=AT + timedelta(days=2))),
    household(promise(made_at=AT - timedelta(hours=1))),
]
INSTANTS = [AT, AT + timedelta(hours=3), AT + timedelta(days=30), datetime.fromisoformat("2026-06-15T00:00:00Z")]


@given(st.lists(st.tuples(*map(st.sampled_from, (CATALOGUES, HOUSEHOLDS, CHANNELS, INSTANTS))), min_size=1, max_size=8))
def test_answer_is_the_same_whatever_was_asked_before(asked: list[tuple[Catalogue, object, str, datetime]]) -> None:
    def told(catalogue: Catalogue, known: object, channel: str, at: datetime) -> bytes:
        view = View(catalogue, 1, 1, known)  # type: ignore[arg-type]
        return answer(linda(), view, setting_at(channel, at)).to_bytes()

    remembered = [told(*question) for question in asked]
    for question, before in zip(asked, remembered, strict=True):
        promised._GRANTED.clear()
        assert told(*question) == before


def test_what_is_remembered_stays_bounded() -> None:
    promised._GRANTED.clear()
    view = View(CATALOGUES[0], 1, 1, household(promise()))
    assert view.household is not None
    for _ in range(promised.GRANTED_MOST + 10):
        known = replace(view.household, promises=tuple(replace(each) for each in view.household.promises))
        answer(linda(), replace(view, household=known), setting_at("web", AT))
    assert 0 < len(promised._GRANTED) <= promised.GRANTED_MOST
