"""Snapshots are swapped where changesets end, and heartbeats are met at their place (protocol §7, R12)."""

from channel_adapters.view.changesets import Changesets
from concord.contracts.topics import HOUSEHOLDS
from unit import view_histories as made

SLOT = (HOUSEHOLDS.name, 0)


def changes(history: made.History, count: int, *, end: bool = True) -> None:
    """A changeset of so many records, finished or not."""
    for number in range(count):
        history.change(f"hh_{number}", b"{}", end=end and number == count - 1)


def test_unfinished_changeset_is_kept_back_with_its_offset() -> None:
    history = made.History(SLOT)
    changes(history, 3)
    changes(history, 2, end=False)
    cuts = Changesets(SLOT, 0)
    (stretch,) = cuts.take(history.records)
    assert len(stretch.records) == 3
    assert stretch.next_offset == 3
    assert cuts.seen == 5


def test_changeset_that_spans_batches_is_applied_whole() -> None:
    history = made.History(SLOT)
    changes(history, 4)
    cuts = Changesets(SLOT, 0)
    (first,) = cuts.take(history.records[:3])
    assert first.records == ()
    (second,) = cuts.take(history.records[3:])
    assert len(second.records) == 4
    assert second.next_offset == 4


def test_heartbeats_cut_a_batch_at_the_last_of_them() -> None:
    history = made.History(SLOT)
    for _ in range(3):
        changes(history, 2)
        history.heartbeat()
    changes(history, 1)
    before, after = Changesets(SLOT, 0).take(history.records)
    assert len(before.records) == 6
    assert before.heartbeat is history.records[-2]
    assert [record.envelope.revision for record in after.records] == [7]
    assert after.heartbeat is None


def test_heartbeat_ends_a_changeset_of_which_compaction_took_the_last_record() -> None:
    history = made.History(SLOT)
    changes(history, 3)
    history.heartbeat()
    left = [record for record in history.records if record.offset != 2]
    (stretch,) = Changesets(SLOT, 0).take(left)
    assert len(stretch.records) == 2
    assert stretch.next_offset == 4


def test_old_heartbeat_of_a_zombie_ends_nothing() -> None:
    history = made.History(SLOT)
    zombie = history.heartbeat()
    changes(history, 2, end=False)
    late = made.LogRecord(*SLOT, 3, zombie.key, zombie.value, zombie.envelope)
    (stretch,) = Changesets(SLOT, 1).take([*history.records[1:], late])
    assert stretch.records == ()
    assert stretch.next_offset == 1
