"""Baskets that tell two versions apart, small ones first."""

from collections.abc import Iterator, Sequence
from itertools import combinations, zip_longest
from typing import Final

from concord.decision.amounts import currencies
from concord.decision.benefits import stated
from concord.decision.quoting.basket import UNITS_MOST, Basket, BasketLine
from concord.decision.terms import Terms
from concord.money import Money
from offer_registry.counterexample import numbers
from offer_registry.counterexample.articles import Article, Shelf
from offer_registry.counterexample.sides import Side
from offer_registry.counterexample.values import comparisons

BASKETS_MOST: Final = 1_500
PAIRED_MOST: Final = 2  # of the least and of the largest quantities, and of the prices, of each of two lines
ARTICLES_PAIRED: Final = 6
CURRENCY: Final = "USD"  # where no amount is named
OTHER_CURRENCY: Final = "EUR"

Line = tuple[Article, int, int]  # how many units at which price


def baskets(old: Side, new: Side, currency: str) -> list[Basket]:
    """Baskets of one line, of two, of bundles and of everything, with each charge for delivery."""
    made = [lines for lines in _lines(old, new, currency) if sum(units for _, units, _ in lines) <= UNITS_MOST]
    charges = numbers.deliveries(old.terms, new.terms, currency)
    found = [_basket(lines, currency, charges[0]) for lines in made[: BASKETS_MOST - len(charges) + 1]]
    return found + [_basket(made[0], currency, charge) for charge in charges[1:] if made]


def currencies_between(old: Terms, new: Terms) -> list[str]:
    """A currency that both versions are made in, and one that only the live one is."""
    before, after = _currencies(old), _currencies(new)
    if before is None:
        usual = [*sorted(_asked(old) | _asked(new)), CURRENCY]
        common = usual[:1] if after is None else sorted(after)[:1]
        return common + [each for each in [*usual, OTHER_CURRENCY] if after is not None and each not in after][:1]
    common = sorted(before if after is None else before & after)[:1]
    return common + sorted(before - after)[:1] if after is not None else common


def _currencies(terms: Terms) -> frozenset[str] | None:
    """Those in which every amount is stated; None when there is none, so that any will do."""
    named = [currencies(amounts) for benefit in terms.benefits for _, amounts in stated(benefit)]
    named += [currencies(terms.max_discount)] if terms.max_discount is not None else []
    return frozenset.intersection(*named) if named else None


def _asked(terms: Terms) -> frozenset[str]:
    """The currencies of the regular price and of what criteria are held against."""
    values = [node.value for node in comparisons(terms.criteria)]
    flat = [each for value in values for each in (value if isinstance(value, list) else [value])]
    regular = [terms.regular_price] if terms.regular_price is not None else []
    return frozenset(each.currency for each in [*flat, *regular] if isinstance(each, Money))


def _lines(old: Side, new: Side, currency: str) -> Iterator[Sequence[Line]]:
    """Small baskets first, and of each kind some early."""
    shelf, terms = Shelf(old, new), (old.terms, new.terms)
    counts, costs = numbers.quantities(*terms), numbers.prices(*terms, currency)
    single = _single(shelf.articles, counts, costs, numbers.sums(*terms, currency))
    many = [*_bundled(shelf, costs), *_all_of_them(shelf.articles, counts, costs)]
    together = zip_longest(single, _paired(shelf.articles, counts, costs), many)
    yield from (lines for some in together for lines in some if lines is not None)


def _single(
    articles: Sequence[Article], counts: Sequence[int], costs: Sequence[int], sums: Sequence[int]
) -> list[Sequence[Line]]:
    """One line, those first that are simple in all respects together."""
    ranked: list[tuple[int, int, Sequence[Line]]] = []
    for place, article in enumerate(articles):
        for more, count in enumerate(counts):
            reaching = [each for total in sums for each in (-(-total // count), (total - 1) // count) if each > 0]
            for rank, cost in enumerate(dict.fromkeys([*costs, *(reaching if count > 1 else [])])):
                ranked.append((place + more + rank, len(ranked), [(article, count, cost)]))
    return [lines for _, _, lines in sorted(ranked, key=lambda each: each[:2])]


def _paired(articles: Sequence[Article], counts: Sequence[int], costs: Sequence[int]) -> list[Sequence[Line]]:
    """Two lines, of two articles or of one at two prices."""
    some = list(dict.fromkeys([*counts[:PAIRED_MOST], *counts[-PAIRED_MOST:]]))
    cheap = list(dict.fromkeys([*costs[:PAIRED_MOST], costs[0] // 2 or 1]))
    lines = [
        (place + more + rank, (article, count, cost))
        for place, article in enumerate(articles[:ARTICLES_PAIRED])
        for more, count in enumerate(some)
        for rank, cost in enumerate(cheap)
    ]
    ranked: list[tuple[int, int, Sequence[Line]]] = [
        (rank + other_rank, place, [one, other])
        for place, ((rank, one), (other_rank, other)) in enumerate(combinations(lines, 2))
        if one[0] is not other[0] or one[2] != other[2]
    ]
    return [lines for _, _, lines in sorted(ranked, key=lambda each: each[:2])][:BASKETS_MOST]


def _bundled(shelf: Shelf, costs: Sequence[int]) -> Iterator[Sequence[Line]]:
    for times in (1, 2):
        for cost in costs:
            for bundle in shelf.bundles():
                if bundle:
                    yield [(article, quantity * times, cost) for article, quantity in bundle]


def _all_of_them(articles: Sequence[Article], counts: Sequence[int], costs: Sequence[int]) -> Iterator[Sequence[Line]]:
    for count in counts:
        if len(articles) > 1:
            yield from ([(article, count, cost) for article in articles] for cost in costs[:PAIRED_MOST])


def _basket(lines: Sequence[Line], currency: str, delivery: int | None) -> Basket:
    made = [
        BasketLine(
            id=str(place), sku=article.sku, categories=list(article.categories), quantity=quantity, unit_price=price
        )
        for place, (article, quantity, price) in enumerate(lines, start=1)
    ]
    return Basket(currency=currency, delivery=delivery, lines=made)
