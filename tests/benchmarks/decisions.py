"""`POST /v1/decisions` with 1,000 offers loaded, beside a bare route that returns the same bytes ready-made."""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from concord.engines.process import Command, spawn

from . import load, material, report
from .report import Percentiles, Section, Spread
from .stack import Site, processor_seconds, started

CHANNEL: Final = "store_pos"
PERSON: Final = "tom"
OFFERS: Final = 1_000
CONNECTIONS: Final = 16
BARE_PORT: Final = 380  # offset; no process of the stack has it
SHARE: Final = 0.60  # of the bare route's rate
WARM_UP: Final = 500  # requests


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured."""

    rounds: int
    seconds: float  # of one turn
    offers: int = OFFERS


FULL: Final = Scale(rounds=7, seconds=3.0)
QUICK: Final = Scale(rounds=5, seconds=1.0)


@dataclass(frozen=True, slots=True)
class Pair:
    """The two that are compared: ports, the one request both are asked, and the process behind each port."""

    ours: int
    bare: int
    asked: bytes
    pids: Mapping[int, int]

    def render(self, _: int) -> bytes:
        return self.asked


async def measure(*, quick: bool) -> Section:
    """The section."""
    scale = QUICK if quick else FULL
    title = f"POST /v1/decisions, {scale.offers:,} offers loaded, one customer by number, one promise, one offer asked"
    section = Section("decisions", title)
    async with started() as site:
        await material.load_offers(site, scale.offers)
        await material.make_customer(site)
        await material.settle(site)
        async with pair(site) as both:
            rate = await _capacity(section, both, scale)
            await _latency(section, both, scale, rate / 2)
    section.notes.append(
        f"{CHANNEL}, {CONNECTIONS} connections, {scale.rounds} rounds in turns of {scale.seconds:g} s; median (range)."
    )
    section.notes.append(
        "Floor: a process of its own with create_app, the token check, telemetry and the request model of the channel,"
        " which returns the same bytes."
    )
    return section


@asynccontextmanager
async def pair(site: Site) -> AsyncIterator[Pair]:
    """The channel, and the bare process beside it with the channel's own answer."""
    body = orjson.dumps({"customer": {"number": material.NUMBER}, "offers": [material.OFFER]})
    asked = load.request("POST", "/v1/decisions", body, await site.bearer(PERSON))
    answer = await _once(site.port(CHANNEL), asked)
    verdicts = [item["verdict"] for item in orjson.loads(answer.body)["items"]]
    if answer.status != 200 or verdicts != ["honour_with_fee"]:
        raise load.Broken(f"The channel does not honour the promise: {answer.status} {answer.body[:1000]!r}")
    ours, bare = site.port(CHANNEL), site.stack.base + BARE_PORT
    file = site.stack.folder.path / "answer.json"
    file.write_bytes(answer.body)
    async with _bare(site, bare, file) as pid:
        if (await _once(bare, asked)).body != answer.body:
            raise load.Broken("The bare route answers something else.")
        yield Pair(ours, bare, asked, {ours: site.pids()[CHANNEL], bare: pid})


@asynccontextmanager
async def _bare(site: Site, port: int, file: Path) -> AsyncIterator[int]:
    argv = (sys.executable, "-m", "tests.benchmarks.bare", str(port), str(file))
    child = await spawn(Command("bare", argv, site.stack.folder.logs / "bare.log", site.environ()))
    try:
        await load.until_answering(port, child.tail)
        yield child.pid
    finally:
        await child.stop()


async def _once(port: int, asked: bytes) -> load.Answer:
    async with load.connected(port) as connection:
        return await connection.ask(asked)


async def _capacity(section: Section, both: Pair, scale: Scale) -> float:
    """Rows of rates; returns the channel's own median rate."""
    for port in (both.ours, both.bare):
        await load.closed(port, both.render, connections=CONNECTIONS, seconds=30, most=WARM_UP)
    rates: dict[int, list[float]] = {both.ours: [], both.bare: []}
    costs: dict[int, list[float]] = {both.ours: [], both.bare: []}
    for turn in range(scale.rounds):
        for port in sorted(rates, reverse=bool(turn % 2)):
            before = processor_seconds(both.pids[port])
            run = await load.closed(port, both.render, connections=CONNECTIONS, seconds=scale.seconds)
            run.refuse_failures()
            rates[port].append(run.rate)
            costs[port].append((processor_seconds(both.pids[port]) - before) / len(run.latencies) * 1e6)
    ours, bare = Spread.of(rates[both.ours]), Spread.of(rates[both.bare])
    ratio = Spread.of(one / other for one, other in zip(rates[both.ours], rates[both.bare], strict=True))
    section.row(
        "capacity",
        f"{ours.median:,.0f}/s",
        floor=f"{bare.median:,.0f}/s",
        ratio=ratio.text(),
        bar=f"≥ {SHARE:.2f}",
        met=ratio.median >= SHARE,
    )
    spent, least = Spread.of(costs[both.ours]), Spread.of(costs[both.bare])
    section.row(
        "CPU of one answer",
        f"{spent.median:.0f} µs",
        floor=f"{least.median:.0f} µs",
        ratio=Spread.of(bare / ours for ours, bare in zip(costs[both.ours], costs[both.bare], strict=True)).text(),
    )
    section.figures["capacity"] = {"ours": ours, "bare": bare, "ratio": ratio}
    section.figures["cpu_us"] = {"ours": spent, "bare": least}
    return ours.median


async def _latency(section: Section, both: Pair, scale: Scale, rate: float) -> None:
    found: dict[int, list[float]] = {both.ours: [], both.bare: []}
    for turn in range(scale.rounds):
        for port in sorted(found, reverse=bool(turn % 2)):
            run = await load.opened(port, both.render, rate=rate, number=int(rate * scale.seconds))
            run.refuse_failures()
            found[port] += run.latencies
    ours, bare = Percentiles.of(found[both.ours]), Percentiles.of(found[both.bare])
    report.latency_row(section, f"p50 at {rate:,.0f}/s", ours.p50, bare.p50)
    report.latency_row(section, f"p99 at {rate:,.0f}/s", ours.p99, bare.p99)
    report.latency_row(section, f"max at {rate:,.0f}/s", ours.max, bare.max)
    section.figures["latency"] = {"rate": rate, "ours": ours, "bare": bare}
