"""Keeps one process running: starts it, notices when it answers, starts it anew when it dies."""

import asyncio
from collections.abc import Callable

from concord.engines.errors import EngineFailed
from concord.engines.process import Child, exit_words, spawn
from concord.engines.restart import Limits, RestartPolicy
from concord.engines.start import POLL, Server
from concord.engines.state import Running, born
from concord.exitcodes import UNFIT


class Keeper:
    """Of one server. `changed` is called after each change of what `status` says; `say` is told of deaths and returns.

    A server that is not `patient` must answer in its first life: nothing it waits for can be missing.
    """

    def __init__(
        self,
        server: Server,
        limits: Limits,
        clock: Callable[[], float],
        changed: Callable[[], None],
        *,
        say: Callable[[str], None],
        patient: bool = True,
    ) -> None:
        self.server = server
        self._patient = patient
        self._prepared = False
        self.restarts = 0
        self._limits = limits
        self._policy = RestartPolicy(limits, clock)
        self._changed = changed
        self._say = say
        self._child: Child | None = None
        self._ready_pid: int | None = None
        self._state = "starting"
        self._news = asyncio.Condition()

    @property
    def name(self) -> str:
        return self.server.name

    @property
    def pid(self) -> int:
        """Of the process that runs now, or ran last. Raises LookupError before the first start."""
        if self._child is None:
            raise LookupError(self.name)
        return self._child.pid

    @property
    def ready(self) -> bool:
        """Whether the present process has answered."""
        return self._state == "ready"

    def status(self) -> Running:
        pid = self._child.pid if self._child is not None and self._child.alive else None
        port = self.server.ports()[0][1]
        return Running(self.name, pid, port, self.restarts, self._state, born(pid) if pid else None)

    async def prepare(self) -> None:
        """Do now what the next start would do first. Raises what the server's `prepare` raises."""
        await self.server.prepare()
        self._prepared = True

    async def run(self) -> None:
        """For ever. Raises EngineFailed when it died too often, or before it ever answered and without hope."""
        while True:
            await self._live_once()
            delay = self._policy.died()
            if delay is None or (self._ready_pid is None and self._hopeless):
                raise self._died(too_often=delay is None)
            self._say(f"{self.name} {self._ending()} It starts again in {delay:g} s.")
            await self._become("restarting")
            await asyncio.sleep(delay)
            self.restarts += 1

    @property
    def _hopeless(self) -> bool:
        """Whether another start would end as this one did."""
        return not self._patient or (self._child is not None and self._child.returncode == UNFIT)

    async def until_ready(self, after: int | None = None) -> int:
        """Wait until a process answers, its pid; with `after`, one that has another pid than that."""
        async with self._news:
            await self._news.wait_for(lambda: self.ready and self._ready_pid != after)
        return self.pid

    async def stop(self) -> None:
        """End it in an orderly way; `run` must have been cancelled before, or it starts it anew."""
        if self._child is not None:
            await self._child.stop()
        await self._become("stopped")

    def kill(self) -> None:
        """End it at once."""
        if self._child is not None and self._child.alive:
            self._child.kill()

    def cause(self) -> EngineFailed:
        """Why it is not ready, for a message."""
        child = self._child
        if child is None:
            return EngineFailed(self.name, "was not started.")
        return EngineFailed(self.name, "is not ready.", child.tail(), child.command.log)

    async def _live_once(self) -> None:
        if not self._prepared:
            await self.server.prepare()
        self._prepared = False
        self._child = await spawn(self.server.command())
        await self._become("starting")
        watcher = asyncio.create_task(self._watch(self._child))
        try:
            await self._child.wait()
        finally:
            watcher.cancel()

    async def _watch(self, child: Child) -> None:
        while not await self.server.answers():  # noqa: ASYNC110  another process answers, not an event of ours
            await asyncio.sleep(POLL)
        if child.alive:
            self._ready_pid = child.pid
            if self.restarts:
                self._say(f"{self.name} answers again.")
            await self._become("ready")

    async def _become(self, state: str) -> None:
        async with self._news:
            self._state = state
            self._changed()
            self._news.notify_all()

    def _ending(self) -> str:
        """How its last life ended."""
        assert self._child is not None  # noqa: S101  it lived, or it could not have died
        return exit_words(self._child.returncode or 0)

    def _died(self, *, too_often: bool) -> EngineFailed:
        assert self._child is not None  # noqa: S101  as above
        words = self._ending()
        if too_often:
            words = f"died {self._limits.deaths} times within {self._limits.window:.0f} s. The last time it {words}"
        return EngineFailed(self.name, words, self._child.tail(), self._child.command.log)
