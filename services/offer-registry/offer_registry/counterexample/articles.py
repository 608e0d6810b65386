"""Articles that one version is about and the other is not, by SKU and category."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from pydantic import TypeAdapter, ValidationError

from concord.decision import criteria as c
from concord.decision.benefits import BundlePrice, BuyXGetY, FreeItem
from concord.decision.products import Products
from concord.decision.reach import Reach, reach
from concord.decision.scalars import Category, Sku
from concord.decision.terms import Terms
from offer_registry.counterexample.sides import Side
from offer_registry.counterexample.values import comparisons

ARTICLES_MOST: Final = 10
GROUPS_MOST: Final = 24  # groups of products of a version that are looked at
SKUS_MOST: Final = 16  # SKUs that articles are made from
CATEGORIES_MOST: Final = 8
TOGETHER_MOST: Final = 2  # categories of one article
UNNAMED: Final = "ARTICLE"

_SKU: TypeAdapter[str] = TypeAdapter(Sku)
_CATEGORY: TypeAdapter[str] = TypeAdapter(Category)
Groups = dict[str, Products]  # where they stand in the terms → products


@dataclass(frozen=True, slots=True)
class Article:
    """Something that can be bought."""

    sku: str
    categories: tuple[str, ...] = ()

    def within(self, group: Reach) -> bool:
        return group.has(self.sku, frozenset(self.categories))


class Shelf:
    """The articles that tell two versions apart, the ones that both are about first.

    Attributes:
        articles: at most `ARTICLES_MOST`.
    """

    def __init__(self, live: Side, new: Side) -> None:
        self._terms = live.terms, new.terms
        self._old, self._new = live.compiled.reach, new.compiled.reach
        self._chosen = live.compiled.gates.line
        self._groups = groups(live.terms), groups(new.terms)
        pools = [*(terms.products for terms in self._terms), *self._groups[0].values(), *self._groups[1].values()]
        self._made = list(_articles(list(_skus(pools)), _categories(pools)))
        found = dict.fromkeys(article for article in self._wanted() if article is not None)
        self.articles = list(found)[:ARTICLES_MOST]

    def bundles(self) -> list[list[tuple[Article, int]]]:
        """For each bundle of a version an article with its quantity for each item, as far as there are such."""
        found = [benefit for terms in self._terms for benefit in terms.benefits if isinstance(benefit, BundlePrice)]
        return [list(self._filling(bundle)) for bundle in found]

    def _filling(self, bundle: BundlePrice) -> Iterator[tuple[Article, int]]:
        for item in bundle.items:
            article = self._find([self._old, reach(item.products)])
            if article is not None:
                yield article, item.quantity

    def _wanted(self) -> Iterator[Article | None]:
        yield self._find([self._old, self._new])
        yield self._find([self._old], [self._new])
        before, after = ({where: reach(each) for where, each in side.items()} for side in self._groups)
        for where in sorted(before.keys() | after.keys()):
            own, other = before.get(where), after.get(where)
            if own is not None and other is not None and own != other:
                yield self._find([self._old, own], [other])
            for group in (own, other):
                if group is not None:
                    yield self._find([self._old, group])
                    yield self._find([self._old], [group])
                    yield self._find([group])
        yield self._find([], [self._old, self._new])

    def _find(self, inside: Sequence[Reach], outside: Sequence[Reach] = ()) -> Article | None:
        """The first article that is in all of these groups and none of those."""
        for article in self._made:
            fits = all(map(article.within, inside)) and not any(map(article.within, outside))
            if fits and (self._old not in inside or self._may_be_chosen(article)):
                return article
        return None

    def _may_be_chosen(self, article: Article) -> bool:
        """Whether the live version's criteria on lines let it pass, as far as that depends on the article."""
        facts = {"line_item.sku": article.sku, "line_item.categories": frozenset(article.categories)}
        return self._chosen is None or self._chosen(facts) is not False


