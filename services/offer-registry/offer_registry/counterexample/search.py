"""The search: people and baskets priced with both versions until one is worse off, then made smaller."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final, TypeAlias

from concord.decision.attributes import names_in
from concord.decision.benefits import Benefit, BundlePrice
from concord.decision.compile import Stance
from concord.decision.limits import text_of
from concord.decision.quoting.basket import Basket
from concord.decision.quoting.price import Quote
from concord.decision.scalars import CHANNELS, Channel
from concord.decision.script import NO_CELL
from concord.decision.terms import Terms
from concord.money import Money
from offer_registry.counterexample.baskets import baskets, currencies_between
from offer_registry.counterexample.instants import instants
from offer_registry.counterexample.people import Facts, people
from offer_registry.counterexample.shrinking import smallest
from offer_registry.counterexample.sides import Example, Side, codes_between, fee_in, loses, side
from offer_registry.simulation import Stated

PAIRS_MOST: Final = 6_000  # pairs of quotes of one search
WORK_MOST: Final = 40_000  # lines times benefits of them; an item of a bundle counts as a benefit
FACTS_MOST: Final = 10_000  # sets of facts that are held against the criteria
FIRST_PART: Final = 2  # one pair in so many is for the instant, codes and currency that both versions have

GRANTED: Final = frozenset({"native", "honour", "honour_with_fee"})
PLAIN_NO: Final = ("", "criterion_not_met", "scope_empty", "nothing_to_reduce")
Context: TypeAlias = tuple[datetime, tuple[str, ...], str]
Pair: TypeAlias = tuple[Quote, Quote]  # with the live version, and with the new one


@dataclass(frozen=True, slots=True)
class CounterExample:
    """Somebody who is worse off; in one channel, or in all when it is None."""

    example: Example
    live: Quote
    new: Quote
    channel: Channel | None = None


@dataclass(frozen=True, slots=True)
class Searched:
    """What was found, and how many pairs of quotes were looked at."""

    found: CounterExample | None
    pairs: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Somebody who pays more for the offer in one channel than in another: its fee in each that gives it."""

    example: Example
    quote: Quote
    fees: dict[Channel, int]


def search(live: Stated, new: Stated, now: datetime) -> Searched:
    """The smallest counter-example found: somebody who is worse off with the new version than with the live one.

    First what the offer takes off and adds, which no channel changes; then what each channel makes of it. Pure and
    deterministic; at most `PAIRS_MOST` pairs of quotes, and `WORK_MOST` in all, which is a second or two.
    """
    return _Search(side(live), side(new), now).run()


def disagreement(new: Stated, now: datetime) -> Disagreement | None:
    """Somebody for whom two channels ask different sums for the offer, because one of them takes a fee."""
    only = side(new)
    if len(set(map(str, _cells(new.terms)))) < 2:  # all that give it ask the same
        return None
    searching = _Search(only, only, now)
    reached = next((example for example, (_, quote) in searching.pairs() if quote.applied), None)
    if reached is None:
        return None
    small = smallest(reached, lambda each: bool(only.price(each).applied))
    quote = only.price(small)
    fees = _fees(only, quote)
    return Disagreement(small, quote, fees) if len(set(fees.values())) > 1 else None


