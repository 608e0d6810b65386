"""A database that has the log's tables, and a log of the test's own on the shared broker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from concord.contracts.topics import HOUSEHOLDS, OFFERS, Topic
from concord.eventlog import client, schema
from concord.eventlog.reader import LogRecord, read
from concord.storage import postgres

_NUMBERS = count(1)


@pytest.fixture
def offers_topic() -> Topic:
    """The offers topic under a name of its own, so that tests share a broker and nothing else."""
    return replace(OFFERS, name=f"{OFFERS.name}.test{next(_NUMBERS)}")


@pytest.fixture
def households_topic() -> Topic:
    return replace(HOUSEHOLDS, name=f"{HOUSEHOLDS.name}.test{next(_NUMBERS)}")


@pytest.fixture
async def log_pool(postgres_url: str, offers_topic: Topic, households_topic: Topic) -> AsyncIterator[asyncpg.Pool]:
    """A pool on a database with the log's tables for both topics."""
    pool = await postgres.open_pool(postgres_url, application="test")
    async with pool.acquire() as connection:
        for statement in [*schema.statements(), *schema.clock_rows([offers_topic, households_topic])]:
            await connection.execute(statement)
    yield pool
    await pool.close()


@asynccontextmanager
async def reading(bootstrap: str, topic: Topic) -> AsyncIterator["Reading"]:
    """All records of a topic from its beginning."""
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
