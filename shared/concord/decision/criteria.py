"""Criteria: the typed condition tree that says who qualifies. Closed: no code in strings, no conversion between types.

A criterion is `{"all": […]}`, `{"any": […]}`, `{"not": …}`, `{"attribute", "op", "value"}` or, of a part of the basket,
`{"items", "measure", "op", "value"}`. Types are declared in the attribute registry (`concord.decision.attributes`);
what a missing fact means stands in `concord.decision.kleene`.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    PlainValidator,
    Tag,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from concord.decision.products import Products
from concord.decision.scalars import INTEGER_MOST, is_text
from concord.money import Money

DEPTH_MOST = 16  # nested all, any and not
NODES_MOST = 500  # criteria of one offer
SET_MOST = 1_000  # values of one in, not_in, contains_any or contains_all
STRING_LENGTH = 200  # characters of a value

EQUALITY = ("eq", "ne")
ORDER = ("lt", "lte", "gt", "gte")
MEMBERSHIP = ("in", "not_in")
CONTAINMENT = ("contains_any", "contains_all")

AttributeName = Annotated[
    str, Field(pattern=r"^(now|[a-z]+(_[a-z]+)*(\.[a-z][a-z0-9_]*)+)$", max_length=80, examples=["line.tenure_months"])
]


def is_scalar(value: Any) -> bool:
    """Whether the value is true, false, an integer, or a text that may stand in a criterion or a fact."""
    if isinstance(value, bool):
        return True
    if isinstance(value, int):
        return abs(value) <= INTEGER_MOST
    return isinstance(value, str) and len(value) <= STRING_LENGTH and is_text(value)


def _scalar(value: Any) -> Any:
    if is_scalar(value) or isinstance(value, Money):
        return value
    if isinstance(value, dict):
        return Money.model_validate(value)
    raise PydanticCustomError(
        "value_type",
        "a value is true, false, an integer, a text of at most {most} characters, or Money",
        {"most": STRING_LENGTH},
    )


def _without_repeats(values: list[Any]) -> list[Any]:
    known: set[Any] = set()
    for value in values:
        mark = (type(value), value if not isinstance(value, Money) else (value.amount, value.currency))
        if mark in known:
            raise PydanticCustomError("repeated", "{value} is named twice", {"value": str(value)})
        known.add(mark)
    return values


Scalar = Annotated[
    bool | int | str | Money,
    PlainValidator(_scalar),
    PlainSerializer(lambda value: value.model_dump() if isinstance(value, Money) else value),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "boolean"},
                {"type": "integer"},
                {"type": "string", "maxLength": STRING_LENGTH},
                Money.model_json_schema(),
            ]
        }
    ),
]
Distinct = AfterValidator(_without_repeats)


class _Criterion(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Equality(_Criterion):
    """The fact is, or is not, this value."""

    attribute: AttributeName
    op: Literal["eq", "ne"]
    value: Scalar


class Order(_Criterion):
    """The fact is less than, at most, more than or at least this value."""

    attribute: AttributeName
    op: Literal["lt", "lte", "gt", "gte"]
    value: Scalar


class Membership(_Criterion):
    """The fact is, or is not, one of these values."""

    attribute: AttributeName
    op: Literal["in", "not_in"]
    value: Annotated[list[Scalar], Field(min_length=1, max_length=SET_MOST), Distinct]


class Containment(_Criterion):
    """The fact, a set, has one of these values, or all of them."""

    attribute: AttributeName
    op: Literal["contains_any", "contains_all"]
    value: Annotated[list[Scalar], Field(min_length=1, max_length=SET_MOST), Distinct]


class Range(_Criterion):
    """The fact lies between two values, both included (terms §2)."""

    attribute: AttributeName
    op: Literal["between"]
    value: Annotated[list[Scalar], Field(min_length=2, max_length=2)]


class Existence(_Criterion):
    """The fact is known, or with `false` is not."""

    attribute: AttributeName
    op: Literal["exists"]
    value: Annotated[bool, Field(strict=True)] = True


class PartOfBasket(_Criterion):
    """How much of these products the basket has (terms §2): units, what they cost by the list, or how many SKUs."""

    items: Products
    measure: Literal["quantity", "sum", "distinct"] = "quantity"
    op: Literal["eq", "lt", "lte", "gt", "gte"] = "gte"
    value: Scalar


class AllOf(_Criterion):
    """Every one of these holds."""

    all: Annotated[list["Criterion"], Field(min_length=1)]


class AnyOf(_Criterion):
    """At least one of these holds."""

    any: Annotated[list["Criterion"], Field(min_length=1)]


class Negation(_Criterion):
    """This does not hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    negated: "Criterion" = Field(alias="not")


_BY_OPERATOR = (
    dict.fromkeys(EQUALITY, "equality")
    | dict.fromkeys(ORDER, "order")
    | dict.fromkeys(MEMBERSHIP, "membership")
    | dict.fromkeys(CONTAINMENT, "containment")
    | {"between": "range", "exists": "existence"}
)
_BY_CLASS: dict[type, str] = {AllOf: "all", AnyOf: "any", Negation: "not", PartOfBasket: "items"}


def _shape(value: Any) -> str | None:
    if isinstance(value, dict):
        combined = next((name for name in ("all", "any", "not", "items") if name in value), None)
        operator = value.get("op")
        return combined or (_BY_OPERATOR.get(operator) if isinstance(operator, str) else None)
    return _BY_CLASS.get(type(value)) or _BY_OPERATOR.get(getattr(value, "op", ""))


Comparison = Equality | Order | Membership | Containment | Range | Existence
Criterion = Annotated[
    Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Negation, Tag("not")]
    | Annotated[Equality, Tag("equality")]
    | Annotated[Order, Tag("order")]
    | Annotated[Membership, Tag("membership")]
    | Annotated[Containment, Tag("containment")]
    | Annotated[Range, Tag("range")]
    | Annotated[Existence, Tag("existence")]
    | Annotated[PartOfBasket, Tag("items")],
    Discriminator(
        _shape,
        custom_error_type="criterion_unknown",
        custom_error_message="a criterion is all, any, not, items, or an attribute with one of the operators "
        + ", ".join(_BY_OPERATOR),
    ),
]
AllOf.model_rebuild()
AnyOf.model_rebuild()
Negation.model_rebuild()


def bounded(value: Any) -> Any:
    """The raw criteria, measured before anything recursive touches them.

    Raises:
        PydanticCustomError: they are nested deeper than `DEPTH_MOST` or have more than `NODES_MOST` parts.
    """
    nodes, level, depth = 0, [value], 0
    while level:
        depth += 1
        nodes += len(level)
        if depth > DEPTH_MOST:
            raise PydanticCustomError(
                "criteria_too_deep", "nest all, any and not at most {most} deep", {"most": DEPTH_MOST}
            )
        if nodes > NODES_MOST:
            raise PydanticCustomError("criteria_too_many", "use at most {most} criteria", {"most": NODES_MOST})
        level = [child for node in level for child in _children(node)]
    return value


def _children(node: Any) -> list[Any]:
    if not isinstance(node, dict):
        return []
    below = [child for name in ("all", "any") if isinstance(node.get(name), list) for child in node[name]]
    return [*below, node["not"]] if "not" in node else below


Criteria = Annotated[Criterion, BeforeValidator(bounded)]
