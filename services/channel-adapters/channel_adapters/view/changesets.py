"""Cuts what Kafka delivers into stretches that end where a changeset ends (protocol §7: snapshots are swapped there
only).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from channel_adapters.view.positions import Slot, Stretch
from concord.eventlog.reader import LogRecord


@dataclass(slots=True)
class Changesets:
    """One partition's records on their way into the view; what belongs to an unfinished changeset is kept back."""

    slot: Slot
    seen: int  # the offset after the last record taken
    _open: list[LogRecord] = field(default_factory=list)

    def take(self, records: Sequence[LogRecord]) -> list[Stretch]:
        """At most two stretches: up to the last heartbeat of the batch with it, and what follows it.

        Earlier heartbeats of a batch say nothing that the last does not: count and digest are cumulative.
        """
        last = _last_heartbeat(records)
        if last is None:
            return self._stretches(records, None)
        before = self._stretches(records[:last], records[last])
        return before + self._stretches(records[last + 1 :], None)

    def _stretches(self, records: Sequence[LogRecord], heartbeat: LogRecord | None) -> list[Stretch]:
        if not records and heartbeat is None:
            return []
        pending = self._open + [record for record in records if not record.is_heartbeat]
        end = _end_of_changesets(pending, heartbeat)
        done, self._open = tuple(pending[:end]), pending[end:]
        self.seen = (heartbeat or records[-1]).offset + 1
        next_offset = self._open[0].offset if self._open else self.seen
        return [Stretch(self.slot, done, next_offset, heartbeat)]


def _last_heartbeat(records: Sequence[LogRecord]) -> int | None:
    return next((index for index in range(len(records) - 1, -1, -1) if records[index].is_heartbeat), None)


def _end_of_changesets(pending: Sequence[LogRecord], heartbeat: LogRecord | None) -> int:
    """How many of the records belong to finished changesets.

    A heartbeat at or above a record's revision ends its changeset too: compaction may have taken the last record.
    """
    if heartbeat and pending and pending[-1].envelope.revision <= heartbeat.envelope.revision:
        return len(pending)
    return next((index + 1 for index in range(len(pending) - 1, -1, -1) if pending[index].envelope.changeset_end), 0)
