"""What a criterion asks for, in words that fit the sentences of `reasons`: "This offer needs …"."""

from collections.abc import Mapping
from typing import Any, Final

from concord.decision import criteria as c
from concord.decision.attributes import BUILT_IN, Attribute, Kind
from concord.decision.kleene import Blame
from concord.money import Money, plain

NAMED_MOST: Final = 5  # values named in a sentence
_ITEMS: Final = {"quantity": "units of {what}", "distinct": "different articles of {what}", "sum": "worth of {what}"}
_OPPOSITE = {"eq": "ne", "ne": "eq", "lt": "gte", "gte": "lt", "gt": "lte", "lte": "gt", "in": "not_in", "not_in": "in"}
_AMOUNTS = {"eq": "exactly", "ne": "not", "lt": "less than", "lte": "at most", "gt": "more than", "gte": "at least"}


def question(name: str, registry: Mapping[str, Attribute] = BUILT_IN) -> str:
    """What must be asked to know the attribute."""
    if name == "basket.items":
        return "what is in the basket"
    return registry[name].question if name in registry else name


def needed(blame: Blame, registry: Mapping[str, Attribute] = BUILT_IN) -> str:
    """What would have to be so."""
    comparison = blame.comparison
    operator = _OPPOSITE.get(comparison.op, f"not {comparison.op}") if blame.negated else comparison.op
    if isinstance(comparison, c.PartOfBasket):
        counted = _ITEMS[comparison.measure].format(what=_products(comparison))
        return f"{_AMOUNTS[operator]} {_spoken(comparison.value)} {counted} in the basket"
    attribute = registry.get(comparison.attribute)
    if attribute is not None and attribute.kind is Kind.BOOL and operator in c.EQUALITY:
        wanted = comparison.value is (operator == "eq")
        return f"{attribute.noun} {'to be' if wanted else 'not to be'} {attribute.adjective or 'true'}"
    noun = attribute.noun if attribute is not None else comparison.attribute
    return f"{noun} {_PHRASES[operator](comparison.value)}"


def _products(comparison: c.PartOfBasket) -> str:
    named = [*comparison.items.categories, *comparison.items.skus]
    return _list(named) if named else "anything"


_PHRASES: Mapping[str, Any] = {
    "eq": lambda value: f"to be {_spoken(value)}",
    "ne": lambda value: f"not to be {_spoken(value)}",
    "lt": lambda value: f"to be less than {_spoken(value)}",
    "lte": lambda value: f"to be at most {_spoken(value)}",
    "gt": lambda value: f"to be more than {_spoken(value)}",
    "gte": lambda value: f"to be at least {_spoken(value)}",
    "in": lambda values: f"to be one of {_list(values)}",
    "not_in": lambda values: f"to be none of {_list(values)}",
    "contains_any": lambda values: f"to include one of {_list(values)}",
    "not contains_any": lambda values: f"to include none of {_list(values)}",
    "contains_all": lambda values: f"to include all of {_list(values)}",
    "not contains_all": lambda values: f"not to include all of {_list(values)}",
    "between": lambda ends: f"to be from {_spoken(ends[0])} to {_spoken(ends[1])}",
    "not between": lambda ends: f"not to be from {_spoken(ends[0])} to {_spoken(ends[1])}",
    "exists": lambda wanted: "to be known" if wanted else "not to be known",
    "not exists": lambda wanted: "not to be known" if wanted else "to be known",
}


def _spoken(value: Any) -> str:
    return f"{plain(value)} {value.currency}" if isinstance(value, Money) else str(value)


def _list(values: list[Any]) -> str:
    named = ", ".join(map(_spoken, values[:NAMED_MOST]))
    return named if len(values) <= NAMED_MOST else f"{named} and {len(values) - NAMED_MOST} more"
