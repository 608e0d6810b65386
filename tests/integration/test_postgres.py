"""What goes wrong in PostgreSQL has one meaning each for callers."""

import asyncpg
import pytest

from concord.storage import postgres
from concord.storage.errors import DatabaseUnavailable, NotStorable


@pytest.mark.parametrize("statement", ["SELECT $1::int4", "SELECT $1::int8::int4"])
async def test_value_beyond_its_column_is_the_callers_mistake(log_pool: asyncpg.Pool, statement: str) -> None:
    with pytest.raises(NotStorable):
        async with postgres.connection(log_pool) as connection:
            await connection.fetchval(statement, 2**40)


async def test_terminated_session_is_a_lost_database(log_pool: asyncpg.Pool) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with postgres.connection(log_pool) as connection:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
