"""Offers that name other offers as their alternative: each must exist and last as long, and no path may lead back
(api §6).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from concord.decision.scalars import instant_text
from concord.decision.terms import Terms
from concord.errors import FieldError


class Node(NamedTuple):
    """An offer's id, the keys and ids its newest version names, and when that ends; None for never."""

    id: str
    names: tuple[str, ...]
    ends: datetime | None = None


Graph = Mapping[str, Node]
"""Offers by key and by id; one that is missing does not exist."""


def named(terms: Terms) -> dict[str, str]:
    """The keys and ids these terms name, by the JSON Pointer where each stands."""
    found = {
        f"/honour/{channel}/offer": cell.offer for channel, cell in terms.honour.items() if cell.action == "alternative"
    }
    if terms.alternative is not None:
        found["/alternative"] = terms.alternative
    return found


def broken(offer: str, terms: Terms, graph: Graph) -> list[FieldError]:
    """References of the offer (its id) that lead nowhere, back to it, or to one that is over before it."""
    errors = []
    for pointer, target in named(terms).items():
        if target not in graph:
            errors.append(FieldError(pointer, f"There is no offer {target}.", "offer_unknown"))
        elif _leads_to(offer, target, graph):
            errors.append(FieldError(pointer, f"{target} leads back to this offer; name another.", "circular"))
        elif (ends := graph[target].ends) is not None and _is_before(ends, terms.validity.end):
            detail = f"{target} ends at {instant_text(ends)}, before this offer; name one that lasts as long."
            errors.append(FieldError(pointer, detail, "alternative_ends_earlier"))
    return errors


def _is_before(ends: datetime, end: datetime | None) -> bool:
    return end is None or ends < end


def _leads_to(offer: str, start: str, graph: Graph) -> bool:
    seen, waiting = set(), [start]
    while waiting:
        node = graph.get(waiting.pop())
        if node is None or node.id in seen:
            continue
        if node.id == offer:
            return True
        seen.add(node.id)
        waiting += node.names
    return False
