"""A view built from an empty disk, beside fetching and parsing the same records and keeping nothing."""

from time import perf_counter

from channel_adapters.view.builder import build
from channel_adapters.view.positions import STATE_LOG, Positions
from concord.cli import agreement
from concord.cli.agreement import Contents
from concord.eventlog.digest import to_hex

from . import floor
from .load import Broken
from .loaded import Imported
from .report import Section, Spread
from .stack import fresh_folder


async def measure(loaded: Imported, *, quick: bool) -> Section:
    """The section."""
    section = Section("rebuild", "A view rebuilt from an empty disk, the campaign loaded")
    ours, bare = list[float](), list[float]()
    records = 0
    for _ in range(3 if quick else 5):
        records, seconds = await floor.raw_decode(loaded.site.stack.kafka_bootstrap)
        bare.append(seconds)
        ours.append(await _build(loaded))
    ratio = Spread.of(one / other for one, other in zip(ours, bare, strict=True))
    section.row(
        f"{records:,} records",
        f"{Spread.of(ours).text()} s",
        floor=f"{Spread.of(bare).text()} s",
        ratio=f"{ratio.median:.1f} ×",
    )
    section.row(
        "rate", f"{records / Spread.of(ours).median:,.0f}/s", floor=f"{records / Spread.of(bare).median:,.0f}/s"
    )
    section.notes.append(
        "To the heartbeats that confirm count and digest of every partition: up to 0.5 s of ours is waiting for them."
    )
    section.figures = {"records": records, "ours": Spread.of(ours), "raw": Spread.of(bare), "ratio": ratio}
    return section


async def _build(loaded: Imported) -> float:
    with fresh_folder() as folder:
        began = perf_counter()
        scribe = await build(folder / "view.sqlite", STATE_LOG, loaded.site.stack.kafka_bootstrap, "bench")
        seconds = perf_counter() - began
        _refuse_differing(await agreement.authorities(loaded.site.concord), scribe.store.positions)
    return seconds


def _refuse_differing(authorities: Contents, built: Positions) -> None:
    """Raises Broken when what was built is not what the authorities have."""
    for place, content in authorities.items():
        position = built[place.topic, place.partition]
        if (position.count, to_hex(position.digest)) != (content.count, content.digest):
            raise Broken(f"{place} was built differently.")
