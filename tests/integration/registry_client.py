"""A registry in this process, on a database of the test's own, with callers by name."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI

from concord.clock import Clock, SystemClock
from concord.contracts.topics import OFFERS
from concord.decision.terms import EXAMPLE
from concord.eventlog import outbox
from concord.testkit.signin import LocalSignin
from offer_registry.main import build
from offer_registry.settings import Settings

NOWHERE = "127.0.0.1:1"  # nobody listens there: a broker that is down
DEADLINE = 10.0  # s
KEY = "free-handset"
# Its end is ahead whenever this runs, so nothing is CLOSED by itself.
TERMS = EXAMPLE | {"validity": {"start": "2026-06-01T00:00:00Z", "end": "2099-06-15T00:00:00Z"}}


@dataclass(slots=True)
class Client:
    """Requests to the registry as one of the story's people."""

    app: FastAPI
    http: httpx.AsyncClient
    signin: LocalSignin
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    async def send(self, who: str, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        headers = self.headers.setdefault(who, self.signin.headers(who)) | more.pop("headers", {})
        content = {} if body is None else {"json": body}
        return await self.http.request(method, path, headers=headers, **content, **more)

    async def get(self, path: str, who: str = "auditor", **more: Any) -> Any:
        answer = await self.send(who, "GET", path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, who: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = await self.send(who, "POST", path, body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def draft(self, key: str = KEY, **changes: Any) -> str:
        """A new offer by Marta; its id."""
        made = await self.post("marta", "/v1/offers", {"key": key, "terms": TERMS | changes}, status=201)
        return str(made["id"])

    async def approve(self, offer: str, number: int = 1) -> None:
        await self.post("marta", f"/v1/offers/{offer}/versions/{number}:submit")
        await self.post("nora", f"/v1/offers/{offer}/versions/{number}:approve")

    async def release(self, offer: str, number: int = 1) -> Any:
        await self.approve(offer, number)
        return await self.post("nora", f"/v1/offers/{offer}/versions/{number}:release")

    async def live(self, key: str = KEY, **changes: Any) -> str:
        """A new offer, LIVE; its id."""
        offer = await self.draft(key, **changes)
        await self.release(offer)
        await self.until(offer, "LIVE")
        return offer

    async def replace(self, offer: str, number: int, **changes: Any) -> None:
        """A newer version, LIVE."""
        await self.post("marta", f"/v1/offers/{offer}/versions", {"terms": TERMS | changes}, status=201)
        await self.release(offer, number)
        await self.until(offer, "LIVE", number)

    async def until(self, offer: str, state: str, number: int = 1) -> Any:
        """The offer's activation, once the version is in the state."""

        async def reached() -> Any:
            activation = await self.get(f"/v1/offers/{offer}/activation")
            found = [each for each in activation["versions"] if each["version"] == number and each["state"] == state]
            return activation if found else None

        return await eventually(reached)

    async def records(self, after: int = 0) -> list[dict[str, Any]]:
        """Every record after a revision."""
        page = await self.get(f"/v1/catalogue/changes?after={after}&limit=1000")
        return list(page["items"])

    @property
    def pool(self) -> asyncpg.Pool:
        found: asyncpg.Pool = self.app.state.services.pool
        return found

    def poke(self) -> None:
        """As after a commit: let the registry look at its clock."""
        self.app.state.services.registry.journal._after_commit()


async def eventually(condition: Callable[[], Awaitable[Any]]) -> Any:
    """What the condition gives, once it gives something."""
    async with asyncio.timeout(DEADLINE):
        while not (found := await condition()):  # noqa: ASYNC110  the answer comes over HTTP
            await asyncio.sleep(0.005)
    return found


@asynccontextmanager
async def serving(url: str, clock: Clock | None = None, **settings: Any) -> AsyncIterator[Client]:
    """A registry that serves, with Kafka down."""
    clock = clock or SystemClock()
    signin = LocalSignin(clock)
    configured = Settings(
        database_url=url, kafka_bootstrap=NOWHERE, local=True, CONCORD_W2=settings.pop("w2", 0.2), **settings
    )
    app = build(configured, clock=clock, signin=signin.verifier)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://registry", timeout=30) as http:
            yield Client(app, http, signin)


@asynccontextmanager
async def sent_at_once(pool: asyncpg.Pool) -> AsyncIterator[None]:
    """As if a relay sent everything at once: what waits for the log does not wait."""

    async def mark() -> None:
        while True:
            await pool.execute("UPDATE relay_position SET revision = (SELECT revision FROM log_clock)")
            await asyncio.sleep(0.02)

    task = asyncio.create_task(mark())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def log_is_gapless(pool: asyncpg.Pool) -> int:
    """Every revision from 1 on is one record; how many there are."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        found = [change.revision for change in await outbox.changes(connection, OFFERS, 0, 0, 100_000)]
        (position,) = await outbox.positions(connection, OFFERS)
    assert found == list(range(1, len(found) + 1))
    assert position.revision == len(found)
    return len(found)
