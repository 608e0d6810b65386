"""The shapes of answers, for the OpenAPI document. Answers are written as bytes; a test holds them against these."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from concord.contracts.records import PromiseState
from concord.decision.benefits import Benefit
from concord.decision.cards import NextQuestion
from concord.decision.evaluator import EVALUATOR
from concord.decision.honour import EscalationRole
from concord.decision.reasons import ENGLISH, Verdict
from concord.decision.scalars import Channel, Locale, Origin
from concord.money import Money

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", examples=["9f86d081884c7d659a2feaa0c55ad015" * 2])]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CatalogueShape(_Shape):
    epoch: int
    revision: int


class HouseholdShape(_Shape):
    epoch: int
    id: str
    version: int


class CertificateShape(_Shape):
    """What the answer rests on; equal inputs give equal terms in every channel (protocol R21)."""

    catalogue: CatalogueShape
    household: HouseholdShape | None
    evaluator: Annotated[int, Field(examples=[EVALUATOR])]
    at: datetime
    request_digest: Digest
    terms_digest: Digest
    policy_digest: Digest


class ReasonShape(_Shape):
    """Why: a code that stays and a sentence that may be said aloud."""

    code: Annotated[str, Field(json_schema_extra={"enum": sorted(ENGLISH)})]
    sentence: str
    attribute: Annotated[str | None, Field(description="The attribute it is about, where it is about one.")] = None


class PromiseShape(_Shape):
    id: str
    code: Annotated[str, Field(examples=["K7M2-9QX4-TB"])]
    channel: Origin
    made_at: datetime
    honour_until: datetime
    state: PromiseState


class CardShape(_Shape):
    say: str
    steps: list[str]
    verify: list[str]
    next_question: NextQuestion | None = None
    locale: str


class AlternativeShape(_Shape):
    """Another offer that this customer may have."""

    offer: str
    version: int
    title: str


class DecisionShape(_Shape):
    """What this channel does with one offer, or with one promise on it."""

    offer: Annotated[str | None, Field(description="Key; null for a code that is not known yet.")]
    version: int | None
    verdict: Verdict
    reasons: Annotated[list[ReasonShape], Field(min_length=1)]
    benefits: list[Benefit]
    fee: Money | None
    customer_pays: Annotated[
        Money | None, Field(description="For one unit, with the fee; null when only a basket tells.")
    ]
    instead_of: Money | None
    promise: PromiseShape | None
    card: CardShape | None
    say_this: str
    alternative: AlternativeShape | None
    refer_to: Channel | None = None
    escalate_to: EscalationRole | None = None


class AnswerShape(_Shape):
    """The answer to `POST /v1/decisions`: promises first."""

    certificate: CertificateShape
    items: list[DecisionShape]
    hypothetical: Annotated[bool, Field(description="True when `at` is not now; such an answer is not redeemable.")] = (
        False
    )


class ShownShape(_Shape):
    """An offer that this channel shows now."""

    offer: str
    version: int
    title: dict[Locale, str]
    description: dict[Locale, str]
    benefits: list[Benefit]
    fee: Money | None
    customer_pays: Money | None
    instead_of: Money | None
    start: datetime
    end: datetime | None
