"""Whether every channel's view equals the authorities' logs: revision, count and digest of each partition (G1, R13)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from concord.cli.client import CHANNELS, Concord
from concord.cli.words import CHANNEL_NAMES, age

OBSERVER = "operator"
AUTHORITIES = ("registry", "profile")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One partition of a topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Content:
    """What a partition holds, as an authority or a view has it."""

    log: int
    epoch: int
    revision: int
    count: int
    digest: str


Contents = Mapping[Place, Content]


@dataclass(frozen=True, slots=True)
class View:
    """A channel's view: its state, age in ms, and contents."""

    channel: str
    state: str
    age_ms: int | None
    contents: Contents

    @property
    def records(self) -> int:
        return sum(content.count for content in self.contents.values())


@dataclass(frozen=True, slots=True)
class Agreement:
    """The authorities' contents, none when they did not say, and the view of each channel that answered."""

    authorities: Contents
    views: tuple[View, ...]

    @property
    def known(self) -> bool:
        """Whether the authorities said what a view must hold."""
        return bool(self.authorities)

    @property
    def equal(self) -> bool:
        """Whether every view that was read holds it."""
        return self.known and all(not self.differing(view) for view in self.views)

    @property
    def whole(self) -> bool:
        """Whether every channel's view was read and holds it."""
        return self.equal and len(self.views) == len(CHANNELS)

    def differing(self, view: View) -> list[Place]:
        """The partitions in which the view is not what the authority has."""
        return [place for place, content in sorted(self.authorities.items()) if view.contents.get(place) != content]

    def behind(self, view: View) -> int:
        """How many revisions the view has yet to apply."""
        return sum(
            max(0, content.revision - found.revision) if (found := view.contents.get(place)) else content.revision
            for place, content in self.authorities.items()
        )


def contents(topics: list[dict[str, Any]]) -> Contents:
    """From `topics` of `GET /v1/log` or `GET /v1/view`."""
    return {
        Place(topic["topic"], topic["partition"]): Content(
            topic["log"], topic["epoch"], topic["revision"], topic["count"], topic["digest"]
        )
        for topic in topics
    }


async def view(concord: Concord, channel: str) -> View:
    body = (await concord.call(channel, "GET", "/v1/view", person=OBSERVER)).body
    return View(channel, body["state"], body["age_ms"], contents(body["topics"]))


async def authorities(concord: Concord) -> Contents:
    answers = await asyncio.gather(*(concord.call(name, "GET", "/v1/log", person=OBSERVER) for name in AUTHORITIES))
    return {place: content for answer in answers for place, content in contents(answer.body["topics"]).items()}


async def compare(concord: Concord) -> Agreement:
    """Read the authorities first, then the views, so that a view that is up to date is seen to be."""
    logs = await authorities(concord)
    return Agreement(logs, tuple(await asyncio.gather(*(view(concord, channel) for channel in CHANNELS))))


COLUMNS = ("", "state", "age", "records", "equal")


def rows(found: Agreement) -> list[list[str]]:
    """A row per view for people, under `COLUMNS`."""
    return [_row(found, view) for view in found.views]


def _row(found: Agreement, view: View) -> list[str]:
    return [CHANNEL_NAMES[view.channel], view.state, age(view.age_ms), f"{view.records:,}", _equal(found, view)]


def _equal(found: Agreement, view: View) -> str:
    if not found.known:
        return "–"
    if not found.differing(view):
        return "= yes"
    behind = found.behind(view)
    if not behind:
        return "≠ no, at the same revision"
    return f"≠ {behind:,} revision{'s' if behind > 1 else ''} behind"


def documents(found: Agreement) -> list[dict[str, Any]]:
    """An object per view for programs; `behind` and `equal` are null when no authority said what there is."""
    return [
        {
            "channel": view.channel,
            "state": view.state,
            "age_ms": view.age_ms,
            "records": view.records,
            "behind": found.behind(view) if found.known else None,
            "equal": not found.differing(view) if found.known else None,
        }
        for view in found.views
    ]
