"""Commit→visible: from a change's `committed_at` until the slowest of the four channels answered from it.

A change is sent at its planned instant, whatever became of those before (open model). As soon as the authority
answered, each channel is asked for its view with the write's token in `Concord-At-Least`, which it answers once it
has the change. Between two changes one record goes through aiokafka alone, on the same broker.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any, Final

import asyncpg
import orjson

from concord.cli.client import CHANNELS
from concord.contracts import topics

from . import load, material, ownmetric, report
from .floor import RawLog, raw_log
from .pace import instants
from .report import Percentiles, Section
from .stack import Site, started, view_readers

RATE: Final = 20.0  # changes a second
OFFERS: Final = 20
HOUSEHOLDS: Final = 200
CONNECTIONS: Final = 16  # to each process
RAW_BYTES: Final = 2_000  # about the value of an offer's record
WARM_UP: Final = 40  # changes, not counted
OFFERS_LOG: Final = topics.OFFERS.name
SUSPECT: Final = 0.25  # s; a channel waits 300 ms for its view, then it may read through to the authority
AGAIN: Final = 0.005  # s
P50: Final = 10.0  # ms
P99: Final = 50.0  # ms
NOTES: Final = (
    (
        "From committed_at (clock_timestamp() in the transaction, before the flush of its commit) to the arrival of the"
        " slowest channel's answer to GET /v1/view with the write's token; both on this machine's wall clock."
    ),
    (
        f"Floor: aiokafka alone, acks=all, idempotent, {RAW_BYTES:,} bytes, to a consumer that waits; one record"
        " between two changes."
    ),
    "From plan: from the planned instant of the request, so the POST and its commit are in it.",
    "Own metric: concord_propagation_seconds of the worst channel, to the swap of its snapshot, without HTTP.",
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a change stands on the log."""

    topic: str
    partition: int
    revision: int
    committed_at: datetime


@dataclass(slots=True)
class Change:
    """One change: instants of `perf_counter` in seconds but for `seen`, the wall clock's; `views` are answers."""

    planned: float
    written: float = 0.0
    done: float = 0.0
    answer: load.Answer | None = None
    seen: dict[str, float] = field(default_factory=dict)
    views: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of change: where it is sent, the bytes of number n, and how to find the answers' places in the outbox."""

    name: str
    service: str
    render: load.Render
    places: Callable[[Sequence[load.Answer]], Awaitable[list[Place]]]


Make = Callable[[Site], Awaitable[Source]]


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds: commit→slowest channel, commit→each channel, plan→slowest, plan→the authority's answer; the floor."""

    slowest: list[float]
    channels: dict[str, list[float]]
    planned: list[float]
    written: list[float]
    raw: list[float]


class Watch:
    """Sends changes and asks the channels for them."""

    def __init__(
        self,
        writers: load.Pool,
        readers: Mapping[str, load.Pool],
        source: Source,
        bearer: Mapping[str, str],
    ) -> None:
        self._writers = writers
        self._readers = readers
        self._source = source
        self._bearer = bearer

    async def change(self, number: int, planned: float) -> Change:
        """Raises Broken when it was refused, or a channel did not have it in time."""
        change = Change(planned)
        async with self._writers.one() as writer:
            change.answer = await writer.ask(self._source.render(number))
        change.written = perf_counter()
        if not 200 <= change.answer.status < 300:
            raise load.Broken(f"The change was refused: {change.answer.status} {change.answer.body[:500]!r}")
        headers = {**self._bearer, "concord-at-least": change.answer.header("concord-view")}
        asked = load.request("GET", "/v1/view", headers=headers)
        await asyncio.gather(*(self._see(change, channel, asked) for channel in CHANNELS))
        change.done = perf_counter()
        return change

    async def _see(self, change: Change, channel: str, asked: bytes) -> None:
        async with self._readers[channel].one() as reader:
            change.views[channel] = await _view(reader, channel, asked)
            change.seen[channel] = time.time()
            if perf_counter() - change.written > SUSPECT and change.answer is not None:
                [place] = await self._source.places([change.answer])
                while not has(change.views[channel], place):  # it was read through, not propagated
                    await asyncio.sleep(AGAIN)
                    change.views[channel] = await _view(reader, channel, asked)
                    change.seen[channel] = time.time()


async def _view(reader: load.Connection, channel: str, asked: bytes) -> bytes:
    answer = await reader.ask(asked)
    while answer.status == 503 and b"not_up_to_bound" in answer.body:  # asked again: the figure then says how late
        answer = await reader.ask(asked)
    if answer.status != 200:
        raise load.Broken(f"{channel} did not have the change: {answer.status} {answer.body[:500]!r}")
    return answer.body


def has(view: bytes, place: Place) -> bool:
    """Whether an answer of GET /v1/view has applied the change at that place."""
    return any(
        topic["revision"] >= place.revision
        for topic in orjson.loads(view)["topics"]
        if (topic["topic"], topic["partition"]) == (place.topic, place.partition)
    )


async def measure_source(site: Site, source: Source, raw: RawLog, number: int, rate: float = RATE) -> Measured:
    """So many changes of one kind, with a raw record between each two."""
    bearer = await site.bearer("operator")
    async with AsyncExitStack() as held:
        writers = await held.enter_async_context(load.pool(site.port(source.service), CONNECTIONS))
        readers = await held.enter_async_context(view_readers(site, CONNECTIONS))
        watch = Watch(writers, readers, source, bearer)
        changes, floor = await _run(watch, raw, number, rate)
    places = await source.places([change.answer for change in changes if change.answer is not None])
    return _measured(changes, places, floor)


