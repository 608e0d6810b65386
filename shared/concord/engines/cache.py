"""The folder of what is fetched or made once per machine: `CONCORD_CACHE`, else the user's cache folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def folder() -> Path:
    """`$CONCORD_CACHE`, `$XDG_CACHE_HOME/concord` or `~/.cache/concord`, created when it is not there."""
    given = os.environ.get("CONCORD_CACHE")
    base = os.environ.get("XDG_CACHE_HOME")
    path = Path(given) if given else Path(base or Path.home() / ".cache") / "concord"
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time; waits for the others. The kernel lets go when the holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
