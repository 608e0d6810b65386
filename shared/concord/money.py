"""Money is integer minor units and an ISO 4217 currency; percentages are basis points (terms §3)."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt

MOST = 10**12  # minor units; keeps every product of a price and a quantity within 64 bits

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["USD"])]
BasisPoints = Annotated[StrictInt, Field(ge=0, le=10_000, examples=[1500])]


class Money(BaseModel):
    """An amount in minor units: `{"amount": 13000, "currency": "USD"}` is 130.00 US dollars."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: Annotated[StrictInt, Field(ge=0, le=MOST)]
    currency: Currency


def divide_half_even(numerator: int, denominator: int) -> int:
    """The quotient rounded to the nearest integer, ties to the even one. The denominator is positive."""
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    return quotient + (twice > denominator or (twice == denominator and quotient % 2 == 1))


def share(amount: int, basis_points: int) -> int:
    """So many basis points of the amount, half-even (terms §3, Rounding)."""
    return divide_half_even(amount * basis_points, 10_000)


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """The amount split in proportion to the weights by largest remainder, ties to the earlier weight (terms §3).

    The parts always sum to the amount. With no weight at all everything goes to the first.
    """
    total = sum(weights)
    if not total:
        return [amount if index == 0 else 0 for index in range(len(weights))]
    parts = [amount * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: (-(amount * weights[index] % total), index))
    for index in by_remainder[: amount - sum(parts)]:
        parts[index] += 1
    return parts


def decimals(currency: str) -> int:
    """How many digits the minor unit has (ISO 4217); two for almost all."""
    return _DECIMALS.get(currency, 2)


_NONE = (
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
)
_THREE = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_DECIMALS = dict.fromkeys(_NONE, 0) | dict.fromkeys(_THREE, 3)


def plain(money: Money) -> str:
    """`130.00`, as staff say it; the currency is named beside it."""
    digits = decimals(money.currency)
    whole, part = divmod(money.amount, 10**digits)
    return f"{whole}.{part:0{digits}d}" if digits else str(whole)
