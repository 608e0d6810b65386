"""Exit codes by which a service tells its supervisor why it ended."""

from typing import Final

UNFIT: Final = 2  # its settings forbid it to start; another start would end the same
START_FAILED: Final = 3  # something it needs failed; another start may succeed
