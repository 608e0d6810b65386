"""Each named crash point once: the process dies exactly there, comes back, and the work goes on as if it had not."""

import asyncio
from pathlib import Path

import pytest

from concord.engines.stack import Stack
from concord.eventlog import crash
from faults.bystander import bystander, insisting


async def until_died(mark: Path) -> None:
    while not mark.exists():  # noqa: ASYNC110, ASYNC240  another process makes the file
        await asyncio.sleep(0.05)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("point", crash.POINTS)
async def test_work_goes_on_after_a_death_at(point: str, stack: Stack, crash_folder: Path) -> None:
    async with bystander(stack.base, f"point-{crash.POINTS.index(point)}") as caller:
        before = await insisting(caller.held)
        mark = crash.arm(crash_folder, point)
        await caller.prepare()
        await caller.import_round(0, households=50, promises=2_500)
        await caller.promise(0)
        async with asyncio.timeout(60):
            await until_died(mark)
        await caller.verify(before)
