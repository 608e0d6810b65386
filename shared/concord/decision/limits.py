"""Limits, shared budgets and public codes, as an author writes them (terms §2 and §4). Redemptions enforce them."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from concord.decision.scalars import Duration
from concord.money import Money

LIMITS_MOST = 20  # of one offer, and of one code
CODES_MOST = 10_000  # of one offer
CAP_MOST = 10**12

Zone = Annotated[
    str,
    Field(pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$", max_length=64, examples=["America/New_York"]),
]
CalendarPeriod = Annotated[str, Field(pattern=r"^P1[DWMY]$", examples=["P1M"])]
BudgetName = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80, examples=["summer-2026"])]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rolling(_Part):
    """The time before each redemption, of this length."""

    rolling: Duration


class Calendar(_Part):
    """A calendar period in a named zone."""

    period: CalendarPeriod
    zone: Zone = "UTC"


def _per(value: Any) -> str:
    if isinstance(value, str):
        return "period"
    named = value if isinstance(value, dict) else {"rolling": 0} if isinstance(value, Rolling) else {}
    return "rolling" if "rolling" in named else "calendar"


Per = Annotated[
    Annotated[CalendarPeriod, Tag("period")]
    | Annotated[Calendar, Tag("calendar")]
    | Annotated[Rolling, Tag("rolling")],
    Discriminator(_per),
]


class Limit(_Part):
    """A cap on redemptions, in units or money, within a scope and, where `per` stands, within each period."""

    scope: Literal["total", "party", "household", "channel", "store", "code"]
    units: Annotated[int, Field(strict=True, ge=1, le=CAP_MOST)] | None = None
    money: Money | None = None
    per: Annotated[Per | None, Field(description="A calendar period, of UTC unless a zone is named, or rolling")] = None
    when_short: Annotated[
        Literal["refuse", "give_rest"], Field(description="When the money left is less than it takes.")
    ] = "refuse"
    returns: Annotated[bool, Field(strict=True, description="Whether reverting gives it back.")] = True

    @model_validator(mode="after")
    def _counted(self) -> Self:
        if (self.units is None) is (self.money is None):
            raise PydanticCustomError("limit_unclear", "a limit has either units or money")
        return self


class BudgetShare(_Part):
    """One cap that several offers share (`/v1/budgets/{name}`)."""

    budget: BudgetName


def _limit(value: Any) -> str:
    budget = "budget" in value if isinstance(value, dict) else isinstance(value, BudgetShare)
    return "budget" if budget else "limit"


AnyLimit = Annotated[Annotated[Limit, Tag("limit")] | Annotated[BudgetShare, Tag("budget")], Discriminator(_limit)]
Limits = Annotated[list[AnyLimit], Field(max_length=LIMITS_MOST)]

_FOLD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_TEXT = re.compile(r"[A-Za-z0-9]+([ -][A-Za-z0-9]+)*")


def fold_code(text: str) -> str:
    """A public code as it is compared: capitals, no dashes or spaces, O as 0, I and L as 1."""
    return text.upper().translate(_FOLD)


def _code_text(text: str) -> str:
    if _TEXT.fullmatch(text) is None or not 3 <= len(fold_code(text)) <= 32:
        raise PydanticCustomError("code_unfit", "a code is 3 to 32 letters and digits, with single dashes or spaces")
    return text


CodeText = Annotated[str, Field(max_length=64, examples=["SUMMER26"]), AfterValidator(_code_text)]


class LimitedCode(_Part):
    """A code with limits of its own."""

    code: CodeText
    limits: Limits = []


def _code(value: Any) -> str:
    return "text" if isinstance(value, str) else "limited"


PublicCode = Annotated[Annotated[CodeText, Tag("text")] | Annotated[LimitedCode, Tag("limited")], Discriminator(_code)]


def text_of(code: PublicCode) -> str:
    """The code's text as written."""
    return code if isinstance(code, str) else code.code


def _distinct(codes: list[Any]) -> list[Any]:
    folded = [fold_code(text_of(code)) for code in codes]
    if len(set(folded)) != len(folded):
        twice = next(text_of(code) for place, code in enumerate(codes) if folded[place] in folded[:place])
        raise PydanticCustomError("repeated", "{value} is named twice", {"value": twice})
    return codes


PublicCodes = Annotated[list[PublicCode], Field(max_length=CODES_MOST), AfterValidator(_distinct)]
