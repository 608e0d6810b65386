"""What the customer gets (terms §1). The remaining kinds come with quotes; an unknown kind is refused."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from concord.money import Currency, Money

CURRENCIES_MOST = 20  # amounts of one benefit
BENEFITS_MOST = 5  # of one offer (terms §1)

BasisPointsOff = Annotated[int, Field(strict=True, ge=1, le=10_000, examples=[1500])]


def _one_per_currency(amounts: list[Money]) -> list[Money]:
    if len({money.currency for money in amounts}) != len(amounts):
        raise PydanticCustomError("currency_repeated", "name each currency once")
    return amounts


AmountList = Annotated[list[Money], Field(min_length=1, max_length=CURRENCIES_MOST), AfterValidator(_one_per_currency)]


def _shape(value: object) -> str:
    return "several" if isinstance(value, list) else "one"


Amounts = Annotated[Annotated[Money, Tag("one")] | Annotated[AmountList, Tag("several")], Discriminator(_shape)]


class _Benefit(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FixedPrice(_Benefit):
    """Each unit in scope costs this; never more than before."""

    kind: Literal["fixed_price"]
    price: Amounts


class PercentOff(_Benefit):
    """So many basis points off, at most `cap`: per line on its running total, or once on the sum of the basket."""

    kind: Literal["percent_off"]
    basis_points: BasisPointsOff
    of: Literal["line", "basket"] = "line"
    cap: Amounts | None = None


class AmountOff(_Benefit):
    """So much off each unit, each line, or the basket once; never below zero."""

    kind: Literal["amount_off"]
    amount: Amounts
    per: Literal["unit", "line", "basket"]


Benefit = Annotated[FixedPrice | PercentOff | AmountOff, Discriminator("kind")]


def in_currency(amounts: Amounts, currency: Currency) -> int | None:
    """The amount in that currency's minor unit, or None: there is never a conversion (terms §1)."""
    for money in amounts if isinstance(amounts, list) else (amounts,):
        if money.currency == currency:
            return money.amount
    return None


def currencies(amounts: Amounts) -> frozenset[str]:
    """The currencies that are named."""
    return frozenset(money.currency for money in (amounts if isinstance(amounts, list) else (amounts,)))
