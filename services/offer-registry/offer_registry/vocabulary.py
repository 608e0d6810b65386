"""The words of terms that are defined elsewhere: attributes in criteria, zones in hours, budgets in limits."""

from collections.abc import Iterator, Mapping

from concord.contracts.records import AttributeRecord
from concord.decision.attributes import BUILT_IN, Attribute, check_criteria, check_lines, names_in
from concord.decision.criteria import Criterion
from concord.decision.limits import BudgetShare, LimitedCode, Limits
from concord.decision.terms import Terms
from concord.errors import FieldError
from offer_registry import hours

AttributeRegistry = Mapping[str, Attribute]
"""Attributes by name: the built-in ones and those that authors declared."""


def unsavable(terms: Terms, registry: AttributeRegistry, pointer: str) -> list[FieldError]:
    """Criteria that compare what there is not, or with a value of another type, and zones nobody knows.

    Pointers are below `pointer`, which leads to the terms.
    """
    return [
        *check_criteria(terms.criteria, f"{pointer}/criteria", registry),
        *(
            error
            for place, criteria in _of_benefits(terms)
            for error in (
                *check_criteria(criteria, f"{pointer}{place}", registry),
                *check_lines(criteria, f"{pointer}{place}"),
            )
        ),
        *hours.unknown_zones(terms, pointer),
    ]


def not_built_in(terms: Terms) -> frozenset[str]:
    """The attributes the criteria name that somebody must have declared."""
    trees = (terms.criteria, *(criteria for _, criteria in _of_benefits(terms)))
    return frozenset(name for tree in trees for name in names_in(tree)) - BUILT_IN.keys() - {"items"}


def carried(terms: Terms, registry: AttributeRegistry) -> dict[str, AttributeRecord] | None:
    """Those attributes as they are declared now, for the version's record; None when it names none."""
    declared = {name: registry[name] for name in sorted(not_built_in(terms))}
    return {name: _record(attribute) for name, attribute in declared.items()} or None


def budgets(terms: Terms) -> dict[str, str]:
    """The budgets that limits share, by the JSON Pointer where each is named, below the terms."""
    found = dict(_shared(terms.limits, "/limits"))
    for index, code in enumerate(terms.codes):
        if isinstance(code, LimitedCode):
            found |= _shared(code.limits, f"/codes/{index}/limits")
    return found


def _of_benefits(terms: Terms) -> Iterator[tuple[str, Criterion]]:
    for index, benefit in enumerate(terms.benefits):
        criteria = getattr(benefit, "criteria", None)
        if criteria is not None:
            yield f"/benefits/{index}/criteria", criteria


def _shared(limits: Limits, pointer: str) -> Iterator[tuple[str, str]]:
    for index, limit in enumerate(limits):
        if isinstance(limit, BudgetShare):
            yield f"{pointer}/{index}/budget", limit.budget


def _record(attribute: Attribute) -> AttributeRecord:
    return AttributeRecord(
        kind=attribute.kind, noun=attribute.noun, question=attribute.question, adjective=attribute.adjective
    )
