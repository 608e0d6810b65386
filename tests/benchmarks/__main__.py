"""`python -m tests.benchmarks [SECTION ...] [--quick]`: measure, print, write `.local/bench.json`."""

import argparse
import asyncio
import gc
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import uvloop
from rich.console import Console

from . import baskets, decisions, imports, memory, propagation, quotes, rebuild, report, start
from .loaded import imported
from .report import Section
from .stack import until_free

ALONE: Final[dict[str, Callable[..., Awaitable[Section]]]] = {
    "start": start.measure,
    "propagation": propagation.measure,
    "decisions": decisions.measure,
    "quotes": quotes.measure,
    "baskets": baskets.measure,
}
LOADED: Final[dict[str, Callable[..., Awaitable[Section]]]] = {
    "memory": memory.measure,
    "rebuild": rebuild.measure,
    "import": imports.measure,
}
NAMES: Final = (*ALONE, *LOADED)


async def run(names: Sequence[str], *, quick: bool, console: Console, out: Path) -> None:
    """The named sections; each is shown and written as soon as it is measured."""
    for name in [name for name in ALONE if name in names]:
        await _one(ALONE[name](quick=quick), console, out, quick=quick)
    wanted = [name for name in LOADED if name in names]
    if wanted:
        async with imported() as campaign:
            for name in wanted:
                await _one(LOADED[name](campaign, quick=quick), console, out, quick=quick)


async def _one(work: Awaitable[Section], console: Console, out: Path, *, quick: bool) -> None:
    busy = await until_free()
    gc.collect()
    section = await work
    if busy > 0.5:
        section.notes.append(f"The processors were {busy:.0%} busy with other work when this began.")
    report.show(section, console)
    report.write([section], quick=quick, path=out)


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=120)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(NAMES)}; all unless named")
    parser.add_argument("--quick", action="store_true", help="small counts: to see that it works, not to compare")
    parser.add_argument("--out", type=Path, default=report.OUT, help=f"where to write ({report.OUT})")
    options = parser.parse_args()
    names = options.sections or list(NAMES)
    if unknown := set(names) - set(NAMES):
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(names, quick=options.quick, console=_console(), out=options.out))


if __name__ == "__main__":
    main()
