"""The view's file: what the log said, and how far, written together.

A file is always a prefix of the log because the position moves in the transaction that stores the records, and every
record is guarded by its revision: duplicates, replays and zombies leave no trace (architecture §3). One thread
writes; readers have their own connections (`reader.py`).
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from channel_adapters.errors import LogMoved, ViewFileForeign, ViewStopped
from channel_adapters.view import rows
from channel_adapters.view.freshness import Adoption, judge
from channel_adapters.view.positions import STATE_LOG, Position, Positions, Slot, StateLog, Stretch, Tally
from concord.clock import rfc3339
from concord.contracts.records import Heartbeat, OfferRecord
from concord.contracts.topics import RESERVED_KEYS
from concord.eventlog import crash
from concord.eventlog.reader import LogRecord
from concord.storage import queries

Q = queries.load(Path(__file__).with_name("queries.sql"))
SCHEMA = Path(__file__).with_name("schema.sql")
LAYOUT = 1
PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = NORMAL",  # a power cut may take the last commits, data with position; the log has them
    "wal_autocheckpoint = 0",  # `checkpoint` does it, off the path of a commit that somebody waits for
    "journal_size_limit = 16777216",  # bytes
    "cache_size = -32768",  # KiB
)


@dataclass(frozen=True, slots=True)
class Applied:
    """What one transaction changed.

    Attributes:
        positions: every partition afterwards.
        offers: those that changed, parsed before the commit: what cannot be read is never stored.
        households: ids of households of which the document or a promise changed.
        adoptions: what was made of each heartbeat met.
        gaps: revisions that were skipped, by partition.
    """

    positions: Positions
    offers: tuple[OfferRecord, ...]
    households: frozenset[str]
    adoptions: dict[Slot, Adoption]
    gaps: dict[Slot, int]


class ViewStore:
    """The writer's side of a view's file."""

    def __init__(self, path: Path, log: StateLog = STATE_LOG) -> None:
        """Open the file, making it if it is not there.

        Raises:
            ViewFileForeign: it is no view, or one of another layout.
        """
        self.path = path
        self.log = log
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = connect(path)
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise
        self.positions: Positions = self._read_positions()
        self._saved: Positions = self.positions

    def _prepare(self) -> None:
        try:
            for pragma in PRAGMAS:
                self._db.execute(f"PRAGMA {pragma}").fetchall()
            if self._layout() == 0:
                self._db.executescript(
                    f"BEGIN; {SCHEMA.read_text(encoding='utf-8')} PRAGMA user_version = {LAYOUT}; COMMIT;"
                )
            if self._layout() != LAYOUT:
                raise ViewFileForeign
        except sqlite3.DatabaseError as error:
            raise ViewFileForeign from error

    def _layout(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def _read_positions(self) -> dict[Slot, Position]:
        stored = (_position(row) for row in self._db.execute(Q.positions))
        return self.log.start() | {position.slot: position for position in stored}

    def meta(self, name: str) -> str | None:
        row = self._db.execute(Q.meta, (name,)).fetchone()
        return row[0] if row else None

    def put_meta(self, name: str, value: str) -> None:
        self._db.execute(Q.put_meta, (name, value))

    def apply(self, stretches: Sequence[Stretch]) -> Applied:
        """Store stretches of several partitions, at most one of each, in one transaction.

        Stretches without records move positions in memory only; `save` or the next transaction writes them. A file
        that lacks them is still a prefix of the log: it reads some heartbeats again.

        Raises:
            LogMoved: a record has a newer log or epoch than the view; nothing was stored.
            ViewStopped: a record cannot be applied; nothing was stored.
        """
        batch = _Batch(self._db, self.log, self.positions)
        try:
            if not any(stretch.records for stretch in stretches):
                applied = batch.apply(stretches)
            else:
                with self._transaction():
                    applied = batch.apply(stretches)
                    self._put_positions(applied.positions)
                    crash.point("applier.after_apply_before_commit")
                self._saved = applied.positions
        except (KeyError, TypeError, ValueError) as error:
            raise ViewStopped(f"A record cannot be applied: {type(error).__name__}.") from error
        self.positions = applied.positions
        return applied

    def save(self) -> None:
        """Write positions that moved by heartbeats alone."""
        if self.positions is not self._saved:
            with self._transaction():
                self._put_positions(self.positions)
            self._saved = self.positions

    def _put_positions(self, positions: Positions) -> None:
        moved = [position for slot, position in positions.items() if self._saved[slot] is not position]
        self._db.executemany(Q.put_position, map(_position_row, moved))

    def note_pending(self, codes: Iterable[tuple[str, datetime]]) -> None:
        """Keep codes and when each was first presented."""
        self._db.executemany(Q.note_pending, [(code, rfc3339(at)) for code, at in codes])

    def forget_pending(self, codes: Iterable[str]) -> None:
        self._db.executemany(Q.forget_pending, [(code,) for code in codes])

    def pending(self) -> list[tuple[str, datetime]]:
        """Codes not yet known and when each was first presented, oldest first."""
        return [(code, datetime.fromisoformat(seen)) for code, seen in self._db.execute(Q.pending)]

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk ends it by itself
                self._db.execute("ROLLBACK")
            raise


class _Batch:
    """One transaction's worth of records."""

    def __init__(self, db: sqlite3.Connection, log: StateLog, positions: Positions) -> None:
        self._db = db
        self._log = log
        self._positions = dict(positions)
        self._offers: list[OfferRecord] = []
        self._households: set[str] = set()
        self._gaps: dict[Slot, int] = {}

    def apply(self, stretches: Sequence[Stretch]) -> Applied:
        tallies: dict[Slot, Tally] = {stretch.slot: Tally() for stretch in stretches}
        for stretch in stretches:
            self._positions[stretch.slot] = _begin(self._positions[stretch.slot], stretch)
        for table, newest in self._newest(stretches).items():
            self._put(table, newest, tallies)
            crash.point("applier.mid_batch")
        adoptions: dict[Slot, Adoption] = {}
        for stretch in stretches:
            self._advance(stretch, tallies[stretch.slot], adoptions)
        return Applied(self._positions, tuple(self._offers), frozenset(self._households), adoptions, self._gaps)

    def _newest(self, stretches: Sequence[Stretch]) -> dict[rows.Table, dict[str, LogRecord]]:
        """By table, the newest record of each key."""
        tables: dict[rows.Table, dict[str, LogRecord]] = {table: {} for table in rows.TABLES}
        for stretch in stretches:
            position = self._positions[stretch.slot]
            for record in stretch.records:
                if not _follows(record, position) or record.key in RESERVED_KEYS:
                    continue
                newest = tables[rows.table_of(self._log, record.topic, record.key)]
                other = newest.get(record.key)
                if other is None or record.envelope.revision > other.envelope.revision:
                    newest[record.key] = record
        return {table: newest for table, newest in tables.items() if newest}

    def _put(self, table: rows.Table, newest: dict[str, LogRecord], tallies: dict[Slot, Tally]) -> None:
        """Store those records that are newer than what is here."""
        keys = orjson.dumps(list(newest)).decode()
        known = {row[0]: row for row in self._db.execute(getattr(Q, table.known), (keys,))}
        put: list[tuple[Any, ...]] = []
        for key, record in newest.items():
            here = known.get(key)
            if here is not None and here[1] >= record.envelope.revision:
                continue
            tally = tallies[record.topic, record.partition]
            kept = tally.replaces(here[2] if here else None, key, record.value)
            put.append(rows.row_of(table, record, kept))
            self._note(table, record, here)
        self._db.executemany(getattr(Q, table.put), put)

    def _note(self, table: rows.Table, record: LogRecord, here: tuple[Any, ...] | None) -> None:
        if table is rows.OFFER:
            self._offers.append(OfferRecord.parse(record.value or b""))
            return
        self._households.add(rows.household_of(record.key))
        if table is rows.HOUSEHOLD:
            self._put_lookups(here[3] if here else None, record.value)

    def _put_lookups(self, old: bytes | None, new: bytes | None) -> None:
        before, after = rows.lookups_of(old), rows.lookups_of(new)
        self._db.executemany(Q.drop_lookup, before - after)
        self._db.executemany(Q.put_lookup, after - before)

    def _advance(self, stretch: Stretch, tally: Tally, adoptions: dict[Slot, Adoption]) -> None:
        position = tally.over(self._positions[stretch.slot])
        revision, missing = _reach(position, stretch.records)
        if missing:
            self._gaps[stretch.slot] = missing
        position = replace(position, revision=revision, next_offset=stretch.next_offset)
        if stretch.heartbeat is not None:
            position, adoptions[stretch.slot] = _meet(
                position, stretch.heartbeat, tombstones=position.topic != self._log.offers.name
            )
        self._positions[stretch.slot] = position


