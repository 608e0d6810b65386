"""What the routes answer, for the OpenAPI document and for clients; the bytes are written without them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from concord.decision.shapes import CertificateShape, DecisionShape
from concord.decision.timing import Freshness


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PromiseOnCard(DecisionShape):
    """A promise with what this channel does about it, in one object."""

    promise: None = None  # its fields stand here
    id: str
    code: str
    channel: str
    made_at: datetime
    honour_until: datetime
    state: str


class PartyOnCard(_Shape):
    """A member of the household."""

    id: str
    given_name: str | None
    family_name: str | None
    language: str | None


class LineOnCard(_Shape):
    """A line of the household; the number itself is not here."""

    id: str
    user: str
    holder: str
    last_digits: str


class FreshnessShown(_Shape):
    """How far the view may be trusted; `age_ms` is null before the first heartbeat."""

    state: Freshness
    age_ms: int | None


class CustomerCard(_Shape):
    """The answer to `POST /v1/customers:lookup`: what was promised first."""

    promises: list[PromiseOnCard]
    household: str
    version: int
    party: str | None
    line: str | None
    verified: bool
    parties: list[PartyOnCard]
    lines: list[LineOnCard]
    others: list[str]
    freshness: FreshnessShown
    certificate: CertificateShape


class PartitionShown(_Shape):
    """Where the view stands in a partition, and what it holds there."""

    topic: str
    partition: int
    log: int
    epoch: int
    revision: int
    closed_at: datetime | None
    count: int
    digest: str


class ViewShown(_Shape):
    """The answer to `GET /v1/view`."""

    channel: str
    replica: str
    boot: str
    state: Freshness
    age_ms: int | None
    built: bool
    topics: list[PartitionShown]
    pending: int
    verified_at: datetime | None


class Rebuilding(_Shape):
    """The answer to `POST /v1/view:rebuild`."""

    state: Literal["rebuilding"]
