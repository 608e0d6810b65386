"""Figures: what they are of, how they stand to their floor and their bar, as a table and as JSON."""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final, Self

import orjson
from rich.console import Console
from rich.table import Table

OUT: Final = Path(".local/bench.json")


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several rounds and their range."""

    median: float
    least: float
    most: float
    rounds: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        given = sorted(values)
        return cls(median(given), given[0], given[-1], len(given))

    def text(self, digits: int = 2) -> str:
        if self.rounds == 1:
            return f"{self.median:.{digits}f}"
        return f"{self.median:.{digits}f} ({self.least:.{digits}f}–{self.most:.{digits}f})"


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of latencies; milliseconds."""

    p50: float
    p90: float
    p99: float
    max: float
    number: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self:
        given = sorted(seconds)
        p50, p90, p99 = (_rank(given, percent) * 1_000 for percent in (50, 90, 99))
        return cls(p50, p90, p99, given[-1] * 1_000, len(given))


def _rank(ordered: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile: a value that was measured, none in between."""
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `met` is None where there is no bar."""

    measure: str
    concord: str
    floor: str = ""
    ratio: str = ""
    bar: str = ""
    met: bool | None = None


@dataclass(slots=True)
class Section:
    """What one section found: rows for people, `figures` for machines, notes on how it was measured."""

    name: str
    title: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def row(self, measure: str, concord: str, **others: Any) -> None:
        self.rows.append(Row(measure, concord, **others))


def latency_row(
    section: Section, measure: str, ours: float, floor: float | None = None, bar: float | None = None
) -> None:
    """A row of milliseconds: ours, the floor's, how many times as long, and the bar."""
    section.row(
        measure,
        f"{ours:.1f} ms",
        floor="" if floor is None else f"{floor:.2f} ms",
        ratio="" if floor is None else f"{ours / floor:.1f} ×",
        bar="" if bar is None else f"≤ {bar:g} ms",
        met=None if bar is None else ours <= bar,
    )


def seconds_row(section: Section, measure: str, ours: float, bar: float | None = None) -> None:
    """A row of seconds."""
    section.row(
        measure,
        f"{ours:.2f} s",
        bar="" if bar is None else f"≤ {bar:g} s",
        met=None if bar is None else ours <= bar,
    )


def show(section: Section, console: Console) -> None:
    """The section's table and notes."""
    table = Table(title=section.title, title_justify="left", title_style="bold")
    for heading in ("measure", "Concord", "floor", "ratio", "bar", "met"):
        table.add_column(heading, justify="left" if heading in {"measure", "met"} else "right")
    for row in section.rows:
        met = {None: "", True: "[green]yes[/]", False: "[red]no[/]"}[row.met]
        table.add_row(row.measure, row.concord, row.floor, row.ratio, row.bar, met)
    console.print(table)
    for note in section.notes:
        console.print(f"  {note}", highlight=False)
    console.print()


def write(sections: Sequence[Section], *, quick: bool, path: Path = OUT) -> None:
    """Add the sections to the file; those not run this time stay as they were, each with its own date."""
    document = orjson.loads(path.read_bytes()) if path.exists() else {}
    kept = document.get("sections", {})
    for section in sections:
        kept[section.name] = {"measured_at": datetime.now(UTC), "quick": quick, "machine": machine(), **asdict(section)}
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    half.write_bytes(orjson.dumps({"sections": kept}, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS))
    half.replace(path)


def machine() -> dict[str, Any]:
    """What it was measured on."""
    return {
        "cpus": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
