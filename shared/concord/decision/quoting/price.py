"""What a basket costs with the offers that apply to it (terms §5). Pure: the same inputs give the same quote."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from concord.decision.quoting.basket import Basket
from concord.decision.quoting.choice import Applied, apply_best
from concord.decision.quoting.effects import Added
from concord.decision.quoting.near import NearMiss, near_misses
from concord.decision.quoting.playing import Candidate, Kept, Playing, in_turn, sort_out
from concord.decision.quoting.till import Till


@dataclass(slots=True)
class Share:
    """What one offer took off: off a line, or off the whole. `text` is its JSON, once somebody wrote it."""

    candidate: Candidate
    discount: int
    text: str | None = None


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """A line with what was taken off it, by which offers in their order."""

    id: str
    quantity: int
    gross: int
    discount: int
    applied: tuple[Share, ...]

    @property
    def net(self) -> int:
        return self.gross - self.discount


@dataclass(frozen=True, slots=True)
class Quote:
    """A priced basket. Amounts are in minor units of its currency; lines are in the order of their ids.

    Attributes:
        delivery: the charge before offers, None where the basket names none, and what was taken off it.
        kept: candidates that were judged and do not apply, with a reason code each.
        idle: candidates in play that were not chosen, or that take nothing off.
    """

    currency: str
    lines: tuple[QuotedLine, ...]
    delivery: int | None
    delivery_discount: int
    applied: tuple[Share, ...]
    added: tuple[tuple[Candidate, Added], ...]
    kept: tuple[Kept, ...]
    idle: tuple[Kept, ...]
    near: tuple[NearMiss, ...]

    @property
    def gross(self) -> int:
        return sum(line.gross for line in self.lines)

    @property
    def discount(self) -> int:
        """Off the goods; what is off the delivery stands apart."""
        return sum(line.discount for line in self.lines)

    @property
    def to_pay(self) -> int:
        return self.gross - self.discount + (self.delivery or 0) - self.delivery_discount


def price_basket(
    offers: Iterable[Candidate],
    facts: Mapping[str, Any],
    basket: Basket,
    codes: frozenset[str] = frozenset(),
    *,
    near: bool = False,
) -> Quote:
    """The basket priced with the best of these offers.

    Args:
        offers: terms that are in their time; each is judged by its criteria, codes, currency and lines.
        facts: what is known of the customer; the basket's own facts are added.
        basket: what is to be priced.
        codes: the public codes that were given, folded.
        near: whether near misses are wanted too.
    """
    return price(Till(basket, facts), offers, codes, near=near)


def price(till: Till, offers: Iterable[Candidate], codes: frozenset[str], *, near: bool = False) -> Quote:
    """As `price_basket`, on a till that nothing was applied to; what applies is off its totals afterwards."""
    found = sort_out(till, offers, codes)
    beginning = till.mark() if near else None
    applied = apply_best(till, found.playing)
    idle = _idle(found.playing, applied)
    misses: list[NearMiss] = []
    if beginning is not None:
        till.back_to(beginning)
        misses = near_misses(till, found.kept, [each for each, kept in idle if kept.code == "nothing_to_reduce"])
    return _quote(till, applied, found.kept, [kept for _, kept in idle], misses)


def price_alone(till: Till, candidate: Candidate, codes: frozenset[str]) -> int | None:
    """What one offer takes off when nothing else does; None when this customer may not have it for this basket.

    The till is as it was afterwards.
    """
    if candidate.lines is not None and not candidate.lines:
        return 0
    found = sort_out(till, [candidate], codes)
    if found.kept:
        return 0 if found.kept[0].code == "scope_empty" else None
    playing = found.playing
    if not in_turn(till, playing[0]):
        return None
    beginning = till.mark()
    taken = candidate.terms.plan.apply(till, playing[0].lines)
    till.back_to(beginning)
    return 0 if taken is None else taken.discount


def _idle(playing: Sequence[Playing], applied: Sequence[Applied]) -> list[tuple[Playing, Kept]]:
    """What was in play and did not apply: another of its group did, or one it does not go with, or to no effect."""
    if len(applied) == len(playing):
        return []
    done = {id(each.playing) for each in applied}
    chosen = [each.playing.candidate for each in applied]
    groups, keys = {each.terms.group for each in chosen} - {None}, {each.key for each in chosen}
    choosy = [each.terms.combines_with for each in chosen if each.terms.combines_with is not None]
    return [(each, _why_idle(each, groups, keys, choosy)) for each in playing if id(each) not in done]


def _why_idle(playing: Playing, groups: set[str | None], keys: set[str], choosy: Sequence[frozenset[str]]) -> Kept:
    """`choosy` are the offers that those which apply and choose their company go with."""
    candidate = playing.candidate
    if candidate.terms.group in groups or candidate.key in keys:
        return Kept(candidate, "better_offer_applied")
    mine = candidate.terms.combines_with
    if not all(candidate.key in each for each in choosy) or (mine is not None and not keys <= mine):
        return Kept(candidate, "not_combinable")
    return playing.kept or Kept(candidate, "nothing_to_reduce")


def _quote(
    till: Till, applied: Sequence[Applied], kept: Sequence[Kept], idle: Sequence[Kept], near: Sequence[NearMiss]
) -> Quote:
    shares: list[list[Share]] = [[] for _ in till.items]
    whole, delivered, added = [], 0, []
    for each in applied:
        candidate, taken = each.playing.candidate, each.taken
        total = Share(candidate, taken.discount)
        for place, off in taken.lines.items():
            shares[place].append(total if off == total.discount else Share(candidate, off))
        whole.append(total)
        delivered += taken.delivery
        if taken.added:
            added += [(candidate, what) for what in taken.added]
    lines = tuple(
        QuotedLine(item.id, item.quantity, item.gross, sum([share.discount for share in own]), tuple(own))
        for item, own in zip(till.items, shares, strict=True)
    )
    return Quote(
        currency=till.currency,
        lines=lines,
        delivery=till.delivery_gross,
        delivery_discount=delivered,
        applied=tuple(whole),
        added=tuple(added),
        kept=tuple(kept),
        idle=tuple(idle),
        near=tuple(near),
    )
