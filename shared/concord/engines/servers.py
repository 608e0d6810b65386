"""PostgreSQL and Kafka together, for tests and for whoever needs nothing else."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from concord.engines import ports
from concord.engines.kafka import Kafka
from concord.engines.postgres import Postgres
from concord.engines.process import Child
from concord.engines.start import Server, start
from concord.engines.state import StateFolder


@dataclass(frozen=True, slots=True)
class Engines:
    """Where the two answer. `postgres_url` names the database `postgres`."""

    postgres_url: str
    kafka_bootstrap: str


def postgres(state: Path, base: int = ports.BASE) -> Postgres:
    """The PostgreSQL of a state directory."""
    return Postgres(state / "postgres", ports.port("postgres", base), state / "logs" / "postgres.log")


def kafka(state: Path, base: int = ports.BASE) -> Kafka:
    """The Kafka of a state directory."""
    pair = ports.port("kafka", base), ports.port("kafka_controller", base)
    return Kafka(state / "kafka", *pair, state / "logs" / "kafka.log")


@asynccontextmanager
async def engines(state: Path, base: int = ports.BASE) -> AsyncIterator[Engines]:
    """Both, started at once and stopped at the end: Kafka first. Raises AlreadyRunning, PortInUse, EngineFailed."""
    folder = StateFolder(state)
    database, broker = postgres(folder.path, base), kafka(folder.path, base)
    started: dict[str, Child] = {}
    with folder.held():
        try:
            await together(_start_into(started, server) for server in (database, broker))
            yield Engines(database.url(), broker.bootstrap)
        finally:
            for name in ("kafka", "postgres"):
                if name in started:
                    await started[name].stop()


async def _start_into(started: dict[str, Child], server: Server) -> None:
    started[server.name] = await start(server)


async def together(works: Iterable[Coroutine[None, None, None]]) -> None:
    """Run them at once; the first error ends the others and is raised as it is, not in a group."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
