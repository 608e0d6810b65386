"""A caller of the public API while things die: what it was told is kept and held against every channel afterwards."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

from concord.cli import agreement, authoring
from concord.cli.client import ASKS_IN, CHANNELS, Concord
from concord.cli.errors import NotUpToBound, SomeoneWasFirst, Unreachable
from concord.cli.importing import HOUSEHOLDS, PROMISES, Importer, Kind
from concord.cli.story import material
from concord.clock import SystemClock

T = TypeVar("T")
AGAIN = (Unreachable, NotUpToBound, SomeoneWasFirst)
RETRY = 0.1  # seconds
MEMBERS = 4
SAMPLE = 20  # codes asked for in each channel
EVIDENCE = {"kind": "message", "channel": "email"}
NEXT_STEP = {"draft": ("submit", "marta"), "in_review": ("approve", "nora"), "approved": ("release", "nora")}


async def insisting(work: Callable[[], Awaitable[T]], *, deadline: float = 90) -> T:
    """Repeat while nothing answers, as every caller of an idempotent route may. Raises what the last try raised."""
    until = asyncio.get_running_loop().time() + deadline
    while True:
        try:
            return await work()
        except AGAIN:
            if asyncio.get_running_loop().time() > until:
                raise
        await asyncio.sleep(RETRY)


@dataclass(slots=True)
class Bystander:
    """Imports households and promises, and makes single promises, under refs and keys of its own."""

    concord: Concord
    run: str
    acknowledged: int = 0  # lines that an import job counted as accepted or already there
    codes: list[str] = field(default_factory=list)  # of promises made one by one
    _household: dict[str, str] = field(default_factory=dict)

    @property
    def offer(self) -> str:
        return f"faults-{self.run}"

    async def prepare(self) -> None:
        """One LIVE offer, and one household for single promises. Every step may have happened before."""
        await insisting(self._offer)
        members = [{"ref": "a", "given_name": "Ann", "family_name": "Example"}]
        await self._import(HOUSEHOLDS, "own", [_line(self.run, {"members": members})])
        found = await insisting(lambda: self._post("/v1/promises", f"{self.run}-first", self._promise(self.run, "a")))
        self._household = {"household": found["household"], "party": found["party"]}
        self.codes.append(found["code"])

    async def _offer(self) -> None:
        offer = await authoring.fetch(self.concord, self.offer)
        if offer is None:
            terms = material.handset_upgrade(material.monday(SystemClock().now())) | {"criteria": None}
            offer = await authoring.create(self.concord, self.offer, terms)
        if step := NEXT_STEP.get(offer["lifecycle"]):
            await authoring.act(self.concord, self.offer, 1, *step)
            raise NotUpToBound
        await authoring.until_state(self.concord, self.offer, 1, "LIVE")

    async def import_round(self, number: int, households: int, promises: int) -> None:
        """A file of households and one of promises to them; every line must be taken."""
        names = [f"{self.run}-{number}-{index}" for index in range(households)]
        members = [{"ref": f"m{index}", "family_name": "Example"} for index in range(MEMBERS)]
        await self._import(HOUSEHOLDS, f"{number}-h", [_line(name, {"members": members}) for name in names])
        await self._import(PROMISES, f"{number}-p", list(self._promises(names, promises)))

    async def _import(self, kind: Kind, name: str, lines: list[bytes]) -> None:
        importer = Importer(self.concord, kind, f"{self.run}-{name}")
        tally = await insisting(lambda: importer.upload(lines, lambda _: None))
        assert not tally.refusals, tally.refusals[:3]
        self.acknowledged += tally.accepted + tally.already_there

    def _promises(self, names: list[str], count: int) -> Iterator[bytes]:
        for index in range(count):
            household = names[index % len(names)]
            yield _line(f"{household}-p{index}", self._promise(household, f"m{index % MEMBERS}"))

    def _promise(self, household: str, party: str) -> dict[str, Any]:
        return {"household": household, "party": party, "offer": self.offer, "channel": "email", "evidence": EVIDENCE}

    async def promise(self, number: int) -> None:
        """One promise under one key, sent until it is acknowledged."""
        body = {**self._promise("", ""), **self._household}
        found = await insisting(lambda: self._post("/v1/promises", f"{self.run}-promise-{number}", body))
        self.codes.append(found["code"])

    async def _post(self, path: str, key: str, body: dict[str, Any]) -> Any:
        headers = {"idempotency-key": key}
        return (await self.concord.call("profile", "POST", path, person="campaign", json=body, headers=headers)).body

    async def held(self) -> int:
        """How many households and promises every channel has, once all of them equal the authorities."""
        found = await agreement.compare(self.concord)
        if not found.whole:
            raise NotUpToBound(f"Not all views equal the authorities: {agreement.rows(found)}")
        return sum(content.count for place, content in found.authorities.items() if "households" in place.topic)

    async def verify(self, before: int) -> None:
        """Nothing that was acknowledged is missing in any channel, and nothing is there twice."""
        assert await insisting(self.held) - before == self.acknowledged + len(self.codes)
        assert len(set(self.codes)) == len(self.codes)
        for channel in CHANNELS:
            for code in random.Random(self.run).sample(self.codes, min(SAMPLE, len(self.codes))):
                assert await self._code_known(channel, code) == code, channel

    async def _code_known(self, channel: str, code: str) -> str:
        question = {"customer": {"code": code}}
        person = ASKS_IN[channel]
        ask = self.concord.call
        answer = await insisting(lambda: ask(channel, "POST", "/v1/decisions", person=person, json=question))
        return str(answer.body["items"][0]["promise"]["code"])


def _line(ref: str, data: dict[str, Any]) -> bytes:
    return orjson.dumps({"ref": ref, "data": data})


@asynccontextmanager
async def bystander(base: int, run: str) -> AsyncIterator[Bystander]:
    """A bystander of the stack at that port base."""
    trace = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    async with Concord(base, traceparent=trace) as concord:
        yield Bystander(concord, run)
