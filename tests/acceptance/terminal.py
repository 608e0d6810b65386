"""The command line as somebody at a terminal uses it, against a running stack."""

import asyncio
import io
from dataclasses import dataclass

from concord.cli.main import main
from concord.cli.screen import Screen
from concord.cli.session import Session
from concord.clock import SystemClock
from concord.engines.stack import Stack
from concord.ids import SystemRandomness


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    status: int
    out: str
    err: str


def session(stack: Stack, out: io.StringIO | None = None, err: io.StringIO | None = None) -> Session:
    """A session of somebody whose terminal has 100 columns."""
    screen = Screen(environ={"COLUMNS": "100"}, out=out or io.StringIO(), err=err or io.StringIO())
    randomness = SystemRandomness()
    return Session(screen, stack.base, SystemClock(), randomness, trace=f"{randomness.bits(128) or 1:032x}")


async def concord(stack: Stack, *arguments: str) -> Outcome:
    """Run a command line to its end, in a thread: it has an event loop of its own."""
    out, err = io.StringIO(), io.StringIO()
    status = await asyncio.to_thread(main, list(arguments), session(stack, out, err))
    return Outcome(status, out.getvalue(), err.getvalue())
