"""The one way an HTTP application of Concord is put together."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

import concord
from concord.settings import ServiceSettings
from concord.signin.verifier import Verifier
from concord.telemetry import metrics
from concord.telemetry.http import RequestTelemetry
from concord.web import auth, docs, openapi, problems
from concord.web.dialects import Dialect
from concord.web.errors import NotReady, RouteUnprotected
from concord.web.headers import StandardHeaders, View
from concord.web.limits import BodyLimit
from concord.web.openapi import unprotected_routes
from concord.web.problems import LastResort
from concord.web.routing import Route

log = logging.getLogger(__name__)

__all__ = ["create_app", "unprotected_routes"]

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
Ready = Callable[[], Awaitable[list[str]]]


def create_app(
    *,
    title: str,
    service: str,
    routers: Sequence[APIRouter],
    settings: ServiceSettings,
    signin: Verifier | None,
    ready: Ready | None = None,
    lifespan: Lifespan | None = None,
    channel: str | None = None,
    view: View | None = None,
    local: bool | None = None,
    dialects: Sequence[Dialect] = (),
    description: str = "",
) -> FastAPI:
    """An application that serves the routers beside health, metrics and docs.

    `service` is its name in logs and traces; `ready` gives reasons why it is not ready. Callers whose token names
    another `channel` get `wrong_channel`. `view` gives `Concord-View` and `Concord-Age` of answers whose handler sets
    none. `local` is as the settings say unless given. Refusals below the paths of `dialects` have their shape.

    Raises:
        RouteUnprotected: a route has neither `require` nor `openapi_extra=PUBLIC`, or is not of `concord.web.routing`.
    """
    app = FastAPI(
        title=title,
        version=concord.__version__,
        description=description,
        lifespan=lifespan and _told(lifespan),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # concord.telemetry has its own
    )
    app.state.service, app.state.settings, app.state.signin, app.state.channel = service, settings, signin, channel
    app.state.local = settings.local if local is None else local
    app.state.dialects = tuple(dialects)
    for router in routers:  # not include_router: it matches every request twice, 15 µs here
        app.router.routes.extend(router.routes)
    _refuse_unprotected(app)
    _serve_itself(app, ready)
    problems.install(app)
    for middleware in (BodyLimit, LastResort):
        app.add_middleware(middleware)
    app.add_middleware(StandardHeaders, view=view)
    app.add_middleware(RequestTelemetry)
    return app


def _told(lifespan: Lifespan) -> Lifespan:
    """The same; a failed start is logged with its cause, of which the server's own line has the first frames only."""

    @asynccontextmanager
    async def told(app: FastAPI) -> AsyncIterator[None]:
        try:
            async with lifespan(app):
                yield
        except Exception as error:
            log.critical("the service failed", exc_info=error, extra={"action": "lifespan"})
            raise

    return told


def _refuse_unprotected(app: FastAPI) -> None:
    for context in openapi.routes(app):
        route = context.original_route
        if not isinstance(route, Route):
            raise RouteUnprotected(f"{context.path} is not a concord.web.routing.Route.")
        if not openapi.roles_of(context) and (route.openapi_extra or {}).get("security") != auth.PUBLIC["security"]:
            raise RouteUnprotected(f"{context.path} requires no role; if that is meant, give it openapi_extra=PUBLIC.")
        if openapi.roles_of(context) and app.state.signin is None:
            raise RouteUnprotected(f"{context.path} requires a role, but the application has no verifier.")


def _serve_itself(app: FastAPI, ready: Ready | None) -> None:
    async def live(_: Request) -> Response:
        return Response(b'{"status":"live"}', media_type="application/json")

    async def is_ready(request: Request) -> Response:
        reasons = [] if ready is None else await ready()
        if reasons:
            return problems.response(NotReady(f"Not ready: {'; '.join(reasons)}."), request.scope, reasons=reasons)
        return Response(b'{"status":"ready"}', media_type="application/json")

    async def exposition(_: Request) -> Response:
        return Response(metrics.exposition(), headers={"content-type": metrics.CONTENT_TYPE})

    async def described(_: Request) -> Response:
        return Response(docs.json_bytes(app), media_type="application/json")

    async def page(_: Request) -> Response:
        return HTMLResponse(docs.page(app), headers={"content-security-policy": docs.POLICY})

    handlers: dict[str, Callable[[Request], Any]] = {
        "/healthz/live": live,
        "/healthz/ready": is_ready,
        "/metrics": exposition,
        "/openapi.json": described,
        "/docs": page,
    }
    for path, handler in handlers.items():
        app.router.add_route(path, handler, methods=["GET"], include_in_schema=False)
