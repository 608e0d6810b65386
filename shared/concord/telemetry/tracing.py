"""Traces: one from the author's click to each channel's view (W3C trace context, OpenTelemetry).

With an exporter (`CONCORD_OTLP_ENDPOINT`, or a test's) spans come from the OpenTelemetry SDK. Without one, which is
the default, only the ids are made: a span of the SDK costs about 28 µs here, ids alone 4 µs, and the `traceparent`
travels just the same.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Attribute = str | int | float | bool
KINDS: Final[Mapping[Kind, SpanKind]] = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
SAMPLED: Final = TraceFlags(3)  # sampled, and of a random trace id (W3C trace context, level 2)
TRACEPARENT: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
# Ids must be unlikely to meet, not hard to guess; a seeded generator of this module leaves `random`'s own alone.
_ids: Final = random.Random()  # noqa: S311


@dataclass(frozen=True, slots=True)
class _Recorder:
    """What makes spans when somebody receives them."""

    provider: "TracerProvider"
    tracer: trace.Tracer


_recorder: _Recorder | None = None


def _recorder_of(service: str, processors: Sequence["SpanProcessor"]) -> _Recorder:
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  0.1 s of start nobody needs without an exporter
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    for processor in processors:
        provider.add_span_processor(processor)
    return _Recorder(provider, provider.get_tracer("concord"))


def setup(service: str, otlp_endpoint: str | None = None) -> None:
    """Export this process's spans under its name to OTLP over HTTP at `<endpoint>/v1/traces`, if one is given."""
    global _recorder  # noqa: PLW0603  one per process, set at its start
    if otlp_endpoint is None:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  as above, 0.3 s
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    exporter = OTLPSpanExporter(endpoint=f"{otlp_endpoint.rstrip('/')}/v1/traces")
    _recorder = _recorder_of(service, [BatchSpanProcessor(exporter)])


def shutdown() -> None:
    """Send what is left and stop; call it once, at the end of the process."""
    if _recorder is not None:
        _recorder.provider.shutdown()


@contextmanager
def swapped(processor: "SpanProcessor") -> Iterator[None]:
    """Record into `processor` meanwhile; for `concord.testkit.telemetry`."""
    global _recorder  # noqa: PLW0603  restored below
    before = _recorder
    _recorder = _recorder_of("test", [processor])
    try:
        yield
    finally:
        _recorder = before


def recording() -> bool:
    """Whether anybody receives spans; skip what only a span needs when nobody does."""
    return _recorder is not None


def parse_traceparent(text: str | None) -> SpanContext | None:
    """The context of a W3C `traceparent`; None when it is absent or malformed, as the standard asks."""
    if text is None or (match := TRACEPARENT.fullmatch(text)) is None:
        return None
    trace_id, span_id = int(match[1], 16), int(match[2], 16)
    if not trace_id or not span_id:
        return None
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(int(match[3], 16) & 3))


def format_traceparent(context: SpanContext) -> str:
    """`00-<32 hex>-<16 hex>-<2 hex>`."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def current_traceparent() -> str | None:
    """The traceparent of the span in whose `with` this runs; None outside one."""
    context = trace.get_current_span().get_span_context()
    return format_traceparent(context) if context.is_valid else None


def current_trace_id() -> str | None:
    """The 32 hex digits of the trace in which this runs; None outside one."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


def start(
    name: str,
    *,
    kind: Kind = "internal",
    parent: SpanContext | None = None,
    links: Sequence[str] = (),
    attributes: Mapping[str, Attribute] | None = None,
) -> Span:
    """A span that the caller must end; below `parent`, else below the current span, else the root of a new trace."""
    above = parent or trace.get_current_span().get_span_context()
    if _recorder is None:
        return _ids_only(above)
    return _recorder.tracer.start_span(
        name,
        trace.set_span_in_context(NonRecordingSpan(above)) if above.is_valid else None,
        kind=KINDS[kind],
        attributes=attributes,
        links=[Link(context) for link in links if (context := parse_traceparent(link))],
    )


def _ids_only(above: SpanContext) -> Span:
    span_id = _ids.getrandbits(64) or 1
    if above.is_valid:
        return NonRecordingSpan(SpanContext(above.trace_id, span_id, is_remote=False, trace_flags=above.trace_flags))
    return NonRecordingSpan(SpanContext(_ids.getrandbits(128) or 1, span_id, is_remote=False, trace_flags=SAMPLED))


@contextmanager
def span(
    name: str,
    *,
    kind: Kind = "internal",
    parent: str | None = None,
    links: Sequence[str] = (),
    attributes: Mapping[str, Attribute] | None = None,
) -> Iterator[Span]:
    """A span around a block. `parent` and `links` are traceparents; malformed ones count as absent.

    An exception marks the span with its type alone: messages may hold what a customer typed.
    """
    made = start(name, kind=kind, parent=parse_traceparent(parent), links=links, attributes=attributes)
    token = otel.attach(trace.set_span_in_context(made))
    try:
        yield made
    except BaseException as error:
        made.set_status(Status(StatusCode.ERROR, type(error).__name__))
        raise
    finally:
        otel.detach(token)
        made.end()
