"""What terms still lack before they can be reviewed: found at submit, all of it at once (api §2).

Whether the offers that are named exist, and lead nowhere in a circle, only the registry knows.
"""

from collections.abc import Iterator, Sequence

from concord.decision import effectiveness
from concord.decision.amounts import currencies
from concord.decision.benefits import stated
from concord.decision.cards import PLACEHOLDERS, unknown_placeholders
from concord.decision.honour import NEEDS_CARD, HonourWithFee, Refer
from concord.decision.limits import Limit, LimitedCode, Limits
from concord.decision.pricing import unit_price
from concord.decision.scalars import CHANNELS, Channel
from concord.decision.terms import Terms
from concord.errors import FieldError


def missing(terms: Terms, required_locales: Sequence[str]) -> list[FieldError]:
    """Every missing or contradictory piece, with its JSON Pointer below the terms; none when they are complete."""
    return [
        *_empty_cells(terms),
        *_missing_cards(terms, required_locales),
        *_placeholders(terms),
        *_refer_loops(terms),
        *_currencies(terms),
        *_limits(terms),
        *_validity(terms),
        *_products(terms),
        *effectiveness.without_effect(terms),
    ]


def _empty_cells(terms: Terms) -> Iterator[FieldError]:
    for channel in CHANNELS:
        if channel not in terms.honour:
            detail = f"say what {channel} does when a customer brings this offer"
            yield FieldError(f"/honour/{channel}", detail, "honour_cell_missing")


def _missing_cards(terms: Terms, required_locales: Sequence[str]) -> Iterator[FieldError]:
    for channel, cell in terms.honour.items():
        cards = terms.cards.get(channel, {})
        for locale in required_locales if cell.action in NEEDS_CARD else ():
            if locale not in cards:
                detail = f"{channel} needs a card in {locale}, because its action is {cell.action}"
                yield FieldError(f"/cards/{channel}/{locale}", detail, "card_missing")


def _placeholders(terms: Terms) -> Iterator[FieldError]:
    for channel, cards in terms.cards.items():
        for locale, card in cards.items():
            for pointer, text in card.texts():
                where = f"/cards/{channel}/{locale}{pointer}"
                for unknown in unknown_placeholders(text):
                    known = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
                    yield FieldError(where, f"{unknown} is no placeholder; there are {known}", "placeholder_unknown")
                yield from _without_value(terms, channel, where, text)


def _without_value(terms: Terms, channel: Channel, where: str, text: str) -> Iterator[FieldError]:
    """Placeholders that can never be filled; those of a promise stand only in answers to one."""
    price = unit_price(terms)
    cell = terms.honour.get(channel)
    values = {
        "price": price.pays is not None,
        "customer_pays": price.pays is not None,
        "regular_price": terms.regular_price is not None,
        "fee": isinstance(cell, HonourWithFee),
    }
    for name, known in values.items():
        if not known and f"{{{name}}}" in text:
            detail = f"{{{name}}} has no value here: the offer states none, or only a basket tells"
            yield FieldError(where, detail, "placeholder_without_value")


def _refer_loops(terms: Terms) -> Iterator[FieldError]:
    for channel in terms.honour:
        if _refers_back(terms, channel):
            detail = f"a customer sent on from {channel} comes back to it; let one channel of the circle honour"
            yield FieldError(f"/honour/{channel}/to", detail, "refer_loop")


def _refers_back(terms: Terms, start: Channel) -> bool:
    """Whether following the referrals from this channel leads to it again."""
    at = start
    for _ in CHANNELS:
        cell = terms.honour.get(at)
        if not isinstance(cell, Refer):
            return False
        at = cell.to
        if at == start:
            return True
    return False


def _currencies(terms: Terms) -> Iterator[FieldError]:
    """Every amount of an offer with a regular price must name its currency; fees are paid with the price (terms §1)."""
    regular = terms.regular_price
    if regular is not None:
        for pointer, named in _stated(terms):
            if regular.currency not in named:
                detail = f"name an amount in {regular.currency}, the currency of the regular price"
                yield FieldError(pointer, detail, "currency_differs")
    own = frozenset({regular.currency}) if regular is not None else _named(terms)
    for channel, cell in terms.honour.items():
        if isinstance(cell, HonourWithFee) and own and cell.fee.currency not in own:
            detail = f"state the fee in {' or '.join(sorted(own))}, as the price"
            yield FieldError(f"/honour/{channel}/fee/currency", detail, "currency_differs")
    if regular is None and not _common(terms):
        yield FieldError("/benefits", "no currency has all of the amounts, so it fits no basket", "currency_differs")


def own_currencies(terms: Terms) -> frozenset[str]:
    """The currencies the offer is made in; none when it states no amount, and then it is made in all."""
    regular = terms.regular_price
    return _named(terms) if regular is None else _named(terms) | {regular.currency}


def _limits(terms: Terms) -> Iterator[FieldError]:
    """Limits of money that the offer never gives."""
    own = own_currencies(terms)
    places: list[tuple[str, Limits]] = [("/limits", terms.limits)]
    places += [
        (f"/codes/{n}/limits", code.limits) for n, code in enumerate(terms.codes) if isinstance(code, LimitedCode)
    ]
    for pointer, limits in places:
        for index, limit in enumerate(limits):
            if isinstance(limit, Limit) and limit.money is not None and own and limit.money.currency not in own:
                detail = f"count it in {' or '.join(sorted(own))}, as the price"
                yield FieldError(f"{pointer}/{index}/money/currency", detail, "currency_differs")


def _stated(terms: Terms) -> list[tuple[str, frozenset[str]]]:
    """Every amount with its JSON Pointer and the currencies it is stated in."""
    found = [
        (f"/benefits/{index}{pointer}", currencies(amounts))
        for index, benefit in enumerate(terms.benefits)
        for pointer, amounts in stated(benefit)
    ]
    return found if terms.max_discount is None else [*found, ("/max_discount", currencies(terms.max_discount))]


def _named(terms: Terms) -> frozenset[str]:
    return frozenset().union(*(named for _, named in _stated(terms)))


def _common(terms: Terms) -> bool:
    every = [named for _, named in _stated(terms)]
    return not every or bool(frozenset.intersection(*every))


def _validity(terms: Terms) -> Iterator[FieldError]:
    start, end = terms.validity.start, terms.validity.end
    if end is not None and end <= start:
        yield FieldError("/validity/end", "it must be later than the start", "end_before_start")


def _products(terms: Terms) -> Iterator[FieldError]:
    """A scope of which everything is excluded again."""
    scope, out = terms.products, terms.products.exclude
    emptied = set(scope.skus) <= set(out.skus) and set(scope.categories) <= set(out.categories)
    if (scope.skus or scope.categories) and emptied:
        yield FieldError("/products/exclude", "nothing is left in scope", "scope_empty")
