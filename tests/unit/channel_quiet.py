"""A channel without a log behind it: the test applies records by hand and holds the clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from channel_adapters.api import Replica
from channel_adapters.main import build
from channel_adapters.settings import AdapterSettings
from channel_adapters.view.households import Household
from channel_adapters.view.positions import STATE_LOG
from channel_adapters.view.readthrough import Changes
from channel_adapters.view.store import remove
from concord.eventlog.partition import partition_of
from concord.eventlog.reader import LogRecord
from concord.testkit.clock import FakeClock
from concord.testkit.signin import LocalSignin
from unit.view_histories import History, stretch

PEOPLE = {"web": "web", "store_pos": "tom", "call_center": "ana", "sms": "sms"}  # who asks for any customer there


@dataclass
class Silent:
    """Authorities that do not answer, unless the test says what they answer."""

    later: Changes | None = None
    there: Household | None = None
    asked: list[str] = field(default_factory=list)

    async def changes(self, after: int) -> Changes | None:
        self.asked.append(f"changes after {after}")
        return self.later if self.later is not None and self.later.revision > after else None

    async def household(self, household: str) -> Household | None:
        self.asked.append(household)
        return self.there if self.there is not None and self.there.id == household else None

    async def household_of(self, code: str) -> str | None:
        self.asked.append("code")
        return self.there.id if self.there is not None and self.there.has(code) else None


class Quiet:
    """One channel and the log it would have heard."""

    def __init__(
        self, app: FastAPI, http: httpx.AsyncClient, signin: LocalSignin, clock: FakeClock, silent: Silent
    ) -> None:
        self.app = app
        self.replica: Replica = app.state.replica
        self.http = http
        self.signin = signin
        self.clock = clock
        self.authorities = silent
        self.person = PEOPLE[self.replica.channel]
        self.histories = {slot: History(slot, now=clock.now) for slot in STATE_LOG.slots()}

    async def forget_everything(self) -> None:
        """An empty view, built, as old as the clock says."""
        applier = self.replica.applier
        applier.close()
        remove(applier.scribe.store.path)
        applier.open()
        self.histories = {slot: History(slot, now=self.clock.now) for slot in STATE_LOG.slots()}
        await self.beat()

    def history(self, key: str) -> History:
        if key.startswith("ofr_"):
            return self.histories[STATE_LOG.offers.name, 0]
        topic = STATE_LOG.households
        return self.histories[topic.name, partition_of(key.partition("/")[0], topic.partitions)]

    async def hear(self, key: str, value: bytes | None) -> LogRecord:
        """A record more, applied."""
        history = self.history(key)
        record = history.change(key, value)
        await self.replica.applier.scribe.take(lambda: [[stretch(history.slot, [record])]])
        return record

    async def beat(self) -> None:
        """A heartbeat of every partition as of the clock, adopted; afterwards the view counts as built."""
        closed_at = self.clock.now()
        beats = [stretch(slot, [], history.heartbeat(closed_at)) for slot, history in self.histories.items()]
        await self.replica.applier.scribe.take(lambda: [beats])
        self.replica.live.built()

    async def post(self, path: str, body: Any, who: str | None = None, **headers: str) -> httpx.Response:
        sent = self.signin.headers(who or self.person) | headers
        return await self.http.post(path, json=body, headers=sent)

    async def ask(self, body: Any, who: str | None = None, **headers: str) -> httpx.Response:
        return await self.post("/v1/decisions", body, who, **headers)

    async def get(self, path: str, who: str | None = None, **headers: str) -> httpx.Response:
        return await self.http.get(path, headers=self.signin.headers(who or self.person) | headers)


@asynccontextmanager
async def quiet(name: str, folder: Path, clock: FakeClock | None = None) -> AsyncIterator[Quiet]:
    """A channel that is built, knows nothing, and is asked over its HTTP API in this process."""
    clock, silent = clock or FakeClock(), Silent()
    signin = LocalSignin(clock)
    settings = AdapterSettings(view_dir=folder, local=True)
    app = build(name, settings, clock=clock, signin=signin.verifier, authorities=silent)
    replica: Replica = app.state.replica
    replica.applier.open()
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://channel") as http:
            made = Quiet(app, http, signin, clock, silent)
            await made.beat()
            clock.advance(timedelta(milliseconds=100).total_seconds())
            yield made
    finally:
        replica.applier.close()
