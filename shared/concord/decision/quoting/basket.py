"""What is to be priced (terms §5). Amounts are integers in the minor unit of the basket's currency."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from concord.decision.products import Categories
from concord.decision.scalars import LINE_PATTERN, Sku
from concord.money import MOST, Currency

LINES_MOST = 500
QUANTITY_MOST = 10_000  # units of one line
UNITS_MOST = 20_000  # of one basket

Amount = Annotated[int, Field(strict=True, ge=0, le=MOST)]
LineId = Annotated[str, Field(pattern=LINE_PATTERN, max_length=64, examples=["1"])]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BasketLine(_Part):
    """Some units of one article.

    With `no_offers` it takes no part in any offer, though it still counts in what the basket is. `floor` is the least a
    unit may cost.
    """

    id: LineId
    sku: Sku
    categories: Categories = []
    quantity: Annotated[int, Field(strict=True, ge=1, le=QUANTITY_MOST)]
    unit_price: Amount
    no_offers: Annotated[bool, Field(strict=True)] = False
    floor: Amount | None = None


EXAMPLE: dict[str, Any] = {
    "currency": "USD",
    "delivery": 499,
    "lines": [{"id": "1", "sku": "MUG", "categories": ["mugs"], "quantity": 3, "unit_price": 1250}],
}


class Basket(_Part):
    """What a customer is about to buy, and what bringing it costs."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    currency: Currency
    delivery: Amount | None = None
    lines: Annotated[list[BasketLine], Field(min_length=1, max_length=LINES_MOST)]

    @model_validator(mode="after")
    def _countable(self) -> Self:
        ids = [line.id for line in self.lines]
        if len(set(ids)) != len(ids):
            twice = next(each for place, each in enumerate(ids) if each in ids[:place])
            raise PydanticCustomError("line_repeated", "line {line} stands twice", {"line": twice})
        if sum(line.quantity for line in self.lines) > UNITS_MOST:
            raise PydanticCustomError("too_many_units", "a basket has at most {most} units", {"most": UNITS_MOST})
        return self
