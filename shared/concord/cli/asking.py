"""One question to all four channels with one instant."""

import asyncio
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from concord.cli import comparison
from concord.cli.client import ASKS_IN, CHANNELS, Concord
from concord.cli.comparison import Heard
from concord.cli.errors import CommandError
from concord.clock import Clock, milliseconds, rfc3339


@dataclass(frozen=True, slots=True)
class Question:
    """Who is meant and what is asked for: `customer`, `offers` and `products` of api §4."""

    customer: dict[str, str] = field(default_factory=dict)
    offers: tuple[str, ...] = ()
    products: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.customer or self.offers or self.products)

    @property
    def named(self) -> bool:
        """Whether something is asked for by name, rather than whatever there is."""
        return bool(self.offers or self.products)

    def body(self, at: str) -> dict[str, Any]:
        parts = {"customer": self.customer, "offers": list(self.offers), "products": list(self.products)}
        return {name: part for name, part in parts.items() if part} | {"at": at}


def instant(clock: Clock) -> str:
    """Now, in ms: the one `at` of all four requests."""
    return rfc3339(milliseconds(clock.now()))


async def ask_all(
    concord: Concord, question: Question, clock: Clock, at_least: AbstractSet[str] = frozenset()
) -> list[Heard]:
    """Ask all channels at once, no older than the tokens; answers in the order of `CHANNELS`.

    Answers from different revisions are asked again with the newest tokens (protocol R21).
    """
    heard = await _round(concord, question, instant(clock), at_least)
    if comparison.same_inputs(heard):
        return heard
    newest = {token.strip() for answer in heard for token in answer.view.split(",") if token.strip()}
    return await _round(concord, question, instant(clock), at_least | newest)


async def _round(concord: Concord, question: Question, at: str, at_least: AbstractSet[str]) -> list[Heard]:
    return list(await asyncio.gather(*(_ask(concord, channel, question, at, at_least) for channel in CHANNELS)))


async def _ask(concord: Concord, channel: str, question: Question, at: str, at_least: AbstractSet[str]) -> Heard:
    headers = {"concord-at-least": ", ".join(sorted(at_least))} if at_least else {}
    person, body = ASKS_IN[channel], question.body(at)
    try:
        answer = await concord.call(channel, "POST", "/v1/decisions", person=person, json=body, headers=headers)
    except CommandError as error:
        return Heard(channel, error=error)
    return Heard(channel, body=answer.body, view=answer.view, age_ms=answer.age_ms)
