"""Concord's services as the command line's tests need them: recorded shapes behind `httpx.MockTransport`."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from concord import ports
from concord.cli.main import main
from concord.cli.screen import Screen
from concord.cli.session import Session
from concord.testkit.clock import FakeClock
from concord.testkit.ids import SeededRandomness

NOW = datetime(2026, 6, 3, 10, 0, tzinfo=UTC)
NAMES = {number: name for name, number in ((name, ports.port(name)) for name in ports.OFFSETS)}
TERMS = "7f3a9c21" + "0" * 56
OTHER_TERMS = "0b5d11aa" + "0" * 56
Handler = Callable[[httpx.Request], httpx.Response | None]


@dataclass
class Services:
    """Answers by service, method and path; everything that was asked is kept."""

    answers: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    asked: list[tuple[str, str, str, Any]] = field(default_factory=list)
    down: set[str] = field(default_factory=set)

    def on(self, service: str, method: str, path: str, answer: Any) -> None:
        """Answer with a body, a response, or what a function of the request returns."""
        self.answers[service, method, path] = answer

    def handle(self, request: httpx.Request) -> httpx.Response:
        service = NAMES[request.url.port or 0]
        if service in self.down:
            raise httpx.ConnectError("refused", request=request)
        if request.url.path == "/v1/tokens":
            return httpx.Response(200, json={"access_token": "token-of-" + _json(request)["person"]})
        self.asked.append((service, request.method, request.url.path, _json(request)))
        answer = self.answers.get((service, request.method, request.url.path))
        if callable(answer):
            answer = answer(request)
        if answer is None:
            return problem(404, "route_unknown", "There is no such route.")
        if isinstance(answer, httpx.Response):  # a fresh one each time: a response is read once
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return httpx.Response(200, json=answer)


def _json(request: httpx.Request) -> Any:
    return orjson.loads(request.content) if "application/json" in request.headers.get("content-type", "") else None


def problem(status: int, reason: str, detail: str, **more: Any) -> httpx.Response:
    body = {"type": "about:blank", "status": status, "reason": reason, "detail": detail, "next": "Do otherwise."}
    return httpx.Response(status, json=body | more, headers={"content-type": "application/problem+json"})


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    status: int
    out: str
    err: str


def run(services: Services, *arguments: str, columns: int = 80, environ: Mapping[str, str] | None = None) -> Outcome:
    """Run a command line against the services."""
    return run_over(httpx.MockTransport(services.handle), *arguments, columns=columns, environ=environ)


def run_over(
    transport: httpx.AsyncBaseTransport,
    *arguments: str,
    columns: int = 80,
    environ: Mapping[str, str] | None = None,
) -> Outcome:
    """Run a command line whose requests take this way."""
    out, err = io.StringIO(), io.StringIO()
    screen = Screen(environ={"COLUMNS": str(columns)} | dict(environ or {}), out=out, err=err)
    session = Session(
        screen=screen,
        base=ports.BASE,
        clock=FakeClock(NOW),
        randomness=SeededRandomness(),
        trace="4bf92f3577b34da6a3ce929d0e0e4736",
        transport=transport,
    )
    return Outcome(main(list(arguments), session), out.getvalue(), err.getvalue())
