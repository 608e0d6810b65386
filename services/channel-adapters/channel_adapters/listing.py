"""What a channel shows now (`GET /v1/offers`, api §4)."""

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

import orjson

from channel_adapters.answers import Ground
from concord.decision.compile import CompiledOffer, CompiledVersion
from concord.decision.decide import Asking
from concord.decision.listing import is_shown
from concord.decision.question import Question, Setting
from concord.decision.scalars import instant_text
from concord.money import Money
from concord.web.pagination import PageRequest, cursor

EVERYTHING: Final = Question()


def shown(ground: Ground, setting: Setting, page: PageRequest) -> tuple[bytes, str | None]:
    """A page of what the channel shows, as JSON, and the cursor of the next; by (priority, key) (terms §3)."""
    asking = Asking(EVERYTHING, ground.view, setting)
    live = (offer.live for offer in ground.view.catalogue.live() if _behind(offer, page.after))
    found = list(islice((version for version in live if version and is_shown(asking, version)), page.limit + 1))
    items, more = found[: page.limit], len(found) > page.limit
    following = cursor(*_place(items[-1])) if more else None
    return orjson.dumps({"items": [_item(version, setting) for version in items], "next": following}), following


def _behind(offer: CompiledOffer, after: tuple[Any, ...] | None) -> bool:
    if after is None or offer.live is None:
        return True
    place = _place(offer.live)
    # A cursor of another list may hold anything: it is compared as text then, and shows what comes behind.
    return place > after if list(map(type, after)) == [int, str] else True


def _place(version: CompiledVersion) -> tuple[int, str]:
    return (version.terms.priority, version.key)


def _item(version: CompiledVersion, setting: Setting) -> Mapping[str, Any]:
    terms = version.terms
    stance = terms.stances.get(setting.channel)
    return {
        "offer": version.key,
        "version": version.version,
        "title": dict(terms.titles),
        "description": dict(terms.descriptions),
        "benefits": orjson.Fragment(terms.benefits),
        "fee": _money(stance.fee) if stance else None,
        "customer_pays": _money(stance.pays) if stance else None,
        "instead_of": _money(terms.price.instead_of),
        "start": instant_text(terms.start),
        "end": instant_text(terms.end) if terms.end else None,
    }


def _money(amount: Money | None) -> Mapping[str, Any] | None:
    return None if amount is None else {"amount": amount.amount, "currency": amount.currency}