def _follows(record: LogRecord, position: Position) -> bool:
    """Whether a record is of the view's log and epoch.

    Raises:
        LogMoved: it is of a newer one (protocol R18, R19). An older one is a zombie's and counts for nothing.
    """
    theirs, ours = _generation(record), (position.epoch, position.log)
    if theirs > ours:
        raise LogMoved
    return theirs == ours


def _generation(record: LogRecord) -> tuple[int, int]:
    return (record.envelope.epoch, record.envelope.log)


def _begin(position: Position, stretch: Stretch) -> Position:
    """A partition of which nothing was read takes the newest log and epoch it meets first."""
    if not position.untouched:
        return position
    heard = [_generation(record) for record in (*stretch.records, stretch.heartbeat) if record is not None]
    epoch, log = max(heard, default=(position.epoch, position.log))
    return replace(position, epoch=max(epoch, position.epoch), log=max(log, position.log))


def _reach(position: Position, records: Sequence[LogRecord]) -> tuple[int, int]:
    """The revision reached, and how many revisions were skipped on the way (by compaction, or by loss)."""
    reached, missing = position.revision, 0
    for record in records:
        revision = record.envelope.revision
        if revision > reached and _generation(record) == (position.epoch, position.log):
            missing += revision - reached - 1
            reached = revision
    return reached, missing


