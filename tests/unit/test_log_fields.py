"""Every field that the code logs is one that `concord.telemetry.logs` writes, and every message is static."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from concord.telemetry.logs import FIELDS

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("shared", "services") for path in (ROOT / folder).rglob("*.py"))
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def log_calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            receiver = node.func.value
            if isinstance(receiver, ast.Name) and receiver.id in {"log", "logger"}:
                yield node


def field_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The keys of every dict with an `action` in it: `extra`, wherever it is put together; `**` hides some."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else "**" for key in node.keys]
            if "action" in keys:
                yield from ((node.lineno, key) for key in keys)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_logged_fields_are_written_and_messages_are_static(path: Path) -> None:
    source = path.read_text()
    if "getLogger" not in source:
        return
    tree = ast.parse(source)
    lost = {(line, name) for line, name in field_names(tree) if name not in FIELDS}
    assert not lost, "add these to FIELDS, if they can hold no personal data"
    composed = [call.lineno for call in log_calls(tree) if not isinstance(call.args[0], ast.Constant | ast.Name)]
    assert not composed, "these messages are put together; give a static one and fields"
