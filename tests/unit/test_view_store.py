"""The view's file: any lawful way of hearing a history gives the same rows, count and digest."""

import random
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channel_adapters.errors import LogMoved, ViewFileForeign, ViewStopped
from channel_adapters.view.freshness import Adoption
from channel_adapters.view.positions import Stretch
from channel_adapters.view.reader import ViewReader
from channel_adapters.view.store import ViewStore, recompute
from concord.contracts.topics import HOUSEHOLDS, OFFERS
from unit import view_histories as made

OFFERS_SLOT = (OFFERS.name, 0)
HOUSEHOLD_SLOT = (HOUSEHOLDS.name, 0)
TABLES = ("offers", "households", "promises", "lookups")


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """What a view answers from; tombstones say nothing to anybody."""
    db = sqlite3.connect(path)
    where = {"lookups": ""}
    found = {
        table: sorted(db.execute(f"SELECT * FROM {table} {where.get(table, 'WHERE value IS NOT NULL')}"))  # noqa: S608
        for table in TABLES
    }
    db.close()
    return found


def hear(store: ViewStore, history: made.History, batches: list[list[int]]) -> None:
    """Apply records of a history by their places, batch after batch."""
    records = made.data(history.records)
    for batch in batches:
        store.apply([made.stretch(history.slot, [records[place] for place in batch])])


def in_order(history: made.History) -> list[list[int]]:
    return [[place] for place in range(len(made.data(history.records)))]


@st.composite
def deliveries(draw: st.DrawFn, length: int) -> list[list[int]]:
    """Every record at least once, with duplicates, replays of earlier runs, shuffles, in batches of any size."""
    seed = draw(st.integers(0, 2**32 - 1))
    chance = random.Random(seed)
    places = list(range(length))
    heard = places + [chance.randrange(length) for _ in range(chance.randrange(length))]
    start = chance.randrange(length)
    if chance.random() < 0.5:
        chance.shuffle(heard)
    heard += places[start : start + chance.randrange(length)]
    cuts = sorted(chance.sample(range(len(heard)), min(len(heard), chance.randrange(1, 12))))
    return [batch for low, high in zip([0, *cuts], [*cuts, len(heard)], strict=True) if (batch := heard[low:high])]


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(0, 10_000))
def test_view_is_the_same_for_any_order_duplicates_and_replays(data: st.DataObject, seed: int) -> None:
    from tempfile import TemporaryDirectory  # noqa: PLC0415  a fresh folder for each example

    histories = made.households(seed)
    with TemporaryDirectory() as folder:
        straight, wild = ViewStore(Path(folder, "straight")), ViewStore(Path(folder, "wild"))
        for history in histories.values():
            hear(straight, history, in_order(history))
            hear(wild, history, data.draw(deliveries(len(made.data(history.records)))))
        for slot, history in histories.items():
            for store in (straight, wild):
                assert store.positions[slot].digest == history.digest
                assert store.positions[slot].count == len(history.state)
                assert store.positions[slot].revision == history.revision
        assert rows(straight.path) == rows(wild.path)
        straight.close()
        wild.close()


def test_view_digest_equals_that_of_its_rows(tmp_path: Path) -> None:
    histories = made.households(7, changes=300)
    store = ViewStore(tmp_path / "view")
    for history in histories.values():
        hear(store, history, in_order(history))
    store.close()
    found = recompute(store.path)
    for slot, history in histories.items():
        assert (found[slot].count, found[slot].digest) == (len(history.state), history.digest)


def test_view_keeps_position_and_data_of_the_same_commit(tmp_path: Path) -> None:
    store = ViewStore(tmp_path / "view")
    history = made.History(HOUSEHOLD_SLOT)
    first, second = (history.change(f"hh_{n}", made.household_value(f"hh_{n}", 1)) for n in range(2))
    store.apply([made.stretch(HOUSEHOLD_SLOT, [first])])
    store.apply([made.stretch(HOUSEHOLD_SLOT, [second])])
    store.close()
    again = ViewStore(store.path)
    assert again.positions == store.positions
    assert again.positions[HOUSEHOLD_SLOT].next_offset == 2
    again.close()


def test_view_stores_nothing_of_a_batch_that_cannot_be_read(tmp_path: Path) -> None:
    store = ViewStore(tmp_path / "view")
    history = made.History(HOUSEHOLD_SLOT)
    good = history.change("hh_1", made.household_value("hh_1", 1))
    bad = history.change("hh_1/prm_1", b"{")
    with pytest.raises(ViewStopped):
        store.apply([made.stretch(HOUSEHOLD_SLOT, [good, bad])])
    assert store.positions[HOUSEHOLD_SLOT].next_offset == 0
    assert rows(store.path)["households"] == []
    store.close()


def test_view_stops_at_an_offer_it_cannot_read(tmp_path: Path) -> None:
    store = ViewStore(tmp_path / "view")
    record = made.History(OFFERS_SLOT).change("ofr_1", b'{"id": "ofr_1", "key": "k", "versions": [{}]}')
    with pytest.raises(ViewStopped):
        store.apply([made.stretch(OFFERS_SLOT, [record])])
    assert rows(store.path)["offers"] == []
    store.close()


def test_view_ignores_an_older_log_and_refuses_a_newer(tmp_path: Path) -> None:
    store = ViewStore(tmp_path / "view")
    second = made.History(HOUSEHOLD_SLOT, log=2)
    store.apply([made.stretch(HOUSEHOLD_SLOT, [second.change("hh_1", made.household_value("hh_1", 5))])])
    old = made.History(HOUSEHOLD_SLOT, log=1, revision=90).change("hh_1", made.household_value("hh_1", 1))
    store.apply([made.stretch(HOUSEHOLD_SLOT, [old])])
    assert store.positions[HOUSEHOLD_SLOT].digest == second.digest
    new = made.History(HOUSEHOLD_SLOT, log=3).change("hh_1", made.household_value("hh_1", 6))
    with pytest.raises(LogMoved):
        store.apply([made.stretch(HOUSEHOLD_SLOT, [new])])
    store.close()