def _meet(position: Position, record: LogRecord, *, tombstones: bool) -> tuple[Position, Adoption]:
    """The position after a heartbeat at its place."""
    _follows(record, position)
    heartbeat = Heartbeat.parse(record.value or b"")
    adoption = judge(position, record, heartbeat, tombstones=tombstones)
    if adoption is Adoption.ADOPTED:
        position = replace(position, closed_at=heartbeat.closed_at, revision=record.envelope.revision)
    return position, adoption


def connect(path: Path) -> sqlite3.Connection:
    """A connection that commits only when told to; whoever uses it from two threads sees to it that they take turns."""
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)


def checkpoint(path: Path) -> None:
    """Move what it can from the write-ahead log into the file, without holding up readers or the writer."""
    db = connect(path)
    try:
        db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    finally:
        db.close()


def wal_size(path: Path) -> int:
    """Bytes of the file's write-ahead log."""
    try:
        return Path(f"{path}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def remove(path: Path) -> None:
    """A view's file and what SQLite keeps beside it; the log of one must never be read into another."""
    for name in (f"{path}-wal", f"{path}-shm", str(path)):
        Path(name).unlink(missing_ok=True)


def recompute(path: Path, log: StateLog = STATE_LOG) -> dict[Slot, Tally]:
    """Count and digest of every partition from the rows themselves (anti-entropy, architecture §3)."""
    found = {slot: Tally() for slot in log.slots()}
    db = connect(path)
    try:
        for topic, statement in (
            (log.offers.name, Q.offer_rows),
            (log.households.name, Q.household_rows),
            (log.households.name, Q.promise_rows),
        ):
            for key, partition, value in db.execute(statement):
                found[topic, partition].replaces(None, key, value)
    finally:
        db.close()
    return found


def _position(row: tuple[Any, ...]) -> Position:
    topic, partition, log, epoch, next_offset, revision, closed_at, count, digest = row
    instant = datetime.fromisoformat(closed_at) if closed_at else None
    return Position(topic, partition, log, epoch, next_offset, revision, instant, count, int.from_bytes(digest))


def _position_row(position: Position) -> tuple[Any, ...]:
    closed_at = rfc3339(position.closed_at) if position.closed_at else None
    return (
        position.topic,
        position.partition,
        position.log,
        position.epoch,
        position.next_offset,
        position.revision,
        closed_at,
        position.count,
        position.digest.to_bytes(32),
    )
