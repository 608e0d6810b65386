"""People who may have the live version, by what the new one says to them: facts that the criteria tell apart."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, combinations
from typing import Any, Final

import orjson

from concord.decision import criteria as c
from concord.decision.attributes import OWN, names_in
from concord.decision.gates import parts_of
from concord.decision.kleene import Test, Truth
from offer_registry.counterexample.sides import Side
from offer_registry.counterexample.values import ABSENT, comparisons, domain

NAMES_MOST: Final = 60  # attributes that get values; the others are missing
ALIKE_MOST: Final = 2  # people whom both versions treat alike
PEOPLE_MOST: Final = 16
_ORDER: Final[Mapping[Truth, int]] = {False: 0, True: 1, None: 2}  # a plain no says more than a missing fact

Facts = dict[str, Any]


def people(old: Side, new: Side, at: datetime, tries: int) -> list[Facts]:
    """Customers whom the old version lets through: some whom the new one does not, some it does, some it cannot tell.

    Where criteria join the customer with the basket, people who differ in that are kept apart. At most so many sets of
    facts are tried.
    """
    finding = _Finding(old, new, at, tries)
    kept: dict[tuple[Truth, bytes], list[Facts]] = {}
    for facts in finding.candidates():
        if finding.tries() and finding.allows(old, facts) is True:
            alike = kept.setdefault((finding.allows(new, facts), finding.joined(facts)), [])
            if len(alike) < ALIKE_MOST and facts not in alike:
                alike.append(facts)
        if finding.done(kept):
            break
    ordered = sorted(kept.items(), key=lambda item: _ORDER[item[0][0]])
    found = [facts for rank in range(ALIKE_MOST) for _, alike in ordered for facts in alike[rank : rank + 1]]
    return found[:PEOPLE_MOST]


class _Finding:
    """The attributes that matter, with the values worth trying."""

    def __init__(self, old: Side, new: Side, at: datetime, tries: int) -> None:
        self._old = old
        self._left = tries
        self._now = {"now": at}
        compared = [_by_name(side) for side in (old, new)]
        registry = {**new.attributes, **old.attributes}
        names = [name for name in sorted(compared[0] | compared[1], key=_last_differing(*compared)) if name in registry]
        self._domains = {
            name: domain(registry[name], compared[0].get(name, []), compared[1].get(name, []))
            for name in names[:NAMES_MOST]
        }
        self._names = list(self._domains)
        self._joined = sorted(_joined_names(old) | _joined_names(new))
        self._pruned_from = sum(_is_existence(name, compared) for name in self._names)

    def allows(self, side: Side, facts: Facts) -> Truth:
        """Whether the version lets the customer through, whatever is in the basket."""
        test: Test | None = side.compiled.gates.customer
        return True if test is None else test({**facts, **self._now})

    def joined(self, facts: Facts) -> bytes:
        """The facts that matter together with the basket."""
        return orjson.dumps([facts.get(name) for name in self._joined])

    def tries(self) -> bool:
        """Whether one more set of facts may be tried."""
        self._left -= 1
        return self._left >= 0

    def done(self, kept: Mapping[Any, list[Facts]]) -> bool:
        """Whether nothing more is to be learnt: enough was tried, or each answer is there and no basket matters."""
        every = not self._joined and len(kept) == len(_ORDER)
        return self._left <= 0 or (every and all(len(alike) == ALIKE_MOST for alike in kept.values()))

    def candidates(self) -> Iterator[Facts]:
        """Somebody the old version lets through, who differs from her in one fact, then in two, then all others."""
        base = next(self._walk(), None)
        if base is None:
            return iter(())
        return chain([base], self._deviating(base, 1), self._deviating(base, 2), self._walk())

    def _deviating(self, base: Facts, many: int) -> Iterator[Facts]:
        for names in combinations(self._names, many):
            yield from self._changed(base, names)

    def _changed(self, facts: Facts, names: Sequence[str]) -> Iterator[Facts]:
        if not names:
            yield facts
            return
        for value in self._domains[names[0]]:
            yield from self._changed(_with(facts, names[0], value), names[1:])

    def _walk(self, place: int = 0, facts: Facts | None = None) -> Iterator[Facts]:
        """Every set of facts that the old version lets through.

        More facts never change a no (Kleene), but where it is asked whether a fact is known; those facts come first.
        """
        known = facts or {}
        if not self.tries():
            return
        truth = self.allows(self._old, known)
        if truth is False and place >= self._pruned_from:
            return
        if place == len(self._names):
            if truth is True:
                yield known
            return
        name = self._names[place]
        for value in self._domains[name]:
            yield from self._walk(place + 1, _with(known, name, value))


def _with(facts: Facts, name: str, value: Any) -> Facts:
    rest = {known: each for known, each in facts.items() if known != name}
    return rest if value is ABSENT else {**rest, name: value}


def _by_name(side: Side) -> dict[str, list[c.Comparison]]:
    """What is compared of the customer, by attribute."""
    found: dict[str, list[c.Comparison]] = {}
    for node in comparisons(side.terms.criteria):
        if not isinstance(node, c.PartOfBasket) and not node.attribute.startswith(OWN):
            found.setdefault(node.attribute, []).append(node)
    return found


def _joined_names(side: Side) -> set[str]:
    """Attributes of the customer in criteria that also ask about the basket or its lines."""
    if side.terms.criteria is None:
        return set()
    _, basket, line = parts_of(side.terms.criteria)
    names = {name for part in [*basket, *line] for name in names_in(part)}
    return {name for name in names if name != "items" and not name.startswith(OWN)}


def _last_differing(old: Mapping[str, list[c.Comparison]], new: Mapping[str, list[c.Comparison]]) -> Any:
    """The order of attributes: whether they are known first, what the versions ask differently last."""

    def place(name: str) -> tuple[bool, bool, str]:
        return not _is_existence(name, (old, new)), old.get(name) != new.get(name), name

    return place


def _is_existence(name: str, compared: Sequence[Mapping[str, list[c.Comparison]]]) -> bool:
    return any(isinstance(node, c.Existence) for side in compared for node in side.get(name, ()))
