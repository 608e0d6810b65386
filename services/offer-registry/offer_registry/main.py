"""The registry put together: settings in, application out."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import asyncpg
from fastapi import FastAPI

from concord.clock import Clock, SystemClock
from concord.contracts.topics import OFFERS
from concord.errors import Unavailable
from concord.eventlog.backlog import BacklogWatch
from concord.eventlog.relay import Relay
from concord.ids import Ids, SystemRandomness, TimeOrderedIds
from concord.signin.jwks import Jwks
from concord.signin.verifier import Verifier
from concord.storage import migrations, postgres
from concord.storage.errors import DatabaseUnavailable
from concord.storage.importer import Importer
from concord.web import imports
from concord.web.app import create_app
from concord.web.imports import ImportDesk
from offer_registry import api, attributes_api, budgets_api, history_api, log_api, review_api, simulation_api
from offer_registry.advancer import Advancer
from offer_registry.approvals import Approvals
from offer_registry.attributes import Attributes
from offer_registry.bound import Catalogue
from offer_registry.budgets import Budgets
from offer_registry.edge import READ, Services
from offer_registry.handlers import Registry
from offer_registry.imports import OfferLines
from offer_registry.journal import Journal
from offer_registry.settings import Settings
from offer_registry.tmf import api as tmf_api
from offer_registry.tmf.dialect import DIALECT

SERVICE: Final = "offer-registry"
PATIENCE: Final = 120.0  # s to wait for PostgreSQL at the start
RETRY: Final = 0.25  # s
IMPORTERS: Final = ("offer_author", "campaign_tool")

log = logging.getLogger(__name__)
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def build(
    settings: Settings, *, clock: Clock | None = None, ids: Ids | None = None, signin: Verifier | None = None
) -> FastAPI:
    """The application; its background loops run while it serves."""
    clock = clock or SystemClock()
    ids = ids or TimeOrderedIds(clock, SystemRandomness())
    signin = signin or Verifier(settings.issuer, Jwks(settings.jwks, clock), clock)

    def desk() -> ImportDesk:
        found: ImportDesk = app.state.desk
        return found

    async def ready() -> list[str]:
        try:
            await app.state.services.catalogue.read()
        except Unavailable as error:
            return [error.reason]
        return []

    def view() -> tuple[str, int]:
        shown: tuple[str, int] = app.state.services.catalogue.view()
        return shown

    app = create_app(
        title="Concord offer registry",
        service=SERVICE,
        routers=[
            api.router,
            attributes_api.router,
            budgets_api.router,
            history_api.router,
            review_api.router,
            simulation_api.router,
            log_api.router,
            imports.router(desk, kinds=("offers",), roles=IMPORTERS, readers=READ),
            tmf_api.router,
        ],
        settings=settings,
        signin=signin,
        ready=ready,
        lifespan=_lifespan(settings, clock, ids),
        view=view,
        dialects=(DIALECT,),
        description="The authority for offers, their versions, approval and activation.",
    )
    return app


def _lifespan(settings: Settings, clock: Clock, ids: Ids) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        url = settings.database
        pool = await _database(url)
        relay = Relay(url, settings.bootstrap, OFFERS, f"/{SERVICE}", clock)
        journal = Journal(pool, lambda: _poke(relay, advancer))
        advancer = Advancer(pool, journal, clock, settings.w2_seconds)
        approvals = Approvals(pool, journal, clock)
        importer = Importer(pool, {"offers": OfferLines(clock, ids, settings.required_locales)}, clock)
        registry = Registry(pool, journal, clock, ids, tuple(settings.required_locales))
        app.state.services = Services(
            pool, registry, approvals, Catalogue(pool, clock), Attributes(pool, clock), Budgets(pool, clock)
        )
        app.state.desk = ImportDesk(pool, importer, ids)
        app.state.advancer = advancer
        background = (relay, BacklogWatch(pool, OFFERS), advancer, approvals, importer)
        try:
            async with asyncio.TaskGroup() as group:
                loops = [group.create_task(_for_ever(each.run())) for each in background]
                yield
                for loop in loops:
                    loop.cancel()
        finally:
            pool.terminate()

    return lifespan


async def _for_ever(loop: Coroutine[None, None, None]) -> None:
    """A loop that stops is a defect; without it the service would accept what it cannot carry out, so it stops too."""
    try:
        await loop
    except Exception:
        log.critical("A background loop stopped", exc_info=True, extra={"action": "loop_stopped"})
        signal.raise_signal(signal.SIGTERM)


def _poke(relay: Relay, advancer: Advancer) -> None:
    relay.poke()
    advancer.poke()


async def _database(url: str) -> asyncpg.Pool:
    """A pool on the migrated database, once PostgreSQL answers.

    Raises:
        DatabaseUnavailable: it did not within `PATIENCE`.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    pool = await postgres.open_pool(url, application=SERVICE)
                    await migrations.upgrade(url, "offer_registry")
                except (DatabaseUnavailable, *postgres.LOST) as error:
                    log.warning(
                        "Waiting for PostgreSQL", extra={"action": "database_wait", "error": type(error).__name__}
                    )
                    await asyncio.sleep(RETRY)
                else:
                    return pool
    except TimeoutError as error:
        raise DatabaseUnavailable from error
