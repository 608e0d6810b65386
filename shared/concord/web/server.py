"""One process, one event loop, one port on 127.0.0.1."""

import asyncio
import logging
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn, TypeVar

import uvicorn
import uvloop
from fastapi import FastAPI
from pydantic import ValidationError

from concord.exitcodes import START_FAILED, UNFIT
from concord.settings import PREFIX, LocalSecretInUse, ServiceSettings
from concord.telemetry import logs, tracing

log = logging.getLogger(__name__)
S = TypeVar("S", bound=ServiceSettings)

GRACE: Final = 5  # s for requests under way at a stop
KEEP_ALIVE: Final = 75  # s; longer than clients' pools keep a connection, so that none is closed under a request


class _Server(uvicorn.Server):
    """Without uvicorn's own handling of signals: a stop that was asked for ends with exit code 0."""

    async def serve_until_stopped(self) -> None:
        loop = asyncio.get_running_loop()
        for stop in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(stop, self.handle_exit, stop, None)
        await self._serve()


def read_settings(kind: type[S], service: str, *, required: Sequence[str] = ()) -> S:
    """The settings of this process, `required` ones among them set; else exits with 2 and says which make no sense."""
    try:
        settings = kind()
    except ValidationError as error:
        _refuse_settings(service, {str(found["loc"][0]): found["msg"] for found in error.errors()})
    unset = [name for name in required if getattr(settings, name) is None]
    if unset:
        _refuse_settings(service, dict.fromkeys(unset, "It must be set."))
    return settings


def _refuse_settings(service: str, reasons: Mapping[str, str]) -> NoReturn:
    logs.setup(service)
    for name, reason in reasons.items():
        setting = name if name.startswith(PREFIX) else PREFIX + name.upper()
        log.error("a setting makes no sense", extra={"action": "start", "setting": setting, "reason": reason})
    sys.exit(UNFIT)


def serve(app: FastAPI, port: int) -> None:
    """Serve until SIGTERM or SIGINT; exits with 2 when a setting forbids it, with 3 when the start failed."""
    settings: ServiceSettings = app.state.settings
    logs.setup(app.state.service, settings.log_level)
    try:
        settings.refuse_local_secrets()
    except LocalSecretInUse as error:
        log.error(  # noqa: TRY400  where it was found does not help whoever set it
            "a secret printed in the source is refused outside a local run",
            extra={"action": "start", "reason": error.reason, "setting": "CONCORD_CLIENT_SECRET, CONCORD_LOOKUP_KEY"},
        )
        sys.exit(UNFIT)
    tracing.setup(app.state.service, settings.otlp_endpoint)
    server = _Server(_config(app, port))
    log.info("serving", extra={"action": "start", "port": port})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(server.serve_until_stopped())
    tracing.shutdown()
    if not server.started:
        sys.exit(START_FAILED)
    log.info("stopped", extra={"action": "stop", "port": port})


def _config(app: FastAPI, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )
