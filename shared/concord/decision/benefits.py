"""What the customer gets (terms §1): nine kinds, each with its options. An unknown kind or option is refused."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, model_validator
from pydantic_core import PydanticCustomError

from concord.decision.amounts import Amounts, currencies
from concord.decision.criteria import Criteria
from concord.decision.products import Products
from concord.decision.scalars import LINE_PATTERN, Sku

BENEFITS_MOST = 5  # of one offer (terms §1)
UNITS_MOST = 10_000  # a count of units in a benefit
STEPS_MOST = 20  # of tiers
ITEMS_MOST = 10  # of a bundle

BasisPointsOff = Annotated[int, Field(strict=True, ge=1, le=10_000, examples=[1500])]
Units = Annotated[int, Field(strict=True, ge=1, le=UNITS_MOST)]
Spread = Annotated[
    Literal["proportional", "even", "by_quantity"],
    Field(description="How one amount is shared among lines: by what they cost, evenly, or by their units."),
]


class _Benefit(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Scoped(_Benefit):
    """A benefit on a part of what the offer is about."""

    products: Annotated[Products | None, Field(description="Within the offer's; null is all of them.")] = None
    criteria: Annotated[Criteria | None, Field(description="Under `line_item.` only; it chooses lines.")] = None
    skip_reduced: Annotated[bool, Field(strict=True, description="Leave out lines an offer already reduced.")] = False


class _Picking(_Scoped):
    """A benefit on some of the units."""

    pick: Annotated[
        Literal["all", "cheapest", "dearest"], Field(description="Which units: all, or so many `units` of the basket.")
    ] = "all"
    units: Annotated[Units | None, Field(description="How many are picked in a basket; one unless said.")] = None
    max_units: Annotated[Units | None, Field(description="At most so many, dearest first unless `pick`.")] = None
    max_units_per: Annotated[Literal["basket", "line"], Field(description="What `max_units` counts in.")] = "basket"

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.units is not None and self.pick == "all":
            raise PydanticCustomError("option_unfit", "`units` goes with `pick` cheapest or dearest")
        if self.max_units is None and self.max_units_per != "basket":
            raise PydanticCustomError("option_unfit", "`max_units_per` goes with `max_units`")
        return self


class FixedPrice(_Picking):
    """Each unit in scope costs this; never more than before."""

    kind: Literal["fixed_price"]
    price: Amounts


class PercentOff(_Picking):
    """So many basis points off, at most `cap`: per line on its running total, or once on the sum of the basket."""

    kind: Literal["percent_off"]
    basis_points: BasisPointsOff
    of: Literal["line", "basket"] = "line"
    cap: Amounts | None = None
    spread: Spread = "proportional"


class AmountOff(_Picking):
    """So much off each unit, each line, or the basket once; never below zero."""

    kind: Literal["amount_off"]
    amount: Amounts
    per: Literal["unit", "line", "basket"]
    per_multiple_of: Annotated[Amounts | None, Field(description="Once for each so much of the sum in scope.")] = None
    max_applications: Annotated[Units | None, Field(description="Of `per_multiple_of`, in one basket.")] = None
    spread: Spread = "proportional"

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.per_multiple_of is not None and self.per != "basket":
            raise PydanticCustomError("option_unfit", "`per_multiple_of` goes with `per` basket")
        if self.max_applications is not None and self.per_multiple_of is None:
            raise PydanticCustomError("option_unfit", "`max_applications` goes with `per_multiple_of`")
        if self.per_multiple_of is not None and not _positive(self.per_multiple_of):
            raise PydanticCustomError("option_unfit", "`per_multiple_of` is more than nothing")
        return self


class Buy(_Benefit):
    """What must be bought."""

    quantity: Units
    products: Products | None = None


class Get(_Benefit):
    """What is had for less with it, `basis_points` off each unit."""

    quantity: Units
    products: Products | None = None
    basis_points: BasisPointsOff = 10_000


class BuyXGetY(_Scoped):
    """Buy so many, get so many for less.

    Groups are formed from the dearest units down; in each, the cheapest (or dearest) are the ones that are had for
    less. So a further item never lowers what was had before.
    """

    kind: Literal["buy_x_get_y"]
    buy: Buy
    get: Get
    select: Literal["cheapest", "dearest"] = "cheapest"
    repeat: Annotated[
        Annotated[bool, Field(strict=True)] | Units,
        Field(description="As often as it fits, once, or at most so often."),
    ] = True
    partial: Annotated[bool, Field(strict=True, description="A last group may have fewer than `get.quantity`.")] = False

    @property
    def most(self) -> int | None:
        """How many groups at most; None when as many as fit."""
        if isinstance(self.repeat, bool):
            return None if self.repeat else 1
        return self.repeat


class FreeItem(_Benefit):
    """An article for nothing, in the basket or to be added to it."""

    kind: Literal["free_item"]
    sku: Sku
    quantity: Units = 1
    worth: Annotated[Amounts | None, Field(description="What one counts when offers compete.")] = None
    if_present: Literal["make_free", "add"] = "make_free"


class Step(_Benefit):
    """From a quantity, or a spend, on."""

    from_: Annotated[Units | Amounts, Field(alias="from")]
    basis_points: BasisPointsOff | None = None
    amount: Annotated[Amounts | None, Field(description="Off each unit by quantity; off the sum once by spend.")] = None
    price: Annotated[Amounts | None, Field(description="What each unit costs.")] = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(each is not None for each in (self.basis_points, self.amount, self.price)) != 1:
            raise PydanticCustomError("step_unclear", "a step has one of basis_points, amount and price")
        return self


class Tiers(_Scoped):
    """More off the more is bought.

    volume: everything at the step that is reached. graduated: each unit at its own step, counted from the cheapest, or
    each part of the spend at its own rate.
    """

    kind: Literal["tiers"]
    by: Literal["quantity", "spend"]
    mode: Literal["volume", "graduated"] = "volume"
    steps: Annotated[list[Step], Field(min_length=1, max_length=STEPS_MOST)]
    spread: Spread = "proportional"

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if any(isinstance(step.from_, int) is (self.by == "spend") for step in self.steps):
            raise PydanticCustomError("steps_unfit", "`from` is a quantity, or Money by spend")
        if self.by == "spend" and self.mode == "graduated" and any(step.basis_points is None for step in self.steps):
            raise PydanticCustomError("steps_unfit", "graduated by spend takes basis_points")
        if not _rises(self.steps):
            raise PydanticCustomError("steps_unordered", "each step begins above the one before, in its currencies")
        return self


class BundleItem(_Benefit):
    """A part of a bundle."""

    products: Products
    quantity: Units = 1


class BundlePrice(_Scoped):
    """These things together for one price: the choice of units that saves most, never dearer than without."""

    kind: Literal["bundle_price"]
    items: Annotated[list[BundleItem], Field(min_length=1, max_length=ITEMS_MOST)]
    price: Amounts
    max_applications: Annotated[Units | None, Field(description="Bundles in one basket.")] = None
    spread: Spread = "proportional"


class Delivery(_Benefit):
    """Less for the delivery of the quote."""

    kind: Literal["delivery"]
    basis_points: BasisPointsOff | None = None
    amount: Amounts | None = None
    price: Amounts | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(each is not None for each in (self.basis_points, self.amount, self.price)) != 1:
            raise PydanticCustomError("step_unclear", "a delivery has one of basis_points, amount and price")
        return self


class Grant(_Benefit):
    """An entitlement that is not a price, as in 3 `month`."""

    kind: Literal["grant"]
    what: Annotated[str, Field(pattern=LINE_PATTERN, max_length=120, examples=["streaming"])]
    quantity: Units
    unit: Annotated[str, Field(pattern=LINE_PATTERN, max_length=40, examples=["month"])]


Benefit = Annotated[
    FixedPrice | PercentOff | AmountOff | BuyXGetY | FreeItem | Tiers | BundlePrice | Delivery | Grant,
    Discriminator("kind"),
]


def _positive(amounts: Amounts) -> bool:
    return all(money.amount > 0 for money in (amounts if isinstance(amounts, list) else (amounts,)))


def _rises(steps: list[Step]) -> bool:
    return all(_is_above(after.from_, before.from_) for before, after in pairwise(steps))


def _is_above(upper: int | Amounts, lower: int | Amounts) -> bool:
    if isinstance(upper, int) or isinstance(lower, int):
        return isinstance(upper, int) and isinstance(lower, int) and upper > lower
    below = {money.currency: money.amount for money in (lower if isinstance(lower, list) else (lower,))}
    above = {money.currency: money.amount for money in (upper if isinstance(upper, list) else (upper,))}
    return currencies(upper) == currencies(lower) and all(above[each] > below[each] for each in below)


def stated(benefit: Benefit) -> list[tuple[str, Amounts]]:
    """Every amount a benefit states, with its JSON Pointer below the benefit; what is only a comparison's worth too."""
    fields = ("price", "cap", "amount", "per_multiple_of", "worth")
    found = [(f"/{name}", amounts) for name in fields if (amounts := getattr(benefit, name, None)) is not None]
    for index, step in enumerate(benefit.steps if isinstance(benefit, Tiers) else ()):
        where = f"/steps/{index}"
        named = (("from", step.from_), ("amount", step.amount), ("price", step.price))
        found += [(f"{where}/{name}", each) for name, each in named if each is not None and not isinstance(each, int)]
    return found


def states_all(benefit: Benefit, currency: str) -> bool:
    """Whether every amount is stated in that currency: there is never a conversion (terms §1)."""
    return all(currency in currencies(amounts) for _, amounts in stated(benefit))
