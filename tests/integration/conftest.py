"""A database that has the log's tables, and a log of the test's own on the shared broker."""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count

import asyncpg
import pytest

from concord.contracts.topics import HOUSEHOLDS, OFFERS, Topic
from concord.eventlog import schema
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
