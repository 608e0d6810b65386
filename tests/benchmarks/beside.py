"""A route of a channel beside a bare one: the same middleware, token check and request model, ready-made bytes."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from concord.engines.process import Command, spawn

from . import load, report
from .report import Percentiles, Section, Spread
from .stack import Site, processor_seconds

CHANNEL: Final = "store_pos"
PERSON: Final = "tom"
CONNECTIONS: Final = 16
BARE_PORT: Final = 380  # offset; no process of the stack has it
WARM_UP: Final = 500  # requests


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured."""

    rounds: int
    seconds: float  # of one turn
    offers: int = 1_000


FULL: Final = Scale(rounds=7, seconds=3.0)
QUICK: Final = Scale(rounds=5, seconds=1.0)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the channel; `check` raises `load.Broken` when the answer is not what is meant."""

    path: str
    body: Any
    check: Callable[[Any], None]
    person: str = PERSON


@dataclass(frozen=True, slots=True)
class Pair:
    """The two that are compared: ports, the one request both are asked, and the process behind each port."""

    ours: int
    bare: int
    asked: bytes
    pids: Mapping[int, int]

    def render(self, _: int) -> bytes:
        return self.asked


@asynccontextmanager
async def pair(site: Site, asked: Asked) -> AsyncIterator[Pair]:
    """The channel, and the bare process beside it with the channel's own answer."""
    request = load.request("POST", asked.path, orjson.dumps(asked.body), await site.bearer(asked.person))
    answer = await _once(site.port(CHANNEL), request)
    if answer.status != 200:
        raise load.Broken(f"The channel does not answer: {answer.status} {answer.body[:1000]!r}")
    asked.check(orjson.loads(answer.body))
    ours, bare = site.port(CHANNEL), site.stack.base + BARE_PORT
    file = site.stack.folder.path / "answer.json"
    file.write_bytes(answer.body)
    async with _bare(site, bare, file) as pid:
        if (await _once(bare, request)).body != answer.body:
            raise load.Broken("The bare route answers something else.")
        yield Pair(ours, bare, request, {ours: site.pids()[CHANNEL], bare: pid})


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


async def capacity(section: Section, both: Pair, scale: Scale, share: float, name: str = "capacity") -> float:
    """Rows of rates; returns the channel's own median rate. `share` of the bare route's is the bar."""
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
        name,
        f"{ours.median:,.0f}/s",
        floor=f"{bare.median:,.0f}/s",
        ratio=ratio.text(),
        bar=f"≥ {share:.2f}",
        met=ratio.median >= share,
    )
    spent, least = Spread.of(costs[both.ours]), Spread.of(costs[both.bare])
    section.row(
        f"{name}: CPU of one answer",
        f"{spent.median:.0f} µs",
        floor=f"{least.median:.0f} µs",
        ratio=Spread.of(bare / ours for ours, bare in zip(costs[both.ours], costs[both.bare], strict=True)).text(),
    )
    section.figures[name] = {"ours": ours, "bare": bare, "ratio": ratio}
    section.figures[f"{name}: cpu_us"] = {"ours": spent, "bare": least}
    return ours.median


async def latency(
    section: Section, both: Pair, scale: Scale, rate: float, bars: tuple[float | None, float | None] = (None, None)
) -> None:
    """Rows of latencies at a rate, open model; `bars` are of p50 and p99 in ms."""
    found: dict[int, list[float]] = {both.ours: [], both.bare: []}
    for turn in range(scale.rounds):
        for port in sorted(found, reverse=bool(turn % 2)):
            run = await load.opened(port, both.render, rate=rate, number=int(rate * scale.seconds))
            run.refuse_failures()
            found[port] += run.latencies
    ours, bare = Percentiles.of(found[both.ours]), Percentiles.of(found[both.bare])
    report.latency_row(section, f"p50 at {rate:,.0f}/s", ours.p50, bare.p50, bars[0])
    report.latency_row(section, f"p99 at {rate:,.0f}/s", ours.p99, bare.p99, bars[1])
    report.latency_row(section, f"max at {rate:,.0f}/s", ours.max, bare.max)
    section.figures[f"latency at {rate:.0f}/s"] = {"rate": rate, "ours": ours, "bare": bare}


def notes(scale: Scale) -> list[str]:
    """How it was measured."""
    return [
        f"{CHANNEL}, {CONNECTIONS} connections, {scale.rounds} rounds in turns of {scale.seconds:g} s; median (range).",
        (
            "Floor: a process of its own with create_app, the token check, telemetry and the request model of the"
            " channel, which returns the same bytes."
        ),
    ]
