"""Which evaluator terms need at least: builds that are older withhold the offer instead of deciding it wrongly (R4)."""

from collections.abc import Iterator
from typing import Final

from concord.decision import criteria as c
from concord.decision.attributes import BUILT_IN, Kind, names_in
from concord.decision.benefits import AmountOff, Benefit, FixedPrice, PercentOff
from concord.decision.terms import Terms

EVALUATOR: Final = 2  # raised when the same terms and facts may give another answer; part of every certificate (R21)

_OF_FIRST: Final = frozenset({"kind", "price", "basis_points", "of", "cap", "amount", "per"})
_LATER: Final = ("codes", "windows", "max_discount")
_FIRST_KINDS: Final = frozenset({Kind.BOOL, Kind.INT, Kind.STRING})


def least(terms: Terms) -> int:
    """1 where the first evaluator decides the terms alike, else 2."""
    later = any(getattr(terms, name) for name in _LATER) or len(terms.benefits) > 1
    asks_more = any(map(_is_later, _nodes(terms.criteria)))
    return 1 if not later and not asks_more and all(map(_is_first, terms.benefits)) else EVALUATOR


def _is_first(benefit: Benefit) -> bool:
    return isinstance(benefit, FixedPrice | PercentOff | AmountOff) and not (
        set(benefit.model_dump(exclude_defaults=True)) - _OF_FIRST
    )


def _is_later(node: c.Criterion) -> bool:
    if isinstance(node, c.PartOfBasket | c.Containment):
        return True
    for name in names_in(node):
        known = BUILT_IN.get(name)
        if known is None or known.kind not in _FIRST_KINDS or name.startswith(("basket.", "line_item.")):
            return True
    return False


def _nodes(node: c.Criterion | None) -> Iterator[c.Criterion]:
    if isinstance(node, c.AllOf | c.AnyOf):
        for child in node.all if isinstance(node, c.AllOf) else node.any:
            yield from _nodes(child)
    elif isinstance(node, c.Negation):
        yield from _nodes(node.negated)
    elif node is not None:
        yield node
