"""The log as a test reads it: everything, from the beginning, until it has seen enough."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from concord.contracts.topics import Topic
from concord.eventlog import client
from concord.eventlog.reader import LogRecord, read


@asynccontextmanager
async def reading(bootstrap: str, topic: Topic) -> AsyncIterator["Reading"]:
    """All records of a topic from its beginning."""
    await client.ensure_topics(bootstrap, [topic])
    async with client.consumer(bootstrap, client_id="test") as consumer:
        partitions = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        yield Reading(consumer)


class Reading:
    """Records as they come, kept for later questions."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self.records: list[LogRecord] = []

    async def until(self, wanted: Callable[[list[LogRecord]], bool], *, deadline: float = 20) -> list[LogRecord]:
        """Read on until `wanted(records)` is true."""
        async with asyncio.timeout(deadline):
            while not wanted(self.records):
                batch = await self._consumer.getmany(timeout_ms=200)
                self.records += [read(record) for records in batch.values() for record in records]
        return self.records

    def changes(self) -> list[LogRecord]:
        return [record for record in self.records if not record.is_heartbeat]
