"""Honour policy: what each channel does when a customer brings this offer (glossary). One cell per channel."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field

from concord.decision.scalars import Channel, OfferName
from concord.money import Money

EscalationRole = Literal["supervisor", "operator"]


class _Cell(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Native(_Cell):
    """The offer is at home here: anyone eligible may have it."""

    action: Literal["native"]


class Honour(_Cell):
    """Honoured as it is."""

    action: Literal["honour"]


class HonourWithFee(_Cell):
    """Honoured for a fee on top of the price."""

    action: Literal["honour_with_fee"]
    fee: Money


class Alternative(_Cell):
    """Another offer is given instead, named by key or id."""

    action: Literal["alternative"]
    offer: OfferName


class Refer(_Cell):
    """The customer is sent to a channel that honours it."""

    action: Literal["refer"]
    to: Channel


class Escalate(_Cell):
    """Somebody with this role decides."""

    action: Literal["escalate"]
    role: EscalationRole = "supervisor"


HonourCell = Annotated[
    Native | Honour | HonourWithFee | Alternative | Refer | Escalate,
    Discriminator("action"),
    Field(examples=[{"action": "honour_with_fee", "fee": {"amount": 500, "currency": "USD"}}]),
]
NEEDS_CARD = frozenset(
    {"honour", "honour_with_fee", "alternative", "escalate"}
)  # native and refer have a default sentence
