"""PostgreSQL and Kafka killed under the supervisor: they return by themselves, with all they acknowledged."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from concord.engines import ports
from concord.engines.errors import EngineFailed
from concord.engines.postgres import Postgres
from concord.engines.stack import Stack
from concord.engines.start import start


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    with ports.reserved_base() as base:
        async with Stack(tmp_path_factory.mktemp("stack"), base, services=()) as running:
            yield running


async def killed_and_back(stack: Stack, name: str) -> float:
    """Seconds from the kill to the first answer of the next process."""
    began, pid = time.monotonic(), stack.process(name).pid
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(30):
        await stack.process(name).until_ready(after=pid)
    return time.monotonic() - began


async def test_postgres_killed_keeps_what_it_committed(stack: Stack) -> None:
    connection = await asyncpg.connect(stack.postgres_url())
    await connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    # A backend that is busy when its postmaster dies holds the shared memory on.
    busy = asyncio.create_task(connection.execute("SELECT count(*) FROM generate_series(1, 1000000000)"))
    await asyncio.sleep(0)
    await killed_and_back(stack, "postgres")
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await busy
    again = await asyncpg.connect(stack.postgres_url())
    assert await again.fetchval("SELECT number FROM kept") == 1
    await again.close()


async def test_kafka_killed_keeps_what_it_acknowledged(stack: Stack) -> None:
    topic = "engines.kept"
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=stack.kafka_bootstrap, acks="all") as producer:
        await producer.send_and_wait(topic, b"kept", key=b"key")
    await killed_and_back(stack, "kafka")
    async with AIOKafkaConsumer(bootstrap_servers=stack.kafka_bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        async with asyncio.timeout(20):
            assert (await consumer.getone()).value == b"kept"


async def test_failed_start_says_the_cause_and_the_last_lines(tmp_path: Path) -> None:
    with ports.reserved_base() as base:
        postgres = Postgres(tmp_path / "postgres", ports.port("postgres", base), tmp_path / "postgres.log")
        await postgres.prepare()
        (tmp_path / "postgres" / "data" / "PG_VERSION").write_text("9\n")
        with pytest.raises(EngineFailed) as failed:
            await start(postgres)
    lines = failed.value.detail.splitlines()
    assert lines[0] == "postgres ended with exit code 1."
    assert lines[1] == f"The last lines of {tmp_path / 'postgres.log'}:"
    assert "initialized by PostgreSQL version 9" in failed.value.detail


async def test_pid_file_of_a_pid_in_use_by_another_program_does_not_hinder(stack: Stack) -> None:
    data = stack.folder.path / "postgres" / "data"
    pid = stack.process("postgres").pid
    os.kill(pid, signal.SIGKILL)
    lines = (data / "postmaster.pid").read_text().splitlines()
    (data / "postmaster.pid").write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    async with asyncio.timeout(30):
        await stack.process("postgres").until_ready(after=pid)
