"""Everything of a local run: PostgreSQL, Kafka, the issuer and the six services, kept running (architecture §8)."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from concord.engines import ports, servers
from concord.engines.errors import EngineFailed
from concord.engines.keeper import Keeper
from concord.engines.postgres import database_url, ensure_database
from concord.engines.restart import Limits
from concord.engines.services import SERVICES, Service, ServiceServer
from concord.engines.start import Server
from concord.engines.state import Secrets, StateFolder, short

T = TypeVar("T")
DEADLINE = 120.0  # seconds from the first process to the last 200 on /healthz/ready


def _quiet(_: str) -> None:
    """Say nothing."""


class Stack:
    """`async with Stack(state, base) as stack`: all of it is ready inside the block and has ended after it.

    Raises AlreadyRunning, PortInUse, EngineFailed, JarsDiffer, JarsMissing on entering.
    `database_url` and `kafka_bootstrap` name servers to use instead of starting them; `env` is added to each service's
    environment; `say` is told, in a sentence, what takes long, and which process died or answers again.
    """

    def __init__(
        self,
        state: Path,
        base: int = ports.BASE,
        *,
        database_url: str | None = None,
        kafka_bootstrap: str | None = None,
        services: Sequence[Service] = SERVICES,
        limits: Limits | None = None,
        env: Mapping[str, str] | None = None,
        say: Callable[[str], None] = _quiet,
    ) -> None:
        self.base = base
        self.folder = StateFolder(state)
        self._database_url = database_url
        self._kafka_bootstrap = kafka_bootstrap
        self._services = services
        self._limits = limits or Limits()
        self._env = dict(env or {})
        self._say = say
        self._postgres = None if database_url else servers.postgres(self.folder.path, base)
        self._kafka = None if kafka_bootstrap else servers.kafka(self.folder.path, base)
        self._keepers: dict[str, Keeper] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._held = ExitStack()
        self._failure: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Self:
        self._held.enter_context(self.folder.held())
        self._failure = asyncio.get_running_loop().create_future()
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        await self.stop()

    def process(self, name: str) -> Keeper:
        """A process by its name in `concord.ports`: its pid, its restarts, waiting for its return."""
        return self._keepers[name]

    def url(self, name: str) -> str:
        return ports.url(name, self.base)

    def postgres_url(self, database: str = "postgres") -> str:
        """Where its PostgreSQL answers."""
        if self._postgres is not None:
            return self._postgres.url(database)
        return database_url(self._database_url or "", database)

    @property
    def kafka_bootstrap(self) -> str:
        return self._kafka.bootstrap if self._kafka is not None else self._kafka_bootstrap or ""

    async def until_ready(self, deadline: float = DEADLINE) -> None:
        """Wait until every process answers. Raises EngineFailed naming the first that does not."""
        try:
            async with asyncio.timeout(deadline):
                await self._or_failure(self._all_ready())
        except TimeoutError:
            raise next(keeper.cause() for keeper in self._keepers.values() if not keeper.ready) from None

    async def until_failed(self) -> None:
        """Wait for ever. Raises EngineFailed once a process died too often."""
        if self._failure is not None:
            await asyncio.shield(self._failure)

    async def stop(self) -> None:
        """End the services, then Kafka, then PostgreSQL."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        engines = [self._keepers[name] for name in ("kafka", "postgres") if name in self._keepers]
        await asyncio.gather(*(keeper.stop() for keeper in self._keepers.values() if keeper not in engines))
        for keeper in engines:
            await keeper.stop()
        if self._failure is not None and not self._failure.cancel():
            self._failure.exception()  # seen, or asyncio complains that nobody looked
        self._held.close()

    def kill(self) -> None:
        """End everything at once; `stop` then has nothing to wait for."""
        for keeper in self._keepers.values():
            keeper.kill()

    async def _start(self) -> None:
        self._say(f"Starting. Data and logs are in {short(self.folder.path)}.")
        await self.folder.outlive_leftovers()
        engines: list[Server] = [server for server in (self._postgres, self._kafka) if server is not None]
        secrets = self.folder.secrets([service.name for service in self._services])
        ports.check_free([*(pair for server in engines for pair in server.ports()), *self._service_ports()])
        keepers = [self._keeper(server, patient=False) for server in engines]
        await self._prepare(keepers)
        self._run(keepers)
        urls = await self._or_failure(self._databases())
        self._run([self._keeper(self._server(service, urls, secrets)) for service in self._services])
        await self.until_ready()

    async def _prepare(self, keepers: Sequence[Keeper]) -> None:
        """Before any process runs, so that no service waits while a first start fetches jars."""
        if self._kafka is not None and not self._kafka.at_hand:
            self._say("The first start on this machine fetches Apache Kafka and prepares it; this takes about 30 s.")
        await servers.together(keeper.prepare() for keeper in keepers)

    async def _databases(self) -> dict[str, str]:
        """Each service's own database on the server, created when it is not there."""
        if "postgres" in self._keepers:
            await self._keepers["postgres"].until_ready()
        names = [service.database for service in self._services if service.database]
        try:
            return {name: await ensure_database(self.postgres_url(), name) for name in names}
        except OSError as error:
            raise EngineFailed("postgres", f"at CONCORD_DATABASE_URL does not answer: {error}.") from None

    def _service_ports(self) -> list[tuple[str, int]]:
        return [(service.name, ports.port(service.name, self.base)) for service in self._services]

    def _server(self, service: Service, urls: Mapping[str, str], secrets: Secrets) -> ServiceServer:
        env = {
            "CONCORD_LOCAL": "1",
            "CONCORD_PORT_BASE": str(self.base),
            "CONCORD_KAFKA_BOOTSTRAP": self.kafka_bootstrap,
            "CONCORD_ISSUER_URL": self.url("issuer"),
            "CONCORD_STATE_DIR": str(self.folder.path),
            "CONCORD_VIEW_DIR": str(self.folder.views),
            "CONCORD_LOOKUP_KEY": secrets.lookup_key,
            "CONCORD_CLIENTS_FILE": str(self.folder.clients_file),
            "CONCORD_CLIENT_ID": service.name,
            "CONCORD_CLIENT_SECRET": secrets.clients[service.name],
            **self._env,
        }
        if service.database:
            env["CONCORD_DATABASE_URL"] = urls[service.database]
        log = self.folder.logs / f"{service.name}.log"
        return ServiceServer(service, ports.port(service.name, self.base), env, log)

    def _keeper(self, server: Server, *, patient: bool = True) -> Keeper:
        keeper = Keeper(server, self._limits, time.monotonic, self._publish, say=self._say, patient=patient)
        self._keepers[server.name] = keeper
        return keeper

    def _run(self, keepers: Sequence[Keeper]) -> None:
        for keeper in keepers:
            task = asyncio.create_task(keeper.run(), name=keeper.name)
            task.add_done_callback(self._ended)
            self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and self._failure is not None and not self._failure.done():
            self._failure.set_exception(error)

    async def _all_ready(self) -> None:
        for keeper in list(self._keepers.values()):
            await keeper.until_ready()

    async def _or_failure(self, work: Coroutine[Any, Any, T]) -> T:
        """The work's result; the first failure of a process is raised meanwhile."""
        assert self._failure is not None  # noqa: S101  set on entering
        task = asyncio.create_task(work)
        either: set[asyncio.Future[Any]] = {task, self._failure}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if self._failure.done():
                self._failure.result()
            return await task
        finally:
            task.cancel()
            await asyncio.wait({task})

    def _publish(self) -> None:
        self.folder.publish([keeper.status() for keeper in self._keepers.values()], self.base)
