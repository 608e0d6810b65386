"""Near misses: what the customer would have to add for an offer to apply, and what it would be worth (terms §5)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from concord.decision import criteria as c
from concord.decision.attributes import names_in
from concord.decision.compile import CompiledTerms, read_criteria
from concord.decision.gates import asks_basket
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
    facts, asked = facts_for(till, candidate), _asked(candidate, terms.criteria)
    failed = [part for part in asked if explain(part, facts, terms.attributes).result is not True]
    alternatives = [_alternatives(till, part) for part in failed]
    if len(alternatives) == 1 and alternatives[0]:
        yield NearMiss(candidate, tuple(alternatives[0]), _worth(till, candidate))


def _asked(candidate: Candidate, criteria: bytes) -> Iterator[c.Criterion]:
    """What gates it, each condition by itself; of promised terms what gates the basket (terms §6)."""
    whole = read_criteria(criteria)
    for part in whole.all if isinstance(whole, c.AllOf) else [whole]:
        if not candidate.promises or asks_basket(names_in(part)):
            yield part


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
        scope = part.reach if part.reach.scoped else playing.candidate.terms.reach
        missing: list[Missing] = []
        if isinstance(part.kind, BuyGet):
            missing = [_of(reach if reach.scoped else scope, units) for reach, units in _lacks(till, part.kind, lines)]
        elif isinstance(part.kind, Tiers):
            missing = _step_short(till, part.kind, lines, scope)
        if missing:
            yield NearMiss(playing.candidate, tuple(missing), None)


def _of(reach: Reach, units: int | None = None, amount: Money | None = None) -> Missing:
    return Missing(units, amount, tuple(sorted(reach.skus)), tuple(sorted(reach.categories)))


def _lacks(till: Till, kind: BuyGet, lines: Sequence[int]) -> Iterator[tuple[Reach, int]]:
    """How many units to buy, or to get, would complete the first group, once at least one is there.

    Nothing when it is complete, or when some of both are lacking, which no one addition brings.
    """
    pool, buy = kind.pool(till, lines), kind.rule.buy
    get = 1 if kind.rule.partial else kind.rule.get
    short = -pool.slack(buy, get)
    if short <= 0 or not any(pool.free.values()):
        return
    if kind.buys == kind.gets:
        yield kind.buys, short
        return
    if short <= buy and pool.slack(buy - short, get) >= 0:
        yield kind.buys, short
    if short <= get and pool.slack(buy, get - short) >= 0:
        yield kind.gets, short


def _step_short(till: Till, kind: Tiers, lines: Sequence[int], scope: Reach) -> list[Missing]:
    whole = [(place, till.items[place].quantity) for place in lines]
    short = kind.steps[0].begins(till) - kind.measured(till, whole)
    if short <= 0:
        return []
    return [_of(scope, amount=_money(till, short)) if kind.by_spend else _of(scope, short)]
