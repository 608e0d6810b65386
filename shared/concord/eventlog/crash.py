"""Named points at which a process can be made to die, so that a test can kill it at each once.

With `CONCORD_CRASH_DIR` set, the first process that reaches a point for which that folder holds `<point>.armed` renames
the file to `<point>.died` and dies as by `kill -9`. Renaming is atomic, so one process dies, once.
"""

import os
import signal
from pathlib import Path

_FOLDER = os.environ.get("CONCORD_CRASH_DIR")

POINTS = (
    "relay.before_send",
    "relay.after_send_before_mark",
    "relay.after_mark_before_heartbeat",
    "applier.mid_batch",
    "applier.after_apply_before_commit",
    "applier.after_commit_before_swap",
    "import.before_batch_commit",
    "import.after_batch_commit",
    "registry.after_commit_before_reply",
    "profile.after_commit_before_reply",
)


def point(name: str) -> None:
    """Die here if a test asked for it; otherwise nothing."""
    if _FOLDER is not None:
        _die_if_armed(Path(_FOLDER), name)


def arm(folder: Path, name: str) -> Path:
    """Ask for a death at this point; the file that will say that it happened."""
    (folder / f"{name}.armed").touch()
    return folder / f"{name}.died"


def _die_if_armed(folder: Path, name: str) -> None:
    try:
        (folder / f"{name}.armed").rename(folder / f"{name}.died")
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
