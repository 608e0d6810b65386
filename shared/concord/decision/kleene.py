"""What criteria mean: three-valued logic over facts (Kleene). A missing fact is UNKNOWN, never false.

Criteria are compiled once per version into closures; the reason tree is built only when somebody asks why.
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, TypeAlias

from concord.decision import criteria as c
from concord.decision.attributes import BUILT_IN, Attribute, Kind, comparable
from concord.decision.reach import Reach, reach
from concord.money import Money


class Differs(Enum):
    """Stands where several lines or people disagree, so that nobody can say which value holds (api §3)."""

    DIFFERS = "differs"


DIFFERS = Differs.DIFFERS
UNKNOWN = None
Truth: TypeAlias = bool | None  # None is UNKNOWN
Facts: TypeAlias = Mapping[str, Any]
Test: TypeAlias = Callable[[Facts], Truth]


BASKET = "~basket"  # where the facts of a quote hold the basket, for criteria on a part of it


class MeasuredBasket(Protocol):
    """A basket that criteria can ask about."""

    currency: str

    def measure(self, reach: Reach, measure: str) -> int:
        """Units, minor units by the list, or distinct SKUs of what is in reach."""


def compile_criteria(criteria: c.Criterion, registry: Mapping[str, Attribute] = BUILT_IN) -> Test:
    """The criteria as one function of the facts. It is total: a fact of another type counts as missing."""
    if isinstance(criteria, c.AllOf):
        return _all(tuple(compile_criteria(each, registry) for each in criteria.all))
    if isinstance(criteria, c.AnyOf):
        return _any(tuple(compile_criteria(each, registry) for each in criteria.any))
    if isinstance(criteria, c.Negation):
        return _not(compile_criteria(criteria.negated, registry))
    if isinstance(criteria, c.PartOfBasket):
        return _items(criteria)
    kind = _kind(criteria, registry)
    if isinstance(criteria, c.Existence) or kind in _PLAIN:
        return _COMPARISONS[criteria.op](criteria.attribute, criteria.value)
    return _read_comparison(criteria, kind)


def _kind(criteria: c.Comparison, registry: Mapping[str, Attribute]) -> Kind:
    """The declared type; of an attribute this build does not know, what its value looks like."""
    declared = registry.get(criteria.attribute)
    if declared is not None:
        return declared.kind
    if isinstance(criteria, c.Containment):
        return Kind.SET
    value = criteria.value[0] if isinstance(criteria.value, list) else criteria.value
    return Kind.MONEY if isinstance(value, Money) else _BY_TYPE[type(value)]


_PLAIN = frozenset({Kind.BOOL, Kind.INT, Kind.STRING})  # compared as they come
_BY_TYPE = {bool: Kind.BOOL, int: Kind.INT, str: Kind.STRING}
_OPERATIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "in": lambda fact, values: fact in values,
    "not_in": lambda fact, values: fact not in values,
    "between": lambda fact, ends: ends[0] <= fact <= ends[1],
    "contains_any": lambda fact, values: not fact.isdisjoint(values),
    "contains_all": lambda fact, values: fact >= values,
}


def _read_comparison(criteria: c.Comparison, kind: Kind) -> Test:
    """A comparison of values that must be read first: money, decimals, days, instants, sets."""
    wanted = _wanted(criteria, kind)
    compare, name = _OPERATIONS[criteria.op], criteria.attribute
    if kind is Kind.MONEY:
        return _money_test(name, compare, wanted)

    def test(facts: Facts) -> Truth:
        fact = comparable(kind, facts.get(name))
        return None if fact is None else compare(fact, wanted)

    return test


def _wanted(criteria: c.Comparison, kind: Kind) -> Any:
    if not isinstance(criteria.value, list):
        return comparable(kind, criteria.value)
    member = Kind.STRING if kind is Kind.SET else kind
    values = [comparable(member, value) for value in criteria.value]
    return values if isinstance(criteria, c.Range) else frozenset(values)


def _money_test(name: str, compare: Callable[[Any, Any], bool], wanted: Any) -> Test:
    """Amounts compare within a currency; in another one nothing is known, since there is never a conversion."""
    pairs = [wanted] if isinstance(wanted, tuple) else list(wanted)
    named = frozenset(currency for currency, _ in pairs)

    def test(facts: Facts) -> Truth:
        fact = comparable(Kind.MONEY, facts.get(name))
        return compare(fact, wanted) if fact is not None and fact[0] in named else None

    return test


def _items(criteria: c.PartOfBasket) -> Test:
    reached, measure, compare = reach(criteria.items), criteria.measure, _OPERATIONS[criteria.op]
    stated = criteria.value
    value, currency = (stated.amount, stated.currency) if isinstance(stated, Money) else (stated, None)

    def test(facts: Facts) -> Truth:
        basket: MeasuredBasket | None = facts.get(BASKET)
        if basket is None or (currency is not None and basket.currency != currency):
            return None
        return compare(basket.measure(reached, measure), value)

    return test


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


def _gt(name: str, value: Any) -> Test:
    kind = type(value)

    def test(facts: Facts) -> Truth:
        fact = facts.get(name)
        return fact > value if fact.__class__ is kind else None

    return test


def _gte(name: str, value: Any) -> Test:
    kind = type(value)

    def test(facts: Facts) -> Truth:
        fact = facts.get(name)
        return fact >= value if fact.__class__ is kind else None

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
    "gt": _gt,
    "gte": _gte,
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


def explain(criteria: c.Criterion, facts: Facts, registry: Mapping[str, Attribute] = BUILT_IN) -> Why:
    """The reason tree of the criteria for these facts; its result is what the compiled test says."""
    if isinstance(criteria, c.AllOf | c.AnyOf):
        below = criteria.all if isinstance(criteria, c.AllOf) else criteria.any
        parts = tuple(explain(part, facts, registry) for part in below)
        return Why(criteria, None, _joined(criteria, [part.result for part in parts]), parts)
    if isinstance(criteria, c.Negation):
        part = explain(criteria.negated, facts, registry)
        return Why(criteria, None, None if part.result is None else not part.result, (part,))
    actual = _measured(criteria, facts) if isinstance(criteria, c.PartOfBasket) else facts.get(criteria.attribute)
    return Why(criteria, actual, compile_criteria(criteria, registry)(facts))


def _measured(criteria: c.PartOfBasket, facts: Facts) -> int | None:
    basket: MeasuredBasket | None = facts.get(BASKET)
    return None if basket is None else basket.measure(reach(criteria.items), criteria.measure)


def _joined(criteria: c.AllOf | c.AnyOf, results: list[Truth]) -> Truth:
    decisive = isinstance(criteria, c.AnyOf)
    if decisive in results:
        return decisive
    return None if None in results else not decisive


@dataclass(frozen=True, slots=True)
class Blame:
    """A comparison that made the whole what it is; `negated` when it stands under an odd number of `not`."""

    comparison: c.Comparison | c.PartOfBasket
    negated: bool
    actual: Any = None  # the fact that was compared


def blamed(why: Why, *, negated: bool = False) -> Iterator[Blame]:
    """The comparisons that share the result of the root: those that failed, or those whose facts are missing."""
    if isinstance(why.criterion, c.Negation):
        yield from blamed(why.parts[0], negated=not negated)
    elif why.parts:
        for part in why.parts:
            if part.result is why.result:
                yield from blamed(part, negated=negated)
    elif not isinstance(why.criterion, c.AllOf | c.AnyOf):
        yield Blame(why.criterion, negated, why.actual)
