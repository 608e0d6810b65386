"""Starting, keeping and stopping processes; stubs stand for the services, the engines are real."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from concord.engines import ports
from concord.engines.errors import AlreadyRunning, EngineFailed, PortInUse
from concord.engines.restart import Limits
from concord.engines.servers import Engines
from concord.engines.services import Service
from concord.engines.stack import Stack
from concord.engines.state import StateFolder, is_alive

STUBS = Path(__file__).with_name("stubs")
ENV = {"PYTHONPATH": str(STUBS)}
TWO = (Service("registry", "stub_service", database="offer_registry"), Service("web", "stub_service"))
QUICK = Limits(first=0.05, most=0.1)


@pytest.fixture
def base() -> Iterator[int]:
    with ports.reserved_base() as base:
        yield base


def stack_on(engines: Engines, folder: Path, base: int, limits: Limits = QUICK, **env: str) -> Stack:
    return Stack(
        folder,
        base,
        database_url=engines.postgres_url,
        kafka_bootstrap=engines.kafka_bootstrap,
        services=TWO,
        limits=limits,
        env={**ENV, **env},
    )


@pytest.fixture
async def stack(engines: Engines, tmp_path: Path, base: int) -> AsyncIterator[Stack]:
    async with stack_on(engines, tmp_path, base) as running:
        yield running


async def test_stack_says_what_runs(stack: Stack, tmp_path: Path) -> None:
    told = {process.name: process for process in StateFolder(tmp_path).running()}
    assert {(one.name, one.state, one.restarts) for one in told.values()} == {
        ("registry", "ready", 0),
        ("web", "ready", 0),
    }
    assert told["web"].pid == stack.process("web").pid
    assert told["web"].port == stack.base + 301


async def test_killed_process_is_started_anew(stack: Stack) -> None:
    killed = stack.process("web").pid
    os.kill(killed, signal.SIGKILL)
    async with asyncio.timeout(10):
        new = await stack.process("web").until_ready(after=killed)
    assert new != killed
    assert stack.process("web").restarts == 1
    assert stack.process("registry").restarts == 0


async def test_each_authority_has_its_own_database(stack: Stack) -> None:
    connection = await asyncpg.connect(stack.postgres_url("offer_registry"))
    assert await connection.fetchval("SHOW log_error_verbosity") == "terse"  # details quote what customers sent
    await connection.close()


async def test_stop_ends_every_process(engines: Engines, tmp_path: Path, base: int) -> None:
    async with stack_on(engines, tmp_path, base) as running:
        pids = [running.process(service.name).pid for service in TWO]
    assert not any(map(is_alive, pids))
    assert {process.state for process in StateFolder(tmp_path).running()} == {"stopped"}


async def test_second_run_is_told_where_the_first_is(stack: Stack, engines: Engines, tmp_path: Path) -> None:
    with pytest.raises(AlreadyRunning) as refused, ports.reserved_base() as other:
        async with stack_on(engines, tmp_path, other):
            pass
    assert f"pid {os.getpid()}" in refused.value.detail
    assert f"127.0.0.1:{stack.base + 301}" in refused.value.detail


async def test_port_in_use_is_said_with_its_holder(engines: Engines, tmp_path: Path, base: int) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", base + 301)
    async with server:
        with pytest.raises(PortInUse, match=rf"Port {base + 301} \(web\) is in use by pid {os.getpid()}, "):
            async with stack_on(engines, tmp_path, base):
                pass


async def test_process_that_dies_too_often_stops_everything_with_its_last_lines(
    engines: Engines, tmp_path: Path, base: int
) -> None:
    with pytest.raises(EngineFailed) as failed:
        async with stack_on(engines, tmp_path, base, STUBS_THAT_FAIL="web"):
            pass
    assert failed.value.detail.splitlines()[0] == (
        "web died 5 times within 60 s. The last time it ended with exit code 3."
    )
    assert failed.value.detail.endswith("  no such setting: CONCORD_MOON")
    assert {process.state for process in StateFolder(tmp_path).running()} == {"stopped"}


async def test_killed_supervisor_does_not_hinder_the_next(engines: Engines, tmp_path: Path, base: int) -> None:
    script = (
        "import asyncio, sys; sys.path.insert(0, sys.argv[1])\n"
        "import test_stack as t; from pathlib import Path\n"
        "asyncio.run(t.run_for_ever(t.Engines(sys.argv[2], sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5])))\n"
    )
    arguments = [engines.postgres_url, engines.kafka_bootstrap, str(tmp_path), str(base)]
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(Path(__file__).parent), *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert killed.stdout is not None
    async with asyncio.timeout(20):
        assert await killed.stdout.readline() == b"ready\n"
    orphans = [process.pid for process in StateFolder(tmp_path).running() if process.pid]
    killed.kill()
    await killed.wait()
    async with asyncio.timeout(20), stack_on(engines, tmp_path, base) as running:
        assert not any(map(is_alive, orphans))
        assert running.process("web").ready


async def run_for_ever(engines: Engines, folder: Path, base: int) -> None:
    """What the test above kills."""
    async with stack_on(engines, folder, base) as running:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await running.until_failed()
