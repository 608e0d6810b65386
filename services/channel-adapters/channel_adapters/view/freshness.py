"""How old the view is, computed for each answer from clocks that are passed in, never kept as a flag (protocol R14).

This release knows READY and STALE by age alone; the lease of R11 adds FENCED to the same function's inputs.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from channel_adapters.view.positions import Position
from concord.contracts.records import Heartbeat
from concord.decision.timing import Freshness as State
from concord.eventlog.reader import LogRecord

STALE_AFTER_MS = 2_000  # protocol §4
NEVER_MS = 10**12  # the age of a view that has adopted no heartbeat: some thirty years


@dataclass(frozen=True, slots=True)
class Freshness:
    """The view's state and its age in milliseconds at one instant."""

    state: State
    age_ms: int


def freshness(closed_at: datetime | None, now: datetime, *, stopped: bool = False) -> Freshness:
    """Freshness of a view of which everything before `closed_at` is known.

    Args:
        closed_at: the oldest `closed_at` among its partitions, None when one has adopted no heartbeat.
        now: the instant, UTC.
        stopped: whether a record could not be applied; such a view is STALE however young.
    """
    if closed_at is None:
        return Freshness(State.STALE, NEVER_MS)
    age_ms = int((now - closed_at).total_seconds() * 1000)
    state = State.STALE if stopped or age_ms > STALE_AFTER_MS else State.READY
    return Freshness(state, max(0, age_ms))


class Adoption(StrEnum):
    """What a view makes of a heartbeat (protocol R13)."""

    ADOPTED = "adopted"
    IGNORED = "ignored"  # of another log or epoch, or older than the last
    AHEAD = "ahead"  # it knows of a revision that never arrived here
    DIFFERS = "differs"  # same revision, other content


def judge(position: Position, record: LogRecord, heartbeat: Heartbeat, *, tombstones: bool) -> Adoption:
    """Whether the view adopts a heartbeat that it met at its place in the stream (protocol R13).

    Args:
        position: the partition after everything before the heartbeat was applied.
        record: the heartbeat's record.
        heartbeat: its value.
        tombstones: whether the topic has them; there the highest revision may be gone by compaction, and equal
            content decides.
    """
    envelope = record.envelope
    if (envelope.log, envelope.epoch) != (position.log, position.epoch) or envelope.revision < position.revision:
        return Adoption.IGNORED
    if position.closed_at is not None and heartbeat.closed_at < position.closed_at:
        return Adoption.IGNORED
    equal = heartbeat.count == position.count and int(heartbeat.digest, 16) == position.digest
    if envelope.revision > position.revision and not (tombstones and equal):
        return Adoption.AHEAD
    return Adoption.ADOPTED if equal else Adoption.DIFFERS
