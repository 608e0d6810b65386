"""The reason tree as JSON (api §2): for each criterion what it expects, what is, and what that makes of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from concord.decision import criteria as c
from concord.decision.kleene import DIFFERS, Facts, Why
from concord.decision.products import Products
from concord.decision.scalars import instant_text
from concord.money import Money

Tree: TypeAlias = dict[str, Any]

_JOINED: Final[Mapping[type, str]] = {c.AllOf: "all", c.AnyOf: "any", c.Negation: "not"}


class WhyShape(BaseModel):
    """A node of the reason tree: what joins its `parts`, or a criterion with what it expects and what is."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"criterion": "line.tenure_months", "op": "gte", "expected": 12, "actual": 44, "result": True},
            ]
        },
    )

    criterion: Annotated[
        str, Field(description="all, any, not; items for a part of the basket; else the attribute.", examples=["all"])
    ]
    result: Annotated[bool | None, Field(description="Null is unknown: a fact is missing.")]
    op: Annotated[str | None, Field(description="The operator, of a criterion.")] = None
    expected: Annotated[Any, Field(description="The criterion's value.")] = None
    actual: Annotated[Any, Field(description="The fact; null when it is missing.")] = None
    differs: Annotated[bool, Field(description="Several lines or people disagree, so nobody can say.")] = False
    items: Annotated[Products | None, Field(description="The part of the basket that is measured.")] = None
    measure: Literal["quantity", "sum", "distinct"] | None = None
    parts: list["WhyShape"] = []


def tree(why: Why, facts: Facts) -> Tree:
    """The node and all below it. `facts` are those that it was explained with."""
    node = why.criterion
    if isinstance(node, c.AllOf | c.AnyOf | c.Negation):
        parts = [tree(part, facts) for part in why.parts]
        return {"criterion": _JOINED[type(node)], "result": why.result, "parts": parts}
    told = {"op": node.op, "expected": _json(node.value), "actual": _json(why.actual), "result": why.result}
    if isinstance(node, c.PartOfBasket):
        scope = node.items.model_dump(exclude_defaults=True)
        actual = _measured(why.actual, facts) if node.measure == "sum" else told["actual"]
        return {"criterion": "items", "items": scope, "measure": node.measure, **told, "actual": actual}
    disputed = {"differs": True} if why.actual is DIFFERS else {}
    return {"criterion": node.attribute, **told, **disputed}


def _measured(amount: int | None, facts: Facts) -> Any:
    """A sum is told as it is expected, with its currency."""
    return None if amount is None else {"amount": amount, "currency": facts["basket.currency"]}


def _json(value: Any) -> Any:
    """A criterion's value, or a fact, as JSON."""
    if isinstance(value, Money):
        return value.model_dump()
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, list):
        return [_json(each) for each in value]
    return None if value is DIFFERS else value
