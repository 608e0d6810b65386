"""What a person sees: tables and colour in a terminal of 80 columns or more, else plain lists (pages §8)."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

FONT_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # a picture fetches nothing
PLAIN_BELOW = 80  # columns
LABEL = 9  # columns of a label
RECORDED_WIDTH = 100  # columns of a picture


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of text with what stands below it."""

    text: str
    below: "tuple[Branch, ...]" = ()


class Screen:
    """Stdout for answers, stderr for bars and problems."""

    def __init__(self, *, environ: dict[str, str], out: TextIO | None = None, err: TextIO | None = None) -> None:
        width = int(environ["COLUMNS"]) if environ.get("COLUMNS", "").isdecimal() else None
        self.out = Console(file=out or sys.stdout, width=width, highlight=False, _environ=environ)
        self.err = Console(file=err or sys.stderr, width=width, highlight=False, _environ=environ)
        self.plain = "NO_COLOR" in environ or self.out.width < PLAIN_BELOW
        self.json = False

    @property
    def live(self) -> bool:
        """Whether stderr can show a moving bar."""
        return self.err.is_terminal and not self.plain

    @contextmanager
    def recording(self, path: str | None, title: str) -> Iterator[None]:
        """Also keep what is printed as a picture (SVG) with ids that never change; no path, no picture."""
        if path is None:
            yield
            return
        self.out.record, self.out.width, self.plain = True, RECORDED_WIDTH, False
        yield
        picture = self.out.export_svg(title=title, unique_id="concord")
        Path(path).write_text(FONT_FACES.sub("", picture), encoding="utf-8")

    def say(self, text: str = "") -> None:
        self.out.print(styled(text), soft_wrap=not self.out.is_terminal)

    def raw(self, text: str) -> None:
        """A line on stdout exactly as it is, never wrapped."""
        self.out.file.write(text + "\n")

    def title(self, text: str) -> None:
        """A line in bold with an empty one before it."""
        self.out.print()
        self.out.print(Text(text, style="bold"), soft_wrap=not self.out.is_terminal)

    def fields(self, fields: Mapping[str, str]) -> None:
        """Names and values, one a line."""
        for name, value in fields.items():
            self.say(f"{name:<12} {value}")

    def labelled(self, label: str, text: str) -> None:
        """Text beside a short label; its further lines stay beside it."""
        if self.plain:
            self.say(f"{label}: {text}" if label else f"  {text}")
            return
        table = Table.grid(padding=(0, 1))
        table.add_column(style="dim", width=LABEL)
        table.add_column()
        table.add_row(label, styled(text))
        self.out.print(table)

    def note(self, text: str) -> None:
        """A line on stderr."""
        self.err.print(Text(text), soft_wrap=not self.err.is_terminal)

    def document(self, document: Any) -> None:
        """One JSON document on stdout, on one line, so that several make NDJSON."""
        self.out.file.write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE).decode())

    def problem(self, document: Any) -> None:
        """One problem as JSON on stderr."""
        self.err.file.write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE).decode())

    def rows(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table, or with little room each row as a short list under its first cell."""
        if self.plain:
            self._list(columns, rows)
            return
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for index, column in enumerate(columns):
            table.add_column(column, style="dim" if index == 0 else None, overflow="fold")
        for row in rows:
            table.add_row(*(styled(cell) for cell in row))
        self.out.print(table)

    def tree(self, root: Branch) -> None:
        """A tree with its branches drawn, or with little room indented."""
        if self.plain:
            self._indented(root, 0)
        else:
            self.out.print(_grown(Tree(styled(root.text)), root))

    def _indented(self, branch: Branch, depth: int) -> None:
        self.say("  " * depth + branch.text)
        for each in branch.below:
            self._indented(each, depth + 1)

    def _list(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        for row in rows:
            self.say(row[0])
            for column, cell in zip(columns[1:], row[1:], strict=True):
                self.say(f"  {column}: {cell}")


def _grown(tree: Tree, branch: Branch) -> Tree:
    for each in branch.below:
        _grown(tree.add(styled(each.text)), each)
    return tree


STYLES = {"≠": "bold red", "✗": "bold red", "✓": "green", "=": "green"}


def styled(text: str) -> Text:
    """Coloured by the word's first sign; the sign says the same without colour."""
    return Text(text, style=STYLES.get(text[:1], ""))
