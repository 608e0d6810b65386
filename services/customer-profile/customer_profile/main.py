"""The customer profile put together: settings in, application out."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

import asyncpg
import httpx
from fastapi import FastAPI

from concord.clock import Clock, SystemClock
from concord.contracts.topics import HOUSEHOLDS
from concord.eventlog.backlog import BacklogWatch
from concord.eventlog.relay import Relay
from concord.ids import Ids, Randomness, SystemRandomness, TimeOrderedIds
from concord.lookup import LookupKey
from concord.signin.client import ServiceTokens
from concord.signin.jwks import Jwks
from concord.signin.verifier import Verifier
from concord.storage import migrations, postgres
from concord.storage.errors import DatabaseUnavailable
from concord.storage.importer import Importer
from concord.storage.jobs import LineHandler
from concord.web.app import create_app
from concord.web.imports import ImportDesk
from concord.web.trust import trust
from customer_profile import api, store
from customer_profile.attributes import Attributes
from customer_profile.handlers import Profile
from customer_profile.imports import HouseholdLines, PromiseLines
from customer_profile.offers import Offers
from customer_profile.registry import HttpRegistry, Registry
from customer_profile.settings import ProfileSettings

SERVICE: Final = "customer-profile"
CLIENT: Final = "profile"  # under which the issuer knows it
PATIENCE: Final = 120.0  # s to wait for PostgreSQL at the start
RETRY: Final = 0.25  # s

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What exists while the profile serves."""

    pool: asyncpg.Pool
    profile: Profile
    importer: Importer
    desk: ImportDesk


class Service:
    """The composition root: the application, and its parts once it started."""

    def __init__(
        self,
        settings: ProfileSettings,
        *,
        clock: Clock,
        ids: Ids,
        randomness: Randomness,
        signin: Verifier,
        registry: Registry | None = None,
    ) -> None:
        self.settings = settings
        self.parts: Parts | None = None
        self._clock = clock
        self._ids = ids
        self._randomness = randomness
        self._signin = signin
        self._registry = registry

    def app(self) -> FastAPI:
        """The application; its background loops run while it serves."""
        return create_app(
            title="Concord customer profile",
            service=SERVICE,
            routers=api.routers(lambda: self.running().profile, lambda: self.running().desk),
            settings=self.settings,
            signin=self._signin,
            ready=self._unready,
            lifespan=self._lifespan,
            view=self._view,
            description="The authority for households, their members and lines, and for promises.",
        )

    def running(self) -> Parts:
        """The parts. Raises DatabaseUnavailable before the start and after the end."""
        if self.parts is None:
            raise DatabaseUnavailable(retry_after=1)
        return self.parts

    def _view(self) -> tuple[str, int]:
        return self.running().profile.view()

    async def _unready(self) -> list[str]:
        try:
            async with postgres.connection(self.running().pool) as connection:
                await connection.fetchval("SELECT 1")
        except DatabaseUnavailable as error:
            return [error.reason]
        return []

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        pool = await database(self.settings.database)
        try:
            async with AsyncExitStack() as stack:
                registry = self._registry
                if registry is None:
                    registry = await stack.enter_async_context(self._asking())
                self.parts = parts = await self._assemble(pool, registry)
                loops = (parts.profile.relay, parts.profile.offers, parts.importer, BacklogWatch(pool, HOUSEHOLDS))
                await stack.enter_async_context(_running(*loops))
                yield
        finally:
            self.parts = None
            pool.terminate()

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[Registry]:
        settings = self.settings
        believed = [trust(url) for url in (settings.issuer, settings.registry)]
        async with httpx.AsyncClient(verify=believed[0]) as issuer, httpx.AsyncClient(verify=believed[1]) as http:
            secret = settings.client_secret.get_secret_value()
            http.auth = ServiceTokens(settings.issuer, settings.client_id or CLIENT, secret, self._clock, issuer)
            yield HttpRegistry(http, settings.registry)

    async def _assemble(self, pool: asyncpg.Pool, registry: Registry) -> Parts:
        settings = self.settings
        lookup = LookupKey(settings.lookup_key.get_secret_value().encode())
        offers, attributes = Offers(pool, settings.bootstrap, registry), Attributes(registry)
        await offers.load()
        async with postgres.connection(pool) as connection:
            epoch = await store.epoch(connection)
        relay = Relay(settings.database, settings.bootstrap, HOUSEHOLDS, f"/{SERVICE}", self._clock)
        profile = Profile(pool, self._clock, self._ids, self._randomness, lookup, offers, attributes, relay, epoch)
        handlers: dict[str, LineHandler] = {
            "households": HouseholdLines(self._ids, self._clock, lookup, attributes),
            "promises": PromiseLines(self._ids, self._randomness, self._clock, offers, attributes),
        }
        importer = Importer(pool, handlers, self._clock, relay.poke)
        return Parts(pool, profile, importer, ImportDesk(pool, importer, self._ids))


class Loop(Protocol):
    """Something that runs for as long as the process serves."""

    async def run(self) -> None:
        """Never returns."""
        ...


@asynccontextmanager
async def _running(*loops: Loop) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(_guarded(loop)) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _guarded(loop: Loop) -> None:
    """A loop that stops is a defect; without it the service would accept what it cannot carry out, so it stops too."""
    try:
        await loop.run()
    except Exception as error:
        log.critical("A background loop stopped", exc_info=error, extra={"action": "loop_stopped"})
        signal.raise_signal(signal.SIGTERM)
        raise


async def database(url: str) -> asyncpg.Pool:
    """A pool on the migrated database, once PostgreSQL answers.

    Raises:
        DatabaseUnavailable: it did not within `PATIENCE`.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await migrations.upgrade(url, "customer_profile")
                    return await postgres.open_pool(url, application=SERVICE)
                except (DatabaseUnavailable, *postgres.LOST) as error:
                    extra = {"action": "database_wait", "error": type(error).__name__}
                    log.warning("Waiting for PostgreSQL", extra=extra)
                    await asyncio.sleep(RETRY)
    except TimeoutError as error:
        raise DatabaseUnavailable from error


def build(settings: ProfileSettings) -> FastAPI:
    """The application with the real clock, ids, randomness, issuer and registry."""
    clock, randomness = SystemClock(), SystemRandomness()
    signin = Verifier(settings.issuer, Jwks(settings.jwks, clock), clock)
    ids = TimeOrderedIds(clock, randomness)
    return Service(settings, clock=clock, ids=ids, randomness=randomness, signin=signin).app()
