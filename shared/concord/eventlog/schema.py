"""The log's tables, as both authorities' first migration makes them."""

from collections.abc import Sequence
from pathlib import Path

from concord.contracts.topics import Topic
from concord.storage.migrations import Migration

_SCHEMA = Path(__file__).with_name("schema.sql")


def create(op: Migration, topics: Sequence[Topic]) -> None:
    """Create the tables and one clock and position row for each partition of the topics."""
    for statement in [*statements(), *clock_rows(topics)]:
        op.execute(_verbatim(statement))


def statements() -> list[str]:
    """The statements of schema.sql; a function body counts as one."""
    parts: list[str] = []
    body = False
    for chunk in _SCHEMA.read_text(encoding="utf-8").split(";\n"):
        if body:
            parts[-1] += ";\n" + chunk
        else:
            parts.append(chunk)
        body = parts[-1].count("$$") % 2 == 1
    return [part for part in parts if part.strip()]


def clock_rows(topics: Sequence[Topic]) -> list[str]:
    """Insert statements for the clock and the relay's position."""
    rows = ", ".join(f"('{topic.name}', {number})" for topic in topics for number in range(topic.partitions))
    return [f"INSERT INTO {table} (topic, partition) VALUES {rows}" for table in ("log_clock", "relay_position")]  # noqa: S608  names of our own topics


def _verbatim(statement: str) -> str:
    return statement.replace(":", r"\:")  # sqlalchemy reads `:name` as a parameter
