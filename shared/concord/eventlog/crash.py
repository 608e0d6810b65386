"""Named points at which a process can be made to die, so that a test can kill it at each once.

`CONCORD_CRASH_AT=relay.after_send_before_mark:3` kills this process, as `kill -9` does, the third time it gets there.
"""

import os
import signal
from itertools import count

_NAME, _, _TIMES = os.environ.get("CONCORD_CRASH_AT", "").partition(":")
_VISITS = count(1)

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
    """Die here if the environment says so; otherwise nothing."""
    if name == _NAME and next(_VISITS) >= int(_TIMES or 1):
        os.kill(os.getpid(), signal.SIGKILL)
