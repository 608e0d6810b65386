"""Products made ready for asking whether a line is among them (terms §2)."""

from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import Final

from concord.decision.products import Products

_NONE: Final[frozenset[str]] = frozenset()
_SHORT: Final = 64  # names of a scope that is worth remembering


@dataclass(frozen=True, slots=True)
class Reach:
    """Which SKUs and categories are in scope."""

    skus: frozenset[str]
    categories: frozenset[str]
    excluded: frozenset[str]
    excluded_categories: frozenset[str]

    @property
    def scoped(self) -> bool:
        """Whether it names products at all; if not, every product is in scope."""
        return bool(self.skus or self.categories)

    @property
    def excludes(self) -> bool:
        """Whether something is left out."""
        return bool(self.excluded or self.excluded_categories)

    def covers(self, sku: str) -> bool:
        """Whether the SKU alone puts a product in scope. Categories are known only of the lines of a basket."""
        return sku not in self.excluded and (sku in self.skus or not self.scoped)

    def has(self, sku: str, categories: frozenset[str]) -> bool:
        """Whether a line of that SKU and those categories is in scope."""
        if sku in self.excluded or not self.excluded_categories.isdisjoint(categories):
            return False
        return sku in self.skus or not self.categories.isdisjoint(categories) or not (self.skus or self.categories)


def reach(products: Products | None) -> Reach:
    """The products made ready; None is everything. Small scopes are one object for all who name them."""
    if products is None:
        return EVERYTHING
    out = products.exclude
    parts = (tuple(products.skus), tuple(products.categories), tuple(out.skus), tuple(out.categories))
    return _remembered(*parts) if sum(map(len, parts)) <= _SHORT else _reach(*parts)


def _reach(
    skus: tuple[str, ...], categories: tuple[str, ...], excluded: tuple[str, ...], excluded_categories: tuple[str, ...]
) -> Reach:
    named = (skus, categories, excluded, excluded_categories)
    return Reach(*(frozenset(map(intern, names)) if names else _NONE for names in named))


_remembered = lru_cache(maxsize=4096)(_reach)
EVERYTHING: Final = _reach((), (), (), ())
