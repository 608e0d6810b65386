"""Follows the log from where a view's file stands: fetch, apply on a thread, hand the result to the loop
(architecture §2).

Nothing here belongs to a consumer group: partitions are assigned, and the place to start is the one the file holds.
While one batch is applied aiokafka fetches the next by itself, since everything it had was drained.
"""

import asyncio
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from channel_adapters.errors import LogMoved
from channel_adapters.view.changesets import Changesets
from channel_adapters.view.positions import Slot, Stretch
from channel_adapters.view.scribe import Scribe
from concord.eventlog import client
from concord.eventlog.errors import LogUnavailable
from concord.eventlog.reader import read

PIECE: Final = 2_000  # records decoded at a time, some 4 ms of the loop
LARGEST_BATCH: Final = 20_000  # records of one transaction
SMALL: Final = 16  # records: a change and the heartbeats around it
SMALL_BYTES: Final = 16_384  # an offer of ordinary size takes a tenth of it
SILENCE: Final = 3  # s without a record before the broker is asked whether there is something to read
ANSWER: Final = 5.0  # s for an answer of the broker

Fetched = dict[Slot, list[Any]]  # aiokafka's ConsumerRecords


class Follower:
    """One file following the log.

    Attributes:
        caught_up: set once every partition was read to where it ended when following began.
    """

    def __init__(self, scribe: Scribe, bootstrap: str, *, name: str) -> None:
        self._scribe = scribe
        self._bootstrap = bootstrap
        self._name = name
        self._cuts: dict[Slot, Changesets] = {}
        self._ends: dict[Slot, int] = {}  # of partitions not yet read that far
        self.caught_up = asyncio.Event()

    async def run(self) -> None:
        """Follow for ever.

        Raises:
            LogUnavailable: Kafka does not answer.
            LogMoved: the stored place is not in the topic, or a newer log began.
            ViewStopped, Undecodable: a record cannot be applied.
        """
        try:
            async with client.consumer(self._bootstrap, client_id=f"concord-{self._name}") as consumer:
                await self._place(consumer)
                while True:
                    await self._follow(consumer)
        except OffsetOutOfRangeError as error:
            raise LogMoved from error
        except (KafkaError, OSError, TimeoutError) as error:
            raise LogUnavailable from error

    async def _place(self, consumer: AIOKafkaConsumer) -> None:
        """Seek every partition to its stored place.

        Raises:
            LogMoved: that place is before the topic's beginning or behind its end (protocol R19).
        """
        partitions = [TopicPartition(*slot) for slot in self._scribe.store.log.slots()]
        consumer.assign(partitions)
        async with asyncio.timeout(ANSWER):
            begins = await consumer.beginning_offsets(partitions)
            ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            slot = (partition.topic, partition.partition)
            position = self._scribe.store.positions[slot]
            place = begins[partition] if position.untouched else position.next_offset
            if not begins[partition] <= place <= ends[partition]:
                raise LogMoved
            consumer.seek(partition, place)
            self._cuts[slot] = Changesets(slot, place)
            self._ends[slot] = ends[partition]
        self._mark()

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        batch = await _drain(consumer)
        if not batch:
            async with asyncio.timeout(ANSWER):
                await _listen(consumer)
        await self._scribe.take(lambda: self._cut(batch), small=_is_small(batch))
        self._mark()

    def _cut(self, batch: Fetched) -> list[list[Stretch]]:
        """Transactions, one after the other, each with at most one stretch of a partition."""
        cut = [self._cuts[slot].take([read(record) for record in records]) for slot, records in batch.items()]
        turns = max(map(len, cut), default=0)
        return [[stretches[turn] for stretches in cut if len(stretches) > turn] for turn in range(turns)]

    def _mark(self) -> None:
        """Take note of the partitions that are read to their end."""
        for slot, cuts in self._cuts.items():
            if cuts.seen >= self._ends.get(slot, 0):
                self._ends.pop(slot, None)
        if not self._ends:
            self.caught_up.set()


async def _drain(consumer: AIOKafkaConsumer) -> Fetched:
    """All that has arrived, or arrives before the silence is too long; a piece at a time, so that decoding never
    holds the loop for long.

    A broker is not fetched from while one of its partitions waits undrained (research/events.md §2.2).
    """
    drained: Fetched = {}
    count = 0
    while count < LARGEST_BATCH:
        fetched = await consumer.getmany(timeout_ms=0 if count else SILENCE * 1000, max_records=PIECE)
        for partition, records in fetched.items():
            drained.setdefault((partition.topic, partition.partition), []).extend(records)
        arrived = sum(map(len, fetched.values()))
        count += arrived
        if arrived < PIECE:
            break
    return drained


def _is_small(batch: Fetched) -> bool:
    records = [record for records in batch.values() for record in records]
    return len(records) <= SMALL and sum(len(record.value or b"") for record in records) <= SMALL_BYTES


async def _listen(consumer: AIOKafkaConsumer) -> None:
    """After a silence: whether the log has something to read that does not arrive.

    Raises:
        LogUnavailable: it has; a new connection is needed.
    """
    partitions = list(consumer.assignment())
    ends = await consumer.end_offsets(partitions)
    for partition in partitions:
        if await consumer.position(partition) < ends[partition]:
            raise LogUnavailable


def stop_was_asked() -> bool:
    """Whether somebody cancelled this task; a client library's own cancellations can surface in it too."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
