"""Reads the view's file for answers, on a connection of its own that never waits for the writer (WAL)."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from channel_adapters.view.households import Found, Household, build
from channel_adapters.view.rows import household_of
from channel_adapters.view.store import Q, connect

_CHANGES = count()
REMEMBERED = 1_024  # households parsed; one of 70 promises takes some 150 KB


class ViewReader:
    """Households, promises and look-ups as of the last commit; parsed households are remembered until they change.

    Only the event loop calls it. The applier forgets changed households on the same loop after their commit, so what
    is remembered is never older than the snapshot that is current.
    """

    def __init__(self, path: Path, epoch: int = 1) -> None:
        self._db = connect(path)
        self._db.execute("PRAGMA query_only = ON")
        self._db.execute("PRAGMA mmap_size = 268435456")
        self._epoch = epoch
        self._households: OrderedDict[str, Household | None] = OrderedDict()
        self._terms: dict[str, list[Found]] = {}
        self.changes = next(_CHANGES)  # another number after each change of households, and for each file

    def household(self, household: str) -> Household | None:
        """A household with its promises; None when nothing of it is here."""
        try:
            self._households.move_to_end(household)
        except KeyError:
            self._remember(household, self._read(household))
        return self._households[household]

    def _remember(self, household: str, found: Household | None) -> None:
        self._households[household] = found
        if len(self._households) > REMEMBERED:
            self._households.popitem(last=False)

    def _read(self, household: str) -> Household | None:
        with self._one_instant():
            row = self._db.execute(Q.household, (household,)).fetchone()
            promises = self._db.execute(Q.promises_of, (f"{household}/", f"{household}0")).fetchall()
        return build(household, self._epoch, row[0] if row else None, [value for (value,) in promises])

    def version(self, household: str) -> tuple[int, int] | None:
        """Its epoch and version, without reading all of it; None when nothing of it is here."""
        remembered = self._households.get(household)
        if remembered is not None:
            return (remembered.view.epoch, remembered.version)
        keys = (household, f"{household}/", f"{household}0")
        (version,) = self._db.execute(Q.household_version, keys).fetchone()
        return None if version is None else (self._epoch, version)

    def find(self, term: str) -> list[Found]:
        """Whom a look-up key, a party or a line leads to."""
        found = self._terms.get(term)
        if found is None:
            found = [Found(*row) for row in self._db.execute(Q.lookup, (term,))]
            if len(self._terms) >= REMEMBERED:
                self._terms.clear()
            self._terms[term] = found
        return found

    def by_code(self, code: str) -> str | None:
        """The household of the promise with this code."""
        row = self._db.execute(Q.promise_by_code, (code,)).fetchone()
        return household_of(row[0]) if row else None

    def offers(self) -> Iterator[bytes]:
        """Every offer's value."""
        return (row[0] for row in self._db.execute(Q.offers))

    def count_pending(self) -> int:
        return int(self._db.execute(Q.count_pending).fetchone()[0])

    def forget(self, households: frozenset[str]) -> None:
        """These changed."""
        if households:
            self.changes = next(_CHANGES)
            self._terms.clear()
        for household in households:
            self._households.pop(household, None)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _one_instant(self) -> Iterator[None]:
        """One read transaction: the document and the promises are of one commit."""
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")
