"""Spans a test can look at."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from concord.telemetry import tracing


@contextmanager
def recorded_spans() -> Iterator[InMemorySpanExporter]:
    """What is traced meanwhile; `get_finished_spans()` of it."""
    exporter = InMemorySpanExporter()
    with tracing.swapped(SimpleSpanProcessor(exporter)):
        yield exporter
