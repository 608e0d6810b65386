"""A counter-example put into a sentence."""

from collections.abc import Mapping
from typing import Any, Final

from concord.decision import reasons
from concord.decision.honour import HonourCell
from concord.decision.quote import Ordered
from concord.decision.quoting.basket import Basket
from concord.decision.scalars import Channel
from concord.money import Money, plain
from offer_registry.counterexample.search import GRANTED, CounterExample, Disagreement
from offer_registry.counterexample.sides import Example, added_of, fee_in
from offer_registry.simulation import Stated, Trial, explained

LINES_MOST: Final = 3  # lines of a basket that a sentence names


def worse_off(found: CounterExample, live: Stated, new: Stated) -> str:
    """`Somebody with … who buys … pays 0.00 USD with version 1 and 130.00 USD with version 2. …`"""
    who = f"{_when(found.example, new)}{_person(found.example)}"
    if found.channel is not None:
        return _in_channel(found, found.channel, live, new, who)
    before, after = (_amount(quote.to_pay, quote.currency) for quote in (found.live, found.new))
    paid = f"{who} pays {before} with version {live.number} and {after} with version {new.number}."
    return " ".join([paid, *_lacking(found, new), *because(new, found.example)])


def differing(found: Disagreement) -> str:
    """`Somebody who buys … pays 0.00 USD in web and 5.00 USD in store_pos.`"""
    quote = found.quote
    told = [f"{_amount(quote.to_pay + fee, quote.currency)} in {channel}" for channel, fee in found.fees.items()]
    return f"{_person(found.example)} pays {', '.join(told[:-1])} and {told[-1]}."


def because(stated: Stated, example: Example) -> list[str]:
    """The first reason for which the version does not apply; none when it does."""
    ordered = Ordered(example.basket, example.codes)
    (why,) = explained(Trial([stated], example.facts, example.at, ordered))
    return [reason["sentence"] for reason in why["reasons"][:1]]


def _in_channel(found: CounterExample, channel: Channel, live: Stated, new: Stated, who: str) -> str:
    before, after = (stated.terms.honour.get(channel) for stated in (live, new))
    if {_action(before), _action(after)} <= GRANTED:
        fees = (fee_in(live.terms, channel, found.live.currency), fee_in(new.terms, channel, found.new.currency))
        paid = [
            _amount(quote.to_pay + (fee or 0), quote.currency)
            for quote, fee in zip((found.live, found.new), fees, strict=True)
        ]
        told = f"{paid[0]} with version {live.number} and {paid[1]} with version {new.number}"
        return f"{who} pays {told} in {channel}, with its fee."
    told = f"{channel} says {_spoken_action(before)} with version {live.number}"
    return f"{who}: {told} and {_spoken_action(after)} with version {new.number}."


def _action(cell: HonourCell | None) -> str:
    """A channel of which nothing is said asks a supervisor."""
    return "escalate" if cell is None else cell.action


def _spoken_action(cell: HonourCell | None) -> str:
    return _action(cell).replace("_", " ")


def _when(example: Example, new: Stated) -> str:
    """The instant, where the new version is not valid at it."""
    validity, at = new.terms.validity, example.at
    valid = validity.start <= at and (validity.end is None or at < validity.end)
    return "" if valid else f"On {reasons.day_text(at)}: "


def _person(example: Example) -> str:
    known = " and ".join(f"{name} {_spoken(value)}" for name, value in sorted(example.facts.items()))
    code = f" with the code {', '.join(example.codes)}" if example.codes else ""
    return f"Somebody{f' with {known}' if known else ''} who buys {_bought(example.basket)}{code}"


def _bought(basket: Basket) -> str:
    lines = [
        f"{line.quantity} × {line.sku} at {_amount(line.unit_price, basket.currency)}"
        for line in basket.lines[:LINES_MOST]
    ]
    more = len(basket.lines) - LINES_MOST
    return " and ".join([*lines, *([f"{more} lines more"] if more > 0 else [])])


def _lacking(found: CounterExample, new: Stated) -> list[str]:
    """What the new version no longer adds."""
    before, after = added_of(found.live), added_of(found.new)
    less = [(name, quantity - after.get(name, 0)) for name, quantity in before.items()]
    told = [f"{quantity} {name[2] or '×'} {name[1]}" for name, quantity in less if quantity > 0]
    return [f"Version {new.number} no longer gives {' and '.join(told)}."] if told else []


def _spoken(value: Any) -> str:
    if isinstance(value, Mapping):
        return _amount(value["amount"], value["currency"])
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(value) or "none" if isinstance(value, list) else str(value)


def _amount(amount: int, currency: str) -> str:
    return f"{plain(Money.model_construct(amount=amount, currency=currency))} {currency}"