def test_view_adopts_a_heartbeat_of_equal_revision_count_and_digest(tmp_path: Path) -> None:
    store = ViewStore(tmp_path / "view")
    history = made.History(HOUSEHOLD_SLOT)
    record = history.change("hh_1", made.household_value("hh_1", 1))
    applied = store.apply([made.stretch(HOUSEHOLD_SLOT, [record], history.heartbeat(made.START))])
    assert applied.adoptions == {HOUSEHOLD_SLOT: Adoption.ADOPTED}
    assert store.positions[HOUSEHOLD_SLOT].closed_at == made.START
    store.close()


def test_view_that_lost_a_record_adopts_no_heartbeat(tmp_path: Path) -> None:
    store = ViewStore(tmp_path / "view")
    history = made.History(OFFERS_SLOT)
    history.change("ofr_1", made.offer_value())
    applied = store.apply([made.stretch(OFFERS_SLOT, [], history.heartbeat())])
    assert applied.adoptions == {OFFERS_SLOT: Adoption.AHEAD}
    second = history.change("ofr_2", made.offer_value("ofr_2", key="other"))
    applied = store.apply([made.stretch(OFFERS_SLOT, [second], history.heartbeat())])
    assert applied.adoptions == {OFFERS_SLOT: Adoption.DIFFERS}
    assert applied.gaps == {OFFERS_SLOT: 1}
    assert store.positions[OFFERS_SLOT].closed_at is None
    store.close()


def test_view_adopts_the_revision_of_an_erasure_that_compaction_took(tmp_path: Path) -> None:
    store = ViewStore(tmp_path / "view")
    history = made.History(HOUSEHOLD_SLOT)
    kept = history.change("hh_1", made.household_value("hh_1", 1))
    history.change("hh_2", made.household_value("hh_2", 1))
    history.change("hh_2", None)
    applied = store.apply([made.stretch(HOUSEHOLD_SLOT, [kept], history.heartbeat())])
    assert applied.adoptions == {HOUSEHOLD_SLOT: Adoption.ADOPTED}
    assert store.positions[HOUSEHOLD_SLOT].revision == 3
    store.close()


def test_view_ignores_a_heartbeat_older_than_the_last(tmp_path: Path) -> None:
    store = ViewStore(tmp_path / "view")
    history = made.History(HOUSEHOLD_SLOT)
    late, early = history.heartbeat(made.START.replace(hour=10)), history.heartbeat(made.START)
    store.apply([Stretch(HOUSEHOLD_SLOT, (), 1, late)])
    assert store.apply([Stretch(HOUSEHOLD_SLOT, (), 2, early)]).adoptions == {HOUSEHOLD_SLOT: Adoption.IGNORED}
    assert store.positions[HOUSEHOLD_SLOT].closed_at == made.START.replace(hour=10)
    store.close()


def test_view_writes_quiet_positions_only_when_saved(tmp_path: Path) -> None:
    store = ViewStore(tmp_path / "view")
    history = made.History(HOUSEHOLD_SLOT)
    store.apply([Stretch(HOUSEHOLD_SLOT, (), 1, history.heartbeat())])
    reopened = ViewStore(store.path)
    assert reopened.positions[HOUSEHOLD_SLOT].next_offset == 0
    reopened.close()
    store.save()
    reopened = ViewStore(store.path)
    assert reopened.positions == store.positions
    reopened.close()
    store.close()


def test_view_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "view").write_bytes(b"not a database, but long enough to be mistaken for one" * 40)
    with pytest.raises(ViewFileForeign):
        ViewStore(tmp_path / "view")


def test_view_reader_finds_by_number_and_code_until_they_change(tmp_path: Path) -> None:
    store = ViewStore(tmp_path / "view")
    history = made.History(HOUSEHOLD_SLOT)
    first = history.change("hh_1", made.household_value("hh_1", 1, number="a"))
    promise = history.change("hh_1/prm_1", made.promise_value("hh_1", "prm_1", 2))
    store.apply([made.stretch(HOUSEHOLD_SLOT, [first, promise])])
    reader = ViewReader(store.path)
    assert [found.household for found in reader.find(made.lookup_of("hh_1", "a"))] == ["hh_1"]
    assert reader.by_code("K7M29QX4TB") == "hh_1"
    household = reader.household("hh_1")
    assert household is not None
    assert household.version == 2
    moved = history.change("hh_1", made.household_value("hh_1", 3, number="b"))
    applied = store.apply([made.stretch(HOUSEHOLD_SLOT, [moved])])
    reader.forget(applied.households)
    assert reader.find(made.lookup_of("hh_1", "a")) == []
    assert [found.subject for found in reader.find(made.lookup_of("hh_1", "b"))] == ["lin_hh_1"]
    reader.close()
    store.close()


def test_view_keeps_pending_codes_and_when_they_were_first_presented(tmp_path: Path) -> None:
    store = ViewStore(tmp_path / "view")
    store.note_pending([("K7M29QX4TB", made.START)])
    store.note_pending([("K7M29QX4TB", made.START.replace(hour=12))])
    assert store.pending() == [("K7M29QX4TB", made.START)]
    store.forget_pending(["K7M29QX4TB"])
    assert store.pending() == []
    store.close()
