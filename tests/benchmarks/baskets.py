"""Real baskets: every basket of the Complete Journey through the kernel, one after the other in this process."""

import gc
from collections.abc import Sequence
from time import perf_counter
from typing import Final

from concord.cli.completejourney import baskets, frames
from concord.cli.completejourney.baskets import Visit
from concord.cli.completejourney.replaying import ask
from concord.cli.completejourney.standing import Standing, standing

from . import report
from .report import Percentiles, Section

BAR: Final = 60.0  # s for all of them
QUICK: Final = 3_000  # baskets


async def measure(*, quick: bool) -> Section:
    """The section."""
    section = Section("baskets", "Real baskets: The Complete Journey in one process")
    data = frames.load()
    stand, every = standing(data, 0), list(baskets.visits(data, 0))
    asked = baskets.sample(every, QUICK, 1) if quick else every
    times, reached = _quoted(asked, stand)
    named = data.transactions.basket_id.nunique()
    what = f"{len(asked):,} of them" if quick else f"all {named:,} baskets"
    report.seconds_row(section, what, sum(times), None if quick else BAR)
    found = Percentiles.of(times)
    _row(section, "a basket, p50", found.p50)
    _row(section, "a basket, p99", found.p99)
    section.row("lines a basket", f"{sum(len(visit.lines) for visit in asked) / len(asked):.1f}")
    section.row("with an offer in reach", f"{reached / len(asked):.0%}")
    section.notes.append(
        f"Each: the basket's model, its quote with the household's promises, and the certificate; 1,197 offers, 108,590"
        f" promises. {named - len(every):,} of the baskets hold only lines of quantity 0: there is nothing to quote."
    )
    section.figures = {"baskets": len(asked), "seconds": sum(times), "reached": reached, "each_ms": found}
    return section


def _row(section: Section, measure: str, milliseconds: float) -> None:
    section.row(measure, f"{milliseconds * 1_000:,.0f} µs")


def _quoted(visits: Sequence[Visit], stand: Standing) -> tuple[list[float], int]:
    """Seconds of each, and how many had an offer in reach."""
    gc.collect()
    gc.freeze()  # as the channels do with what they start from
    times, reached = [], 0
    for visit in visits:
        began = perf_counter()
        priced = ask(visit, stand).quote
        times.append(perf_counter() - began)
        reached += bool(priced.applied or priced.idle)
    gc.unfreeze()
    return times, reached
