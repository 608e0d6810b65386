"""Real engines, started once per run through the code of `make run`, on ports and in a folder of their own."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from concord.engines import ports, servers
from concord.engines.postgres import database_url
from concord.engines.servers import Engines


@pytest.fixture(scope="session")
async def engines(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engines]:
    """PostgreSQL and Kafka."""
    with ports.reserved_base() as base:
        async with servers.engines(tmp_path_factory.mktemp("engines"), base) as started:
            yield started


@pytest.fixture
async def postgres_url(engines: Engines) -> AsyncIterator[str]:
    """An empty database of the test's own."""
    async with database(engines) as url:
        yield url


@pytest.fixture
async def other_postgres_url(engines: Engines) -> AsyncIterator[str]:
    """Another one."""
    async with database(engines) as url:
        yield url


@asynccontextmanager
async def database(engines: Engines) -> AsyncIterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(engines.postgres_url)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        yield database_url(engines.postgres_url, name)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


@pytest.fixture
def kafka_bootstrap(engines: Engines) -> str:
    """The broker all tests of a run share; name topics for the test."""
    return engines.kafka_bootstrap
