"""The shape of a quote, for the OpenAPI document. Answers are written as bytes; a test holds them against this."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from concord.decision.reasons import ENGLISH, Verdict
from concord.decision.scalars import Channel
from concord.decision.shapes import CertificateShape
from concord.money import Currency, Money


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SumsShape(_Shape):
    """Minor units of the quote's currency."""

    gross: int
    discount: int
    net: int


class OfferDiscountShape(_Shape):
    """What one offer took off."""

    offer: str
    version: int
    discount: int


class QuotedLineShape(SumsShape):
    """A line; `unit_discounts` has a share for each unit, larger ones first, and is empty without a discount."""

    id: str
    unit_discounts: list[int]
    applied: list[OfferDiscountShape]


class AddedShape(_Shape):
    """A free item to be put in, or an entitlement."""

    offer: str
    version: int
    kind: Literal["free_item", "grant"]
    sku: str | None = None
    what: str | None = None
    quantity: int
    unit: str | None = None


class RefusedShape(_Shape):
    """A code that does not help here, and why."""

    code: str
    offer: str | None
    reason: Annotated[str, Field(json_schema_extra={"enum": sorted(ENGLISH)})]
    sentence: str
    needs: list[str] = []


class MissingShape(_Shape):
    """So many units, or so much money, of these products; of anything when none are named."""

    units: int | None = None
    amount: Money | None = None
    skus: list[str]
    categories: list[str]


class NearMissShape(_Shape):
    """An offer that any one of `missing` would bring; `worth` is what it takes off the basket as it is, if known."""

    offer: str
    version: int
    missing: list[MissingShape]
    worth: Money | None
    sentence: str


class TodayShape(_Shape):
    version: int
    discount: int


class PromiseBesideShape(_Shape):
    """A promise priced alone, and today's terms of the same offer beside it."""

    promise: str
    code: str
    offer: str
    version: int
    honour_until: datetime
    discount: int
    today: TodayShape | None
    applied: bool


class HereShape(_Shape):
    """What the asking channel does with an offer that applies; a fee comes on top of `to_pay`."""

    offer: str
    version: int
    verdict: Verdict
    fee: Money | None
    refer_to: Channel | None = None
    escalate_to: str | None = None
    say_this: str


class QuoteShape(_Shape):
    """The answer to `POST /v1/quotes`. All but `here` and sentences is the same in every channel."""

    currency: Currency
    lines: list[QuotedLineShape]
    delivery: SumsShape | None
    totals: Annotated[SumsShape, Field(description="Of the goods.")]
    to_pay: Annotated[int, Field(description="totals.net + delivery.net")]
    applied: list[OfferDiscountShape]
    added: list[AddedShape]
    refused: list[RefusedShape]
    near_misses: list[NearMissShape]
    promises: list[PromiseBesideShape]
    here: list[HereShape]
    order: str | None
    certificate: CertificateShape
    hypothetical: bool = False
