"""Progress on stderr: a moving bar in a terminal, else a line each five seconds (pages §8)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from concord.cli.screen import Screen

EACH = 5.0  # seconds between lines


class Bar(Protocol):
    """What progress is told to."""

    def advance(self, count: int) -> None: ...


class _Pace(ProgressColumn):
    """`1,040/s  1 s left`."""

    def render(self, task: Task) -> Text:
        if not task.speed:
            return Text()
        left = "" if task.time_remaining is None or task.finished else f"  {task.time_remaining:,.0f} s left"
        return Text(f"{task.speed:,.0f}/s{left}")


class _Moving:
    def __init__(self, progress: Progress, title: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(title, total=total)

    def advance(self, count: int) -> None:
        self._progress.advance(self._task, count)


class _Lines:
    def __init__(self, screen: Screen, title: str, total: int) -> None:
        self._screen = screen
        self._title = title
        self._total = total
        self._done = 0
        self._said = self._began = time.monotonic()

    def advance(self, count: int) -> None:
        self._done += count
        now = time.monotonic()
        if now - self._said < EACH:
            return
        self._said = now
        share = self._done * 100 // max(self._total, 1)
        pace = self._done / max(now - self._began, 0.001)
        self._screen.note(f"{self._title} {share} %  {self._done:,}/{self._total:,}  {pace:,.0f}/s")


class Bars:
    """One bar per thing that is under way."""

    def __init__(self, screen: Screen, progress: Progress | None) -> None:
        self._screen = screen
        self._progress = progress

    def bar(self, title: str, total: int) -> Bar:
        if self._progress is None:
            return _Lines(self._screen, title, total)
        return _Moving(self._progress, title, total)


@contextmanager
def bars(screen: Screen) -> Iterator[Bars]:
    """Bars that are shown until the block ends."""
    if not screen.live:
        yield Bars(screen, None)
        return
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %  {task.completed:,.0f}/{task.total:,.0f}"),
        _Pace(),
    )
    with Progress(*columns, console=screen.err, transient=False) as progress:
        yield Bars(screen, progress)
