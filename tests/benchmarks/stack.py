"""The real stack on ports and in a folder of its own, and what the sections ask of it."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Final

from concord.cli.client import CHANNELS, Concord
from concord.engines import ports
from concord.engines.stack import Stack

from . import load

STATE: Final = Path(".local")  # beside that of `make run`, so that a commit costs what it costs there
CONCORD: Final = (str(Path(sys.executable).with_name("concord")),)  # the command a person types
TRACEPARENT: Final = f"00-{1:032x}-{1:016x}-01"
ASKS_IN: Final[Mapping[str, str]] = {"web": "web", "store_pos": "tom", "call_center": "ana", "sms": "sms"}


@dataclass(slots=True)
class Site:
    """A running stack, and a client for what is set up before anything is measured."""

    stack: Stack
    concord: Concord
    _tokens: dict[str, str] = field(default_factory=dict)

    def port(self, name: str) -> int:
        return ports.port(name, self.stack.base)

    async def bearer(self, person: str) -> dict[str, str]:
        """The Authorization header of a person or of a channel's application."""
        return {"authorization": f"Bearer {await self.concord.token(person)}"}

    def environ(self) -> dict[str, str]:
        """What a process of ours needs to find this stack."""
        return {"CONCORD_LOCAL": "1", "CONCORD_PORT_BASE": str(self.stack.base)}

    def pids(self) -> dict[str, int]:
        """Every process of the stack by name."""
        return {running.name: running.pid for running in self.stack.folder.running() if running.pid is not None}


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """An empty folder for a state; it goes with the block."""
    STATE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=STATE) as folder:
        yield Path(folder).resolve()


@asynccontextmanager
async def started() -> AsyncIterator[Site]:
    """A stack with nothing in it; it ends, and its state goes, with the block."""
    async with AsyncExitStack() as held:
        folder = held.enter_context(fresh_folder())
        base = held.enter_context(ports.reserved_base())
        stack = await held.enter_async_context(Stack(folder, base))
        concord = await held.enter_async_context(Concord(base, traceparent=TRACEPARENT))
        yield Site(stack, concord)


@asynccontextmanager
async def view_readers(site: Site, each: int) -> AsyncIterator[dict[str, load.Pool]]:
    """So many connections to every channel."""
    async with AsyncExitStack() as held:
        yield {channel: await held.enter_async_context(load.pool(site.port(channel), each)) for channel in CHANNELS}


def resident(pid: int) -> float:
    """MB of a process and of those it started, shared pages split among those who share them (PSS)."""
    return sum(_proportional(each) for each in [pid, *_below(pid)]) / 1024


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # gone meanwhile
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _below(pid: int) -> list[int]:
    try:
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [descendant for child in children for descendant in (child, *_below(child))]


def processor_seconds(pid: int) -> float:
    """Seconds of CPU that a process and those it started have used, its ended children included."""
    return sum(_processor_seconds(each) for each in [pid, *_below(pid)])


def _processor_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # gone meanwhile
        return 0.0
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


async def until_free(seconds: float = 20.0, most: float = 0.5) -> float:
    """Wait until the machine is mostly idle, for at most so long; the share of time its processors were busy last."""
    deadline, busy = perf_counter() + seconds, 1.0
    while perf_counter() < deadline and busy > most:
        before = _ticks()
        await asyncio.sleep(0.5)
        after = _ticks()
        busy = 1 - (after[1] - before[1]) / max(1, after[0] - before[0])
    return busy


def _ticks() -> tuple[int, int]:
    """All and idle ticks of all processors."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return sum(fields), fields[3] + fields[4]
