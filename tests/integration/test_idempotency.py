"""One effect for each key of a caller, on a real PostgreSQL (G6)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from concord.clock import SystemClock
from concord.storage import idempotency, postgres
from concord.storage.errors import KeyReused, RequestInFlight
from concord.storage.idempotency import KEPT_FOR, Answer, Claim, Connection
from concord.web.idempotency import REPLAYED, Effect, KeyMalformed, KeyMissing, checked, once

CLAIM = Claim("campaign", "key-1", b"fingerprint")
DONE = Answer(201, b'{"id":"x"}', {"Location": "/v1/things/x"})


class _Statements:
    """What a migration does, on a connection."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def execute(self, sqltext: str) -> None:
        self.statements.append(sqltext)


@pytest.fixture
async def pool(postgres_url: str) -> AsyncIterator[asyncpg.Pool]:
    made = await postgres.open_pool(postgres_url, application="test")
    migration = _Statements()
    idempotency.create(migration)
    async with made.acquire() as connection:
        for statement in [*migration.statements, "CREATE TABLE effects (at timestamptz DEFAULT now())"]:
            await connection.execute(statement)
    yield made
    await made.close()


async def effect(connection: Connection) -> Effect:
    await connection.execute("INSERT INTO effects DEFAULT VALUES")
    return Effect(DONE)


async def effects(pool: asyncpg.Pool) -> int:
    async with pool.acquire() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM effects"))


async def test_once_gives_the_first_answer_again(pool: asyncpg.Pool) -> None:
    first, again = await once(pool, CLAIM, effect), await once(pool, CLAIM, effect)
    assert (first.status_code, first.body, first.headers["Location"]) == (201, DONE.body, "/v1/things/x")
    assert (again.status_code, again.body, again.headers["Location"]) == (201, DONE.body, "/v1/things/x")
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    assert await effects(pool) == 1


async def test_once_refuses_a_key_with_another_request(pool: asyncpg.Pool) -> None:
    await once(pool, CLAIM, effect)
    with pytest.raises(KeyReused):
        await once(pool, Claim(CLAIM.caller, CLAIM.key, b"other"), effect)
    assert await effects(pool) == 1


async def test_once_keeps_callers_apart(pool: asyncpg.Pool) -> None:
    await once(pool, CLAIM, effect)
    await once(pool, Claim("ana", CLAIM.key, CLAIM.fingerprint), effect)
    assert await effects(pool) == 2


async def test_once_says_that_the_first_still_runs(pool: asyncpg.Pool) -> None:
    started, go = asyncio.Event(), asyncio.Event()

    async def slow(connection: Connection) -> Effect:
        started.set()
        await go.wait()
        return await effect(connection)

    first = asyncio.create_task(once(pool, CLAIM, slow))
    await started.wait()
    with pytest.raises(RequestInFlight) as refused:
        await once(pool, CLAIM, effect)
    assert refused.value.retry_after
    go.set()
    await first
    assert (await once(pool, CLAIM, effect)).headers[REPLAYED] == "true"
    assert await effects(pool) == 1


async def test_once_with_an_effect_that_fails_leaves_the_key_free(pool: asyncpg.Pool) -> None:
    async def failing(connection: Connection) -> Effect:
        await effect(connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await once(pool, CLAIM, failing)
    assert await effects(pool) == 0
    assert REPLAYED not in (await once(pool, CLAIM, effect)).headers


async def test_once_by_many_at_once_has_one_effect(pool: asyncpg.Pool) -> None:
    outcomes = await asyncio.gather(*(once(pool, CLAIM, effect) for _ in range(30)), return_exceptions=True)
    assert await effects(pool) == 1
    assert sum(not isinstance(one, BaseException) and REPLAYED not in one.headers for one in outcomes) == 1
    assert all(isinstance(one, RequestInFlight) for one in outcomes if isinstance(one, BaseException))


async def test_forget_drops_only_what_is_old(pool: asyncpg.Pool) -> None:
    await once(pool, CLAIM, effect)
    now = SystemClock().now()
    async with pool.acquire() as connection:
        await idempotency.forget(connection, now + KEPT_FOR - timedelta(hours=1))
        assert await idempotency.find(connection, CLAIM) == DONE
        await idempotency.forget(connection, now + KEPT_FOR + timedelta(hours=1))
        assert await idempotency.find(connection, CLAIM) is None
    assert timedelta(hours=24) <= KEPT_FOR


def test_fingerprint_of_json_counts_by_value() -> None:
    one = idempotency.fingerprint("POST", "/v1/promises", b'{"a": 1, "b": [2]}')
    assert one == idempotency.fingerprint("POST", "/v1/promises", b'{"b":[2],"a":1}')
    assert one != idempotency.fingerprint("POST", "/v1/promises", b'{"b":[3],"a":1}')
    assert one != idempotency.fingerprint("POST", "/v1/others", b'{"b":[2],"a":1}')


@pytest.mark.parametrize("key", ["", " ", "a b", "ä", "x" * 256, "a\n"])
def test_key_that_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(KeyMalformed):
        checked(key)


def test_key_that_is_missing_is_refused() -> None:
    with pytest.raises(KeyMissing):
        checked(None)