class _Search:
    """One search."""

    def __init__(self, live: Side, new: Side, now: datetime) -> None:
        self._live = live
        self._new = new
        self._now = now
        self._moments = instants(live, new, now)
        self._timed = any("now" in names_in(each.terms.criteria) for each in (live, new))
        self._load = sum(_load(benefit) for each in (live, new) for benefit in each.terms.benefits)
        self._everybody: dict[datetime, list[Facts]] = {}
        self._baskets: dict[str, list[Basket]] = {}
        self._pairs = self._work = 0

    def run(self) -> Searched:
        reached: Example | None = None
        for example, (old, new) in self.pairs():
            if loses(old, new):
                return Searched(self._smaller(example, None), self._pairs)
            if reached is None and old.applied and new.applied:
                reached = example
        return Searched(None if reached is None else self._in_a_channel(reached), self._pairs)

    def pairs(self) -> Iterator[tuple[Example, Pair]]:
        """Everything worth a look, each priced with both."""
        contexts = self._contexts()
        for place, context in enumerate(contexts):
            parts = FIRST_PART if place == 0 and len(contexts) > 1 else len(contexts) - place
            share, work = (PAIRS_MOST - self._pairs) // parts, (WORK_MOST - self._work) // parts
            work += self._work
            for example in islice(self._examples(*context), share):
                if self._work >= work:
                    break
                self._pairs += 1
                self._work += 1 + len(example.basket.lines) * self._load
                yield example, self._priced(example)

    def _contexts(self) -> list[Context]:
        """Instants, codes and currencies, the simplest together first."""
        old, new = self._live.terms, self._new.terms
        chosen = [
            (moment + place + rank, (at, given, currency))
            for moment, at in enumerate(self._moments)
            for place, given in enumerate(codes_between(_texts(old), _texts(new)))
            for rank, currency in enumerate(currencies_between(old, new))
        ]
        return [context for _, context in sorted(chosen, key=lambda each: each[0])]

    def _examples(self, at: datetime, codes: tuple[str, ...], currency: str) -> Iterator[Example]:
        """The smallest basket with everybody, then the next."""
        everybody = self._people(at if self._timed else self._now)
        if currency not in self._baskets:
            self._baskets[currency] = baskets(self._live, self._new, currency)
        for basket in self._baskets[currency]:
            yield from (Example(at, facts, basket, codes) for facts in everybody)

    def _people(self, at: datetime) -> list[Facts]:
        if at not in self._everybody:
            tries = FACTS_MOST // (len(self._moments) if self._timed else 1)
            self._everybody[at] = people(self._live, self._new, at, tries)
        return self._everybody[at]

    def _priced(self, example: Example) -> Pair:
        return self._live.price(example), self._new.price(example)

    def _smaller(self, example: Example, channel: Channel | None) -> CounterExample:
        """The smallest that can be made of it. What was a plain no does not become a question about a missing fact."""
        why = _why(self._new.price(example))

        def still(each: Example) -> bool:
            old, new = self._priced(each)
            lost = loses(old, new) if channel is None else self._worse_in(channel, old, new)
            return lost and _why(new) in {why, *PLAIN_NO}

        small = smallest(example, still)
        return CounterExample(small, *self._priced(small), channel)

    def _in_a_channel(self, example: Example) -> CounterExample | None:
        """The first channel that gives the offer on worse conditions."""
        for channel in CHANNELS:
            if self._worse_in(channel, *self._priced(example)):
                return self._smaller(example, channel)
        return None

    def _worse_in(self, channel: Channel, old: Quote, new: Quote) -> bool:
        before, after = _stance(self._live, channel), _stance(self._new, channel)
        if not (old.applied and new.applied):
            return False
        if before.action in GRANTED and after.action in GRANTED:
            mine, theirs = (fee_in(each.terms, channel, old.currency) for each in (self._live, self._new))
            return mine is not None and theirs is not None and old.to_pay + mine < new.to_pay + theirs
        return before.better_for_customer(after)


def _load(benefit: Benefit) -> int:
    return len(benefit.items) if isinstance(benefit, BundlePrice) else 1


def _why(quote: Quote) -> str:
    """Why the offer does not apply; empty when it does."""
    return next((each.code for each in (*quote.kept, *quote.idle)), "")


def _stance(side: Side, channel: Channel) -> Stance:
    return side.compiled.stances.get(channel, NO_CELL)


def _fees(side: Side, quote: Quote) -> dict[Channel, int]:
    """The fee in each channel that gives the offer."""
    giving = [channel for channel in CHANNELS if _stance(side, channel).action in GRANTED]
    found = {channel: fee_in(side.terms, channel, quote.currency) for channel in giving}
    return {channel: fee for channel, fee in found.items() if fee is not None}


def _cells(terms: Terms) -> list[Money | None]:
    """The fee of each channel that gives the offer, if it takes one."""
    return [getattr(cell, "fee", None) for cell in terms.honour.values() if cell.action in GRANTED]


def _texts(terms: Terms) -> Sequence[str]:
    return [text_of(code) for code in terms.codes]
