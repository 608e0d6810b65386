"""The attribute registry: which facts criteria may name, of which type, and how staff call them.

Types are declared, never guessed: a criterion whose value has another type is refused when the offer is saved.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from concord.decision import criteria as c
from concord.errors import FieldError


class Kind(StrEnum):
    """The type of an attribute."""

    BOOL = "bool"
    INT = "int"
    STRING = "string"

    @property
    def python(self) -> type:
        return _PYTHON[self]


_PYTHON: dict[Kind, type] = {Kind.BOOL: bool, Kind.INT: int, Kind.STRING: str}
_OPERATORS: dict[Kind, frozenset[str]] = {
    Kind.BOOL: frozenset({*c.EQUALITY, "exists"}),
    Kind.INT: frozenset({*c.EQUALITY, *c.ORDER, *c.MEMBERSHIP, "between", "exists"}),
    Kind.STRING: frozenset({*c.EQUALITY, *c.MEMBERSHIP, "exists"}),
}


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
    )
}


def check_criteria(
    criteria: c.Criterion | None, pointer: str = "/criteria", registry: Mapping[str, Attribute] = BUILT_IN
) -> list[FieldError]:
    """Everything wrong with the types of the criteria: unknown attributes, operators and values of another type.

    Pointers are below `pointer`. The list is empty when there is nothing to mend.
    """
    return [] if criteria is None else list(_check(criteria, pointer, registry))


def _check(node: c.Criterion, pointer: str, registry: Mapping[str, Attribute]) -> Iterator[FieldError]:
    if isinstance(node, c.AllOf | c.AnyOf):
        name, children = ("all", node.all) if isinstance(node, c.AllOf) else ("any", node.any)
        for index, child in enumerate(children):
            yield from _check(child, f"{pointer}/{name}/{index}", registry)
    elif isinstance(node, c.Negation):
        yield from _check(node.negated, f"{pointer}/not", registry)
    else:
        yield from _check_comparison(node, pointer, registry)


def _check_comparison(node: c.Comparison, pointer: str, registry: Mapping[str, Attribute]) -> Iterator[FieldError]:
    attribute = registry.get(node.attribute)
    if attribute is None:
        known = ", ".join(sorted(registry))
        detail = f"there is no attribute {node.attribute}; there are {known}"
        yield FieldError(f"{pointer}/attribute", detail, "attribute_unknown")
    elif node.op not in _OPERATORS[attribute.kind]:
        allowed = ", ".join(sorted(_OPERATORS[attribute.kind]))
        detail = f"{node.attribute} is of type {attribute.kind}, which takes {allowed}"
        yield FieldError(f"{pointer}/op", detail, "operator_unfit")
    elif not isinstance(node, c.Existence):
        yield from _check_values(node, attribute, pointer)


def _check_values(
    node: c.Equality | c.Order | c.Membership | c.Range, attribute: Attribute, pointer: str
) -> Iterator[FieldError]:
    many = isinstance(node.value, list)
    for index, value in enumerate(node.value if isinstance(node.value, list) else [node.value]):
        if type(value) is not attribute.kind.python:
            where = f"{pointer}/value/{index}" if many else f"{pointer}/value"
            yield FieldError(where, f"{attribute.name} is of type {attribute.kind}, this is not", "type_mismatch")
            return
    if isinstance(node, c.Range) and node.value[0] > node.value[1]:  # type: ignore[operator]  # both are ints by now
        yield FieldError(f"{pointer}/value", "the lower end is above the upper end", "range_empty")


def check_facts(
    facts: Mapping[str, Any], pointer: str = "/facts", registry: Mapping[str, Attribute] = BUILT_IN, prefix: str = ""
) -> list[FieldError]:
    """What is wrong with facts that somebody sends: unknown names, names outside `prefix`, values of another type."""
    errors = []
    for name, value in facts.items():
        where = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        attribute = registry.get(name)
        if attribute is None or not name.startswith(prefix):
            known = ", ".join(sorted(known for known in registry if known.startswith(prefix)))
            errors.append(FieldError(where, f"there is no such attribute here; there are {known}", "attribute_unknown"))
        elif type(value) is not attribute.kind.python or not c.is_scalar(value):
            errors.append(FieldError(where, f"{name} is of type {attribute.kind}, this is not", "type_mismatch"))
    return errors