def _articles(skus: Sequence[str], categories: Sequence[str]) -> Iterator[Article]:
    for many in range(TOGETHER_MOST + 1):
        for together in combinations(categories, many):
            yield from (Article(sku, together) for sku in skus)


def groups(terms: Terms) -> Groups:
    """The groups of products that terms name inside their scope, by where they stand."""
    return dict(list(_groups(terms))[:GROUPS_MOST])


def _groups(terms: Terms) -> Iterator[tuple[str, Products]]:
    for index, benefit in enumerate(terms.benefits):
        where = f"/benefits/{index}"
        own: Products | None = getattr(benefit, "products", None)
        if own is not None:
            yield where, own
        yield from _of_kind(benefit, where)
        yield from _of_criteria(getattr(benefit, "criteria", None), where)
    yield from _of_criteria(terms.criteria, "")


def _of_kind(benefit: object, where: str) -> Iterator[tuple[str, Products]]:
    if isinstance(benefit, BuyXGetY):
        parts = (("buy", benefit.buy.products), ("get", benefit.get.products))
        yield from ((f"{where}/{name}", products) for name, products in parts if products is not None)
    elif isinstance(benefit, BundlePrice):
        yield from ((f"{where}/items/{place}", item.products) for place, item in enumerate(benefit.items))
    elif isinstance(benefit, FreeItem):
        yield f"{where}/sku", Products(skus=[benefit.sku])


def _of_criteria(criteria: c.Criterion | None, where: str) -> Iterator[tuple[str, Products]]:
    """Parts of the basket, and what criteria on lines name."""
    for place, node in enumerate(comparisons(criteria)):
        if isinstance(node, c.PartOfBasket):
            yield f"{where}/criteria/{place}", node.items
        elif not isinstance(node, c.Existence) and node.attribute in {"line_item.sku", "line_item.categories"}:
            yield f"{where}/criteria/{place}", _named(node.attribute, node.value)


def _named(attribute: str, value: object) -> Products:
    """The values as products; those that can be none are left out."""
    values = value if isinstance(value, list) else [value]
    if attribute == "line_item.sku":
        return Products(skus=[each for each in values if _fits(_SKU, each)])
    return Products(categories=[each for each in values if _fits(_CATEGORY, each)])


def _fits(kind: TypeAdapter[str], value: object) -> bool:
    try:
        kind.validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


def _skus(pools: Sequence[Products]) -> Iterator[str]:
    """A few SKUs that tell the groups apart, then one that nobody names."""
    scopes = [frozenset(each.skus) for each in pools[:2]]
    out = [frozenset(each.exclude.skus) for each in pools[:2]]
    sets = [scopes[0] & scopes[1], scopes[0] - scopes[1], out[1] - out[0], out[0] - out[1]]
    for each in pools[2:]:
        inner = frozenset(each.skus)
        sets += [inner & scopes[0], inner - scopes[1], inner, frozenset(each.exclude.skus)]
    sets += scopes
    named = frozenset().union(*scopes, *out, *(each.skus for each in pools))
    yield from _few(sets, SKUS_MOST - 1)
    yield next(name for number in range(len(named) + 1) if (name := f"{UNNAMED}-{number + 1}") not in named)


def _categories(pools: Sequence[Products]) -> list[str]:
    scopes = [frozenset(each.categories) for each in pools[:2]]
    out = [frozenset(each.exclude.categories) for each in pools[:2]]
    sets = [scopes[0] & scopes[1], scopes[0] - scopes[1], out[1] - out[0], out[0] - out[1]]
    for each in pools[2:]:
        sets += [frozenset(each.categories), frozenset(each.exclude.categories)]
    return _few([*sets, *scopes], CATEGORIES_MOST)


def _few(sets: Iterable[frozenset[str]], most: int) -> list[str]:
    """The least name of each, each once."""
    return list(dict.fromkeys(min(names) for names in sets if names))[:most]
