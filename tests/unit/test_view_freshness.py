"""Freshness by age, computed for each answer from clocks that are passed in (protocol R13, R14)."""

from datetime import timedelta

import pytest

from channel_adapters.view.freshness import NEVER_MS, Adoption, State, freshness, judge
from channel_adapters.view.positions import Position
from channel_adapters.view.snapshot import oldest
from concord.contracts.records import Heartbeat
from concord.contracts.topics import HOUSEHOLDS, OFFERS
from unit import view_histories as made

NOW = made.START


@pytest.mark.parametrize(
    ("age", "state"),
    [(0, State.READY), (1.999, State.READY), (2.0, State.READY), (2.001, State.STALE), (9_999, State.STALE)],
)
def test_view_is_ready_until_two_seconds_and_stale_after(age: float, state: State) -> None:
    found = freshness(NOW - timedelta(seconds=age), NOW)
    assert (found.state, found.age_ms) == (state, round(age * 1000))


def test_view_that_adopted_nothing_is_stale_and_of_no_age() -> None:
    assert freshness(None, NOW).state is State.STALE
    assert freshness(None, NOW).age_ms == NEVER_MS


def test_view_that_stopped_is_stale_however_young() -> None:
    assert freshness(NOW, NOW, stopped=True).state is State.STALE


def test_clock_behind_the_authority_gives_age_zero() -> None:
    assert freshness(NOW + timedelta(seconds=3), NOW).age_ms == 0


def test_view_is_as_old_as_its_oldest_partition() -> None:
    slots = [(OFFERS.name, 0), (HOUSEHOLDS.name, 0)]
    ages = {slot: Position(*slot, closed_at=NOW - timedelta(seconds=n)) for n, slot in enumerate(slots)}
    assert oldest(ages) == NOW - timedelta(seconds=1)
    assert oldest(ages | {(HOUSEHOLDS.name, 1): Position(HOUSEHOLDS.name, 1)}) is None


def beat(history: made.History) -> tuple[Position, made.LogRecord, Heartbeat]:
    """A position that equals the history, and a heartbeat of it."""
    record = history.heartbeat()
    position = Position(*history.slot, revision=history.revision, count=len(history.state), digest=history.digest)
    return position, record, Heartbeat.parse(record.value or b"")


def test_heartbeat_of_another_log_or_epoch_is_ignored() -> None:
    for other in (made.History((OFFERS.name, 0), log=2), made.History((OFFERS.name, 0), epoch=2)):
        position, record, heartbeat = beat(other)
        assert judge(position, record, heartbeat, tombstones=False) is Adoption.IGNORED


def test_heartbeat_of_an_older_revision_is_ignored() -> None:
    history = made.History((OFFERS.name, 0))
    _, record, heartbeat = beat(history)
    history.change("ofr_1", made.offer_value())
    position, _, _ = beat(history)
    assert judge(position, record, heartbeat, tombstones=False) is Adoption.IGNORED


def test_heartbeat_ahead_is_adopted_only_where_erasures_explain_it() -> None:
    history = made.History((HOUSEHOLDS.name, 0))
    before, _, _ = beat(history)
    history.change("hh_1", made.household_value("hh_1", 1))
    history.change("hh_1", None)
    _, record, heartbeat = beat(history)
    assert judge(before, record, heartbeat, tombstones=True) is Adoption.ADOPTED
    assert judge(before, record, heartbeat, tombstones=False) is Adoption.AHEAD


def test_heartbeat_with_equal_digest_and_other_count_differs() -> None:
    position, record, heartbeat = beat(made.History((OFFERS.name, 0)))
    other = heartbeat.model_copy(update={"count": 1})
    assert judge(position, record, other, tombstones=False) is Adoption.DIFFERS
