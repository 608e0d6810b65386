"""Uploading NDJSON lines as import jobs, and following the jobs to their end (api §1).

A line is `{ref, data}`. Lines sent before are counted as already there, so an interrupted import is simply run again.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import orjson

from concord.cli.client import Concord
from concord.cli.errors import Unreachable
from concord.cli.tasks import together

LINES_A_JOB = 10_000
POLL = 0.3  # seconds
RETRY = 0.5  # seconds
PATIENCE = 30.0  # seconds without an answer; `make run` restarts what died within 10
JOBS_AT_ONCE = 3  # one is worked on, the others are uploaded and wait
ERRORS_A_PAGE = 200
NDJSON = {"content-type": "application/x-ndjson"}


@dataclass(frozen=True, slots=True)
class Kind:
    """What the lines are, which service takes them, and who sends them."""

    name: str
    service: str
    person: str


OFFERS = Kind("offers", "registry", "marta")
HOUSEHOLDS = Kind("households", "profile", "campaign")
PROMISES = Kind("promises", "profile", "campaign")
KINDS = {kind.name: kind for kind in (OFFERS, HOUSEHOLDS, PROMISES)}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that was refused: its number in the source from 1, what it said, and the service's reason and sentence."""

    line: int
    text: bytes
    reason: str
    sentence: str
    errors: tuple[dict[str, Any], ...] = ()

    def to_line(self) -> bytes:
        """The line with its reason beside it, to be mended and sent again."""
        why = {"line": self.line, "reason": self.reason, "sentence": self.sentence, "errors": self.errors}
        try:
            said = orjson.loads(self.text)
        except orjson.JSONDecodeError:
            said = None
        document = said if isinstance(said, dict) else {"text": self.text.decode(errors="replace")}
        return orjson.dumps({**document, REFUSED: why}) + b"\n"


REFUSED = "refused"  # the member of a mended line that says why it was refused; never sent


def without_reason(line: bytes) -> bytes:
    """The line as it is sent: without the reason that `Refusal.to_line` put beside it."""
    if b'"refused"' not in line:
        return line
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line
    if not isinstance(document, dict):
        return line
    return orjson.dumps({name: value for name, value in document.items() if name != REFUSED})


@dataclass(slots=True)
class Tally:
    """How many lines became what, and the jobs they went through."""

    accepted: int = 0
    already_there: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        return self.accepted + self.already_there + len(self.refusals)

    def sentence(self) -> str:
        return f"Imported {self.accepted:,}, already there {self.already_there:,}, refused {len(self.refusals):,}."


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines of one job: the number of the first in the source, and their bytes."""

    first: int
    lines: tuple[bytes, ...]

    def body(self) -> bytes:
        return b"\n".join(self.lines) + b"\n"


def batches(lines: Iterable[bytes], size: int) -> Iterator[Batch]:
    """The lines in jobs of at most `size`."""
    rest, first = iter(lines), 1
    while taken := tuple(islice(rest, size)):
        yield Batch(first, taken)
        first += len(taken)


Advance = Callable[[int], None]


class Importer:
    """Sends lines of one kind as one person; `run` keeps the keys of this run's requests apart from those of others."""

    def __init__(self, concord: Concord, kind: Kind, run: str, person: str | None = None) -> None:
        self._concord = concord
        self._kind = kind
        self._run = run
        self._person = person or kind.person
        self._turn = asyncio.Lock()  # jobs are worked off one after the other, so only the oldest is looked at

    async def upload(self, lines: Iterable[bytes], advance: Advance) -> Tally:
        """Send all lines and wait until each was accepted, found already there, or refused.

        `advance` hears how many more lines are done.

        Raises:
            CommandError: the service refused a whole job, or did not answer for `PATIENCE` seconds.
        """
        tally, free = Tally(), asyncio.Semaphore(JOBS_AT_ONCE)
        async with together() as group:
            for batch in batches(lines, LINES_A_JOB):
                await free.acquire()
                job = await self._send(batch)
                task = group.create_task(self._follow(job, batch, tally, advance))
                task.add_done_callback(lambda _: free.release())
        tally.refusals.sort(key=lambda refusal: refusal.line)
        return tally

    async def _send(self, batch: Batch) -> str:
        body = batch.body()
        key = f"{self._run}-{hashlib.sha256(body).hexdigest()[:32]}"
        headers = NDJSON | {"idempotency-key": key}
        answer = await self._call("POST", f"/v1/imports?kind={self._kind.name}", content=body, headers=headers)
        return str(answer["id"])

    async def _follow(self, job: str, batch: Batch, tally: Tally, advance: Advance) -> None:
        tally.jobs.append(job)
        async with self._turn:
            seen = await self._until_done(job, advance)
        tally.accepted += seen["accepted"]
        tally.already_there += seen["already_there"]
        if seen["refused"]:
            tally.refusals += await self._refusals(job, batch)

    async def _until_done(self, job: str, advance: Advance) -> dict[str, Any]:
        done = 0
        while True:
            seen: dict[str, Any] = await self._call("GET", f"/v1/jobs/{job}?limit=1")
            advance(seen["done"] - done)
            done = seen["done"]
            if seen["state"] == "done":
                return seen
            await asyncio.sleep(POLL)

    async def _refusals(self, job: str, batch: Batch) -> list[Refusal]:
        found: list[Refusal] = []
        after: str | None = "0"
        while after is not None:
            page = await self._call("GET", f"/v1/jobs/{job}?limit={ERRORS_A_PAGE}&after={after}")
            found += [_refusal(error, batch) for error in page["errors"]]
            after = page["next"]
        return found

    async def _call(self, method: str, path: str, **parts: Any) -> Any:
        """One request, sent again while nothing answers: keys and refs make that safe."""
        patient_until = asyncio.get_running_loop().time() + PATIENCE
        while True:
            try:
                return (await self._concord.call(self._kind.service, method, path, person=self._person, **parts)).body
            except Unreachable:
                if asyncio.get_running_loop().time() > patient_until:
                    raise
            await asyncio.sleep(RETRY)


def _refusal(error: dict[str, Any], batch: Batch) -> Refusal:
    line = error["line"]  # of the job, from 1
    return Refusal(
        line=batch.first + line - 1,
        text=batch.lines[line - 1],
        reason=error["reason"],
        sentence=error["sentence"],
        errors=tuple(error.get("errors", ())),
    )
