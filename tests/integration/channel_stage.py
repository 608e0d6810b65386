"""A channel in this process on the shared broker, with an authority that the test plays."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI

from channel_adapters.api import Replica
from channel_adapters.main import build
from channel_adapters.settings import AdapterSettings
from channel_adapters.view.households import Household
from channel_adapters.view.positions import Slot, StateLog
from channel_adapters.view.readthrough import Changes
from concord.clock import Clock, SystemClock
from concord.contracts.cloudevents import encode
from concord.contracts.topics import HOUSEHOLDS, OFFERS
from concord.eventlog import client
from concord.eventlog.partition import partition_of
from concord.eventlog.reader import LogRecord
from concord.testkit.signin import LocalSignin
from unit.view_histories import History

_NUMBERS = count(1)
PEOPLE = {"web": "web", "store_pos": "tom", "call_center": "ana", "sms": "sms"}  # who asks for any customer there


def own_log() -> StateLog:
    """Topics of the test's own."""
    number = next(_NUMBERS)
    offers = replace(OFFERS, name=f"{OFFERS.name}.channel{number}")
    return StateLog(offers, replace(HOUSEHOLDS, name=f"{HOUSEHOLDS.name}.channel{number}"))


class Authority:
    """Both authorities: what is changed here is on the log when `change` returns."""

    def __init__(self, producer: AIOKafkaProducer, log: StateLog) -> None:
        self._producer = producer
        self.log = log
        self.histories = {slot: History(slot, now=lambda: datetime.now(UTC)) for slot in log.slots()}

    def slot(self, key: str) -> Slot:
        """The partition of an offer, a household or a promise."""
        if key.startswith("ofr_"):
            return (self.log.offers.name, 0)
        return (self.log.households.name, partition_of(key.partition("/")[0], self.log.households.partitions))

    async def change(self, key: str, value: bytes | None, *, end: bool = True) -> LogRecord:
        record = self.histories[self.slot(key)].change(key, value, end=end)
        await self.send(record)
        return record

    async def beat(self) -> None:
        """A heartbeat of every partition, saying that everything until now is in it."""
        for history in self.histories.values():
            await self.send(history.heartbeat(datetime.now(UTC)))

    async def send(self, record: LogRecord) -> None:
        await self._producer.send_and_wait(
            record.topic,
            record.value,
            record.key.encode(),
            partition=record.partition,
            headers=encode(record.envelope),
        )


@dataclass
class Silent:
    """Authorities that do not answer, unless the test says what they answer."""

    later: Changes | None = None
    household_there: Household | None = None
    code_there: str | None = None
    asked: int = 0

    async def changes(self, after: int) -> Changes | None:
        self.asked += 1
        return self.later if self.later is not None and self.later.revision > after else None

    async def household(self, household: str) -> Household | None:
        self.asked += 1
        found = self.household_there
        return found if found is not None and found.id == household else None

    async def household_of(self, code: str) -> str | None:
        self.asked += 1
        found = self.household_there
        return found.id if found is not None and found.has(code) else self.code_there


class Channel:
    """One running channel."""

    def __init__(self, app: FastAPI, http: httpx.AsyncClient, signin: LocalSignin) -> None:
        self.replica: Replica = app.state.replica
        self.http = http
        self.signin = signin
        self.name = self.replica.channel

    async def until(self, reached: Callable[[], bool], deadline: float = 20) -> None:
        assert await self.replica.live.until(reached, deadline), "the view did not get there in time"

    async def has(self, record: LogRecord) -> None:
        """Wait until the view has this record."""
        slot = (record.topic, record.partition)
        await self.until(lambda: self.replica.live.snapshot.positions[slot].revision >= record.envelope.revision)

    async def fresh(self, authority: Authority) -> None:
        """Beat once, and wait until the view has adopted that in every partition."""
        since = datetime.now(UTC)
        await authority.beat()
        live = self.replica.live
        await self.until(
            lambda: live.snapshot.built and (live.snapshot.closed_at or since.min.replace(tzinfo=UTC)) >= since
        )

    async def ask(self, body: dict[str, Any], who: str | None = None, **headers: str) -> httpx.Response:
        return await self.post("/v1/decisions", body, who, **headers)

    async def post(self, path: str, body: dict[str, Any], who: str | None = None, **headers: str) -> httpx.Response:
        sent = self.signin.headers(who or PEOPLE[self.name]) | headers
        return await self.http.post(path, json=body, headers=sent)

    async def get(self, path: str, who: str | None = None, **headers: str) -> httpx.Response:
        return await self.http.get(path, headers=self.signin.headers(who or PEOPLE[self.name]) | headers)


@asynccontextmanager
async def authority(bootstrap: str, log: StateLog) -> AsyncIterator[Authority]:
    await client.ensure_topics(bootstrap, log.topics)
    async with client.producer(bootstrap, client_id="test-authority") as producer:
        yield Authority(producer, log)


@asynccontextmanager
async def channel(
    name: str,
    folder: Path,
    bootstrap: str,
    log: StateLog,
    *,
    authorities: Silent | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Channel]:
    """A channel that follows the log until the block ends."""
    signin = LocalSignin()
    settings = AdapterSettings(view_dir=folder, kafka_bootstrap=bootstrap, local=True)
    app = build(
        name,
        settings,
        clock=clock or SystemClock(),
        signin=signin.verifier,
        authorities=authorities or Silent(),
        state_log=log,
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_running(app))
        transport = httpx.ASGITransport(app)
        http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://channel"))
        yield Channel(app, http, signin)


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    """The lifespan in a task of its own, as a server has it: its task group must not outlive a test's."""
    started, stop = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.router.lifespan_context(app):
            started.set()
            await stop.wait()

    task = asyncio.create_task(live())
    await asyncio.wait({task, begun := asyncio.create_task(started.wait())}, return_when=asyncio.FIRST_COMPLETED)
    begun.cancel()
    try:
        yield
    finally:
        stop.set()
        await task
