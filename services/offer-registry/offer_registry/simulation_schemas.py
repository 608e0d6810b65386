"""What `POST /v1/simulations` takes and answers (api §2, §6)."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from concord.decision.explained import OfferWhyShape
from concord.decision.quote import Ordered
from concord.decision.quoting.basket import EXAMPLE as BASKET
from concord.decision.quoting.basket import Basket
from concord.decision.quoting.shapes import QuoteShape
from concord.decision.scalars import LINE_PATTERN, Channel, Instant, OfferKey
from concord.decision.shapes import AnswerShape
from concord.decision.terms import EXAMPLE, Terms
from offer_registry.edge import LAST_NUMBER
from offer_registry.examples import KEY
from offer_registry.simulation import OFFERS_MOST

FACTS_MOST: Final = 100  # as in a channel's question, like the next two
CODES_MOST: Final = 20
FACTS: Final[dict[str, Any]] = {"line.tenure_months": 44, "line.barred": False}

Code = Annotated[str, Field(min_length=1, max_length=64, pattern=LINE_PATTERN)]
Order = Annotated[str, Field(min_length=1, max_length=320)]
StoredName = Annotated[
    str,
    Field(
        pattern=r"^([a-z0-9]+(-[a-z0-9]+)*|ofr_[0-9a-hjkmnp-tv-z]{26})(@[1-9][0-9]{0,9})?$",
        max_length=91,
        description="The key or id of an offer, for its newest version, or `key@3` for its third.",
        examples=[f"{KEY}@3"],
    ),
]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DraftTerms(_Body):
    """Terms that need not be stored, under the key and number they would have."""

    key: OfferKey
    version: Annotated[int, Field(strict=True, ge=1, le=LAST_NUMBER, description="Stands in the answers.")] = 1
    terms: Terms


class SimulationAsked(_Body):
    """What is tried out: draft terms, stored versions, or both; no other offer is considered."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"terms": [{"key": KEY, "terms": EXAMPLE}], "facts": FACTS, "at": "2026-06-03T10:00:00Z"},
                {"offers": [f"{KEY}@3"], "facts": FACTS, "basket": BASKET, "codes": ["SUMMER26"]},
            ]
        },
    )

    terms: Annotated[list[DraftTerms], Field(max_length=OFFERS_MOST)] = []
    offers: Annotated[list[StoredName], Field(max_length=OFFERS_MOST)] = []
    facts: Annotated[dict[str, Any], Field(max_length=FACTS_MOST, description="Of the customer.")] = {}
    basket: Annotated[Basket | None, Field(description="With it the answers are quotes.")] = None
    codes: Annotated[list[Code], Field(max_length=CODES_MOST, description="Public codes given with the basket.")] = []
    order: Annotated[Order | None, Field(description="The caller's own name of the order.")] = None
    at: Annotated[Instant | None, Field(description="Any instant; now unless given.")] = None

    @property
    def ordered(self) -> Ordered | None:
        return None if self.basket is None else Ordered(self.basket, tuple(self.codes), self.order)


class SimulationShape(_Body):
    """What each channel would answer, as its own `POST /v1/decisions`, or `/v1/quotes` with a basket.

    `terms_digest` is what a channel gives for the same offers, versions and facts; epoch and revision 0 say that no log
    has this catalogue. `why` has the offers in the order in which they apply; it is the same in every channel.
    """

    channels: dict[Channel, AnswerShape | QuoteShape]
    why: list[OfferWhyShape]
