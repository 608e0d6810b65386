"""The authority's clock: gapless, in commit order, with a digest that anybody can compute again."""

import asyncio
import random

import asyncpg
import pytest

from concord.contracts.topics import Topic
from concord.eventlog import outbox
from concord.eventlog.digest import digest_of, to_hex
from concord.eventlog.errors import RevisionMoved
from concord.eventlog.outbox import Append


def change(key: str, value: bytes | None = b"{}", partition: int = 0) -> Append:
    return Append(key, "concord.offer.changed.v1", value, partition)


async def revisions(pool: asyncpg.Pool, topic: Topic, partition: int = 0) -> list[int]:
    async with pool.acquire() as connection:
        return [row.revision for row in await outbox.changes(connection, topic, partition, 0, 10_000)]


async def test_append_gives_consecutive_revisions_in_the_order_given(
    log_pool: asyncpg.Pool, offers_topic: Topic
) -> None:
    async with log_pool.acquire() as connection:
        first = await outbox.append(connection, offers_topic, [change("a")])
        more = await outbox.append(connection, offers_topic, [change("c"), change("b"), change("a")])
    assert [position.revision for position in [*first, *more]] == [1, 2, 3, 4]


async def test_append_rolled_back_leaves_no_gap(log_pool: asyncpg.Pool, offers_topic: Topic) -> None:
    async with log_pool.acquire() as connection:
        await outbox.append(connection, offers_topic, [change("a")])
        attempt = connection.transaction()
        await attempt.start()
        await outbox.append(connection, offers_topic, [change("b")])
        await attempt.rollback()
        await outbox.append(connection, offers_topic, [change("c")])
    assert await revisions(log_pool, offers_topic) == [1, 2]


async def test_append_by_many_writers_is_gapless_and_in_commit_order(
    log_pool: asyncpg.Pool, offers_topic: Topic
) -> None:
    async def write(writer: int) -> None:
        for turn in range(20):
            async with log_pool.acquire() as connection:
                keys = [f"{writer}-{turn}-{number}" for number in range(turn % 3 + 1)]
                await outbox.append(connection, offers_topic, [change(key) for key in keys])

    await asyncio.gather(*(write(writer) for writer in range(8)))
    seen = await revisions(log_pool, offers_topic)
    assert seen == list(range(1, len(seen) + 1))


async def test_append_refuses_a_guess_that_another_writer_overtook(log_pool: asyncpg.Pool, offers_topic: Topic) -> None:
    async with log_pool.acquire() as connection:
        await outbox.append(connection, offers_topic, [change("a")], expected=1)
        with pytest.raises(RevisionMoved):
            await outbox.append(connection, offers_topic, [change("b")], expected=1)
        with pytest.raises(RevisionMoved):
            await outbox.append(connection, offers_topic, [change("b"), change("c")], expected=3)
    assert await revisions(log_pool, offers_topic) == [1]


async def test_digest_of_the_clock_is_that_of_what_is_held(log_pool: asyncpg.Pool, households_topic: Topic) -> None:
    source = random.Random(7)
    held: dict[int, dict[str, bytes]] = {number: {} for number in range(households_topic.partitions)}
    async with log_pool.acquire() as connection:
        for _ in range(60):
            keys = source.sample(range(40), source.randint(1, 5))
            batch = [change(f"hh_{key}", source.choice([None, source.randbytes(8)]), key % 6) for key in keys]
            await outbox.append(connection, households_topic, batch)
            for item in batch:
                held[item.partition].pop(item.key, None)
                if item.value is not None:
                    held[item.partition][item.key] = item.value
        positions = await outbox.positions(connection, households_topic)
    assert [(position.count, position.digest) for position in positions] == [
        (len(items), to_hex(digest_of(items.items()))) for items in held.values()
    ]


async def test_change_set_ends_at_the_last_record_of_each_partition(
    log_pool: asyncpg.Pool, households_topic: Topic
) -> None:
    async with log_pool.acquire() as connection:
        await outbox.append(
            connection, households_topic, [change("a", partition=0), change("b", partition=1), change("c", partition=0)]
        )
        rows = await connection.fetch("SELECT key, changeset_end FROM outbox ORDER BY key")
    assert {row["key"]: row["changeset_end"] for row in rows} == {"a": False, "b": True, "c": True}


async def test_transaction_that_appends_to_several_partitions_never_deadlocks(
    log_pool: asyncpg.Pool, households_topic: Topic
) -> None:
    async def write(order: list[int]) -> None:
        for turn in range(25):
            async with log_pool.acquire() as connection:
                await outbox.append(
                    connection, households_topic, [change(f"{order}-{turn}-{part}", partition=part) for part in order]
                )

    await asyncio.gather(*(write(order) for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0], [5, 0])))
    assert await revisions(log_pool, households_topic, 0) == list(range(1, 101))
