"""`concord up`: the whole stack in the foreground until Ctrl-C, with the story loaded and the addresses printed."""

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from concord.engines import ports
from concord.engines.stack import Stack
from concord.engines.state import short
from concord.errors import ConcordError, Invalid

STATE = Path(".local")
NAMES = {
    "registry": "Offer registry",
    "profile": "Customer profile",
    "web": "Web",
    "store_pos": "Store",
    "call_center": "Call centre",
    "sms": "SMS",
    "issuer": "Sign-in",
}
NEXT = (
    "concord ask --number +12025550117 --offer free-handset-upgrade",
    "concord story",
    "concord status",
)


class PortBaseInvalid(Invalid):
    """CONCORD_PORT_BASE is not a port number from 1024 to 60000."""

    reason = "port_base_invalid"
    next = "Leave it unset for 8000, or give a free thousand such as 9000."


def up(
    state: Path | None = None,
    base: int | None = None,
    *,
    story: bool = True,
    environ: Mapping[str, str] = os.environ,
    console: Console | None = None,
) -> int:
    """Run it until it is stopped: 0. Raises AlreadyRunning, PortInUse, EngineFailed, JarsDiffer, JarsMissing.

    Not given: CONCORD_STATE_DIR or `.local`, CONCORD_PORT_BASE or 8000. Servers named by CONCORD_DATABASE_URL and
    CONCORD_KAFKA_BOOTSTRAP are used as they are, and not stopped.
    """
    screen = console or Console(highlight=False)
    stack = Stack(
        state or Path(environ.get("CONCORD_STATE_DIR", STATE)),
        port_base(environ) if base is None else base,
        database_url=environ.get("CONCORD_DATABASE_URL"),
        kafka_bootstrap=environ.get("CONCORD_KAFKA_BOOTSTRAP"),
        say=lambda sentence: screen.print(Text(sentence)),
    )
    return asyncio.run(_run(stack, screen, story=story))


def port_base(environ: Mapping[str, str]) -> int:
    """CONCORD_PORT_BASE, or 8000. Raises PortBaseInvalid."""
    text = environ.get("CONCORD_PORT_BASE", str(ports.BASE))
    if not text.isdecimal() or not 1024 <= int(text) <= 60_000:
        raise PortBaseInvalid
    return int(text)


async def _run(stack: Stack, screen: Console, *, story: bool) -> int:
    work = asyncio.create_task(_serve(stack, screen, story=story))
    stopping = _on_signals(stack, work)
    try:
        await work
    except asyncio.CancelledError:
        if not stopping.is_set():
            raise
        screen.print(Text(f"Stopped. The state stays in {short(stack.folder.path)}; `make clean-state` removes it."))
    return 0


async def _serve(stack: Stack, screen: Console, *, story: bool) -> None:
    async with stack:
        if story:
            await _load_story(stack, screen)
        _greet(stack, screen)
        await stack.until_failed()


def _on_signals(stack: Stack, work: "asyncio.Task[None]") -> asyncio.Event:
    """Ctrl-C and its kin stop everything in order; a second one ends it at once."""
    stopping = asyncio.Event()

    def stop() -> None:
        if stopping.is_set():
            stack.kill()
            return
        stopping.set()
        work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    return stopping


async def _load_story(stack: Stack, screen: Console) -> None:
    from concord.cli.session import Session  # noqa: PLC0415  the command line knows this module; this is the way back
    from concord.cli.story import loading  # noqa: PLC0415  as above

    session = Session.from_environment()
    session.base = stack.base
    try:
        await loading.load(session)
    except ConcordError as error:  # everything runs all the same
        screen.print(Text(f"The story is not loaded. {error.detail} {error.next}"))


def _greet(stack: Stack, screen: Console) -> None:
    addresses = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_header=False)
    for name, title in NAMES.items():
        addresses.add_row(title, stack.url(name))
    addresses.add_row("PostgreSQL", stack.postgres_url().rpartition("@")[2].partition("/")[0])
    addresses.add_row("Kafka", stack.kafka_bootstrap)
    screen.print(Text("\nConcord is ready. Each service describes itself under /docs."), addresses)
    screen.print(Text("\nAsk it something, in another terminal:"))
    where = "" if stack.base == ports.BASE else f"CONCORD_PORT_BASE={stack.base} "
    for command in NEXT:
        screen.print(Text(f"  {where}.venv/bin/{command}", style="bold"), soft_wrap=True)  # to be copied
    screen.print(Text("\nCtrl-C stops everything."))
