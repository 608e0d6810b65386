"""HTTP load over keep-alive connections that write ready bytes, and the two ways to ask.

`closed` measures what a server can do: each connection asks again as soon as it was answered. `opened` measures how
long it takes: requests go out at planned instants whatever the server does, and latency counts from the plan, so a
server that stalls cannot hide the requests it kept waiting (coordinated omission).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from time import perf_counter
from typing import Final, cast

from .pace import instants

PATIENCE: Final = 10.0  # s for one answer
HEAD_END: Final = b"\r\n\r\n"

Render = Callable[[int], bytes]
"""The bytes of request number n."""


class Broken(Exception):
    """The connection ended, or what came is no answer with a Content-Length."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; header names are lower case."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, empty when it is absent."""
        for line in self.head.split(b"\r\n")[1:]:
            found, _, value = line.partition(b":")
            if found.decode().lower() == name:
                return value.strip().decode()
        return ""


def request(method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> bytes:
    """The bytes of an HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join(lines).encode() + HEAD_END + (body or b"")


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._asked: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none of asyncio's classes

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._fail(Broken("The server closed the connection."))

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(HEAD_END)
        if end < 0:
            return
        head = bytes(self._received[:end])
        try:
            whole = end + len(HEAD_END) + _content_length(head)
        except ValueError:
            self._fail(Broken(f"No Content-Length: {head[:100]!r}"))
            return
        if len(self._received) >= whole:
            answer = Answer(int(head[9:12]), head, bytes(self._received[end + len(HEAD_END) : whole]))
            del self._received[:whole]
            asked, self._asked = self._asked, None
            if asked is not None and not asked.done():
                asked.set_result(answer)

    async def ask(self, sent: bytes) -> Answer:
        """Raises Broken, TimeoutError."""
        if self._transport is None:
            raise Broken("There is no connection.")
        self._asked = asyncio.get_running_loop().create_future()
        self._transport.write(sent)
        return await self._asked

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _fail(self, error: Broken) -> None:
        asked, self._asked = self._asked, None
        if asked is not None and not asked.done():
            asked.set_exception(error)


def _content_length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        raise ValueError
    return int(head[at + 17 :].partition(b"\r\n")[0])


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    """A connection to 127.0.0.1."""
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    try:
        yield connection
    finally:
        connection.close()


@asynccontextmanager
async def several(port: int, number: int) -> AsyncIterator[Sequence[Connection]]:
    """So many connections to one port."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(connected(port)) for _ in range(number)]


class Pool:
    """Connections that are lent; who finds none waits for one."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        for connection in connections:
            self._free.put_nowait(connection)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Connection]:
        """A connection for one request, or several in turn."""
        connection = await self._free.get()
        try:
            yield connection
        finally:
            self._free.put_nowait(connection)


@asynccontextmanager
async def pool(port: int, number: int) -> AsyncIterator[Pool]:
    """So many connections to one port, to be lent."""
    async with several(port, number) as connections:
        yield Pool(connections)


async def until_answering(port: int, tail: Callable[[], Sequence[str]], seconds: float = 30.0) -> None:
    """Wait until a process of ours is ready. Raises Broken with the last lines of its log."""
    asked = request("GET", "/healthz/ready")
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                with suppress(OSError, Broken):
                    async with connected(port) as connection:
                        if (await connection.ask(asked)).status == 200:
                            return
                await asyncio.sleep(0.02)
    raise Broken("\n".join(tail()))


@dataclass(slots=True)
class Run:
    """What a load came to. Latencies are seconds, in order of their end; statuses count answers."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def note(self, status: int, latency: float) -> None:
        self.statuses[status] += 1
        self.latencies.append(latency)

    def refuse_failures(self) -> None:
        """Raises Broken when an answer was no success: its speed says nothing."""
        failed = {status: number for status, number in self.statuses.items() if not 200 <= status < 300}
        if failed:
            raise Broken(f"Answers that are no success: {failed}")


async def closed(port: int, render: Render, *, connections: int, seconds: float, most: int = 1_000_000) -> Run:
    """Ask on every connection, again and again, for so many seconds or `most` requests."""
    run, numbers = Run(), count()
    async with several(port, connections) as opened_connections:
        begin = perf_counter()
        end = begin + seconds

        async def ask_on(connection: Connection) -> None:
            while (sent_at := perf_counter()) < end and (number := next(numbers)) < most:
                answer = await connection.ask(render(number))
                run.note(answer.status, perf_counter() - sent_at)

        async with asyncio.timeout(seconds + PATIENCE), asyncio.TaskGroup() as group:
            for connection in opened_connections:
                group.create_task(ask_on(connection))
        run.seconds = perf_counter() - begin
    return run


async def opened(port: int, render: Render, *, rate: float, number: int, connections: int = 64) -> Run:
    """Ask at planned instants; a request waits for a free connection when all are asked on."""
    run = Run()
    async with pool(port, connections) as free, asyncio.timeout(number / rate + PATIENCE):

        async def ask(which: int, planned: float) -> None:
            async with free.one() as connection:
                answer = await connection.ask(render(which))
            run.note(answer.status, perf_counter() - planned)

        begin, which = perf_counter(), count()
        async with asyncio.TaskGroup() as group:
            async for planned in instants(rate, number):
                group.create_task(ask(next(which), planned))
        run.seconds = perf_counter() - begin
    return run
