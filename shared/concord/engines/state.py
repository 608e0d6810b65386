"""The folder of a local run, `.local`: who holds it, what runs, and the secrets made for it."""

import asyncio
import fcntl
import hashlib
import json
import os
import secrets
import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from concord.engines.errors import AlreadyRunning

LEFTOVER_GRACE = 10.0  # seconds a killed run's processes have to end by themselves


@dataclass(frozen=True, slots=True)
class Running:
    """One line of `run.json`. `state` is starting, ready, restarting or stopped; `born` tells a pid from its reuse."""

    name: str
    pid: int | None
    port: int
    restarts: int
    state: str
    born: str | None = None


@dataclass(frozen=True, slots=True)
class Secrets:
    """Made once for a state folder: the key of the keyed hashes, and each client's secret."""

    lookup_key: str
    clients: dict[str, str]


class StateFolder:
    """A folder that one run at a time holds. Paths in it are absolute."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.logs = self.path / "logs"
        self.views = self.path / "views"
        self.clients_file = self.path / "clients.json"
        self._run_file = self.path / "run.json"
        self._lock_file = self.path / "lock"
        self._secrets_file = self.path / "secrets.json"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder. Raises AlreadyRunning, with the other's pid and addresses."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self._lock_file.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(self._who(self._lock_file.read_text().strip())) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield  # the kernel lets go of the lock when this process ends, however it ends

    def running(self) -> list[Running]:
        """What the last publication said; empty when there is none."""
        try:
            document = json.loads(self._run_file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return []
        return [Running(**process) for process in document["processes"]]

    def publish(self, processes: Iterable[Running], base: int) -> None:
        """Write `run.json` whole: a reader sees the old one or the new one."""
        document = {"pid": os.getpid(), "port_base": base, "processes": [asdict(process) for process in processes]}
        new = self._run_file.with_suffix(".new")
        new.write_text(json.dumps(document, indent=1))
        new.replace(self._run_file)

    async def outlive_leftovers(self) -> None:
        """Wait for the processes of a run that was killed: they were told by the kernel. End those that stay.

        Called by the holder, so nobody watches over them any more.
        """
        pids = [process.pid for process in self.running() if process.pid and process.born == born(process.pid)]
        with suppress(TimeoutError):
            async with asyncio.timeout(LEFTOVER_GRACE):
                while any(map(is_alive, pids)):  # noqa: ASYNC110  the kernel tells only their parent
                    await asyncio.sleep(0.05)
        for pid in filter(is_alive, pids):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def secrets(self, clients: Sequence[str]) -> Secrets:
        """The folder's secrets; what is missing is made. Also writes what the issuer may know: their sums."""
        known: dict[str, Any] = json.loads(self._secrets_file.read_text()) if self._secrets_file.exists() else {}
        given: dict[str, str] = known.get("clients", {})
        made = Secrets(
            lookup_key=known.get("lookup_key") or secrets.token_urlsafe(32),
            clients={client: given.get(client) or secrets.token_urlsafe(24) for client in clients},
        )
        _write_private(self._secrets_file, asdict(made))
        sums = {client: hashlib.sha256(secret.encode()).hexdigest() for client, secret in made.clients.items()}
        _write_private(self.clients_file, sums)
        return made

    def _who(self, pid: str) -> str:
        lines = [f"Concord is running already on {self.path}, as pid {pid}."]
        lines += [f"  {one.name:<12} 127.0.0.1:{one.port}  {one.state}" for one in self.running()]
        return "\n".join(lines)


def born(pid: int) -> str | None:
    """When a process began, in the kernel's ticks; with the pid it names one process. None when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None


def is_alive(pid: int) -> bool:
    """Whether it runs; a zombie, which only waits to be counted, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def short(path: Path) -> str:
    """A path for a person: relative to where we are, when it is below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _write_private(path: Path, document: dict[str, Any]) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(document, indent=1))
