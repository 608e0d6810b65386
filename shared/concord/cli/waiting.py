"""Waiting until something is so, with an end to the patience."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from concord.cli import agreement
from concord.cli.agreement import Agreement
from concord.cli.client import Concord
from concord.cli.errors import NotUpToBound, Unreachable

T = TypeVar("T")
EACH = 0.25  # seconds between looks
PATIENCE = 60.0  # seconds without any progress


async def until(
    look: Callable[[], Awaitable[T | None]], what: str, patience: float = PATIENCE, each: float = EACH
) -> T:
    """What `look` finds once it finds something.

    Raises:
        NotUpToBound: nothing was found in `patience` seconds.
    """
    end = asyncio.get_running_loop().time() + patience
    while True:
        with suppress(Unreachable):  # being restarted; patience ends all the same
            if (found := await look()) is not None:
                return found
        if asyncio.get_running_loop().time() > end:
            raise NotUpToBound(f"After {patience:.0f} s still not so: {what}.")
        await asyncio.sleep(each)


async def until_agreed(concord: Concord) -> Agreement:
    """Wait until every channel's view equals the authorities, as long as the views move.

    Raises:
        NotUpToBound: no view moved for `PATIENCE` seconds.
    """
    loop = asyncio.get_running_loop()
    seen, moved_at = -1, loop.time()
    while True:
        found = await _compare(concord)
        if found is not None and found.whole:
            return found
        behind = sum(found.behind(view) for view in found.views) if found else -1
        if behind != seen:
            seen, moved_at = behind, loop.time()
        if loop.time() - moved_at > PATIENCE:
            raise NotUpToBound(
                f"The views do not become equal to the authorities; they are {behind:,} revisions behind."
            )
        await asyncio.sleep(EACH)


async def _compare(concord: Concord) -> Agreement | None:
    try:
        return await agreement.compare(concord)
    except Unreachable:
        return None  # being restarted; patience ends all the same
