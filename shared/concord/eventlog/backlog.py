"""How far Kafka is behind what was committed, looked at apart from the relay: it may be waiting for Kafka itself."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import asyncpg

from concord.contracts.topics import Topic
from concord.eventlog import outbox
from concord.storage import postgres
from concord.storage.errors import DatabaseUnavailable
from concord.telemetry import metrics

EACH: Final = 0.5  # s between two looks


@dataclass(frozen=True, slots=True)
class BacklogWatch:
    """Keeps `concord_outbox_backlog_*` of a topic, whoever leads its relay and whether or not that can send."""

    pool: asyncpg.Pool
    topic: Topic

    async def run(self) -> None:
        """Never returns. While PostgreSQL is away the last look stands; nothing is committed then."""
        while True:
            with suppress(DatabaseUnavailable):
                await self.look()
            await asyncio.sleep(EACH)

    async def look(self) -> None:
        """Measure once. Raises DatabaseUnavailable."""
        async with postgres.connection(self.pool) as connection:
            backlog = await outbox.backlog(connection, self.topic)
        metrics.outbox_backlog_rows.labels(topic=self.topic.name).set(backlog.records)
        metrics.outbox_backlog_age.labels(topic=self.topic.name).set(backlog.age)
