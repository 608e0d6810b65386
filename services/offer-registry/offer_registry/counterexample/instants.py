"""Instants at which the live version can be had, the first one common to both versions first."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from concord.decision import criteria as c
from concord.decision.attributes import Kind, comparable
from offer_registry.counterexample.sides import Side
from offer_registry.counterexample.values import comparisons

INSTANTS_MOST: Final = 6
HOURS_MOST: Final = 32  # intervals of weekly hours that are looked at
SECOND: Final = timedelta(seconds=1)


def instants(old: Side, new: Side, now: datetime) -> list[datetime]:
    """When to ask: from now on, while the live version can be had. Empty when it cannot be had any more.

    Besides the first instant that both have in common: just around the bounds of their times, the beginnings of weekly
    hours, and what criteria compare with `now`.
    """
    found = sorted({at for at in _bounds(old, new, now) if at >= now and old.window.holds(at)})
    common = [at for at in found if new.window.holds(at)][:1]
    asked = [at for at in found if at in set(_compared(old)) | set(_compared(new))]
    alone = [at for at in found if not new.window.holds(at)]
    return list(dict.fromkeys([*common, *alone[:2], *asked, *found]))[:INSTANTS_MOST]


def _bounds(old: Side, new: Side, now: datetime) -> Iterator[datetime]:
    yield now
    for side in (old, new):
        window = side.window
        for bound in (window.start, window.end):
            yield from () if bound is None else _around(bound)
        intervals = (each for each in window.hours or () if each[1] > now)
        for start, end in islice(intervals, HOURS_MOST):
            yield from (max(start, now), end)
        yield from _compared(side)


def _compared(side: Side) -> Iterator[datetime]:
    """Just around what criteria compare with the time."""
    for node in comparisons(side.terms.criteria):
        if not isinstance(node, c.PartOfBasket | c.Existence) and node.attribute == "now":
            for value in node.value if isinstance(node.value, list) else [node.value]:
                instant = comparable(Kind.INSTANT, value)
                yield from () if instant is None else _around(instant)


def _around(at: datetime) -> Iterator[datetime]:
    yield at
    for step in (-SECOND, SECOND):
        try:
            yield at + step
        except OverflowError:  # the first or the last instant there is
            continue
