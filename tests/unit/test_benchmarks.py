"""The measuring instruments themselves: they must not flatter."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import perf_counter

import pytest

from benchmarks import load, ownmetric, pace
from benchmarks.report import Percentiles, Spread

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
ASKED = load.request("GET", "/")


def ask(_: int) -> bytes:
    return ASKED


@asynccontextmanager
async def server(answer: Callable[[int], bytes], stall: float = 0.0) -> AsyncIterator[int]:
    """Answers each request; the first one, and all that come meanwhile, only after `stall` seconds."""
    stalled = asyncio.get_running_loop().create_future()
    numbers = iter(range(1_000_000))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                number = next(numbers)
                if number == 0:
                    asyncio.get_running_loop().call_later(stall, stalled.set_result, None)
                await stalled
                writer.write(answer(number))
        except asyncio.IncompleteReadError:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


async def test_opened_counts_from_the_plan_so_that_a_stall_shows_in_every_request_it_delayed() -> None:
    async with server(lambda _: OK, stall=0.3) as port:
        run = await load.opened(port, ask, rate=100, number=30, connections=2)
    assert len(run.latencies) == 30
    assert Percentiles.of(run.latencies).p50 >= 100  # a closed loop would say two requests were slow


async def test_closed_stops_at_its_count() -> None:
    async with server(lambda _: OK) as port:
        run = await load.closed(port, ask, connections=3, seconds=10, most=50)
    assert len(run.latencies) == 50
    assert run.statuses == {200: 50}


async def test_a_failure_is_not_counted_as_speed() -> None:
    async with server(lambda _: b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n") as port:
        run = await load.closed(port, ask, connections=1, seconds=10, most=3)
    with pytest.raises(load.Broken, match="503"):
        run.refuse_failures()


async def test_an_answer_without_length_is_refused() -> None:
    async with server(lambda _: b"HTTP/1.1 200 OK\r\n\r\nok") as port, load.connected(port) as connection:
        with pytest.raises(load.Broken, match="Content-Length"):
            await connection.ask(ASKED)


async def test_an_answer_may_come_in_pieces() -> None:
    connection = load.Connection()
    asked = connection._asked = asyncio.get_running_loop().create_future()
    for byte in OK:
        connection.data_received(bytes([byte]))
    answer = await asked
    assert (answer.status, answer.body, answer.header("content-length")) == (200, b"ok", "2")


async def test_no_instant_is_left_out_when_the_plan_is_late() -> None:
    given = []
    async for planned in pace.instants(1_000, 20):
        if not given:
            until = perf_counter() + 0.05
            while perf_counter() < until:  # something holds the loop
                pass
        given.append(planned)
    assert [round((planned - given[0]) * 1_000) for planned in given] == list(range(20))


def test_percentiles_are_values_that_were_measured() -> None:
    found = Percentiles.of([number / 1_000 for number in range(1, 101)])
    assert (round(found.p50), round(found.p99), round(found.max)) == (50, 99, 100)


def test_percentiles_of_one_are_that_one() -> None:
    assert Percentiles.of([0.004]).p50 == pytest.approx(4.0)


def test_spread_is_the_median_and_its_range() -> None:
    assert Spread.of([3.0, 1.0, 2.0]).text(1) == "2.0 (1.0–3.0)"


def test_a_quantile_counts_what_came_between_two_readings() -> None:
    before = {0.001: 5.0, 0.01: 10.0, float("inf"): 10.0}
    after = {0.001: 5.0, 0.01: 110.0, float("inf"): 110.0}
    assert ownmetric.quantile(before, after, 0.5) == pytest.approx(0.0055)
