"""Two questions in the servers' own words, without a client library: they are asked every 50 ms while starting."""

import asyncio
import struct

METADATA = 3  # api key
VERSION = 0
ABSENT = (OSError, TimeoutError, asyncio.IncompleteReadError, struct.error, IndexError, ValueError)


async def brokers(host: str, port: int, timeout: float = 2.0) -> int:  # noqa: ASYNC109  one bound for connecting and asking
    """How many brokers Kafka's Metadata answer (v0) lists; 0 when nobody answers. A fenced broker is not listed."""
    client = b"concord"
    request = struct.pack(">hhih", METADATA, VERSION, 1, len(client)) + client + struct.pack(">i", 1)
    # One topic that no one has: an empty list would ask for all of them.
    topic = b"~"
    request += struct.pack(">h", len(topic)) + topic
    try:
        answer = await _ask(host, port, struct.pack(">i", len(request)) + request, timeout)
        (count,) = struct.unpack_from(">i", answer, 4)
    except ABSENT:
        return 0
    return int(count)


async def _ask(host: str, port: int, request: bytes, limit: float) -> bytes:
    async with asyncio.timeout(limit):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(request)
            (length,) = struct.unpack(">i", await reader.readexactly(4))
            return await reader.readexactly(length)
        finally:
            writer.close()


async def http_status(host: str, port: int, path: str, timeout: float = 2.0) -> int:  # noqa: ASYNC109  as above
    """The status of `GET path`; 0 when nobody answers."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(request)
                line = await reader.readline()
            finally:
                writer.close()
        return int(line.split()[1])
    except ABSENT:
        return 0
