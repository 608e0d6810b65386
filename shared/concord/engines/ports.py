"""Which ports are free, and who holds one that is not. Reads /proc where it may; stops nobody."""

import random
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from concord.engines.errors import EngineFailed, PortInUse
from concord.ports import BASE, OFFSETS, port, url

__all__ = ["BASE", "HOST", "OFFSETS", "Holder", "check_free", "holder", "is_free", "port", "reserved_base", "url"]

HOST = "127.0.0.1"
LISTENING = "0A"  # the state's code in /proc/net/tcp
RESERVATION = 499
BELOW_EPHEMERAL = range(10_000, 32_000, 500)  # no outgoing connection is given a port from here


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that listens on a port."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"pid {self.pid}, {self.command}"


def is_free(number: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`number` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: TIME_WAIT is no obstacle
        try:
            probe.bind((HOST, number))
        except OSError:
            return False
        return True


def check_free(wanted: Iterable[tuple[str, int]]) -> None:
    """Raise PortInUse naming each (name, port) that is taken and by whom."""
    taken = [describe(name, number, holder(number)) for name, number in wanted if not is_free(number)]
    if taken:
        raise PortInUse("\n".join(taken))


def describe(name: str, number: int, who: Holder | None) -> str:
    """One sentence: `Port 8432 (postgres) is in use by pid 812, postgres -D data.`"""
    by = f"by {who}" if who else "by a process of another user; look for it with `ss -ltnp` as root"
    return f"Port {number} ({name}) is in use {by}."


@contextmanager
def reserved_base(among: Sequence[int] = BELOW_EPHEMERAL) -> Iterator[int]:
    """A port base all of whose ports are free, kept from other runs of this function until the block ends.

    For tests and throw-away runs. The reservation is a bound port that no process of ours uses (base + 499).
    """
    for base in random.SystemRandom().sample(among, len(among)):
        with socket.socket() as reservation:
            try:
                reservation.bind((HOST, base + RESERVATION))
            except OSError:
                continue
            if all(is_free(base + offset) for offset in OFFSETS.values()):
                yield base
                return
    raise EngineFailed("No port base", "is free between 10000 and 32000.")


def holder(number: int) -> Holder | None:
    """Who listens on the port, or None when /proc does not say (another user's process, no Linux)."""
    inodes = _listening_inodes(number)
    if not inodes:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        if inodes & _sockets(process):
            return Holder(int(process.name), _command(process))
    return None


def _listening_inodes(number: int) -> set[str]:
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in _lines(table)[1:]:
            fields = line.split()
            if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == number:
                found.add(f"socket:[{fields[9]}]")
    return found


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _sockets(process: Path) -> set[str]:
    found = set()
    with suppress(OSError):  # not ours to read, or gone meanwhile
        for handle in (process / "fd").iterdir():
            with suppress(OSError):  # the one that lists them is closed by now
                found.add(str(handle.readlink()))
    return found


def _command(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return "a process that just ended"
    program, *arguments = [word.decode(errors="replace") for word in words]
    text = " ".join([Path(program).name, *arguments])
    return text if len(text) <= 80 else text[:79] + "…"
