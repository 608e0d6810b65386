"""The attribute registry: which facts criteria may name, of which type, and how staff call them.

Types are declared, never guessed: a criterion whose value has another type is refused when the offer is saved.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic_core import PydanticCustomError

from concord.decision import criteria as c
from concord.decision.scalars import parse_instant
from concord.errors import FieldError
from concord.money import MOST, Money


class Kind(StrEnum):
    """The type of an attribute."""

    BOOL = "bool"
    INT = "int"
    MONEY = "money"
    DECIMAL = "decimal"
    STRING = "string"
    DATE = "date"
    INSTANT = "instant"
    SET = "set<string>"


_ORDERED = frozenset({*c.EQUALITY, *c.ORDER, *c.MEMBERSHIP, "between", "exists"})
_OPERATORS: dict[Kind, frozenset[str]] = {
    **dict.fromkeys((Kind.INT, Kind.MONEY, Kind.DECIMAL, Kind.DATE, Kind.INSTANT), _ORDERED),
    Kind.BOOL: frozenset({*c.EQUALITY, "exists"}),
    Kind.STRING: frozenset({*c.EQUALITY, *c.MEMBERSHIP, "exists"}),
    Kind.SET: frozenset({*c.CONTAINMENT, "exists"}),
}
NAMESPACES = ("customer", "household", "line", "basket", "line_item", "channel")  # api §2; and `now`
OWN = ("basket.", "line_item.", "now")  # what the kernel knows by itself when it prices a basket
OPEN = tuple(f"{each}." for each in NAMESPACES if not f"{each}.".startswith(OWN))  # where authors declare attributes
NAMED_MOST = 30  # attributes listed in a sentence


@dataclass(frozen=True, slots=True)
class Attribute:
    """A fact's name and type, what it is called in a sentence, and how one asks for it."""

    name: str
    kind: Kind
    noun: str  # "This offer needs {noun} to be at least 12."
    question: str  # "We do not know {question}."
    adjective: str = ""  # of a bool: "This offer needs {noun} not to be {adjective}."


BUILT_IN: Mapping[str, Attribute] = {
    attribute.name: attribute
    for attribute in (
        Attribute(
            "line.tenure_months", Kind.INT, "the months the line has been with us", "how long the line has been with us"
        ),
        Attribute("line.barred", Kind.BOOL, "the line", "whether the line is barred", "barred"),
        Attribute(
            "household.size", Kind.INT, "the number of people in the household", "how many people the household has"
        ),
        Attribute(
            "customer.birth_year", Kind.INT, "the customer's year of birth", "in which year the customer was born"
        ),
        Attribute("customer.segment", Kind.STRING, "the customer's segment", "which segment the customer is in"),
        Attribute("basket.subtotal", Kind.MONEY, "the basket's list total", "what the basket comes to"),
        Attribute(
            "basket.running_subtotal",
            Kind.MONEY,
            "what is left to pay for the goods at that point",
            "what is left to pay for the goods",
        ),
        Attribute("basket.quantity", Kind.INT, "the number of units in the basket", "how many units are bought"),
        Attribute("basket.delivery", Kind.MONEY, "the delivery charge", "what the delivery costs"),
        Attribute("basket.currency", Kind.STRING, "the basket's currency", "which currency is paid in"),
        Attribute("line_item.sku", Kind.STRING, "the article", "which article it is"),
        Attribute("line_item.categories", Kind.SET, "the article's categories", "which categories the article is in"),
        Attribute("line_item.quantity", Kind.INT, "the number of units of the article", "how many units are bought"),
        Attribute("line_item.unit_price", Kind.MONEY, "the article's unit price", "what one unit costs"),
        Attribute("now", Kind.INSTANT, "the time", "what time it is"),
    )
}


def check_criteria(
    criteria: c.Criterion | None, pointer: str = "/criteria", registry: Mapping[str, Attribute] = BUILT_IN
) -> list[FieldError]:
    """Everything wrong with the types of the criteria: unknown attributes, operators and values of another type.

    Pointers are below `pointer`. The list is empty when there is nothing to mend.
    """
    return [] if criteria is None else list(_check(criteria, pointer, registry))


def check_lines(criteria: c.Criterion | None, pointer: str) -> list[FieldError]:
    """What is wrong with criteria that may only choose lines: names outside `line_item.`, parts of the basket."""
    outside = [name for name in names_in(criteria) if not name.startswith("line_item.")]
    detail = f"only attributes under line_item. choose lines; {', '.join(outside)} does not"
    return [FieldError(pointer, detail, "attribute_unfit")] if outside else []


def names_in(node: c.Criterion | None) -> list[str]:
    """The attributes that criteria name, in their order; `items` for a part of the basket."""
    if node is None:
        return []
    if isinstance(node, c.AllOf | c.AnyOf):
        return [name for child in (node.all if isinstance(node, c.AllOf) else node.any) for name in names_in(child)]
    if isinstance(node, c.Negation):
        return names_in(node.negated)
    return ["items"] if isinstance(node, c.PartOfBasket) else [node.attribute]


