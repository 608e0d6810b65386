"""CloudEvents 1.0 in Kafka's binary mode: attributes are `ce_` headers, the value is data, no value is a tombstone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from concord.clock import rfc3339
from concord.errors import ConcordError

Headers = list[tuple[str, bytes]]

SEQUENCE_DIGITS = 20
CONTENT_TYPE = b"application/json"


class NotAnEvent(ConcordError):
    """The record's headers do not make a CloudEvent of this log."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What travels in the headers of a record of a state topic."""

    id: str
    source: str
    type: str
    time: datetime
    revision: int
    log: int
    epoch: int
    changeset_end: bool
    traceparent: str | None = None


def encode(envelope: Envelope) -> Headers:
    """The headers of one record."""
    headers: Headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", envelope.id.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_type", envelope.type.encode()),
        ("ce_time", rfc3339(envelope.time).encode()),
        ("ce_sequence", b"%020d" % envelope.revision),
        ("content-type", CONTENT_TYPE),
        ("log", b"%d" % envelope.log),
        ("epoch", b"%d" % envelope.epoch),
        ("changeset_end", b"1" if envelope.changeset_end else b"0"),
    ]
    if envelope.traceparent:
        headers.append(("traceparent", envelope.traceparent.encode()))
    return headers


def decode(headers: Sequence[tuple[str, bytes]] | Iterable[tuple[str, bytes]]) -> Envelope:
    """What the headers of a record say.

    Raises:
        NotAnEvent: a header is missing or malformed.
    """
    named = dict(headers)
    try:
        if named["ce_specversion"] != b"1.0":
            raise NotAnEvent("The record is of another CloudEvents version.")
        trace = named.get("traceparent")
        return Envelope(
            id=named["ce_id"].decode(),
            source=named["ce_source"].decode(),
            type=named["ce_type"].decode(),
            time=datetime.fromisoformat(named["ce_time"].decode()),
            revision=int(named["ce_sequence"]),
            log=int(named["log"]),
            epoch=int(named["epoch"]),
            changeset_end=named["changeset_end"] == b"1",
            traceparent=trace.decode() if trace else None,
        )
    except KeyError as error:
        raise NotAnEvent(f"The record has no header {error.args[0]}.") from error
    except ValueError as error:
        raise NotAnEvent(f"A header of the record is malformed: {error}.") from error
