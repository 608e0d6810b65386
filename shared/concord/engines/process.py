"""A child process: started in a session of its own, bound to its parent's life, its output in a log file."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launch.py")
LOG_LIMIT = 20_000_000  # bytes; a longer log is put aside at the next start


@dataclass(frozen=True, slots=True)
class Command:
    """What to run. `user` is whom to become when started as root; signals are for an orderly stop."""

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)  # added to this process's own
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 10.0  # seconds between the stop signal and SIGKILL


class Child:
    """One started process."""

    def __init__(self, command: Command, process: asyncio.subprocess.Process, log_begins: int) -> None:
        self.command = command
        self._process = process
        self._log_begins = log_begins  # bytes that earlier processes wrote

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    async def wait(self) -> int:
        """Its exit code; negative when a signal ended it."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, and kill its session when it has not within its grace."""
        if not self.alive:
            return
        self.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), self.command.grace)
        except TimeoutError:
            self.kill()
            await self._process.wait()

    def terminate(self) -> None:
        """Ask it to end."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, self.command.stop_signal)

    def kill(self) -> None:
        """End it and its session at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def tail(self, lines: int = 15) -> list[str]:
        """The last lines of what it wrote."""
        return tail(self.command.log, lines, self._log_begins)


async def spawn(command: Command) -> Child:
    """Start it. Its standard output and error are appended to its log; it has no standard input."""
    command.log.parent.mkdir(parents=True, exist_ok=True)
    _put_aside_when_long(command.log)
    with command.log.open("ab") as log:
        begins = log.tell()
        process = await asyncio.create_subprocess_exec(
            *_through_launcher(command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **command.env},
        )
    return Child(command, process, begins)


def tail(log: Path, lines: int, begins: int = 0) -> list[str]:
    """The last lines of a file after its first `begins` bytes, none when there is no file."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(max(begins, log.stat().st_size - 300 * lines))
        return file.read().decode(errors="replace").splitlines()[-lines:]


def exit_words(code: int) -> str:
    """`ended with exit code 1` or `was ended by SIGKILL`."""
    if code >= 0:
        return f"ended with exit code {code}."
    try:
        return f"was ended by {signal.Signals(-code).name}."
    except ValueError:
        return f"was ended by signal {-code}."


def unprivileged_user() -> str | None:
    """Whom a server that refuses to run as root becomes; None when this is not root."""
    return "nobody" if os.geteuid() == 0 else None


def _through_launcher(command: Command) -> list[str]:
    orders = [str(os.getpid()), str(int(command.stop_signal)), command.user or "-"]
    return [sys.executable, "-I", "-S", str(LAUNCHER), *orders, *command.argv]


def _put_aside_when_long(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".1.log"))
