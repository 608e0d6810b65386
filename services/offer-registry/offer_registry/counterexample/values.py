"""Values just around the bounds of criteria (n-1, n, n+1; members and a stranger; missing), by attribute."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import orjson

from concord.decision import criteria as c
from concord.decision.attributes import Attribute, Kind, comparable
from concord.decision.scalars import INTEGER_MOST, instant_text
from concord.money import MOST, Money

VALUES_MOST: Final = 48  # of one attribute
STRANGER: Final = "other"


class Absent(Enum):
    """Stands for a fact that is missing."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
_SAMPLES: Final[Mapping[Kind, Any]] = {  # a known value, for an attribute of which only that is asked
    Kind.BOOL: True,
    Kind.INT: 1,
    Kind.MONEY: {"amount": 100, "currency": "USD"},
    Kind.DECIMAL: "1",
    Kind.DATE: "2026-01-01",
    Kind.INSTANT: "2026-01-01T00:00:00Z",
    Kind.STRING: STRANGER,
    Kind.SET: [STRANGER],
}


def comparisons(criteria: c.Criterion | None) -> Iterator[c.Comparison | c.PartOfBasket]:
    """What the criteria compare, in their order."""
    if isinstance(criteria, c.AllOf | c.AnyOf):
        for part in criteria.all if isinstance(criteria, c.AllOf) else criteria.any:
            yield from comparisons(part)
    elif isinstance(criteria, c.Negation):
        yield from comparisons(criteria.negated)
    elif criteria is not None:
        yield criteria


def domain(attribute: Attribute, old: Sequence[c.Comparison], new: Sequence[c.Comparison]) -> tuple[Any, ...]:
    """Values of the attribute on both sides of every bound that some comparison has, as facts are sent.

    Those around what only one of the versions names stand first, ABSENT last.
    """
    before, after = _named(attribute.kind, old), _named(attribute.kind, new)
    differing = [before.get(mark, after.get(mark)) for mark in sorted(before.keys() ^ after.keys())]
    common = [before[mark] for mark in sorted(before.keys() & after.keys())]
    found: Iterable[Any] = (value for named in [*differing, *common] for value in _around(attribute.kind, named))
    if attribute.kind is Kind.SET:
        found = [*_sets([*old, *new]), *([each] for each in found)]
    strangers = [*_stranger(attribute.kind, before.keys() | after.keys()), _SAMPLES[attribute.kind]]
    distinct = list({_mark(value): value for value in [*found, *strangers]}.values())
    return (*distinct[:VALUES_MOST], ABSENT)


def plain(value: Any) -> Any:
    """A criterion's value as a fact is sent."""
    return value.model_dump() if isinstance(value, Money) else value


def _named(kind: Kind, compared: Sequence[c.Comparison]) -> dict[str, Any]:
    """Every value that is named, by its JSON; those of another type than declared compare with nothing."""
    member = Kind.STRING if kind is Kind.SET else kind
    values = [plain(each) for node in compared if not isinstance(node, c.Existence) for each in _values(node)]
    return {_mark(each): each for each in values if comparable(member, each) is not None}


def _values(node: c.Comparison) -> list[Any]:
    return node.value if isinstance(node.value, list) else [node.value]


def _mark(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _around(kind: Kind, value: Any) -> list[Any]:
    """The value with its neighbours, the one below first."""
    if kind is Kind.BOOL:
        return [value, not value]
    if kind is Kind.INT:
        return [each for each in (value, value - 1, value + 1) if abs(each) <= INTEGER_MOST]
    if kind is Kind.MONEY:
        amounts = (value["amount"], value["amount"] - 1, value["amount"] + 1)
        return [{**value, "amount": each} for each in amounts if 0 <= each <= MOST]
    return [value, *_NEIGHBOURS.get(kind, lambda _: [])(value)]


def _decimals(value: str) -> list[str]:
    number = Decimal(value)
    step = Decimal(1).scaleb(min(0, int(number.as_tuple().exponent)))
    found = [f"{number - step:f}", f"{number + step:f}"]
    return [each for each in found if comparable(Kind.DECIMAL, each) is not None]


def _days(value: str) -> list[str]:
    try:
        day = date.fromisoformat(value)
        return [(day - timedelta(days=1)).isoformat(), (day + timedelta(days=1)).isoformat()]
    except (ValueError, OverflowError):  # 30 February, or the first or last day there is
        return []


def _instants(value: str) -> list[str]:
    instant = comparable(Kind.INSTANT, value)
    try:
        return [instant_text(instant - timedelta(seconds=1)), instant_text(instant + timedelta(seconds=1))]
    except OverflowError:
        return []


_NEIGHBOURS: Final[Mapping[Kind, Any]] = {
    Kind.DECIMAL: _decimals,
    Kind.DATE: _days,
    Kind.INSTANT: _instants,
}


def _sets(compared: Sequence[c.Comparison]) -> Iterator[list[str]]:
    """All values of each comparison, all but the first, all of all of them, and none."""
    lists = [sorted(map(str, _values(node))) for node in compared if isinstance(node, c.Containment)]
    for each in lists:
        yield each
        yield each[1:]
    yield sorted(set().union(*lists))
    yield []


def _stranger(kind: Kind, named: Iterable[str]) -> list[Any]:
    """A text that nobody names."""
    if kind not in {Kind.STRING, Kind.SET}:
        return []
    known = set(named)
    number, text = 1, STRANGER
    while _mark(text) in known:
        number, text = number + 1, f"{STRANGER}-{number + 1}"
    return [text] if kind is Kind.STRING else [[text]]
