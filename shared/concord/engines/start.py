"""Start one process and wait until it answers in its own protocol."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from concord.engines import ports
from concord.engines.errors import EngineFailed
from concord.engines.process import Child, Command, exit_words, spawn

POLL = 0.05  # seconds between two questions


class Server(Protocol):
    """Something that is run and asked: an engine or a service."""

    @property
    def name(self) -> str:
        """Its name in logs, files and messages."""
        ...

    @property
    def deadline(self) -> float:
        """Seconds from its start to its first answer."""
        ...

    def ports(self) -> Sequence[tuple[str, int]]:
        """The ports it listens on, with their names."""
        ...

    async def prepare(self) -> None:
        """What must be there before each start."""
        ...

    def command(self) -> Command:
        """What to run."""
        ...

    async def answers(self) -> bool:
        """Whether it does its work now. Raises nothing."""
        ...


async def start(server: Server) -> Child:
    """Prepare it, run it, wait until it answers. Raises PortInUse, EngineFailed."""
    await server.prepare()
    ports.check_free(server.ports())
    child = await spawn(server.command())
    try:
        await until_answering(server, child)
    except BaseException:
        await child.stop()
        raise
    return child


async def until_answering(server: Server, child: Child) -> None:
    """Wait for its first answer. Raises EngineFailed when it ends before, or its deadline passes."""
    try:
        async with asyncio.timeout(server.deadline):
            while not await server.answers():
                if not child.alive:
                    raise EngineFailed(server.name, exit_words(await child.wait()), child.tail(), child.command.log)
                await asyncio.sleep(POLL)
    except TimeoutError:
        cause = f"did not answer within {server.deadline:.0f} s."
        raise EngineFailed(server.name, cause, child.tail(), child.command.log) from None
