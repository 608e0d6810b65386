"""Every topic of the log: its key, its records and how Kafka keeps it."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel

from concord.contracts.records import Heartbeat, HouseholdRecord, OfferRecord, PromiseRecord

HEARTBEAT_KEY = "~heartbeat"
RESERVED_KEYS = frozenset({HEARTBEAT_KEY, "~opening"})


class Cleanup(StrEnum):
    """What Kafka does with old records."""

    COMPACT = "compact"  # keeps the newest of each key
    DELETE = "delete"  # keeps all for a time


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: its name, how many partitions, what its keys are and which events it may carry."""

    name: str
    partitions: int
    cleanup: Cleanup
    key: str
    records: dict[str, type[BaseModel]]  # ce_type → the value's shape
    purpose: str


OFFERS = Topic(
    name="concord.offers.v1",
    partitions=1,
    cleanup=Cleanup.COMPACT,
    key="offer id",
    records={"concord.offer.changed.v1": OfferRecord, "concord.heartbeat.v1": Heartbeat},
    purpose="Every offer with each version that is not CLOSED; one partition, so that a revision names one catalogue.",
)
HOUSEHOLDS = Topic(
    name="concord.households.v1",
    partitions=6,
    cleanup=Cleanup.COMPACT,
    key="household id, or household id/promise id",
    records={
        "concord.household.changed.v1": HouseholdRecord,
        "concord.promise.changed.v1": PromiseRecord,
        "concord.heartbeat.v1": Heartbeat,
    },
    purpose="Every household and its promises as whole documents, by household.",
)
STATE_TOPICS = (OFFERS, HOUSEHOLDS)
TOPICS = {topic.name: topic for topic in STATE_TOPICS}

OFFER_CHANGED = "concord.offer.changed.v1"
HOUSEHOLD_CHANGED = "concord.household.changed.v1"
PROMISE_CHANGED = "concord.promise.changed.v1"
HEARTBEAT = "concord.heartbeat.v1"
