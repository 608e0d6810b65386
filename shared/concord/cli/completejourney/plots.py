"""Small pictures (SVG) of columns of numbers: lines over weeks, and bars beside each other. Text, no dependency."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from math import ceil, log10
from typing import Final

COLOURS: Final = ("#1b6ca8", "#d1495b", "#66a182", "#8d6a9f")
INK, RULE, PAPER = "#24292f", "#d0d7de", "#ffffff"
WIDTH, LEFT, RIGHT, TOP, FOOT = 720, 64, 16, 54, 30  # px
PANEL, BAR, GAP = 170, 18, 10  # px: height of a panel of lines, of a bar, between groups of bars


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines over the same weeks, with a title that names the unit."""

    title: str
    lines: Mapping[str, Sequence[float]]


def over_weeks(weeks: Sequence[date], panels: Sequence[Panel]) -> str:
    """One panel below the other; the weeks are those of one year."""
    height = len(panels) * (TOP + PANEL + FOOT)
    parts = [
        part for number, panel in enumerate(panels) for part in _panel(panel, weeks, number * (TOP + PANEL + FOOT))
    ]
    return _picture(height, parts)


def _panel(panel: Panel, weeks: Sequence[date], above: int) -> Iterator[str]:
    most = _round_up(max(max(line) for line in panel.lines.values()))
    floor, step = above + TOP + PANEL, (WIDTH - LEFT - RIGHT) / max(1, len(weeks) - 1)
    yield from _heading(panel.title, list(panel.lines), above)
    for part in range(5):
        level, value = floor - PANEL * part / 4, most * part / 4
        yield _rule(LEFT, level, WIDTH - RIGHT, level)
        yield _text(LEFT - 6, level + 4, f"{value:,.0f}", "end")
    for place, week in enumerate(weeks):
        if week.day <= 7:
            yield _text(LEFT + place * step, floor + 18, f"{week:%b}", "middle")
    for colour, line in zip(COLOURS, panel.lines.values(), strict=False):
        points = " ".join(f"{LEFT + x * step:.1f},{floor - PANEL * y / most:.1f}" for x, y in enumerate(line))
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"/>'


def beside_each_other(title: str, groups: Mapping[str, Mapping[str, float]], left: int = 120) -> str:
    """Horizontal bars, a group for each name; each bar with its number. `left` is the room for the names in px."""
    series = list(next(iter(groups.values())))
    most = max(value for group in groups.values() for value in group.values()) or 1
    each = len(series) * BAR + GAP
    shown = series if len(series) > 1 else []
    parts, start = list(_heading(title, shown, 0)), TOP if shown else TOP - BAR
    for number, (name, group) in enumerate(groups.items()):
        top = start + number * each
        parts.append(_text(left - 8, top + (each - GAP) / 2 + 3, name, "end"))
        parts += _bars(group, top, left, most)
    return _picture(start + len(groups) * each + GAP, parts)


def _bars(group: Mapping[str, float], top: float, left: int, most: float) -> Iterator[str]:
    room = WIDTH - left - 90  # px; a number stands behind the longest bar
    for row, (colour, value) in enumerate(zip(COLOURS, group.values(), strict=False)):
        y, wide = top + row * BAR, max(1.0, room * value / most)
        yield f'<rect x="{left}" y="{y:.1f}" width="{wide:.1f}" height="{BAR - 3}" fill="{colour}"/>'
        yield _text(left + wide + 6, y + BAR - 6, f"{value:,.0f}")


def _heading(title: str, series: Sequence[str], above: int) -> Iterator[str]:
    yield _text(LEFT - 48, above + 20, title, weight="600")
    at = LEFT - 48.0
    for colour, name in zip(COLOURS, series, strict=False):
        yield f'<rect x="{at:.0f}" y="{above + 31}" width="10" height="10" fill="{colour}"/>'
        yield _text(at + 15, above + 40, name)
        at += 30 + 6.4 * len(name)


def _text(x: float, y: float, text: str, anchor: str = "start", weight: str = "400") -> str:
    more = "" if weight == "400" else f' font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(text)}</text>'


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{RULE}"/>'


def _picture(height: float, parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {WIDTH} {height:.0f}"'
    font = f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>'
    paper = f'<rect width="{WIDTH}" height="{height:.0f}" fill="{PAPER}"/>'
    return "\n".join([head, paper, *parts, "</svg>", ""])


def _round_up(value: float) -> float:
    """The next number of two digits and zeros that is divided by four without a rest where that matters."""
    if value <= 0:
        return 4
    step = 4 * 10.0 ** max(0, ceil(log10(value)) - 2)
    return ceil(value / step) * step
