"""What the values of the log say (protocol §3, architecture §3). Values are state only; positions travel in headers.

Readers ignore fields they do not know (`parse`), writers write none (`extra="forbid"`).
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from concord.decision.attributes import Attribute, Kind
from concord.decision.terms import Terms

Digits = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]  # a look-up key (concord.lookup)
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


AsHashed = Annotated[Terms, PlainSerializer(Terms.document)]
"""Terms spelled as they were hashed, so that a reader of the log can check `content_hash`."""


class Record(BaseModel):
    """A value on the log."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @classmethod
    def parse(cls, value: bytes) -> Self:
        """Read a value as a consumer does, leaving out fields of later releases."""
        return cls.model_validate_json(value, extra="ignore")

    def to_bytes(self) -> bytes:
        """The value as published; the same record always gives the same bytes."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True, by_alias=True)


class ActivationState(StrEnum):
    """Run-side state of an offer version (protocol §2)."""

    PREPARING = "PREPARING"
    HONOURABLE = "HONOURABLE"
    LIVE = "LIVE"
    SUSPENDED = "SUSPENDED"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"

    @property
    def shown(self) -> bool:
        """Whether channels show it (R1)."""
        return self is ActivationState.LIVE

    @property
    def honoured_on_request(self) -> bool:
        """Whether whoever asks for it gets it without a promise (R1)."""
        return self in {ActivationState.HONOURABLE, ActivationState.LIVE, ActivationState.SUSPENDED}


class AttributeRecord(Record):
    """An attribute that the author declared: its type, and how it is spoken of (`concord.decision.attributes`)."""

    kind: Kind
    noun: str
    question: str
    adjective: str = ""

    def attribute(self, name: str) -> Attribute:
        return Attribute(name, self.kind, self.noun, self.question, self.adjective)


class VersionRecord(Record):
    """One version of an offer that is not CLOSED.

    `hours` are its weekly hours as UTC intervals, expanded when it was submitted; `attributes` are those that its
    criteria name and that are not built in.
    """

    version: int
    content_hash: Sha256
    state: ActivationState
    state_revision: int
    leaving: bool = False
    effective_at: datetime | None = None
    honour_until: datetime | None = None
    evaluator_min: int = 1
    hours: list[tuple[datetime, datetime]] | None = None
    attributes: dict[str, AttributeRecord] | None = None
    terms: AsHashed


class OfferRecord(Record):
    """An offer: every version that is not CLOSED, oldest first."""

    id: str
    key: str
    versions: list[VersionRecord]


class MemberRecord(Record):
    """A person of a household."""

    id: str
    given_name: str | None = None
    family_name: str | None = None
    postcode: str | None = None
    born: str | None = None
    language: str | None = None
    lookup: Digits | None = None
    facts: dict[str, Any] = {}


class LineRecord(Record):
    """A subscription; holder, user and payer are parties of the household."""

    id: str
    holder: str
    user: str
    payer: str
    lookup: Digits
    last_digits: str
    facts: dict[str, Any] = {}


class ContactPointRecord(Record):
    """An endpoint, by keyed hash; the address itself is not on this topic."""

    id: str
    kind: Literal["sms", "email", "voice", "push", "post"]
    party: str
    lookup: Digits
    last_digits: str | None = None
    zone: str | None = None
    verified_at: datetime | None = None


class RelationRecord(Record):
    """How two parties of a household belong together."""

    kind: Literal["guardian_of", "household_member", "authorised_contact"]
    from_party: str = Field(alias="from")
    to_party: str = Field(alias="to")
    since: str | None = None
    verified_by: str | None = None


class HouseholdRecord(Record):
    """A whole household; `version` is the household's counter when this document last changed."""

    id: str
    version: int
    members: list[MemberRecord]
    lines: list[LineRecord] = []
    relations: list[RelationRecord] = []
    contact_points: list[ContactPointRecord] = []
    facts: dict[str, Any] = {}


class PromiseState(StrEnum):
    """Where a promise stands."""

    OPEN = "open"
    HELD = "held"
    HONOURED = "honoured"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class EvidenceRecord(Record):
    """What shows that the promise was made; the words as sent stay with the profile."""

    kind: Literal["message", "call", "page", "document"]
    channel: str | None = None
    sent_at: datetime | None = None
    reference: str | None = None


class PromiseRecord(Record):
    """A promise; `version` is the household's counter when it last changed."""

    id: str
    household: str
    party: str
    version: int
    code: str
    offer: str
    offer_key: str
    offer_version: int
    content_hash: Sha256
    channel: str
    made_at: datetime
    honour_until: datetime
    state: PromiseState = PromiseState.OPEN
    evidence: EvidenceRecord
    terms: AsHashed | None = None


class Heartbeat(Record):
    """What the authority says of a partition at its revision: everything before `closed_at` is in it (R12)."""

    closed_at: datetime
    count: int
    digest: Sha256
