"""Amounts of an offer: one Money, or one for each currency it is made in (terms §1)."""

from typing import Annotated

from pydantic import AfterValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from concord.money import Currency, Money

CURRENCIES_MOST = 20  # amounts of one benefit


def _one_per_currency(amounts: list[Money]) -> list[Money]:
    if len({money.currency for money in amounts}) != len(amounts):
        raise PydanticCustomError("currency_repeated", "name each currency once")
    return amounts


AmountList = Annotated[list[Money], Field(min_length=1, max_length=CURRENCIES_MOST), AfterValidator(_one_per_currency)]


def _shape(value: object) -> str:
    return "several" if isinstance(value, list) else "one"


Amounts = Annotated[Annotated[Money, Tag("one")] | Annotated[AmountList, Tag("several")], Discriminator(_shape)]


def in_currency(amounts: Amounts, currency: Currency) -> int | None:
    """The amount in that currency's minor unit, or None: there is never a conversion (terms §1)."""
    for money in amounts if isinstance(amounts, list) else (amounts,):
        if money.currency == currency:
            return money.amount
    return None


def currencies(amounts: Amounts) -> frozenset[str]:
    """The currencies that are named."""
    return frozenset(money.currency for money in (amounts if isinstance(amounts, list) else (amounts,)))


def by_currency(amounts: Amounts) -> dict[str, int]:
    """Currency → minor units."""
    return {money.currency: money.amount for money in (amounts if isinstance(amounts, list) else (amounts,))}
