"""The relay: what is committed reaches Kafka in order, once the engines let it, and nothing stands before its place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from concord.clock import SystemClock
from concord.contracts.records import Heartbeat
from concord.contracts.topics import Topic
from concord.eventlog import outbox
from concord.eventlog.backlog import BacklogWatch
from concord.eventlog.outbox import Append
from concord.eventlog.relay import Relay
from concord.telemetry import metrics
from concord.testkit.log import reading

KILL_RELAYS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%relay_position%'
"""


@asynccontextmanager
async def relaying(url: str, bootstrap: str, topic: Topic) -> AsyncIterator[Relay]:
    relay = Relay(url, bootstrap, topic, "/test", SystemClock())
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def write(pool: asyncpg.Pool, topic: Topic, numbers: range, partitions: int = 1) -> None:
    async with pool.acquire() as connection:
        items = [
            Append(f"k{number}", "concord.offer.changed.v1", b'{"n":%d}' % number, number % partitions)
            for number in numbers
        ]
        await outbox.append(connection, topic, items)


async def test_relay_sends_every_record_once_and_in_order(
    log_pool: asyncpg.Pool, postgres_url: str, kafka_bootstrap: str, offers_topic: Topic
) -> None:
    await write(log_pool, offers_topic, range(50))
    async with (
        relaying(postgres_url, kafka_bootstrap, offers_topic) as relay,
        reading(kafka_bootstrap, offers_topic) as log,
    ):
        await log.until(lambda records: sum(not record.is_heartbeat for record in records) >= 50)
        await write(log_pool, offers_topic, range(50, 2600))
        relay.poke()
        await log.until(lambda records: sum(not record.is_heartbeat for record in records) >= 2600)
    assert [record.envelope.revision for record in log.changes()] == list(range(1, 2601))


async def test_heartbeat_stands_right_behind_the_record_of_its_revision(
    log_pool: asyncpg.Pool, postgres_url: str, kafka_bootstrap: str, households_topic: Topic
) -> None:
    async with (
        relaying(postgres_url, kafka_bootstrap, households_topic),
        reading(kafka_bootstrap, households_topic) as log,
    ):
        for turn in range(40):
            await write(log_pool, households_topic, range(turn * 30, turn * 30 + 30), partitions=6)
        await log.until(
            lambda records: sum(record.is_heartbeat and record.envelope.revision == 200 for record in records) >= 6
        )
    applied = dict.fromkeys(range(6), 0)
    for record in log.records:
        if record.is_heartbeat:
            assert record.envelope.revision == applied[record.partition]
        else:
            applied[record.partition] = record.envelope.revision


async def test_heartbeat_carries_count_and_digest_of_its_revision(
    log_pool: asyncpg.Pool, postgres_url: str, kafka_bootstrap: str, offers_topic: Topic
) -> None:
    await write(log_pool, offers_topic, range(5))
    async with relaying(postgres_url, kafka_bootstrap, offers_topic), reading(kafka_bootstrap, offers_topic) as log:
        records = await log.until(
            lambda records: any(record.is_heartbeat and record.envelope.revision == 5 for record in records)
        )
    async with log_pool.acquire() as connection:
        position = (await outbox.positions(connection, offers_topic))[0]
    said = Heartbeat.parse(
        next(record.value or b"" for record in records if record.is_heartbeat and record.envelope.revision == 5)
    )
    assert (said.count, said.digest) == (position.count, position.digest)


async def test_second_relay_waits_until_the_first_is_gone(
    log_pool: asyncpg.Pool, postgres_url: str, kafka_bootstrap: str, offers_topic: Topic
) -> None:
    async with reading_after_first(postgres_url, kafka_bootstrap, offers_topic, log_pool) as log:
        await write(log_pool, offers_topic, range(10, 20))
        await log.until(lambda records: any(record.envelope.revision == 20 for record in records))
    assert [record.envelope.revision for record in log.changes()] == list(range(1, 21))


@asynccontextmanager
async def reading_after_first(url: str, bootstrap: str, topic: Topic, pool: asyncpg.Pool) -> AsyncIterator[object]:
    async with relaying(url, bootstrap, topic), reading(bootstrap, topic) as log:
        await write(pool, topic, range(10))
        await log.until(lambda records: any(record.envelope.revision == 10 for record in records))
        async with relaying(url, bootstrap, topic):
            await log.until(lambda records: sum(record.is_heartbeat for record in records) >= 3)
        yield log


async def test_relay_begins_again_after_its_session_was_killed(
    log_pool: asyncpg.Pool, postgres_url: str, kafka_bootstrap: str, offers_topic: Topic
) -> None:
    async with relaying(postgres_url, kafka_bootstrap, offers_topic), reading(kafka_bootstrap, offers_topic) as log:
        for turn in range(3):
            await write(log_pool, offers_topic, range(turn * 10, turn * 10 + 10))
            async with log_pool.acquire() as connection:
                await connection.execute(KILL_RELAYS)
        await log.until(lambda records: any(record.envelope.revision == 30 for record in records))
    revisions = [record.envelope.revision for record in log.changes()]
    assert sorted(set(revisions)) == list(range(1, 31))


async def test_backlog_is_measured_without_a_relay_and_gone_behind_one(
    log_pool: asyncpg.Pool, postgres_url: str, kafka_bootstrap: str, households_topic: Topic
) -> None:
    watch = BacklogWatch(log_pool, households_topic)
    assert await measured(watch) == (0, 0)
    await write(log_pool, households_topic, range(60), partitions=6)
    async with log_pool.acquire() as connection:
        await connection.execute("UPDATE outbox SET committed_at = committed_at - interval '7 s' WHERE partition = 3")
    rows, age = await measured(watch)
    assert rows == 60
    assert age >= 7
    async with (
        relaying(postgres_url, kafka_bootstrap, households_topic),
        reading(kafka_bootstrap, households_topic) as log,
    ):
        # A heartbeat of a partition's last revision comes after the relay moved its position.
        await log.until(
            lambda records: sum(record.is_heartbeat and record.envelope.revision == 10 for record in records) >= 6
        )
        assert await measured(watch) == (0, 0)


async def measured(watch: BacklogWatch) -> tuple[float | None, float | None]:
    """Records and age in seconds, as `/metrics` has them after a look."""
    await watch.look()
    names = ("concord_outbox_backlog_rows", "concord_outbox_backlog_age_seconds")
    rows, age = (metrics.registry.get_sample_value(name, {"topic": watch.topic.name}) for name in names)
    return rows, age


@pytest.mark.parametrize("size", [300_000, 1_500_000])
async def test_relay_sends_records_larger_than_a_batch(
    log_pool: asyncpg.Pool, postgres_url: str, kafka_bootstrap: str, offers_topic: Topic, size: int
) -> None:
    async with log_pool.acquire() as connection:
        for key in ("large", "larger"):
            await outbox.append(connection, offers_topic, [Append(key, "concord.offer.changed.v1", b"x" * size)])
    async with relaying(postgres_url, kafka_bootstrap, offers_topic), reading(kafka_bootstrap, offers_topic) as log:
        await log.until(lambda records: any(record.envelope.revision == 2 for record in records))
    assert [len(record.value or b"") for record in log.changes()] == [size, size]
