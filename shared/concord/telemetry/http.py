"""The span and the metrics of every HTTP request, as plain ASGI middleware."""

from time import perf_counter
from typing import Final

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.trace import Span, Status, StatusCode
from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from concord.telemetry import metrics, tracing

METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
UNMATCHED: Final = "unmatched"  # one label value for every path that is no route


class RequestTelemetry:
    """Continues the caller's `traceparent`; times the request and counts its answer by route, never by path."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._series: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = perf_counter()
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        span = tracing.start(scope["method"], kind="server", parent=_parent(scope))
        token = otel.attach(trace.set_span_in_context(span))
        try:
            await self.app(scope, receive, watch)
        finally:
            otel.detach(token)
            self._finish(scope, span, status, perf_counter() - began)

    def _finish(self, scope: Scope, span: Span, status: int, seconds: float) -> None:
        route: str = getattr(scope.get("route"), "path", UNMATCHED)
        method: str = scope["method"] if scope["method"] in METHODS else "OTHER"
        key = (route, method, status)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = metrics.http_request.labels(route, method, str(status))
        series.observe(seconds)
        if tracing.recording():
            _describe(span, route, method, status)
        span.end()


def _parent(scope: Scope) -> trace.SpanContext | None:
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return tracing.parse_traceparent(value.decode("latin-1"))
    return None


def _describe(span: Span, route: str, method: str, status: int) -> None:
    span.update_name(f"{method} {route}")
    span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR, str(status)))
