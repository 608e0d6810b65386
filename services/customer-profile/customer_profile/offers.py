"""The profile's copy of the catalogue: it follows `concord.offers.v1`, and asks the registry where it may be behind."""

import asyncio
import logging
from collections.abc import Sequence

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from pydantic import ValidationError

from concord.contracts.topics import OFFERS
from concord.eventlog import client
from concord.eventlog.errors import LogUnavailable, Undecodable
from concord.eventlog.reader import LogRecord, read
from concord.storage import postgres
from concord.storage.errors import DatabaseUnavailable
from concord.web.errors import NotUpToBound
from concord.web.tokens import CatalogueToken, LostWrite
from customer_profile.catalogue import Catalogue, offer_of, read_offer
from customer_profile.registry import PAGE, Registry
from customer_profile.store import Q

WAIT = 0.3  # s for the log to bring a revision (protocol R20)
READ_THROUGH = 0.5  # s for the registry's answer to a request
CATCH_UP = 10.0  # s for it when an import is behind by thousands of offers
FETCH = 500  # records at a time
RETRY = 0.5  # s
_PARTITION = TopicPartition(OFFERS.name, 0)
log = logging.getLogger(__name__)


class Offers:
    """The profile's copy of the catalogue: `catalogue` in memory, the same in PostgreSQL for the next start."""

    def __init__(self, pool: asyncpg.Pool, bootstrap: str, registry: Registry) -> None:
        self.catalogue = Catalogue()
        self._pool = pool
        self._bootstrap = bootstrap
        self._registry = registry

    async def load(self) -> None:
        """What the last run kept. Raises DatabaseUnavailable."""
        async with postgres.connection(self._pool) as connection:
            epoch, revision = (await connection.fetch(Q.offers_position))[0]
            rows = await connection.fetch(Q.load_offers)
        self.catalogue.epoch = epoch
        self.catalogue.apply([read_offer(row["value"], row["revision"]) for row in rows], revision)

    async def run(self) -> None:
        """Follow the topic for ever; when an engine is lost, begin again from the position PostgreSQL has."""
        while True:
            try:
                await client.ensure_topics(self._bootstrap, [OFFERS])  # whoever starts first creates it
                async with client.consumer(self._bootstrap, client_id="profile-offers") as consumer:
                    await self._follow(consumer)
            except (LogUnavailable, DatabaseUnavailable, KafkaError, OSError) as error:
                extra = {"action": "offers_wait", "error": type(error).__name__}
                log.warning("following the catalogue was interrupted", extra=extra)
            except Undecodable as error:
                # Going on would leave a hole in the catalogue; the copy stays as it is and read-throughs serve.
                extra = {"action": "offers_stopped", "error": type(error).__name__}
                log.error("a record of the catalogue cannot be read", extra=extra)  # noqa: TRY400  the cause is in the record
            await asyncio.sleep(RETRY)

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        async with postgres.connection(self._pool) as connection:
            next_offset = await connection.fetchval(Q.offers_offset)
        consumer.assign([_PARTITION])
        if next_offset is None:
            await consumer.seek_to_beginning(_PARTITION)
        else:
            consumer.seek(_PARTITION, next_offset)
        while True:
            try:
                batch = await consumer.getmany(_PARTITION, timeout_ms=500, max_records=FETCH)
            except OffsetOutOfRangeError:
                await consumer.seek_to_beginning(_PARTITION)
                continue
            if records := [read(record) for record in batch.get(_PARTITION, ())]:
                await self._keep(records)

    async def _keep(self, records: Sequence[LogRecord]) -> None:
        """Copies and position in one transaction, then in memory."""
        newest = {record.key: record for record in records if not record.is_heartbeat and record.value is not None}
        try:
            copies = [read_offer(record.value or b"", record.envelope.revision) for record in newest.values()]
        except ValidationError as error:
            raise Undecodable("An offer record is not what its headers say.") from error
        last = records[-1]
        where = last.envelope
        if newest:
            values = [(key, record.envelope.revision, record.value) for key, record in newest.items()]
            async with postgres.transaction(self._pool) as connection:
                await connection.execute(Q.keep_offers, *map(list, zip(*values, strict=True)))
                place = (where.log, where.epoch, where.revision, last.offset + 1)
                await connection.execute(Q.move_offers_position, *place)
        self.catalogue.epoch = where.epoch
        self.catalogue.apply(copies, where.revision)

    async def read_through(self, deadline: float = READ_THROUGH) -> None:
        """Bring the copy in memory to where the registry is; what is kept follows by the log.

        Raises:
            NotUpToBound: the registry does not answer in time.
        """
        try:
            async with asyncio.timeout(deadline):
                while True:
                    after = self.catalogue.revision
                    page = await self._registry.changes(after, deadline)
                    copies = [offer_of(item.value, item.revision) for item in page.items if item.value is not None]
                    complete = len(page.items) < PAGE
                    self.catalogue.apply(copies, page.revision if complete else page.items[-1].revision)
                    if complete:
                        return
        except (TimeoutError, ValidationError) as error:
            raise NotUpToBound("The registry cannot be asked whether this is still so.", retry_after=1) from error

    async def satisfy(self, token: CatalogueToken) -> None:
        """Wait, then ask, until the copy is as fresh as the token (protocol R20).

        Raises:
            NotUpToBound: it is not, and the registry is not or does not answer.
            LostWrite: the token is of an epoch before this one's.
        """
        if token.epoch < self.catalogue.epoch:
            raise LostWrite
        if token.epoch == self.catalogue.epoch and await self.catalogue.reaches(token.revision, WAIT):
            return
        await self.read_through()
        if token.epoch != self.catalogue.epoch or token.revision > self.catalogue.revision:
            raise NotUpToBound(retry_after=1)
