"""asyncpg pools with limits on every statement, and one place where a lost database becomes a 503."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from concord.storage.errors import DatabaseUnavailable, NotStorable

STATEMENT_TIMEOUT = 30_000  # ms; an import batch takes well under a second
LOCK_TIMEOUT = 5_000  # ms
COMMAND_TIMEOUT = 35  # s, on the client's side, for a server that stopped answering

LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
)
"""What asyncpg raises when the server is gone, going, or too busy: the same request may succeed later."""


# The driver has a class of its own for what it cannot encode; it is an InterfaceError too, so it is caught first.
UNFIT = (asyncpg.DataError, asyncpg.exceptions._base.DataError)  # noqa: SLF001  not exported under another name


async def open_pool(url: str, *, application: str, min_size: int = 2, max_size: int = 10) -> asyncpg.Pool:
    """A pool whose connections speak JSON by orjson and never wait without end.

    Raises:
        DatabaseUnavailable: the server does not answer.
    """
    with_limits = {
        "application_name": application,
        "statement_timeout": str(STATEMENT_TIMEOUT),
        "lock_timeout": str(LOCK_TIMEOUT),
        "idle_in_transaction_session_timeout": str(STATEMENT_TIMEOUT),
        "timezone": "UTC",
        "jit": "off",
    }
    try:
        return await asyncpg.create_pool(
            url,
            min_size=min_size,
            max_size=max_size,
            init=_speak_json,
            reset=_as_it_is,
            server_settings=with_limits,
            command_timeout=COMMAND_TIMEOUT,
            timeout=5,
        )
    except LOST as error:
        raise DatabaseUnavailable from error


async def wait_for_pool(url: str, *, application: str, deadline: float = 120, max_size: int = 10) -> asyncpg.Pool:
    """A pool, once the server answers; gives up after `deadline` seconds.

    Raises:
        DatabaseUnavailable: it did not answer in time.
    """
    async with asyncio.timeout(deadline):
        while True:
            try:
                return await open_pool(url, application=application, max_size=max_size)
            except DatabaseUnavailable:
                await asyncio.sleep(0.1)


async def _as_it_is(_: asyncpg.Connection) -> None:
    """Nothing here changes a session, and asyncpg ends an open transaction by itself before this.

    Its own reset is one more round trip for every request, before the caller hears of its commit.
    """


async def _speak_json(connection: asyncpg.Connection) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
        )


@asynccontextmanager
async def connection(pool: asyncpg.Pool) -> AsyncIterator[PoolConnectionProxy]:
    """A connection for reads and single statements.

    Raises:
        DatabaseUnavailable: the server is gone, or too busy to answer in time.
        NotStorable: a value does not fit its column.
    """
    try:
        async with pool.acquire(timeout=5) as acquired:
            try:
                yield acquired
            except asyncpg.InternalClientError:
                # The server died in the middle of an exchange; what this session would read next is anybody's guess.
                acquired.terminate()
                raise
    except UNFIT as error:
        raise NotStorable from error
    except LOST as error:
        raise DatabaseUnavailable from error


@asynccontextmanager
async def transaction(pool: asyncpg.Pool) -> AsyncIterator[PoolConnectionProxy]:
    """One transaction: committed when the block ends, rolled back when it raises.

    Raises:
        DatabaseUnavailable: the server is gone, or too busy. A commit under way may have taken effect.
    """
    async with connection(pool) as acquired, acquired.transaction():
        yield acquired
