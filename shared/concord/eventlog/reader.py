"""A record of the log as a consumer reads it."""

from dataclasses import dataclass
from typing import Any

from concord.contracts.cloudevents import Envelope, NotAnEvent, decode
from concord.contracts.topics import HEARTBEAT_KEY
from concord.eventlog.errors import Undecodable


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One record: where it stands in Kafka, what its headers say, its value (None is a tombstone)."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes | None
    envelope: Envelope

    @property
    def is_heartbeat(self) -> bool:
        return self.key == HEARTBEAT_KEY


def read(record: Any) -> LogRecord:
    """What aiokafka's ConsumerRecord carries.

    Raises:
        Undecodable: headers or key are not those of this log.
    """
    try:
        return LogRecord(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key=record.key.decode(),
            value=record.value,
            envelope=decode(record.headers),
        )
    except (NotAnEvent, AttributeError, UnicodeDecodeError) as error:
        where = f"{record.topic}[{record.partition}]@{record.offset}"
        raise Undecodable(f"The record at {where} cannot be read: {error}") from error
