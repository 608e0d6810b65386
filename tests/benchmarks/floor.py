"""The least that does the same job: what each figure is measured beside."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from time import perf_counter
from typing import Final

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from concord.contracts.topics import OFFERS, STATE_TOPICS
from concord.eventlog import client

from .load import Run

RAW: Final = replace(OFFERS, name="bench.raw")
ROWS: Final = 1_000
CAP: Final = 1 << 40  # never reached; the condition is what costs


class RawLog:
    """aiokafka alone: an idempotent producer with acks=all, and a consumer that waits on the assigned partition."""

    def __init__(self, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer) -> None:
        self._producer = producer
        self._consumer = consumer
        self._awaited: dict[bytes, asyncio.Future[float]] = {}
        self._sent = 0

    async def once(self, value: bytes) -> float:
        """Seconds from before the send until a consumer has the record."""
        self._sent += 1
        key = b"%d" % self._sent
        seen = self._awaited[key] = asyncio.get_running_loop().create_future()
        began = perf_counter()
        await self._producer.send(RAW.name, value, key=key, partition=0)
        came: float = await seen
        return came - began

    async def read(self) -> None:
        """For ever: note when each record came."""
        async for record in self._consumer:
            awaited = self._awaited.pop(record.key, None)
            if awaited is not None:
                awaited.set_result(perf_counter())


@asynccontextmanager
async def raw_log(bootstrap: str) -> AsyncIterator[RawLog]:
    """On a topic of its own, with the producer's and consumer's settings of Concord itself."""
    await client.ensure_topics(bootstrap, [RAW])
    async with AsyncExitStack() as held:
        producer = await held.enter_async_context(client.producer(bootstrap, client_id="bench-producer"))
        consumer = await held.enter_async_context(client.consumer(bootstrap, client_id="bench-consumer"))
        consumer.assign([TopicPartition(RAW.name, 0)])
        await consumer.seek_to_end()
        raw = RawLog(producer, consumer)
        reading = asyncio.create_task(raw.read())
        try:
            yield raw
        finally:
            reading.cancel()


@asynccontextmanager
async def capped_table(url: str, connections: int) -> AsyncIterator[asyncpg.Pool]:
    """A table of counters with a cap, and a pool on it; dropped at the end."""
    async with asyncpg.create_pool(url, min_size=connections, max_size=connections) as pool:
        await pool.execute("CREATE TABLE bench_cap (id int PRIMARY KEY, used bigint NOT NULL, cap bigint NOT NULL)")
        await pool.execute("INSERT INTO bench_cap SELECT n, 0, $2 FROM generate_series(1, $1::int) n", ROWS, CAP)
        try:
            yield pool
        finally:
            await pool.execute("DROP TABLE bench_cap")


async def capped_updates(pool: asyncpg.Pool, *, connections: int, seconds: float) -> Run:
    """Durable single statements on random rows, as fast as so many connections go."""
    run = Run()
    begin = perf_counter()
    end = begin + seconds

    async def update_on() -> None:
        async with pool.acquire() as connection:
            update = await connection.prepare(
                "UPDATE bench_cap SET used = used + 1 WHERE id = $1 AND used < cap RETURNING used"
            )
            while (sent_at := perf_counter()) < end:
                await update.fetchval(random.randint(1, ROWS))
                run.note(200, perf_counter() - sent_at)

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(update_on())
    run.seconds = perf_counter() - begin
    return run


async def raw_decode(bootstrap: str) -> tuple[int, float]:
    """How many records the state topics have, and the seconds to fetch and parse them all."""
    began, records = perf_counter(), 0
    async with client.consumer(bootstrap, client_id="bench-decode") as consumer:
        partitions = [
            TopicPartition(topic.name, number) for topic in STATE_TOPICS for number in range(topic.partitions)
        ]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        left = {partition for partition in partitions if ends[partition]}
        while left:
            for partition, batch in (await consumer.getmany(timeout_ms=200)).items():
                for record in batch:
                    if record.value is not None:
                        orjson.loads(record.value)
                records += len(batch)
                if batch[-1].offset + 1 >= ends[partition]:
                    left.discard(partition)
    return records, perf_counter() - began
