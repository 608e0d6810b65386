"""Baskets in all four channels, each answer held against the kernel's own from the authorities' records.

The whole answer is compared: lines, totals, promises, near misses, what the channel does, certificate and digests. Only
`hypothetical` is not, which says how far the instant is from the channel's clock.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from concord.cli.client import CHANNELS, Concord
from concord.cli.completejourney import authorities, mapping
from concord.cli.completejourney.authorities import Offers
from concord.cli.completejourney.baskets import Visit
from concord.clock import milliseconds, rfc3339
from concord.decision.facts import HouseholdView
from concord.decision.question import Question, setting_at
from concord.decision.quote import Ordered, quote

AUDITOR: Final = "auditor"  # may ask for any instant, in any channel
AT_ONCE: Final = 8  # baskets
TRIES: Final = 3  # with newer records each time, while the catalogue or the household moves on
CHANNEL_BLIND: Final = ("lines", "delivery", "totals", "to_pay", "applied", "added", "promises")  # the same everywhere

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Compared:
    """One basket: what each channel answered, and what the kernel says for that channel."""

    visit: Visit
    heard: dict[str, Document]
    kernel: dict[str, Document]

    @property
    def same_everywhere(self) -> bool:
        """Whether all channels say the same sums, promises and terms digest."""
        return len({orjson.dumps(_owed(body), option=orjson.OPT_SORT_KEYS) for body in self.heard.values()}) == 1

    @property
    def same_as_kernel(self) -> bool:
        """Whether every channel says what the kernel says for it, to the last member."""
        return all(_comparable(self.heard[channel]) == self.kernel[channel] for channel in CHANNELS)

    @property
    def reached(self) -> bool:
        """Whether there is anything to differ in: an offer that applies, or a promise."""
        kernel = self.kernel[CHANNELS[0]]
        return bool(kernel["applied"] or kernel["promises"])


def _owed(body: Document) -> Document:
    return {name: body[name] for name in CHANNEL_BLIND} | {"digest": body["certificate"]["terms_digest"]}


def _comparable(body: Document) -> Document:
    return {name: value for name, value in body.items() if name != "hypothetical"}


class Asking:
    """Asks for baskets; what it read of the authorities is kept until a channel knows better."""

    def __init__(self, concord: Concord, offers: Offers) -> None:
        self._concord = concord
        self._offers = offers
        self._households: dict[int, HouseholdView] = {}

    async def compare(self, visits: Sequence[Visit]) -> AsyncIterator[Compared]:
        """Each of the visits, some at once, in their order."""
        for start in range(0, len(visits), AT_ONCE):
            for compared in await asyncio.gather(*map(self.ask, visits[start : start + AT_ONCE])):
                yield compared

    async def ask(self, visit: Visit) -> Compared:
        """One visit.

        Raises:
            AnswerIsNo: its household was not imported.
            CommandError: a channel or an authority does not answer.
        """
        compared = await self._ask(visit)
        for _ in range(TRIES - 1):
            if compared.same_as_kernel or not _moved(compared):
                break
            self._offers = await authorities.offers(self._concord)
            self._households.pop(visit.household, None)
            compared = await self._ask(visit)
        return compared

    async def _ask(self, visit: Visit) -> Compared:
        household, offers = await self._household(visit.household), self._offers
        kernel = {channel: _quoted(visit, household, offers, channel) for channel in CHANNELS}
        bodies = await asyncio.gather(*(self._call(visit, household, channel) for channel in CHANNELS))
        return Compared(visit, dict(zip(CHANNELS, bodies, strict=True)), kernel)

    async def _household(self, household: int) -> HouseholdView:
        known = self._households.get(household)
        if known is None:
            known = await authorities.household(self._concord, mapping.household_ref(household))
            self._households[household] = known
        return known

    async def _call(self, visit: Visit, household: HouseholdView, channel: str) -> Document:
        asked = {"customer": {"household": household.id}, "basket": visit.document(), "at": rfc3339(visit.at)}
        answer = await self._concord.call(channel, "POST", "/v1/quotes", person=AUDITOR, json=asked)
        body: Document = answer.body
        return body


def _quoted(visit: Visit, household: HouseholdView, offers: Offers, channel: str) -> Document:
    """The kernel's answer as the channel."""
    setting = setting_at(channel, milliseconds(visit.at))
    answered = quote(Question(household=household.id), Ordered(visit.asked()), offers.view(household), setting)
    document: Document = orjson.loads(answered.to_bytes())
    return document


def _moved(compared: Compared) -> bool:
    """Whether some channel answered from other records than the kernel."""
    known = compared.kernel[CHANNELS[0]]["certificate"]
    seen = [body["certificate"] for body in compared.heard.values()]
    return any(each[name] != known[name] for each in seen for name in ("catalogue", "household"))