def _check(node: c.Criterion, pointer: str, registry: Mapping[str, Attribute]) -> Iterator[FieldError]:
    if isinstance(node, c.AllOf | c.AnyOf):
        name, children = ("all", node.all) if isinstance(node, c.AllOf) else ("any", node.any)
        for index, child in enumerate(children):
            yield from _check(child, f"{pointer}/{name}/{index}", registry)
    elif isinstance(node, c.Negation):
        yield from _check(node.negated, f"{pointer}/not", registry)
    elif isinstance(node, c.PartOfBasket):
        if isinstance(node.value, Money) is not (node.measure == "sum") or isinstance(node.value, bool | str):
            detail = "a sum is held against Money, a quantity or distinct SKUs against an integer"
            yield FieldError(f"{pointer}/value", detail, "type_mismatch")
    else:
        yield from _check_comparison(node, pointer, registry)


def _check_comparison(node: c.Comparison, pointer: str, registry: Mapping[str, Attribute]) -> Iterator[FieldError]:
    attribute = registry.get(node.attribute)
    if attribute is None:
        detail = f"there is no attribute {node.attribute}; there are {_near(node.attribute, registry)}"
        yield FieldError(f"{pointer}/attribute", detail, "attribute_unknown")
    elif node.op not in _OPERATORS[attribute.kind]:
        allowed = ", ".join(sorted(_OPERATORS[attribute.kind]))
        detail = f"{node.attribute} is of type {attribute.kind}, which takes {allowed}"
        yield FieldError(f"{pointer}/op", detail, "operator_unfit")
    elif not isinstance(node, c.Existence):
        yield from _check_values(node, attribute, pointer)


def _near(name: str, registry: Iterable[str]) -> str:
    """Attributes of the same namespace, or all when there are none."""
    namespace = name.partition(".")[0] + "."
    return _listed([known for known in registry if known.startswith(namespace)] or registry)


def _listed(names: Iterable[str]) -> str:
    known = sorted(names)
    left = len(known) - NAMED_MOST
    return ", ".join(known[:NAMED_MOST]) + (f" and {left} more" if left > 0 else "")


def _check_values(
    node: c.Equality | c.Order | c.Membership | c.Containment | c.Range, attribute: Attribute, pointer: str
) -> Iterator[FieldError]:
    many = isinstance(node.value, list)
    kind = Kind.STRING if attribute.kind is Kind.SET else attribute.kind
    for index, value in enumerate(node.value if isinstance(node.value, list) else [node.value]):
        if comparable(kind, value) is None:
            where = f"{pointer}/value/{index}" if many else f"{pointer}/value"
            yield FieldError(where, f"{attribute.name} is of type {attribute.kind}, this is not", "type_mismatch")
            return
    if isinstance(node, c.Range):
        low, high = (comparable(kind, value) for value in node.value)
        if kind is Kind.MONEY and low[0] != high[0]:
            yield FieldError(f"{pointer}/value", "the two ends are in different currencies", "currency_differs")
        elif low > high:
            yield FieldError(f"{pointer}/value", "the lower end is above the upper end", "range_empty")


_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,9})?", re.ASCII)


def comparable(kind: Kind, value: Any) -> Any:
    """A JSON value of that type as what can be compared within it; None when it is of another type.

    Money is a pair of currency and amount, a set a frozenset. Nothing is converted from one type to another.
    """
    return _READERS[kind](value)


def _exactly(python: type) -> Callable[[Any], Any]:
    return lambda value: value if value.__class__ is python else None


def _money(value: Any) -> tuple[str, int] | None:
    if isinstance(value, Money):
        return value.currency, value.amount
    if value.__class__ is dict and len(value) == 2:
        currency, amount = value.get("currency"), value.get("amount")
        if currency.__class__ is str and amount.__class__ is int:
            return currency, amount
    return None


def _decimal(value: Any) -> Decimal | None:
    return Decimal(value) if value.__class__ is str and _DECIMAL.fullmatch(value) else None


def _date(value: Any) -> str | None:
    return value if value.__class__ is str and _DATE.fullmatch(value) else None


def _instant(value: Any) -> datetime | None:
    if value.__class__ is not str and not isinstance(value, datetime):
        return None
    try:
        return parse_instant(value)
    except PydanticCustomError:
        return None


def _set(value: Any) -> frozenset[str] | None:
    if value.__class__ is frozenset:
        return value
    if value.__class__ is not list or len(value) > SET_FACT_MOST:
        return None
    return frozenset(value) if all(each.__class__ is str and c.is_scalar(each) for each in value) else None


SET_FACT_MOST = 1_000  # values of one set<string>
_READERS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.BOOL: _exactly(bool),
    Kind.INT: _exactly(int),
    Kind.STRING: _exactly(str),
    Kind.MONEY: _money,
    Kind.DECIMAL: _decimal,
    Kind.DATE: _date,
    Kind.INSTANT: _instant,
    Kind.SET: _set,
}


def check_facts(
    facts: Mapping[str, Any], pointer: str = "/facts", registry: Mapping[str, Attribute] = BUILT_IN, prefix: str = ""
) -> list[FieldError]:
    """What is wrong with facts that somebody sends: unknown names, names outside `prefix`, values of another type."""
    errors = []
    for name, value in facts.items():
        where = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        attribute = registry.get(name)
        if attribute is None or not name.startswith(prefix):
            known = _listed(known for known in registry if known.startswith(prefix))
            errors.append(FieldError(where, f"there is no such attribute here; there are {known}", "attribute_unknown"))
        elif comparable(attribute.kind, value) is None or not _sane(value):
            errors.append(FieldError(where, f"{name} is of type {attribute.kind}, this is not", "type_mismatch"))
    return errors


def _sane(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(c.is_scalar, value.values())) and 0 <= value["amount"] <= MOST
    return isinstance(value, list) or c.is_scalar(value)
