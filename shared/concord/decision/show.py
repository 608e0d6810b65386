"""What a channel shows now: the body of `GET /v1/offers` (api §4, §6)."""

from dataclasses import dataclass
from datetime import datetime

import orjson

from concord.decision.cards import in_locale
from concord.decision.catalogue import Catalogue
from concord.decision.compile import CompiledVersion
from concord.decision.scalars import instant_text
from concord.decision.script import money_bytes, script
from concord.decision.timing import Freshness, Interval


@dataclass(frozen=True, slots=True)
class Shown:
    """An offer that a channel shows to everybody, before it is known who asks."""

    version: CompiledVersion
    channel: str
    locale: str

    def to_bytes(self) -> bytes:
        """`{offer, version, title, description, benefits, fee, customer_pays, instead_of, start, end}`."""
        terms, own = self.version.terms, script(self.version.terms, self.channel, self.locale).stance
        title = in_locale(terms.titles, self.locale)
        description = in_locale(terms.descriptions, self.locale)
        return orjson.dumps(
            {
                "offer": self.version.key,
                "version": self.version.version,
                "title": None if title is None else title[1],
                "description": None if description is None else description[1],
                "benefits": orjson.Fragment(terms.benefits),
                "fee": orjson.Fragment(money_bytes(own.fee)),
                "customer_pays": orjson.Fragment(money_bytes(own.pays)),
                "instead_of": orjson.Fragment(money_bytes(terms.price.instead_of)),
                "start": instant_text(terms.start),
                "end": _end(terms.end),
            }
        )


def _end(end: datetime | None) -> str | None:
    return None if end is None else instant_text(end)


def shown(
    catalogue: Catalogue, channel: str, interval: Interval | None, freshness: Freshness, locale: str = "en"
) -> list[Shown]:
    """What the channel shows, by (priority, key): LIVE, shown in this channel, surely in its time (R1, R16).

    A FENCED view shows nothing (R17); neither does one that has not adopted a heartbeat, whose interval is None.
    """
    if freshness is Freshness.FENCED:
        return []
    return [
        Shown(offer.live, channel, locale)
        for offer in catalogue.live()
        if offer.live is not None and channel in offer.live.terms.shown_in and offer.live.window.surely_inside(interval)
    ]
