"""SQL statements as named, described entries of a `queries.sql` beside the code that runs them.

-- name: fetch_offer
-- An offer by id or key.
SELECT …;
"""

import re
from pathlib import Path

from concord.storage.errors import QueryUnknown

_HEADER = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


class Queries:
    """The statements of one file, each an attribute."""

    def __init__(self, statements: dict[str, str]) -> None:
        self._statements = statements

    def __getattr__(self, name: str) -> str:
        try:
            return self._statements[name]
        except KeyError:
            raise QueryUnknown(f"queries.sql has no statement named {name}.") from None

    def names(self) -> list[str]:
        return list(self._statements)


def load(path: str | Path) -> Queries:
    """The statements of a file, by name."""
    parts = _HEADER.split(Path(path).read_text(encoding="utf-8"))
    return Queries({name: body.strip().rstrip(";") for name, body in zip(parts[1::2], parts[2::2], strict=True)})
