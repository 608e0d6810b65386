"""Which of the offers in play apply: the choice that is worth most to the customer (terms §3).

Offers of one exclusive group, and several terms of one offer (promised and today's), are a *choice*: one of them or
none. An offer that says what it combines with is a choice of its own: it, or what it shuts out. Everything else applies
as long as no chosen offer shuts it out. Choices that share no line do not touch each other, so they are weighed apart.

Exact up to 4,096 combinations of choices in the basket; above that choice by choice, in offer order.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Final

from concord.decision.quoting.plan import Taken
from concord.decision.quoting.playing import Playing, passes
from concord.decision.quoting.till import Till

EXACT_MOST: Final = 4_096  # combinations of choices
STEPS_MOST: Final = 200_000  # applications of one offer while combinations are weighed, whatever authors write

Choice = Sequence[Playing | None]


@dataclass(slots=True)
class Applied:
    """An offer that was applied, and what it took off and added."""

    playing: Playing
    taken: Taken


@dataclass(slots=True)
class Outcome:
    """What applied, in order, and what it is worth."""

    applied: list[Applied]

    @property
    def worth(self) -> int:
        return sum(each.taken.worth for each in self.applied)


def apply_best(till: Till, playing: Sequence[Playing]) -> list[Applied]:
    """Apply the best choice of the offers in play to the till."""
    choices = list(_choices(playing))
    if not choices:
        return _run(till, playing).applied
    exact = prod(len(choice) + 1 for choice in choices) <= EXACT_MOST
    applied: list[Applied] = []
    for part in _parts(till, playing, choices):
        applied += _best(till, part, exact=exact)
    applied.sort(key=lambda each: each.playing.order)
    return applied


def _run(till: Till, playing: Iterable[Playing]) -> Outcome:
    """Apply these, in their order."""
    applied = []
    for each in playing:
        terms = each.candidate.terms
        if terms.gates.moves and not passes(till, each):
            continue
        taken = terms.plan.apply(till, each.lines)
        if taken is not None:
            applied.append(Applied(each, taken))
    return Outcome(applied)


def _choices(playing: Sequence[Playing]) -> Iterator[list[Playing]]:
    """The offers of which one at most may apply, in offer order."""
    bound = _Bound()
    seen: set[str] = set()
    for each in playing:
        terms, key = each.candidate.terms, each.candidate.key
        if terms.group is not None:
            bound.join(f"o {key}", f"g {terms.group}")
        elif terms.combines_with is not None or key in seen:
            bound.join(f"o {key}")
        seen.add(key)
    if bound.empty:
        return
    found: dict[str, list[Playing]] = {}
    for each in playing:
        root = bound.root(f"o {each.candidate.key}")
        if root is not None:
            found.setdefault(root, []).append(each)
    yield from found.values()


class _Bound:
    """Names that belong together (union-find)."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    @property
    def empty(self) -> bool:
        return not self._above

    def root(self, name: str) -> str | None:
        """The name that stands for all that belong to this one; None when nobody joined it."""
        above = self._above.get(name)
        while above is not None and above != name:
            name, above = above, self._above[above]
        return above

    def join(self, *names: str) -> None:
        for name in names:
            self._above.setdefault(name, name)
        first, *others = (self.root(name) or name for name in names)
        for root in others:
            self._above[root] = first


@dataclass(slots=True)
class _Part:
    """Choices that may touch each other, and what else applies on their lines."""

    choices: list[list[Playing]]
    free: list[Playing]


def _parts(till: Till, playing: Sequence[Playing], choices: Sequence[list[Playing]]) -> Iterator[_Part]:
    """The choices and the rest, apart where they share no line, no condition on the basket and no combination rule."""
    bound, chosen = _Bound(), {id(each) for choice in choices for each in choice}
    free = [each for each in playing if id(each) not in chosen]
    groups = [*choices, *([each] for each in free)]
    names = [[name for each in group for name in _touches(till, each)] for group in groups]
    if any("all" in each for each in names) or any(_restricts(each) for each in playing):
        yield _Part(list(choices), free)
        return
    for each in names:
        bound.join(*each)
    parts: dict[str | None, _Part] = {}
    for group, each in zip(groups, names, strict=True):
        part = parts.setdefault(bound.root(each[0]), _Part([], []))
        if id(group[0]) in chosen:
            part.choices.append(group)
        else:
            part.free += group
    yield from parts.values()


def _touches(till: Till, playing: Playing) -> Iterator[str]:
    """What an offer reads or changes while it applies."""
    if playing.candidate.terms.gates.moves:
        yield "all"
    yield from (f"l {place}" for place in playing.lines)
    for part in playing.candidate.terms.plan.parts:
        sku = getattr(part.kind, "sku", None)
        if sku is not None:
            yield from (f"l {place}" for place, item in enumerate(till.items) if item.sku == sku)
        if type(part.kind).__name__ == "Delivery":
            yield "delivery"


def _restricts(playing: Playing) -> bool:
    return playing.candidate.terms.combines_with is not None


def _best(till: Till, part: _Part, *, exact: bool) -> list[Applied]:
    if not part.choices:
        return _run(till, part.free).applied
    weighing = _Weighing(till, part)
    combinations = prod(len(choice) + 1 for choice in part.choices)
    each = sum(map(len, part.choices)) + len(part.free)
    if exact and combinations * each <= STEPS_MOST:
        chosen = max(_with_none(part.choices), key=weighing.worth)
    else:
        chosen = weighing.one_by_one()
    return weighing.run(chosen).applied


def _with_none(choices: Sequence[list[Playing]]) -> Iterator[Choice]:
    """Every combination: earlier offers first and none last, so that of equally good ones the first in order wins."""
    return product(*([*choice, None] for choice in choices))


@dataclass(slots=True)
class _Weighing:
    """Tries choices on a till, each from the same beginning."""

    till: Till
    part: _Part

    def run(self, chosen: Choice) -> Outcome:
        """Apply a combination for good."""
        taken = [each for each in chosen if each is not None]
        with_free = taken + [each for each in self.part.free if all(_combine(each, other) for other in taken)]
        return _run(self.till, sorted(with_free, key=lambda each: each.order))

    def worth(self, chosen: Choice) -> int:
        """What a combination is worth; less than nothing when its offers do not go together."""
        taken = [each for each in chosen if each is not None]
        if not all(_combine(one, other) for place, one in enumerate(taken) for other in taken[:place]):
            return -1
        mark = self.till.mark()
        worth = self.run(chosen).worth
        self.till.back_to(mark)
        return worth

    def one_by_one(self) -> Choice:
        """Choice by choice in offer order, the later ones none as yet."""
        chosen: list[Playing | None] = [None] * len(self.part.choices)
        for place, choice in enumerate(self.part.choices):
            tried = [[*chosen[:place], each, *chosen[place + 1 :]] for each in [*choice, None]]
            chosen = max(tried, key=self.worth)
        return chosen


def _combine(one: Playing, other: Playing) -> bool:
    """Whether the two go together: each must allow the other (terms §3)."""
    mine, theirs = one.candidate, other.candidate
    return (mine.terms.combines_with is None or theirs.key in mine.terms.combines_with) and (
        theirs.terms.combines_with is None or mine.key in theirs.terms.combines_with
    )
