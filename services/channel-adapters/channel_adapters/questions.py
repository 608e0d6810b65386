"""What channels are asked, as it comes in (api §4): types exact, unknown fields refused, every text bounded."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from concord.decision.quote import Ordered
from concord.decision.quoting import basket
from concord.decision.scalars import LINE_PATTERN, Instant

MOST = 200  # offers or products of one question
FACTS_MOST = 100
CODES_MOST = 20  # public codes given with one basket

Id = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[a-z]{2,4}_[0-9a-z_]+$")]
Name = Annotated[str, Field(min_length=1, max_length=80)]  # of an offer; one that nothing has is answered, not refused
Sku = Annotated[str, Field(min_length=1, max_length=64)]
Code = Annotated[str, Field(min_length=1, max_length=64, pattern=LINE_PATTERN)]
Text = Annotated[str, Field(min_length=1, max_length=320)]

WAYS = ("number", "email", "code", "party", "line", "household", "name")


class CustomerNamed(BaseModel):
    """Who is meant, named in one way. A number with a postcode of the household is verified, as a code is."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"number": "+12025550117"}, {"code": "K7M2-9QX4-TB"}]},
    )

    number: Text | None = None
    email: Text | None = None
    code: Text | None = None
    party: Id | None = None
    line: Id | None = None
    household: Id | None = None
    name: Text | None = None
    postcode: Text | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        named = [way for way in WAYS if getattr(self, way) is not None]
        if len(named) != 1:
            raise PydanticCustomError("name_one", "name exactly one of " + ", ".join(WAYS))
        if self.postcode is None and self.name is not None:
            raise PydanticCustomError("postcode_missing", "a name needs its postcode")
        if self.postcode is not None and self.name is None and self.number is None:
            raise PydanticCustomError("postcode_unfit", "a postcode goes with a name or a number")
        return self


class DecisionAsked(BaseModel):
    """`POST /v1/decisions`. With neither offers nor products the answer is the promises and what this channel shows."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"customer": {"number": "+12025550117"}, "offers": ["free-handset-upgrade"]}]},
    )

    customer: CustomerNamed | None = None
    offers: Annotated[list[Name], Field(max_length=MOST)] = []
    products: Annotated[list[Sku], Field(max_length=MOST)] = []
    facts: Annotated[dict[str, Any], Field(max_length=FACTS_MOST, description="Fill what the view does not know.")] = {}
    at: Annotated[Instant | None, Field(description="Within 2 s of now, unless the role allows another instant.")] = (
        None
    )


class QuoteAsked(BaseModel):
    """`POST /v1/quotes`: a basket, the public codes that were given, and the caller's own name of the order."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"customer": {"number": "+12025550117"}, "basket": basket.EXAMPLE, "codes": ["SUMMER26"]}]
        },
    )

    customer: CustomerNamed | None = None
    basket: basket.Basket
    codes: Annotated[list[Code], Field(max_length=CODES_MOST)] = []
    order: Annotated[Text | None, Field(description="So that an order never counts against itself.")] = None
    facts: Annotated[dict[str, Any], Field(max_length=FACTS_MOST, description="Fill what the view does not know.")] = {}
    at: Annotated[Instant | None, Field(description="Within 2 s of now, unless the role allows another instant.")] = (
        None
    )

    @property
    def ordered(self) -> Ordered:
        return Ordered(self.basket, tuple(self.codes), self.order)
