"""Near misses: what the customer would have to add for an offer to apply, and what it would be worth (terms §5)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from concord.decision import criteria as c
from concord.decision.compile import CompiledTerms, read_criteria
from concord.decision.kleene import explain
from concord.decision.quoting.effects import BuyGet, Tiers
from concord.decision.quoting.playing import Candidate, Kept, Playing, facts_for
from concord.decision.quoting.till import Till
from concord.decision.reach import Reach, reach
from concord.money import Money

SHOWN_MOST: Final = 5
TRIED_MOST: Final = 50  # candidates looked at, in offer order: a basket has many that it is far from


@dataclass(frozen=True, slots=True)
class Missing:
    """What is lacking: so many units, or so much money, of these products; of anything when none are named."""

    units: int | None = None
    amount: Money | None = None
    skus: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An offer that would apply with any one of these, and what it would take off the basket as it is, if known."""

    candidate: Candidate
    missing: tuple[Missing, ...]
    worth: int | None


def near_misses(till: Till, kept: Iterable[Kept], idle: Iterable[Playing]) -> list[NearMiss]:
    """Of offers that a threshold keeps from applying, and of those in play that lack units, those worth most.

    `till` is as it was before any offer applied.
    """
    unmet = sorted((each for each in kept if each.code == "criterion_not_met"), key=lambda each: each.candidate.place)
    found = [near for each in unmet[:TRIED_MOST] for near in _below_threshold(till, each.candidate)]
    found += [near for playing in list(idle)[:TRIED_MOST] for near in _too_few(till, playing)]
    found.sort(key=lambda near: (-(near.worth or 0), near.candidate.place))
    return found[:SHOWN_MOST]


def _below_threshold(till: Till, candidate: Candidate) -> Iterator[NearMiss]:
    terms = candidate.terms
    if terms.criteria is None or terms.gates.basket is None:
        return
    criteria = read_criteria(terms.criteria)
    facts = facts_for(till, candidate)
    failed = [part for part in _conjuncts(criteria) if explain(part, facts).result is not True]
    alternatives = [_alternatives(till, part) for part in failed]
    if len(alternatives) == 1 and alternatives[0] and not candidate.promises:
        yield NearMiss(candidate, tuple(alternatives[0]), _worth(till, candidate))


def _conjuncts(criteria: c.Criterion) -> Sequence[c.Criterion]:
    return criteria.all if isinstance(criteria, c.AllOf) else [criteria]


def _alternatives(till: Till, part: c.Criterion) -> list[Missing]:
    """What would make it true: any one of these; empty when it is no threshold of the basket."""
    options = part.any if isinstance(part, c.AnyOf) else [part]
    return [missing for option in options if (missing := _lacking(till, option)) is not None]


def _lacking(till: Till, part: c.Criterion) -> Missing | None:
    if isinstance(part, c.PartOfBasket) and part.op in {"gte", "gt"}:
        return _lacking_items(till, part)
    if not isinstance(part, c.Order) or part.op not in {"gte", "gt"}:
        return None
    more = int(part.op == "gt")
    if part.attribute == "basket.quantity" and isinstance(part.value, int):
        return Missing(units=part.value + more - sum(item.quantity for item in till.items))
    wanted = part.value
    of_sum = part.attribute in {"basket.subtotal", "basket.running_subtotal"}
    if of_sum and isinstance(wanted, Money) and wanted.currency == till.currency:
        return Missing(amount=_money(till, wanted.amount + more - sum(till.totals)))
    return None


def _lacking_items(till: Till, part: c.PartOfBasket) -> Missing | None:
    skus, categories, more = tuple(part.items.skus), tuple(part.items.categories), int(part.op == "gt")
    have = till.measure(reach(part.items), part.measure)
    if isinstance(part.value, Money):
        short = _money(till, part.value.amount + more - have)
        return Missing(None, short, skus, categories) if part.value.currency == till.currency else None
    return Missing(int(part.value) + more - have, None, skus, categories)


def _money(till: Till, amount: int) -> Money:
    return Money(amount=max(0, amount), currency=till.currency)


def _worth(till: Till, candidate: Candidate) -> int | None:
    """What it would take off the basket as it is, its threshold aside."""
    lines = till.within(candidate.terms.reach, till.offered())
    if candidate.terms.gates.line is not None:
        lines = [place for place in lines if candidate.terms.gates.line(till.facts_of(place))]
    return _trial(till, candidate.terms, lines)


def _trial(till: Till, terms: CompiledTerms, lines: Sequence[int]) -> int | None:
    mark = till.mark()
    taken = terms.plan.apply(till, lines)
    till.back_to(mark)
    return None if taken is None else taken.discount


def _too_few(till: Till, playing: Playing) -> Iterator[NearMiss]:
    """One more group of a buy-x-get-y, or the first step of tiers."""
    for part in playing.candidate.terms.plan.parts:
        lines = part.narrowed(till, playing.lines)
        if isinstance(part.kind, BuyGet) and (units := _units_short(till, part.kind, lines)):
            named = part.kind.buys if part.kind.buys.scoped else playing.candidate.terms.reach
            yield NearMiss(playing.candidate, (_of(named, units=units),), None)
        if isinstance(part.kind, Tiers) and (first := _step_short(till, part.kind, lines)) is not None:
            yield NearMiss(playing.candidate, (first,), None)


def _of(reach: Reach, units: int) -> Missing:
    return Missing(units=units, skus=tuple(sorted(reach.skus)), categories=tuple(sorted(reach.categories)))


def _units_short(till: Till, kind: BuyGet, lines: Sequence[int]) -> int:
    """Units that the first group lacks, once at least one is there; 0 when it is complete or nothing is."""
    pool = kind.pool(till, lines)
    there = sum(pool.free.values())
    slack = pool.slack(kind.rule.buy, kind.rule.get)
    return -slack if there and slack < 0 else 0


def _step_short(till: Till, kind: Tiers, lines: Sequence[int]) -> Missing | None:
    whole = [(place, till.items[place].quantity) for place in lines]
    short = kind.steps[0].begins(till) - kind.measured(till, whole)
    if short <= 0:
        return None
    return Missing(amount=_money(till, short)) if kind.by_spend else Missing(units=short)
