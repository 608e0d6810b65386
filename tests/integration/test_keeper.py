"""The death rules of one kept process: real children that live and die as they are told (architecture §8)."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from concord.engines.errors import EngineFailed
from concord.engines.keeper import Keeper
from concord.engines.process import Command
from concord.engines.restart import Limits
from concord.exitcodes import UNFIT

LIVES = "print('one more life', flush=True); import signal; signal.pause()"
DIES = "print('no such setting: CONCORD_MOON', flush=True); raise SystemExit(3)"
QUICK = Limits(first=0.01, most=0.01)


class Told:
    """A server whose lives run these programs in turn, the last of them for ever; it answers when it LIVES."""

    name = "told"
    deadline = 10.0

    def __init__(self, folder: Path, *programs: str) -> None:
        self.log = folder / "told.log"
        self.programs = list(programs)
        self.present = ""

    def ports(self) -> Sequence[tuple[str, int]]:
        return [("told", 1)]

    async def prepare(self) -> None:
        self.present = self.programs.pop(0) if len(self.programs) > 1 else self.programs[0]

    def command(self) -> Command:
        return Command("told", [sys.executable, "-S", "-c", self.present], self.log)

    async def answers(self) -> bool:
        return self.present == LIVES


class Heard:
    """What a keeper said, and when it changed, by the state it was in."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.began: list[float] = []

    def changed(self, keeper: Callable[[], Keeper]) -> Callable[[], None]:
        def note() -> None:
            if keeper().status().state == "starting":
                self.began.append(time.monotonic())

        return note


def kept(server: Told, limits: Limits = QUICK, *, patient: bool = True) -> tuple[Keeper, Heard]:
    heard = Heard()
    changed = heard.changed(lambda: keeper)
    keeper = Keeper(server, limits, time.monotonic, changed, say=heard.sentences.append, patient=patient)
    return keeper, heard


@asynccontextmanager
async def running(keeper: Keeper) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(keeper.run())
    try:
        async with asyncio.timeout(30):
            yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await keeper.stop()


async def killed_and_back(keeper: Keeper) -> int:
    pid = await keeper.until_ready()
    os.kill(pid, signal.SIGKILL)
    return await keeper.until_ready(after=pid)


async def test_fifth_death_within_the_window_ends_it_with_the_logs_last_lines(tmp_path: Path) -> None:
    keeper, heard = kept(Told(tmp_path, DIES))
    async with running(keeper) as run:
        with pytest.raises(EngineFailed) as failed:
            await run
    lines = failed.value.detail.splitlines()
    assert lines[0] == "told died 5 times within 60 s. The last time it ended with exit code 3."
    # Of the last life alone; what earlier ones wrote may be years old.
    assert lines[1:] == [f"The last lines of {tmp_path / 'told.log'}:", "  no such setting: CONCORD_MOON"]
    assert (len(heard.began), keeper.restarts) == (5, 4)


async def test_each_start_anew_waits_its_delay(tmp_path: Path) -> None:
    keeper, heard = kept(Told(tmp_path, DIES), Limits(first=0.1, most=0.3))
    async with running(keeper) as run:
        with pytest.raises(EngineFailed):
            await run
    waits = [later - earlier for earlier, later in zip(heard.began, heard.began[1:], strict=False)]
    assert all(wait >= delay for wait, delay in zip(waits, [0.1, 0.2, 0.3, 0.3], strict=True))
    assert heard.sentences[1] == "told ended with exit code 3. It starts again in 0.2 s."


async def test_first_death_of_the_impatient_ends_it_at_once(tmp_path: Path) -> None:
    keeper, heard = kept(Told(tmp_path, DIES), patient=False)
    async with running(keeper) as run:
        with pytest.raises(EngineFailed) as failed:
            await run
    assert failed.value.detail.splitlines()[0] == "told ended with exit code 3."
    assert failed.value.detail.endswith("  no such setting: CONCORD_MOON")
    assert (len(heard.began), heard.sentences) == (1, [])


async def test_first_death_for_a_setting_ends_it_at_once(tmp_path: Path) -> None:
    keeper, heard = kept(Told(tmp_path, f"raise SystemExit({UNFIT})"))
    async with running(keeper) as run:
        with pytest.raises(EngineFailed, match="told ended with exit code 2"):
            await run
    assert len(heard.began) == 1


async def test_impatient_that_answered_once_is_started_anew(tmp_path: Path) -> None:
    keeper, _ = kept(Told(tmp_path, LIVES), patient=False)
    async with running(keeper):
        first = await keeper.until_ready()
        assert await killed_and_back(keeper) != first
    assert keeper.restarts == 1


async def test_impatient_that_answered_once_may_die_before_it_answers_again(tmp_path: Path) -> None:
    keeper, heard = kept(Told(tmp_path, LIVES, DIES, DIES, LIVES), patient=False)
    async with running(keeper):
        await killed_and_back(keeper)
    assert keeper.restarts == 3
    assert heard.sentences[0] == "told was ended by SIGKILL. It starts again in 0.01 s."
    assert heard.sentences[-1] == "told answers again."


async def test_deaths_outside_the_window_never_end_it(tmp_path: Path) -> None:
    keeper, heard = kept(Told(tmp_path, LIVES), Limits(first=0.01, most=0.01, window=0.001))
    async with running(keeper):
        for _ in range(6):
            await killed_and_back(keeper)
    assert keeper.restarts == 6
    assert heard.sentences.count("told answers again.") == 6
