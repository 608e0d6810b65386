"""Offers that stand in each other's way: about the same products, at the same time, and not to be had together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from concord.decision import reasons
from concord.decision.products import Products
from concord.decision.terms import Terms


class Rule(StrEnum):
    """Why two offers are not had together (terms §3)."""

    SAME_GROUP = "same_group"
    NOT_COMBINABLE = "not_combinable"


@dataclass(frozen=True, slots=True)
class Rival:
    """A live version of another offer."""

    key: str
    version: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class Shared:
    """The products of two offers that both name; everything when neither names any."""

    skus: tuple[str, ...]
    categories: tuple[str, ...]
    everything: bool

    def __bool__(self) -> bool:
        return self.everything or bool(self.skus or self.categories)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another offer in the way, while both are valid: from start until just before end."""

    rival: Rival
    rules: tuple[Rule, ...]
    shared: Shared
    start: datetime
    end: datetime | None
    sentence: str


def conflicts(key: str, terms: Terms, rivals: Iterable[Rival]) -> list[Conflict]:
    """The rivals that stand in the way of the offer with that key, by key."""
    found = (_conflict(key, terms, rival) for rival in sorted(rivals, key=lambda rival: rival.key))
    return [each for each in found if each is not None]


def _conflict(key: str, terms: Terms, rival: Rival) -> Conflict | None:
    rules, common = tuple(_rules(key, terms, rival)), shared(terms.products, rival.terms.products)
    start = max(terms.validity.start, rival.terms.validity.start)
    end = min((each.validity.end for each in (terms, rival.terms) if each.validity.end is not None), default=None)
    if not rules or not common or (end is not None and end <= start):
        return None
    return Conflict(rival, rules, common, start, end, _sentence(terms, rival, rules, start, end))


def _rules(key: str, terms: Terms, rival: Rival) -> Iterator[Rule]:
    if terms.exclusive_group is not None and terms.exclusive_group == rival.terms.exclusive_group:
        yield Rule.SAME_GROUP
    mine, theirs = terms.combines_with, rival.terms.combines_with
    if (mine is not None and rival.key not in mine) or (theirs is not None and key not in theirs):
        yield Rule.NOT_COMBINABLE


def shared(one: Products, other: Products) -> Shared:
    """What both are about by name. A SKU of one may lie in a category of the other; only a basket tells that."""
    skus = _common(one.skus, other.skus, [*one.exclude.skus, *other.exclude.skus], _open(one), _open(other))
    out = [*one.exclude.categories, *other.exclude.categories]
    categories = _common(one.categories, other.categories, out, _open(one), _open(other))
    return Shared(skus, categories, everything=_open(one) and _open(other))


def _open(products: Products) -> bool:
    """Whether it names nothing, so that everything is in scope."""
    return not (products.skus or products.categories)


def _common(
    mine: Iterable[str],
    theirs: Iterable[str],
    out: Iterable[str],
    mine_open: bool,  # noqa: FBT001  of two sides
    theirs_open: bool,  # noqa: FBT001
) -> tuple[str, ...]:
    left, right = frozenset(mine), frozenset(theirs)
    both = right if mine_open else left if theirs_open else left & right
    return tuple(sorted(both.difference(out)))


def _sentence(terms: Terms, rival: Rival, rules: tuple[Rule, ...], start: datetime, end: datetime | None) -> str:
    said = []
    if Rule.SAME_GROUP in rules:
        said.append(f"is in the group {terms.exclusive_group} too, so a basket gets the one that is worth most")
    if Rule.NOT_COMBINABLE in rules:
        said.append("does not combine with this one")
    until = "" if end is None else f" to {reasons.until_text(end)}"
    return f"{rival.key}, version {rival.version}, {' and '.join(said)}, from {reasons.day_text(start)}{until}."
