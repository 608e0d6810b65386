"""Time: shown when surely inside, had unless surely outside, kept until surely past (protocol R16)."""

from datetime import UTC, datetime, timedelta

import pytest

from concord.contracts.records import ActivationState, PromiseState
from concord.decision.question import Question, Setting, setting_at
from concord.decision.reasons import Verdict
from concord.decision.timing import Interval, grace
from unit.decision_samples import (
    AT,
    KEY,
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
END = datetime(2026, 6, 15, tzinfo=UTC)
NOBODY = Question(offers=(KEY,))


def between(low: datetime, high: datetime, channel: str = "web", at: datetime | None = None) -> Setting:
    return Setting(channel, at or low, Interval(low, high))


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
    low: datetime, high: datetime, *, shown: bool, had: bool
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
