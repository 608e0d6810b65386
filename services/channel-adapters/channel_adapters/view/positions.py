"""Where a view stands in each partition of the log, and what it holds there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from concord.contracts.topics import HOUSEHOLDS, OFFERS, Topic
from concord.eventlog.digest import record_hash
from concord.eventlog.reader import LogRecord

Slot = tuple[str, int]  # topic, partition


@dataclass(frozen=True, slots=True)
class Position:
    """A partition as this view holds it; it is stored in the transaction that stored the records.

    `next_offset` is the first Kafka offset not yet applied and is valid for this `log` only (protocol R19).
    `closed_at` is that of the last adopted heartbeat. `count` and `digest` are over the keys present (protocol §3).
    """

    topic: str
    partition: int
    log: int = 1
    epoch: int = 1
    next_offset: int = 0
    revision: int = 0
    closed_at: datetime | None = None
    count: int = 0
    digest: int = 0

    @property
    def slot(self) -> Slot:
        return (self.topic, self.partition)

    @property
    def untouched(self) -> bool:
        """Whether nothing of this partition was ever read."""
        return self.next_offset == 0


Positions = Mapping[Slot, Position]


@dataclass(frozen=True, slots=True)
class StateLog:
    """The topics a view is a prefix of. Tests that share a broker name their own."""

    offers: Topic = OFFERS
    households: Topic = HOUSEHOLDS

    @property
    def topics(self) -> tuple[Topic, Topic]:
        return (self.offers, self.households)

    def slots(self) -> Iterator[Slot]:
        """Every partition, in the order in which they are reported."""
        for topic in self.topics:
            for partition in range(topic.partitions):
                yield (topic.name, partition)

    def start(self) -> dict[Slot, Position]:
        """The positions of an empty view."""
        return {slot: Position(*slot) for slot in self.slots()}


STATE_LOG = StateLog()


@dataclass(slots=True)
class Tally:
    """What a batch does to a partition's count and digest."""

    count: int = 0
    digest: int = 0

    def replaces(self, old_hash: bytes | None, key: str, value: bytes | None) -> bytes | None:
        """Account for one key whose value changes; returns the hash to be kept beside it (32 bytes)."""
        if old_hash is not None:
            self.count -= 1
            self.digest ^= int.from_bytes(old_hash)
        if value is None:
            return None
        added = record_hash(key, value)
        self.count += 1
        self.digest ^= added
        return added.to_bytes(32)

    def over(self, position: Position) -> Position:
        """The position with this batch counted in."""
        return replace(position, count=position.count + self.count, digest=position.digest ^ self.digest)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of whole changesets of one partition, and the heartbeat that follows them at once, if one does."""

    slot: Slot
    records: tuple[LogRecord, ...]
    next_offset: int
    heartbeat: LogRecord | None = None
