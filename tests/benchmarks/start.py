"""From `make run`'s command to 200 on /healthz/ready of the six services, on an empty state and on a kept one."""

import asyncio
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

from concord.cli.client import SERVICES
from concord.engines import ports
from concord.engines.protocol import brokers, http_status
from concord.engines.state import StateFolder

from . import report
from .load import Broken
from .report import Section, Spread
from .stack import CONCORD, fresh_folder, processor_seconds

WARM_BAR: Final = 10.0  # s
DEADLINE: Final = 180.0  # s
LOOK: Final = 0.02  # s
ENGINES: Final = ("postgres", "kafka", "issuer")
MODULES: Final = ("offer_registry.main", "customer_profile.main", "channel_adapters.main", "concord.signin.issuer")
HEAVIEST: Final = 8


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the command until each answered, and seconds of CPU each had used when all did."""

    ready: dict[str, float]
    cpu: dict[str, float]

    @property
    def seconds(self) -> float:
        return max(self.ready[name] for name in SERVICES)


async def measure(*, quick: bool) -> Section:
    """The section."""
    section = Section("start", "Start: from the command to six services ready")
    with fresh_folder() as state, ports.reserved_base() as base:
        cold = await once(state, base)
        warm = [await once(state, base) for _ in range(2 if quick else 5)]
    report.seconds_row(section, "cold: empty state, jars and class cache there", cold.seconds)
    whole = Spread.of(start.seconds for start in warm)
    section.row("warm", f"{whole.text()} s", bar=f"≤ {WARM_BAR:g} s", met=whole.median <= WARM_BAR)
    _breakdown(section, warm)
    section.figures = {"cold": cold, "warm": warm, "warm_seconds": whole}
    for module in MODULES:
        seconds, heaviest = await import_time(module)
        section.row(f"import {module}", f"{seconds:.2f} s")
        own = ", ".join(f"{name} {spent * 1_000:.0f} ms" for name, spent in heaviest.items())
        section.notes.append(f"{module}: {own}")
        section.figures[f"import {module}"] = {"seconds": seconds, "own": heaviest}
    return section


def _breakdown(section: Section, starts: Sequence[Start]) -> None:
    for name in (*ENGINES, *SERVICES):
        ready = Spread.of(start.ready[name] for start in starts)
        cpu = Spread.of(start.cpu[name] for start in starts)
        section.row(f"{name}: ready after, CPU until then", f"{ready.median:.2f} s, {cpu.median:.2f} s")
    whole = Spread.of(sum(start.cpu.values()) for start in starts)
    section.row("CPU of all, with the supervisor", f"{whole.text()} s")


async def once(state: Path, base: int) -> Start:
    """One start and stop."""
    began = perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(*CONCORD, "up"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "CONCORD_STATE_DIR": str(state), "CONCORD_PORT_BASE": str(base)},
    )
    try:
        ready = await _until_ready(process, base, began)
        return Start(ready, _processor_seconds(state, process.pid))
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            await asyncio.wait_for(process.wait(), DEADLINE)


def _processor_seconds(state: Path, supervisor: int) -> dict[str, float]:
    pids = {running.name: running.pid for running in StateFolder(state).running() if running.pid is not None}
    used = {name: processor_seconds(pid) for name, pid in pids.items()}
    return used | {"supervisor": processor_seconds(supervisor) - sum(used.values())}


async def _until_ready(process: asyncio.subprocess.Process, base: int, began: float) -> dict[str, float]:
    times: dict[str, float] = {}
    async with asyncio.timeout(DEADLINE):
        while not times.keys() >= {*ENGINES, *SERVICES}:
            if process.returncode is not None:
                said = await process.stderr.read() if process.stderr else b""
                raise Broken(f"`concord up` ended with {process.returncode}: {said.decode()[-2_000:]}")
            for name in [name for name in (*ENGINES, *SERVICES) if name not in times]:
                if await _answers(name, ports.port(name, base)):
                    times[name] = perf_counter() - began
            await asyncio.sleep(LOOK)
    return times


async def _answers(name: str, port: int) -> bool:
    if name == "kafka":
        return await brokers("127.0.0.1", port) > 0
    if name == "postgres":
        return await _listens(port)
    return await http_status("127.0.0.1", port, "/healthz/ready") == 200


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def import_time(module: str) -> tuple[float, Mapping[str, float]]:
    """Seconds to import a module in a new interpreter (best of three), and the packages that take most of it."""
    runs = [await _imported(module) for _ in range(3)]
    seconds, own = min(runs, key=lambda run: run[0])
    return seconds, dict(sorted(own.items(), key=lambda item: -item[1])[:HEAVIEST])


async def _imported(module: str) -> tuple[float, dict[str, float]]:
    argv = (sys.executable, "-X", "importtime", "-c", f"import {module}")
    process = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    own: dict[str, float] = defaultdict(float)
    for line in said.decode().splitlines():
        parts = line.removeprefix("import time:").split("|")
        if line.startswith("import time:") and parts[0].strip().isdecimal():
            own[parts[2].strip().partition(".")[0]] += int(parts[0]) / 1e6
    return sum(own.values()), own
