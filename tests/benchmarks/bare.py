"""The floor of a channel's routes: the same middleware, token check and request model, and an answer made beforehand.

`python -m tests.benchmarks.bare PORT FILE`: FILE holds the body, below it nothing else.
"""

import sys
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Response

from channel_adapters.questions import DecisionAsked, QuoteAsked
from concord.clock import SystemClock
from concord.settings import ServiceSettings
from concord.signin.jwks import Jwks
from concord.signin.verifier import Verifier
from concord.web.app import create_app
from concord.web.auth import Caller, require
from concord.web.routing import Router
from concord.web.server import serve

CHANNEL = "store_pos"


def build(settings: ServiceSettings, answer: bytes) -> FastAPI:
    """Routes that look at nothing they were asked."""
    router, clock = Router(), SystemClock()

    @router.post("/v1/decisions")
    async def decide(  # what it was asked is validated and left alone
        body: DecisionAsked,  # noqa: ARG001
        caller: Annotated[Caller, require("clerk", "service")],  # noqa: ARG001
    ) -> Response:
        return Response(answer, media_type="application/json")

    @router.post("/v1/quotes")
    async def quote(
        body: QuoteAsked,  # noqa: ARG001
        caller: Annotated[Caller, require("clerk", "service")],  # noqa: ARG001
    ) -> Response:
        return Response(answer, media_type="application/json")

    return create_app(
        title="Bare",
        service="bare",
        routers=[router],
        settings=settings,
        signin=Verifier(settings.issuer, Jwks(settings.jwks, clock), clock),
        channel=CHANNEL,
        view=lambda: ("v1.1.1000,h1.1.hh_0000000000000000000000000000000000.2", 120),
    )


if __name__ == "__main__":
    serve(build(ServiceSettings(), Path(sys.argv[2]).read_bytes()), int(sys.argv[1]))
