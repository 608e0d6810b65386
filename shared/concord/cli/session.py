"""One run of the command line: where the services are, what is shown where, and the trace of all its requests."""

import asyncio
import os
import shlex
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar

import typer

from concord import ports
from concord.cli import completion
from concord.cli.errors import Misused
from concord.cli.screen import Screen
from concord.clock import Clock, SystemClock
from concord.ids import Randomness, SystemRandomness

if TYPE_CHECKING:
    from concord.cli.client import Concord

T = TypeVar("T")


@dataclass(slots=True)
class Session:
    """What a command may use. Tests pass their own transport, clock and randomness."""

    screen: Screen
    base: int
    clock: Clock
    randomness: Randomness
    trace: str
    transport: Any = None  # an httpx.AsyncBaseTransport

    @classmethod
    def from_environment(cls) -> Self:
        """The session of a real run. Raises Misused when `CONCORD_PORT_BASE` is no number."""
        base = os.environ.get("CONCORD_PORT_BASE", str(ports.BASE))
        if not base.isdecimal():
            raise Misused(
                f"CONCORD_PORT_BASE is {base!r}; it must be a port number.", next="Unset it, or set it to 8000."
            )
        randomness = SystemRandomness()
        return cls(
            screen=Screen(environ=dict(os.environ)),
            base=int(base),
            clock=SystemClock(),
            randomness=randomness,
            trace=f"{randomness.bits(128) or 1:032x}",
        )

    def run(self, work: Callable[["Concord"], Awaitable[T]]) -> T:
        """Run asynchronous work with a client that is closed afterwards."""

        async def opened() -> T:
            async with self.client() as concord:
                return await work(concord)

        return asyncio.run(opened())

    def client(self) -> "Concord":
        from concord.cli.client import Concord  # noqa: PLC0415  httpx takes 0.3 s that `--help` need not pay

        traceparent = f"00-{self.trace}-{self.randomness.bits(64) or 1:016x}-01"
        return Concord(self.base, traceparent=traceparent, transport=self.transport)

    def confirmed(self, question: str, *, yes: bool, dry_run: bool) -> bool:
        """Whether to go on with something destructive (pages §8).

        Raises:
            Misused: there is no terminal to ask in, and no `--yes`.
        """
        if dry_run:
            self.screen.say(f"{question} Nothing was done.")
            return False
        if yes:
            return True
        if not sys.stdin.isatty():
            raise Misused("This needs --yes when nobody can be asked.", next="Look with --dry-run, then say --yes.")
        return bool(typer.confirm(question, err=True))

    def typed(self, value: str, what: str) -> str:
        """The value, or what is typed in when it is `-`, so that it stays out of the shell's history (pages §8)."""
        if value != "-":
            return value
        if sys.stdin.isatty():
            return str(typer.prompt(what, err=True))
        return sys.stdin.readline().strip()


def typed_command(arguments: Sequence[str]) -> str:
    """The command line as it was typed, without the hidden option that makes pictures."""
    shown = list(arguments)
    if "--svg" in shown:
        del shown[shown.index("--svg") : shown.index("--svg") + 2]
    return shlex.join(["concord", *shown])


def of(context: typer.Context, *, json: bool = False) -> Session:
    """The session of a command's context; `json` is the command's own option."""
    session: Session = context.find_root().obj
    session.screen.json = json
    return session


Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, problems as JSON on stderr.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
As = Annotated[str, typer.Option("--as", metavar="PERSON", help="Who does it.", autocompletion=completion.people)]
