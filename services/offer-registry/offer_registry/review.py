"""What a reviewer is shown of a version: what it lacks, what each channel does, what is in its way, who loses by it.

The search is pure and takes up to a second or two, so it runs beside the loop.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from concord.decision.honour import HonourCell
from concord.decision.scalars import Channel
from concord.errors import FieldError
from concord.eventlog.outbox import Connection
from concord.storage import postgres
from offer_registry import attributes, store
from offer_registry.activation import LIVE
from offer_registry.conflicts import Conflict, conflicts
from offer_registry.counterexample.search import Disagreement, Searched, disagreement, search
from offer_registry.domain import Lifecycle, Offer, OfferVersion
from offer_registry.errors import Incomplete
from offer_registry.handlers import Registry, broken_references
from offer_registry.simulation import Stated, stated_version
from offer_registry.vocabulary import AttributeRegistry

RIVALS_MOST: Final = 1_000  # live offers that are looked at, and read one by one
CONFLICTS_MOST: Final = 100  # that are told


@dataclass(frozen=True, slots=True)
class Found:
    """What the searches found. Without a live version beside the one reviewed there is nothing to lose by."""

    searched: Searched | None
    between_channels: Disagreement | None


@dataclass(frozen=True, slots=True)
class Review:
    """Everything about one version."""

    offer: Offer
    version: OfferVersion
    stated: Stated
    locales: tuple[str, ...]
    missing: tuple[FieldError, ...]
    conflicts: tuple[Conflict, ...]
    more_conflicts: bool
    live: Stated | None
    found: Found

    def cell(self, channel: Channel) -> HonourCell | None:
        return self.version.terms.honour.get(channel)

    def cards(self, channel: Channel) -> dict[str, bool]:
        """For each locale that is required or that some channel has a card in, whether this channel has one."""
        every = self.version.terms.cards
        locales = sorted({*self.locales, *(locale for cards in every.values() for locale in cards)})
        return {locale: locale in every.get(channel, {}) for locale in locales}


async def review(registry: Registry, name: str, number: int, now: datetime) -> Review:
    """A version as a reviewer needs to see it.

    Raises:
        OfferUnknown: there is no such offer.
        VersionUnknown: it has no such version.
    """
    async with postgres.connection(registry.pool) as connection:
        offer = await store.fetch_offer(connection, name)
        version = await store.fetch_version(connection, offer, number)
        known = await attributes.registry_for(connection, version.terms)
        locales = version.required_locales or registry.required_locales
        broken = await broken_references(connection, version)
        rivals = await store.fetch_rivals(connection, offer, version.terms, RIVALS_MOST)
        live = await _live(connection, offer, version)
    stated = stated_version(offer, version, known)
    missing = _missing(version, now, locales, broken, known)
    ways = await asyncio.to_thread(conflicts, offer.key, version.terms, rivals)
    found = await asyncio.to_thread(_search, stated, live, now)
    more = len(ways) > CONFLICTS_MOST or len(rivals) == RIVALS_MOST
    return Review(offer, version, stated, locales, missing, tuple(ways[:CONFLICTS_MOST]), more, live, found)


def _missing(
    version: OfferVersion,
    now: datetime,
    locales: Sequence[str],
    broken: Sequence[FieldError],
    known: AttributeRegistry,
) -> tuple[FieldError, ...]:
    """What `submit` would name if it were a draft now: asked of submit itself, so that the two cannot differ."""
    try:
        replace(version, lifecycle=Lifecycle.DRAFT).submit(version.authors[0], now, locales, broken, known)
    except Incomplete as refused:
        return tuple(refused.errors)
    return ()


async def _live(connection: Connection, offer: Offer, version: OfferVersion) -> Stated | None:
    """The offer's LIVE version, if it is another one."""
    lived = [each.activation for each in await store.list_activations(connection, offer)]
    number = next((each.version for each in lived if each.place == LIVE), None)
    if number is None or number == version.number:
        return None
    return stated_version(offer, await store.fetch_version(connection, offer, number))


def _search(stated: Stated, live: Stated | None, now: datetime) -> Found:
    return Found(None if live is None else search(live, stated, now), disagreement(stated, now))
