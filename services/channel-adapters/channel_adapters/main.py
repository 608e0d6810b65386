"""A channel adapter put together: settings in, application out."""

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import httpx
from fastapi import FastAPI

from channel_adapters import api
from channel_adapters.answers import Answers
from channel_adapters.customers import NOBODY, Customers
from channel_adapters.keys import kept
from channel_adapters.pending import PendingCodes
from channel_adapters.settings import AdapterSettings
from channel_adapters.view.applier import Applier
from channel_adapters.view.bound import Bound
from channel_adapters.view.live import LiveView
from channel_adapters.view.positions import STATE_LOG, StateLog
from channel_adapters.view.readthrough import PATIENCE, Authorities, HttpAuthorities
from concord.clock import Clock, SystemClock
from concord.ids import Randomness, SystemRandomness
from concord.lookup import LookupKey
from concord.signin.client import ServiceTokens
from concord.signin.jwks import Jwks
from concord.signin.verifier import Verifier
from concord.telemetry import metrics
from concord.web.app import create_app
from concord.web.server import read_settings, serve
from concord.web.trust import trust

log = logging.getLogger(__name__)

GARBAGE: Final = (20_000, 20, 50)  # the defaults look through every household remembered each few thousand records

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def build(
    channel: str,
    settings: AdapterSettings,
    *,
    clock: Clock | None = None,
    randomness: Randomness | None = None,
    signin: Verifier | None = None,
    authorities: Authorities | None = None,
    state_log: StateLog = STATE_LOG,
) -> FastAPI:
    """The application of one channel; it follows the log while it serves."""
    clock = clock or SystemClock()
    http = Clients()
    authorities = authorities or _authorities(channel, settings, clock, http)
    live = LiveView(state_log)
    applier = Applier(live, settings.view_file(channel), settings.bootstrap, channel, clock)
    pending = PendingCodes(applier, live, authorities, channel, clock)
    customers = Customers(live, authorities, LookupKey(settings.lookup_key.get_secret_value().encode()), pending.note)
    replica = api.Replica(
        channel=channel,
        name=f"{channel}-1",
        boot=f"{(randomness or SystemRandomness()).bits(64):016x}",
        clock=clock,
        live=live,
        bound=Bound(live, authorities, clock),
        customers=customers,
        answers=Answers(channel, live, customers, clock),
        applier=applier,
    )

    async def ready() -> list[str]:
        return [] if live.snapshot.built else ["view_not_built"]

    app = create_app(
        title=f"Concord {channel}",
        service=f"channel-{channel}",
        routers=[api.router],
        settings=settings,
        signin=signin or _verifier(settings, clock),
        ready=ready,
        lifespan=_lifespan(replica, pending, http),
        channel=channel,
        view=lambda: _view(replica),
        description=f"What {channel} may tell a customer, from its own view of the log.",
    )
    app.state.replica, app.state.pending = replica, pending
    return app


class Clients:
    """HTTP clients that are closed together."""

    def __init__(self) -> None:
        self._made: list[httpx.AsyncClient] = []

    def new(self, url: str, auth: httpx.Auth | None = None) -> httpx.AsyncClient:
        made = httpx.AsyncClient(base_url=url, auth=auth, timeout=PATIENCE, trust_env=False, verify=trust(url))
        self._made.append(made)
        return made

    async def close(self) -> None:
        for client in self._made:
            await client.aclose()


def _authorities(channel: str, settings: AdapterSettings, clock: Clock, http: Clients) -> Authorities:
    secret = settings.client_secret.get_secret_value()
    tokens = ServiceTokens(settings.issuer, settings.client_id or channel, secret, clock, http.new(settings.issuer))
    return HttpAuthorities(http.new(settings.registry, tokens), http.new(settings.profile, tokens))


def _verifier(settings: AdapterSettings, clock: Clock) -> Verifier:
    return Verifier(settings.issuer, Jwks(settings.jwks, clock, kept(settings.view_dir / "jwks.json")), clock)


def _view(replica: api.Replica) -> tuple[str, int]:
    """`Concord-View` and `Concord-Age` of answers that read nothing: refusals, health."""
    ground = replica.answers.ground(NOBODY)
    return ground.tokens, ground.freshness.age_ms


def _lifespan(replica: api.Replica, pending: PendingCodes, http: Clients) -> Lifespan:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        replica.applier.open()
        gc.freeze()
        gc.set_threshold(*GARBAGE)
        staleness = metrics.view_staleness.labels(replica.channel)
        staleness.set_function(lambda: replica.live.snapshot.freshness(replica.clock.now()).age_ms / 1000)
        metrics.pending_codes.labels(replica.channel).set_function(replica.live.count_pending)
        try:
            async with asyncio.TaskGroup() as group:
                loops = [group.create_task(replica.applier.run()), group.create_task(pending.run())]
                yield
                for loop in loops:
                    loop.cancel()
        except* Exception as errors:
            # A loop that stopped is a defect: the view would stand still without anybody knowing why.
            log.critical("background loop stopped", exc_info=errors, extra={"action": "loop_stopped"})
            signal.raise_signal(signal.SIGTERM)
        finally:
            replica.applier.close()
            await http.close()

    return lifespan


def run(channel: str) -> None:
    """Serve a channel on its port until SIGTERM."""
    settings = read_settings(AdapterSettings, f"channel-{channel}")
    serve(build(channel, settings), settings.port(channel))
