"""What authors declare by name, once: who did it, and how it is written so that two who do it at once make one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asyncpg import Record

from concord.errors import Bug
from concord.eventlog.outbox import Connection

Check = Callable[[int | None], None]
"""Refuses when the caller did not read what there is: its row version, None for nothing."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """Who declared something and who changed it last; `row_version` counts its changes and is its ETag."""

    row_version: int
    declared_by: str
    declared_at: datetime
    changed_by: str
    changed_at: datetime

    @classmethod
    def of(cls, row: Record) -> "Declaration":
        """That of what a row has."""
        return cls(row["row_version"], row["declared_by"], row["declared_at"], row["changed_by"], row["changed_at"])

    def signed(self) -> dict[str, Any]:
        """Who and when, by the names they have in documents."""
        return {
            "declared_by": self.declared_by,
            "declared_at": self.declared_at,
            "changed_by": self.changed_by,
            "changed_at": self.changed_at,
        }


@dataclass(frozen=True, slots=True)
class Statements:
    """How one kind of declaration is locked by its name, and written when there is none; both give its row."""

    lock: str
    declare: str


async def declare(
    connection: Connection, statements: Statements, name: str, values: Sequence[Any], check: Check
) -> tuple[Record, bool]:
    """The row of that name, held to the end of the transaction, and whether it was written just now.

    Raises:
        EtagStale: there is none, and the caller read something (`check`).
    """
    for _ in range(2):
        if rows := await connection.fetch(statements.lock, name):
            return rows[0], False
        check(None)
        if rows := await connection.fetch(statements.declare, name, *values):
            return rows[0], True
    raise Bug("A declaration that was there is gone.")  # somebody else was first, and then there is a row
