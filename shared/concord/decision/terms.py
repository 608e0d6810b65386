"""Terms: what an offer says, the unit an author writes (api §2, terms §1 and §2).

Types and unknown fields are refused here, when a draft is saved; what is missing is found at submit (`completeness`).
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from concord.canonical import content_hash
from concord.decision.amounts import Amounts
from concord.decision.benefits import BENEFITS_MOST, Benefit
from concord.decision.cards import Card
from concord.decision.criteria import Criteria
from concord.decision.honour import HonourCell
from concord.decision.hours import HOURS_MOST, WeeklyHours
from concord.decision.limits import Limits, PublicCodes
from concord.decision.products import Products
from concord.decision.scalars import (
    CHANNELS,
    DESCRIPTION_LENGTH,
    LINE_PATTERN,
    LOCALES_MOST,
    ORIGINS,
    PROSE_PATTERN,
    TITLE_LENGTH,
    Channel,
    Distinct,
    Duration,
    Group,
    Instant,
    Locale,
    OfferKey,
    OfferName,
    Origin,
)
from concord.money import Money

DEFAULT_PRIORITY = 100
PRIORITY_MOST = 10_000
COMBINES_MOST = 1_000  # offers named in combines_with

Title = Annotated[str, Field(pattern=LINE_PATTERN, max_length=TITLE_LENGTH)]
Description = Annotated[str, Field(pattern=PROSE_PATTERN, max_length=DESCRIPTION_LENGTH)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Validity(_Part):
    """From start until just before end, in UTC; without an end, until it is withdrawn."""

    start: Instant
    end: Instant | None = None


EXAMPLE: dict[str, Any] = {
    "title": {"en": "Free handset upgrade"},
    "description": {"en": "Handset X for nothing with a line of twelve months."},
    "benefits": [{"kind": "fixed_price", "price": {"amount": 0, "currency": "USD"}}],
    "regular_price": {"amount": 13000, "currency": "USD"},
    "products": {"skus": ["HANDSET-X"], "categories": [], "exclude": {"skus": [], "categories": []}},
    "criteria": {
        "all": [
            {"attribute": "line.tenure_months", "op": "gte", "value": 12},
            {"not": {"attribute": "line.barred", "op": "eq", "value": True}},
        ]
    },
    "validity": {"start": "2026-06-01T00:00:00Z", "end": "2026-06-15T00:00:00Z"},
    "honour_for": None,
    "promised_in": ["email", "web"],
    "shown_in": ["web"],
    "honour": {
        "web": {"action": "native"},
        "call_center": {"action": "honour"},
        "store_pos": {"action": "honour_with_fee", "fee": {"amount": 500, "currency": "USD"}},
        "sms": {"action": "refer", "to": "web"},
    },
    "cards": {
        "call_center": {
            "en": {
                "say": "Yes, the handset is yours for {price} instead of {regular_price}. I can send it today.",
                "steps": ["Open the order form", "Choose HANDSET-X at {price}", "Send it to the address on file"],
                "verify": ["Name and postcode of the account holder"],
                "next_question": {"asks": "Until when?", "answer": "Until {until}."},
            }
        },
        "store_pos": {
            "en": {
                "say": "Yes, the handset is {price}; in the store we add {fee} for handling.",
                "steps": ["Scan HANDSET-X", "Price {price}, handling {fee}"],
                "verify": ["The code, or the name and postcode"],
            }
        },
    },
    "priority": 100,
    "exclusive_group": "handset",
    "combines_with": None,
    "alternative": None,
}


class Terms(_Part):
    """Everything an offer version says. Immutable once submitted, and known by its content hash."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    title: Annotated[dict[Locale, Title], Field(min_length=1, max_length=LOCALES_MOST)]
    description: Annotated[dict[Locale, Description], Field(max_length=LOCALES_MOST)] = {}
    benefits: Annotated[list[Benefit], Field(min_length=1, max_length=BENEFITS_MOST)]
    regular_price: Annotated[Money | None, Field(description="What one unit costs without the offer.")] = None
    products: Products = Products()
    criteria: Annotated[Criteria | None, Field(description="Who qualifies; null is everybody.")] = None
    validity: Validity
    honour_for: Annotated[
        Duration | None,
        Field(description="How long a promise holds, counted from when it was made; null is validity.end."),
    ] = None
    promised_in: Annotated[
        list[Origin], Field(max_length=len(ORIGINS), description="Where promises may be made."), Distinct
    ] = []
    shown_in: Annotated[
        list[Channel], Field(max_length=len(CHANNELS), description="Which channels show it."), Distinct
    ] = []
    honour: Annotated[
        dict[Channel, HonourCell], Field(description="What each channel does when a customer brings it.")
    ] = {}
    cards: dict[Channel, Annotated[dict[Locale, Card], Field(max_length=LOCALES_MOST)]] = {}
    priority: Annotated[
        int, Field(strict=True, ge=0, le=PRIORITY_MOST, description="Smaller first (terms §3); ties by offer key.")
    ] = DEFAULT_PRIORITY
    exclusive_group: Annotated[
        Group | None, Field(description="Of one group a basket gets the offer that is worth most.")
    ] = None
    combines_with: Annotated[
        Annotated[list[OfferKey], Field(max_length=COMBINES_MOST), Distinct] | None,
        Field(description="Null: with everything outside its group; empty: with nothing."),
    ] = None
    alternative: Annotated[OfferName | None, Field(description="The offer given with a refusal of this one.")] = None
    max_discount: Annotated[
        Amounts | None, Field(description="The most this offer takes off one basket, delivery included.")
    ] = None
    codes: Annotated[PublicCodes, Field(description="Public codes; with any, it applies only when one is given.")] = []
    limits: Annotated[Limits, Field(description="Caps, enforced when it is redeemed.")] = []
    when_exhausted: Annotated[
        Literal["refuse", "honour_promises"], Field(description="What a limit that is reached means for promises.")
    ] = "honour_promises"
    windows: Annotated[
        list[WeeklyHours], Field(max_length=HOURS_MOST, description="Weekly hours it is limited to; none: always.")
    ] = []

    def document(self) -> dict[str, Any]:
        """The terms as stored and hashed: JSON values, without the fields that say what their absence says.

        Leaving defaults out keeps the hash of old terms the same when a later release adds a field.
        """
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def content_hash(self) -> str:
        """SHA-256 of the RFC 8785 JSON of the document, in hex (protocol §3)."""
        return content_hash(self.document())

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        """Terms from a stored document, leaving out fields of later releases, as a consumer of the log does."""
        return cls.model_validate(document, extra="ignore")
