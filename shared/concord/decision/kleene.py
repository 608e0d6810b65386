"""What criteria mean: three-valued logic over facts (Kleene). A missing fact is UNKNOWN, never false.

Criteria are compiled once per version into closures; the reason tree is built only when somebody asks why.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from concord.decision import criteria as c


class Differs(Enum):
    """Stands where several lines or people disagree, so that nobody can say which value holds (api §3)."""

    DIFFERS = "differs"


DIFFERS = Differs.DIFFERS
UNKNOWN = None
Truth: TypeAlias = bool | None  # None is UNKNOWN
Facts: TypeAlias = Mapping[str, Any]
Test: TypeAlias = Callable[[Facts], Truth]


def compile_criteria(criteria: c.Criterion) -> Test:
    """The criteria as one function of the facts. It is total: a fact of another type counts as missing."""
    if isinstance(criteria, c.AllOf):
        return _all(tuple(map(compile_criteria, criteria.all)))
    if isinstance(criteria, c.AnyOf):
        return _any(tuple(map(compile_criteria, criteria.any)))
    if isinstance(criteria, c.Negation):
        return _not(compile_criteria(criteria.negated))
    return _COMPARISONS[criteria.op](criteria.attribute, criteria.value)


def _all(tests: tuple[Test, ...]) -> Test:
    def test(facts: Facts) -> Truth:
        known = True
        for each in tests:
            truth = each(facts)
            if truth is False:
                return False
            if truth is None:
                known = False
        return True if known else None

    return test


def _any(tests: tuple[Test, ...]) -> Test:
    def test(facts: Facts) -> Truth:
        known = True
        for each in tests:
            truth = each(facts)
            if truth:
                return True
            if truth is None:
                known = False
        return False if known else None

    return test


def _not(inner: Test) -> Test:
    def test(facts: Facts) -> Truth:
        truth = inner(facts)
        return None if truth is None else not truth

    return test


def _eq(name: str, value: Any) -> Test:
    kind = type(value)

    def test(facts: Facts) -> Truth:
        fact = facts.get(name)
        return fact == value if fact.__class__ is kind else None

    return test


def _ne(name: str, value: Any) -> Test:
    return _not(_eq(name, value))


def _lt(name: str, value: Any) -> Test:
    kind = type(value)

    def test(facts: Facts) -> Truth:
        fact = facts.get(name)
        return fact < value if fact.__class__ is kind else None

    return test


def _lte(name: str, value: Any) -> Test:
    kind = type(value)

    def test(facts: Facts) -> Truth:
        fact = facts.get(name)
        return fact <= value if fact.__class__ is kind else None

    return test


def _in(name: str, values: list[Any]) -> Test:
    kind, wanted = type(values[0]), frozenset(values)

    def test(facts: Facts) -> Truth:
        fact = facts.get(name)
        return fact in wanted if fact.__class__ is kind else None

    return test


def _between(name: str, ends: list[Any]) -> Test:
    kind, (low, high) = type(ends[0]), ends

    def test(facts: Facts) -> Truth:
        fact = facts.get(name)
        return low <= fact <= high if fact.__class__ is kind else None

    return test


def _exists(name: str, wanted: bool) -> Test:  # noqa: FBT001  the value of the criterion
    def test(facts: Facts) -> Truth:
        fact = facts.get(name)
        return None if fact is DIFFERS else (fact is not None) is wanted

    return test


_COMPARISONS: Mapping[str, Callable[[str, Any], Test]] = {
    "eq": _eq,
    "ne": _ne,
    "lt": _lt,
    "lte": _lte,
    "gt": lambda name, value: _not(_lte(name, value)),
    "gte": lambda name, value: _not(_lt(name, value)),
    "in": _in,
    "not_in": lambda name, values: _not(_in(name, values)),
    "between": _between,
    "exists": _exists,
}


@dataclass(frozen=True, slots=True)
class Why:
    """A node of the reason tree: the criterion, what was expected, what is, and what that makes."""

    criterion: c.Criterion
    actual: Any  # the fact of a comparison, DIFFERS or None when missing; None for all, any, not
    result: Truth
    parts: tuple["Why", ...] = ()


def explain(criteria: c.Criterion, facts: Facts) -> Why:
    """The reason tree of the criteria for these facts; its result is what the compiled test says."""
    if isinstance(criteria, c.AllOf | c.AnyOf):
        below = criteria.all if isinstance(criteria, c.AllOf) else criteria.any
        parts = tuple(explain(part, facts) for part in below)
        return Why(criteria, None, _joined(criteria, [part.result for part in parts]), parts)
    if isinstance(criteria, c.Negation):
        part = explain(criteria.negated, facts)
        return Why(criteria, None, None if part.result is None else not part.result, (part,))
    return Why(criteria, facts.get(criteria.attribute), compile_criteria(criteria)(facts))


def _joined(criteria: c.AllOf | c.AnyOf, results: list[Truth]) -> Truth:
    decisive = isinstance(criteria, c.AnyOf)
    if decisive in results:
        return decisive
    return None if None in results else not decisive


@dataclass(frozen=True, slots=True)
class Blame:
    """A comparison that made the whole what it is; `negated` when it stands under an odd number of `not`."""

    comparison: c.Comparison
    negated: bool


def blamed(why: Why, *, negated: bool = False) -> Iterator[Blame]:
    """The comparisons that share the result of the root: those that failed, or those whose facts are missing."""
    if isinstance(why.criterion, c.Negation):
        yield from blamed(why.parts[0], negated=not negated)
    elif why.parts:
        for part in why.parts:
            if part.result is why.result:
                yield from blamed(part, negated=negated)
    elif not isinstance(why.criterion, c.AllOf | c.AnyOf):
        yield Blame(why.criterion, negated)