async def _run(watch: Watch, raw: RawLog, number: int, rate: float) -> tuple[list[Change], list[float]]:
    value, changes, records = bytes(RAW_BYTES), [], []
    async with asyncio.timeout(number / rate + 60), asyncio.TaskGroup() as group:
        turn = 0
        async for planned in instants(rate * 2, number * 2):
            if turn % 2:
                records.append(group.create_task(raw.once(value)))
            else:
                changes.append(group.create_task(watch.change(turn // 2, planned)))
            turn += 1
    return [task.result() for task in changes], [task.result() for task in records]


def _measured(changes: Sequence[Change], places: Sequence[Place], floor: list[float]) -> Measured:
    for change, place in zip(changes, places, strict=True):
        for channel, view in change.views.items():
            # A household is read from the file, which may be a commit ahead of the revisions that the view reports.
            if place.topic == OFFERS_LOG and not has(view, place):
                raise load.Broken(f"{channel} answered before it had the change at {place}.")
    committed = [place.committed_at.timestamp() for place in places]
    pairs = list(zip(changes, committed, strict=True))
    return Measured(
        slowest=[max(change.seen.values()) - at for change, at in pairs],
        channels={channel: [change.seen[channel] - at for change, at in pairs] for channel in CHANNELS},
        planned=[change.done - change.planned for change in changes],
        written=[change.written - change.planned for change in changes],
        raw=floor,
    )


async def promises(site: Site) -> Source:
    """Promises made at the profile, spread over households."""
    bearer = await site.bearer("campaign")

    def render(number: int) -> bytes:
        body = orjson.dumps(material.promise(number, OFFERS, HOUSEHOLDS))
        headers = {**bearer, "idempotency-key": f"bench-{time.time_ns()}-{number}"}
        return load.request("POST", "/v1/promises", body, headers)

    async def places(answers: Sequence[load.Answer]) -> list[Place]:
        documents = [orjson.loads(answer.body) for answer in answers]
        keys = [f"{document['household']}/{document['id']}" for document in documents]
        rows = await _outbox(site, "customer_profile", "key = ANY($1)", keys)
        found = {row["key"]: _place(row) for row in rows}
        return [found[key] for key in keys]

    return Source("promises", "profile", render, places)


async def offers(site: Site) -> Source:
    """Offers suspended and resumed in turn at the registry."""
    bearer = await site.bearer("marta")

    def render(number: int) -> bytes:
        verb = "resume" if number // OFFERS % 2 else "suspend"
        path = f"/v1/offers/{material.offer_key(number % OFFERS)}/activation:{verb}"
        return load.request("POST", path, b'{"reason":"bench"}', bearer)

    async def places(answers: Sequence[load.Answer]) -> list[Place]:
        revisions = [int(answer.header("concord-view").split(".")[2]) for answer in answers]
        rows = await _outbox(site, "offer_registry", "revision = ANY($1)", revisions)
        found = {row["revision"]: _place(row) for row in rows}
        return [found[revision] for revision in revisions]

    return Source("offers", "registry", render, places)


async def _outbox(site: Site, database: str, condition: str, values: Sequence[Any]) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(site.stack.postgres_url(database))
    try:
        columns = "key, topic, partition, revision, committed_at"
        return list(await connection.fetch(f"SELECT {columns} FROM outbox WHERE {condition}", values))  # noqa: S608
    finally:
        await connection.close()


def _place(row: asyncpg.Record) -> Place:
    return Place(row["topic"], row["partition"], row["revision"], row["committed_at"])


@asynccontextmanager
async def prepared() -> AsyncIterator[Site]:
    """A stack with what the changes are about."""
    async with started() as site:
        await prepare(site)
        yield site


async def prepare(site: Site) -> None:
    """Load the offers and households that the changes are about."""
    await material.load_offers(site, OFFERS)
    await material.load_households(site, HOUSEHOLDS)
    await material.settle(site)


async def measure(*, quick: bool) -> Section:
    """The section."""
    number = 100 if quick else 1_000
    section = Section("propagation", f"Commit → visible in the slowest of four channels, {RATE:g} changes/s")
    async with prepared() as site, raw_log(site.stack.kafka_bootstrap) as raw:
        for make in (promises, offers):
            source = await make(site)
            await measure_source(site, source, raw, WARM_UP)
            before = await ownmetric.read(site)
            measured = await measure_source(site, source, raw, number)
            after = await ownmetric.read(site)
            _report(section, source, measured)
            _own(section, source, before, after)
    section.notes += NOTES
    return section


def _own(
    section: Section, source: Source, before: dict[str, ownmetric.Counts], after: dict[str, ownmetric.Counts]
) -> None:
    p50, p99 = (ownmetric.worst(before, after, share) * 1_000 for share in (0.50, 0.99))
    report.latency_row(section, f"{source.name} by the channels' own metric p50", p50)
    report.latency_row(section, f"{source.name} by the channels' own metric p99", p99)
    section.figures[source.name]["own_metric_ms"] = {"p50": p50, "p99": p99}


def _report(section: Section, source: Source, measured: Measured) -> None:
    ours, raw, planned = (Percentiles.of(of) for of in (measured.slowest, measured.raw, measured.planned))
    name = source.name
    report.latency_row(section, f"{name} p50", ours.p50, raw.p50, P50)
    report.latency_row(section, f"{name} p99", ours.p99, raw.p99, P99)
    report.latency_row(section, f"{name} max", ours.max, raw.max)
    report.latency_row(section, f"{name} from plan p50", planned.p50)
    report.latency_row(section, f"{name} from plan p99", planned.p99)
    section.figures[name] = {
        "number": len(measured.slowest),
        "slowest": ours,
        "raw": raw,
        "from_plan": planned,
        "written": Percentiles.of(measured.written),
        "channels": {channel: Percentiles.of(times) for channel, times in measured.channels.items()},
    }
