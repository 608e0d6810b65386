"""Imports: the real campaign, how soon a large one is visible, and single commits beside a bare capped UPDATE."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Final

import asyncpg
import orjson

from concord.cli import agreement
from concord.cli.client import CHANNELS
from concord.cli.importing import PROMISES, Importer

from . import floor, load, material, report
from .loaded import Imported
from .report import Section, Spread
from .stack import Site

IMPORT_BAR: Final = 60.0  # s
VISIBLE_BAR: Final = 5.0  # s
EACH: Final = 0.02  # s between two looks at a view
OFFERS: Final = 20
HOUSEHOLDS: Final = 1_000
CONNECTIONS: Final = 16
ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Look:
    """What a channel had applied at an instant of the wall clock: the sum of its revisions."""

    channel: str
    at: float
    revisions: int


async def measure(loaded: Imported, *, quick: bool) -> Section:
    """The section. The campaign is whole also when quick: a part of it would be of nothing."""
    section = Section("import", "Imports")
    report.seconds_row(section, "completejourney, command → every channel equal", loaded.seconds, IMPORT_BAR)
    section.row("completejourney, rate", f"{loaded.lines / loaded.seconds:,.0f} lines/s")
    whole = loaded.agreed.whole
    section.row("digests equal in all channels", "yes" if whole else "no", bar="yes", met=whole)
    section.figures["completejourney"] = {"seconds": loaded.seconds, "account": loaded.account, "agreed": whole}
    site, number = loaded.site, 2_000 if quick else 10_000
    await material.load_offers(site, OFFERS)
    await material.load_households(site, HOUSEHOLDS)
    await material.settle(site)
    await _visible(section, site, number)
    await _single(section, site, seconds=1.0 if quick else 3.0)
    return section


async def _visible(section: Section, site: Site, number: int) -> None:
    """From the last commit of an import to the last channel that has everything."""
    stopped, looks = asyncio.Event(), list[Look]()
    async with asyncio.TaskGroup() as group:
        for channel in CHANNELS:
            group.create_task(_look(site, channel, looks, stopped))
        tally = await Importer(site.concord, PROMISES, "bench").upload(
            material.promise_lines(number, OFFERS, HOUSEHOLDS), lambda _: None
        )
        await material.settle(site)
        stopped.set()
    material.refuse_refusals(tally)
    first, last = await _commits(site, number)
    contents = await agreement.authorities(site.concord)
    whole = sum(content.revision for content in contents.values())
    seen = {channel: _reached(looks, channel, whole) for channel in CHANNELS}
    seconds = max(seen.values()) - last.timestamp()
    report.seconds_row(section, f"{number:,} promises imported, last commit → visible in all", seconds, VISIBLE_BAR)
    section.row("their rate, first to last commit", f"{number / (last - first).total_seconds():,.0f} lines/s")
    section.figures["visible"] = {"number": number, "seconds": seconds, "committing": (last - first).total_seconds()}
    section.notes.append(
        f"Visible: each channel's view is looked at every {EACH * 1_000:.0f} ms; the first look that has every revision"
        " counts, against committed_at of the last."
    )


async def _look(site: Site, channel: str, looks: list[Look], stopped: asyncio.Event) -> None:
    asked = load.request("GET", "/v1/view", headers=await site.bearer("operator"))
    async with load.connected(site.port(channel)) as connection:
        while not stopped.is_set():
            answer = await connection.ask(asked)
            revisions = sum(topic["revision"] for topic in orjson.loads(answer.body)["topics"])
            looks.append(Look(channel, time.time(), revisions))
            await asyncio.sleep(EACH)


def _reached(looks: Iterable[Look], channel: str, revisions: int) -> float:
    return min(look.at for look in looks if look.channel == channel and look.revisions >= revisions)


async def _commits(site: Site, number: int) -> tuple[datetime, datetime]:
    """When the first and the last of the newest `number` records of the profile were committed."""
    connection = await asyncpg.connect(site.stack.postgres_url("customer_profile"))
    try:
        row = await connection.fetchrow(
            "SELECT min(committed_at) AS first, max(committed_at) AS last"
            " FROM (SELECT committed_at FROM outbox ORDER BY committed_at DESC LIMIT $1) newest",
            number,
        )
        assert row is not None  # an aggregate has a row
        return row["first"], row["last"]
    finally:
        await connection.close()


async def _single(section: Section, site: Site, seconds: float) -> None:
    """Promises one by one, closed loop, beside the bare statement with as many connections."""
    bearer, numbers = await site.bearer("campaign"), count(time.time_ns())

    def render(_: int) -> bytes:
        number = next(numbers)
        body = orjson.dumps(material.promise(number, OFFERS, HOUSEHOLDS))
        return load.request("POST", "/v1/promises", body, {**bearer, "idempotency-key": f"single-{number}"})

    ours, bare = list[float](), list[float]()
    async with floor.capped_table(site.stack.postgres_url("customer_profile"), CONNECTIONS) as pool:
        for turn in range(ROUNDS + 1):
            run = await load.closed(site.port("profile"), render, connections=CONNECTIONS, seconds=seconds)
            run.refuse_failures()
            other = await floor.capped_updates(pool, connections=CONNECTIONS, seconds=seconds)
            if turn:  # the first warms up
                ours.append(run.rate)
                bare.append(other.rate)
    ratio = Spread.of(one / other for one, other in zip(ours, bare, strict=True))
    section.row(
        "single commits: POST /v1/promises beside a capped UPDATE … RETURNING",
        f"{Spread.of(ours).median:,.0f}/s",
        floor=f"{Spread.of(bare).median:,.0f}/s",
        ratio=ratio.text(),
    )
    section.figures["single"] = {"ours": Spread.of(ours), "bare": Spread.of(bare), "ratio": ratio}
