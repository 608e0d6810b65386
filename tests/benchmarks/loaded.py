"""A stack into which the whole dunnhumby campaign was imported, with what was noted on the way."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Final

import orjson

from concord.cli import agreement
from concord.cli.agreement import Agreement

from .load import Broken
from .stack import CONCORD, Site, resident, started

DEADLINE: Final = 600.0  # s


@dataclass(frozen=True, slots=True)
class Imported:
    """Seconds from the command to its end, its own account of lines, the views' agreement, and MB by process."""

    site: Site
    seconds: float
    lines: int
    account: dict[str, dict[str, int]]
    agreed: Agreement
    idle: dict[str, float]
    after: dict[str, float]


@asynccontextmanager
async def imported() -> AsyncIterator[Imported]:
    """`concord import completejourney` on an empty stack."""
    async with started() as site:
        idle = memory(site)
        seconds, account = await _import(site)
        agreed = await agreement.compare(site.concord)
        lines = sum(sum(counts.values()) for counts in account.values())
        yield Imported(site, seconds, lines, account, agreed, idle, memory(site))


def memory(site: Site) -> dict[str, float]:
    """MB of every process of the stack."""
    return {name: resident(pid) for name, pid in site.pids().items()}


async def _import(site: Site) -> tuple[float, dict[str, dict[str, int]]]:
    began = perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(*CONCORD, "import", "completejourney", "--json"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **site.environ()},
    )
    try:
        async with asyncio.timeout(DEADLINE):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    seconds = perf_counter() - began
    if process.returncode:
        raise Broken(f"The import ended with {process.returncode}: {err.decode()[-2_000:]}")
    document = orjson.loads(out)
    return seconds, {name: counts for name, counts in document.items() if isinstance(counts, dict)}
