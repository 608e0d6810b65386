"""The two versions that are held against each other, and how each prices an example."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from concord.decision.attributes import Attribute
from concord.decision.compile import CompiledTerms, attributes_of, compile_offer
from concord.decision.honour import HonourWithFee
from concord.decision.limits import fold_code
from concord.decision.quoting.basket import Basket
from concord.decision.quoting.playing import Candidate
from concord.decision.quoting.price import Quote, price_basket
from concord.decision.scalars import Channel
from concord.decision.terms import Terms
from concord.decision.timing import Window
from offer_registry.simulation import Stated


@dataclass(frozen=True, slots=True)
class Example:
    """Somebody who buys something at an instant."""

    at: datetime
    facts: Mapping[str, Any]
    basket: Basket
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Side:
    """A version of the offer, made ready."""

    stated: Stated
    compiled: CompiledTerms
    window: Window
    attributes: Mapping[str, Attribute]

    @property
    def terms(self) -> Terms:
        return self.stated.terms

    @property
    def number(self) -> int:
        return self.stated.number

    def price(self, example: Example) -> Quote:
        """What the basket costs with this version and no other offer."""
        candidate = Candidate(self.stated.key, self.number, self.compiled)
        playing = [candidate] if self.window.holds(example.at) else []
        codes = frozenset(map(fold_code, example.codes))
        return price_basket(playing, {**example.facts, "now": example.at}, example.basket, codes)


def side(stated: Stated) -> Side:
    """The version made ready, as channels would have it."""
    record = stated.record()
    (version,) = compile_offer(record).versions
    return Side(stated, version.terms, version.window, attributes_of(record.versions[0]))


def worth(quote: Quote) -> int:
    """What the customer is better off by: what was taken off, and what free items count."""
    return quote.discount + quote.delivery_discount + sum(added.worth for _, added in quote.added)


def loses(old: Quote, new: Quote) -> bool:
    """Whether the customer is worse off with the new quote: less is taken off, or as much and less is added."""
    if worth(old) != worth(new):
        return worth(new) < worth(old)
    given, lacking = added_of(new), added_of(old)
    return any(given.get(name, 0) < quantity for name, quantity in lacking.items())


def added_of(quote: Quote) -> dict[tuple[str, str, str], int]:
    """How many of each free item and entitlement, by kind, name and unit."""
    found: dict[tuple[str, str, str], int] = {}
    for _, added in quote.added:
        name = (added.kind, added.name, added.unit or "")
        found[name] = found.get(name, 0) + added.quantity
    return found


def fee_in(terms: Terms, channel: Channel, currency: str) -> int | None:
    """What the channel asks on top, in minor units; None when that is in another currency."""
    cell = terms.honour.get(channel)
    if not isinstance(cell, HonourWithFee):
        return 0
    return cell.fee.amount if cell.fee.currency == currency else None


def codes_between(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, ...]]:
    """Codes worth presenting, as written: one of both, one that only the live version knows, and where it needs none,
    one that only the new one does. Without codes in the live version nobody needs one.
    """
    known, offered = {fold_code(code): code for code in old}, {fold_code(code): code for code in new}
    common, gone = sorted(known.keys() & offered.keys()), sorted(known.keys() - offered.keys())
    if known:
        return [(known[folded[0]],) for folded in (common, gone) if folded]
    return [(), *((offered[folded],) for folded in sorted(offered)[:1])]
