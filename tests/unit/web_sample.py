"""An application with one of everything the HTTP edge has to deal with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import httpx
from fastapi import Depends, FastAPI, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from concord.errors import Invalid, Unavailable
from concord.settings import ServiceSettings
from concord.testkit.signin import LocalSignin
from concord.web import etag, limits, pagination, tokens
from concord.web.app import create_app
from concord.web.auth import PUBLIC, Caller, require
from concord.web.pagination import Listing, Page
from concord.web.routing import Router

Author = Annotated[Caller, require("offer_author")]
AUTHOR = [require("offer_author")]  # for handlers that need not know who it is


class Fixed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["fixed"]
    amount: int


class Percent(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["percent"]
    basis_points: Annotated[int, Field(ge=0, le=10_000)]


class Thing(BaseModel):
    """Nested, with a union, times, decimals and free facts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(max_length=50)]
    count: int
    at: datetime | None = None
    share: Decimal | None = None
    ratio: float | None = None
    flag: bool = False
    benefits: list[Annotated[Fixed | Percent, Field(discriminator="kind")]] = []
    facts: dict[str, Any] = {}


class Loud(Invalid):
    """Something the domain found."""

    reason = "loud"


async def _broken() -> str:
    raise ZeroDivisionError("secret 4711")


def _router() -> Router:  # noqa: C901  a list of routes
    router = Router()

    @router.post("/v1/things", status_code=201)
    async def make(body: Thing, caller: Author) -> Thing:
        """Make one."""
        assert caller.subject == "marta"
        return body

    @router.put("/v1/things/{thing}", dependencies=AUTHOR)
    async def edit(body: Thing, request: Request) -> Thing:
        etag.check_if_match(request, 7)
        return body

    @router.get("/v1/things", dependencies=AUTHOR)
    async def listed(page: Page, request: Request, response: Response) -> Listing[int]:
        first = page.after[0] if page.after else 0
        if not isinstance(first, int):
            raise Invalid
        rows, more = pagination.split(range(first, min(first + page.limit + 1, 120)), page.limit)
        following = pagination.cursor(rows[-1] + 1) if more else None
        pagination.set_link(request, response, following)
        tokens.set_view(response, [tokens.CatalogueToken(1, 9)], 17)
        return Listing(items=list(rows), next=following)

    @router.get("/v1/things/{thing}/versions/{version}", dependencies=AUTHOR)
    async def version(
        thing: str,
        version: Annotated[int, Path(ge=1, le=2**31 - 1)],
        against: int | None = None,
        state: Annotated[Literal["on", "off"] | None, Query()] = None,
    ) -> dict[str, Any]:
        return {"thing": thing, "version": version, "against": against, "state": state}

    @router.post("/v1/things/{thing}:approve", dependencies=AUTHOR)
    async def approve(thing: str) -> dict[str, str]:
        return {"thing": thing}

    @router.post("/v1/loads", dependencies=AUTHOR)
    @limits.body_limit(4 * limits.MEGABYTE)
    async def load(request: Request) -> dict[str, int]:
        return {"bytes": sum([len(chunk) async for chunk in request.stream()])}

    @router.get("/v1/loud", dependencies=AUTHOR)
    async def loud() -> None:
        raise Loud(say_this="Sorry.")

    @router.get("/v1/away", dependencies=AUTHOR)
    async def away() -> None:
        raise Unavailable(retry_after=2.2)

    @router.get("/v1/group", dependencies=AUTHOR)
    async def group() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_away())

    @router.get("/v1/broken", dependencies=AUTHOR)
    async def broken(text: Annotated[str, Depends(_broken)]) -> str:
        return text

    @router.get("/v1/cut", dependencies=AUTHOR)
    async def cut() -> Response:
        return StreamingResponse(_cut())

    @router.get("/v1/open", openapi_extra=PUBLIC)
    async def open_route() -> str:
        return "open"

    return router


async def _away() -> None:
    raise Unavailable


async def _cut() -> AsyncIterator[bytes]:
    yield b"half"
    raise ZeroDivisionError


def application(signin: LocalSignin, *, channel: str | None = None, not_ready: tuple[str, ...] = ()) -> FastAPI:
    async def ready() -> list[str]:
        return list(not_ready)

    return create_app(
        title="Sample",
        service="sample",
        routers=[_router()],
        settings=ServiceSettings(local=True),
        signin=signin.verifier,
        channel=channel,
        ready=ready,
        view=lambda: ("v1.1.3", 4),
    )


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://sample") as client:
        yield client
