"""Spans of the log, after OpenTelemetry's messaging conventions (research: events §4).

The span that commits a change is the creation context: its `traceparent` is kept in the outbox and travels
unmodified in the record's header. Sending and receiving happen in batches, so their spans *link* to it; each
record's apply span is its *child*, which is what makes one trace from the author's click to the channel's view.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

from opentelemetry.trace import Span

from concord.telemetry import tracing
from concord.telemetry.tracing import Attribute

LINKS: Final = 32  # of one span; the rest of a large batch is counted, not linked
NOTHING: Final[AbstractContextManager[None]] = nullcontext()


def _attributes(operation: str, kind: str, topic: str) -> dict[str, Attribute]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": operation,
        "messaging.operation.type": kind,
        "messaging.destination.name": topic,
    }


def _links(traceparents: Iterable[str | None]) -> list[str]:
    return sorted({text for text in traceparents if text})[:LINKS]


@contextmanager
def sending(topic: str, traceparents: Iterable[str | None], count: int) -> Iterator[Span]:
    """Around the relay's send of a batch of `count` records."""
    fields = {**_attributes("send", "send", topic), "messaging.batch.message_count": count}
    with tracing.span(f"send {topic}", kind="producer", links=_links(traceparents), attributes=fields) as made:
        yield made


@contextmanager
def receiving(topic: str, traceparents: Iterable[str | None], count: int) -> Iterator[Span]:
    """Around the application of a fetched batch of `count` records."""
    fields = {**_attributes("poll", "receive", topic), "messaging.batch.message_count": count}
    with tracing.span(f"poll {topic}", kind="client", links=_links(traceparents), attributes=fields) as made:
        yield made


def applying(
    topic: str, traceparent: str | None, *, partition: int, offset: int, revision: int, tombstone: bool = False
) -> AbstractContextManager[Span | None]:
    """Around the application of one record; free of cost when nobody receives spans."""
    if not tracing.recording():
        return NOTHING
    fields: Mapping[str, Attribute] = {
        **_attributes("process", "process", topic),
        "messaging.destination.partition.id": str(partition),
        "messaging.kafka.offset": offset,
        "messaging.kafka.message.tombstone": tombstone,
        "concord.revision": revision,
    }
    return tracing.span(f"process {topic}", kind="consumer", parent=traceparent, attributes=fields)
