"""The bodies and answers of the profile's routes (api §3).

Types are checked here; what fields mean together stands in `domain.py` and `promises.py`.
"""

from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from concord.contracts.records import PromiseState
from concord.decision.scalars import LINE_PATTERN, PROSE_PATTERN, Instant, Locale, OfferName, Origin
from concord.lookup import NumberMalformed, e164

MEMBERS_MOST = 50
LINES_MOST = 100
RELATIONS_MOST = 200

Ref = Annotated[str, Field(pattern=LINE_PATTERN, max_length=200)]
Text = Annotated[str, Field(pattern=LINE_PATTERN, max_length=200)]
Prose = Annotated[str, Field(pattern=PROSE_PATTERN, max_length=20_000)]
Facts = Annotated[dict[str, Any], Field(max_length=200, description="Dotted attribute names and their values.")]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Born = Annotated[str, StringConstraints(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]


def _number(text: str) -> str:
    try:
        return e164(text)
    except NumberMalformed:
        raise PydanticCustomError("number_malformed", "write a number with + and the country code") from None


def _zone(name: str) -> str:
    if name not in _zones():
        raise PydanticCustomError("zone_unknown", "name a zone of the tz database, such as America/New_York")
    return name


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


Number = Annotated[str, Field(max_length=40, examples=["+12025550117"]), AfterValidator(_number)]
Zone = Annotated[str, AfterValidator(_zone)]


class Part(BaseModel):
    """Frozen, and closed: a field it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Member(Part):
    """A person. `ref` is the sender's own name for the entry; `id` is given by the profile."""

    id: str = ""
    ref: Ref | None = None
    given_name: Text | None = None
    family_name: Text | None = None
    postcode: Annotated[str, Field(pattern=LINE_PATTERN, max_length=20)] | None = None
    born: Born | None = None
    language: Locale | None = None
    facts: Facts = Field(default_factory=dict)


class Line(Part):
    """A subscription with a number; holder, user and payer are members, by ref or id; the holder is the default."""

    id: str = ""
    ref: Ref | None = None
    number: Number
    holder: Ref
    user: Ref | None = None
    payer: Ref | None = None
    facts: Facts = Field(default_factory=dict)


class ContactPoint(Part):
    """An endpoint of a member; the address is kept in the profile only (architecture §3)."""

    id: str = ""
    ref: Ref | None = None
    kind: Literal["sms", "email", "voice", "push", "post"]
    address: Annotated[str, Field(pattern=LINE_PATTERN, max_length=500)]
    party: Ref
    zone: Zone | None = None
    verified_at: Instant | None = None


class Relation(Part):
    """How two members belong together; dated and verified."""

    kind: Literal["guardian_of", "household_member", "authorised_contact"]
    from_party: Ref = Field(alias="from")
    to_party: Ref = Field(alias="to")
    since: Day | None = None
    verified_by: Text | None = None


class NewHousehold(Part):
    """A household as it is posted: entries name each other by ref."""

    ref: Ref | None = None
    members: Annotated[list[Member], Field(min_length=1, max_length=MEMBERS_MOST)]
    relations: Annotated[list[Relation], Field(max_length=RELATIONS_MOST)] = []
    lines: Annotated[list[Line], Field(max_length=LINES_MOST)] = []
    contact_points: Annotated[list[ContactPoint], Field(max_length=RELATIONS_MOST)] = []
    facts: Facts = Field(default_factory=dict)


class HouseholdChange(Part):
    """What changes of a household.

    A list that is sent replaces the list: an entry with a known id or ref keeps its id, one that is left out is gone.
    Facts are merged, null takes one away.
    """

    members: Annotated[list[Member], Field(min_length=1, max_length=MEMBERS_MOST)] | None = None
    relations: Annotated[list[Relation], Field(max_length=RELATIONS_MOST)] | None = None
    lines: Annotated[list[Line], Field(max_length=LINES_MOST)] | None = None
    contact_points: Annotated[list[ContactPoint], Field(max_length=RELATIONS_MOST)] | None = None
    facts: Facts | None = None


class Evidence(Part):
    """What shows that the promise was made; the words as sent stay with the profile."""

    kind: Literal["message", "call", "page", "document"]
    channel: Text | None = None
    subject: Text | None = None
    words: Prose | None = None
    sent_at: Instant | None = None
    reference: Text | None = None


class NewPromise(Part):
    """A promise to be made.

    Without `version` it pins the newest that may be promised; `facts` fill what the profile does not know.
    """

    household: Annotated[Ref, Field(description="Its id, or the ref under which this caller imported it.")]
    party: Annotated[Ref, Field(description="A member, by id or ref.")]
    offer: OfferName
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    channel: Annotated[Origin, Field(description="Where it is made; one of the offer's `promised_in`.")]
    evidence: Evidence
    honour_until: Annotated[Instant | None, Field(description="Earlier than the offer's own deadline.")] = None
    line: Annotated[Ref | None, Field(description="The line it is about, by id or ref.")] = None
    facts: Facts = Field(default_factory=dict)


class Cancellation(Part):
    """Why a promise is cancelled: a reason code, or words."""

    reason: Text


class PromiseDocument(Part):
    """A promise; `version` is the offer version it pins, `content_hash` that of its terms."""

    id: str
    code: str
    household: str
    party: str
    offer: str
    offer_id: str
    version: int
    content_hash: str
    channel: str
    made_at: datetime
    honour_until: datetime
    state: PromiseState
    evidence: Evidence
    made_by: str
    cancelled: str | None = None


class HouseholdDocument(NewHousehold):
    """A household as it is read; `version` is its counter, raised by each change of it or of a promise."""

    id: str
    version: int
    promises: list[PromiseDocument] = []


class Question(Part):
    """Who is meant: exactly one of number, email, code, party, line, ref, or name with postcode.

    A postcode beside a number verifies the caller. A ref is the caller's own, of a household that it imported.
    """

    number: Annotated[str, Field(max_length=40)] | None = None
    email: Annotated[str, Field(pattern=LINE_PATTERN, max_length=500)] | None = None
    code: Annotated[str, Field(max_length=40)] | None = None
    party: Annotated[str, Field(max_length=40)] | None = None
    line: Annotated[str, Field(max_length=40)] | None = None
    ref: Ref | None = None
    name: Text | None = None
    postcode: Annotated[str, Field(pattern=LINE_PATTERN, max_length=20)] | None = None


class PartyShown(Part):
    """A member as a look-up shows it."""

    id: str
    given_name: str | None = None
    family_name: str | None = None
    language: str | None = None


class Found(Part):
    """Whom a look-up found. `party` is who is meant, where somebody is; `verified` says whether the caller proved to be
    of the household (the code, or a number of it with its postcode); `others` are further households that fit, newest
    first.
    """

    household: str
    version: int
    by: str
    party: str | None = None
    line: str | None = None
    contact_point: str | None = None
    promise: str | None = None
    verified: bool
    parties: list[PartyShown]
    others: list[str] = []
