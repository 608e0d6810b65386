"""`kill -9` of anything at any moment: the supervisor restarts it, nothing acknowledged is missing, nothing is twice.

CONCORD_FAULT_SEED repeats a run, CONCORD_FAULT_KILLS makes it longer.
"""

import asyncio
import os
import random
import signal

import pytest

from concord.engines.stack import Stack
from faults.bystander import bystander, insisting

SEED = int(os.environ.get("CONCORD_FAULT_SEED", "20261122"))
KILLS = int(os.environ.get("CONCORD_FAULT_KILLS", "20"))
VICTIMS = ("registry", "profile", "web", "store_pos", "call_center", "sms", "issuer", "kafka", "postgres")
BACK = 90.0  # seconds a process may take to answer again


async def kill_one(stack: Stack, name: str) -> None:
    """Kill it and wait until another process answers in its place."""
    keeper = stack.process(name)
    before = keeper.pid
    os.kill(before, signal.SIGKILL)
    async with asyncio.timeout(BACK):
        await keeper.until_ready(after=before)


async def nemesis(stack: Stack, source: random.Random) -> None:
    """Deaths of random processes at random moments; each process dies once before any dies twice."""
    victims = [*source.sample(VICTIMS, len(VICTIMS)), *source.choices(VICTIMS, k=KILLS)][:KILLS]
    for name in victims:
        await asyncio.sleep(source.uniform(0.05, 1.0))  # the moment is part of the schedule, not a wait for anything
        await kill_one(stack, name)


@pytest.mark.timeout(1800)
async def test_import_survives_kills_at_random_moments(stack: Stack) -> None:
    async with bystander(stack.base, f"seed-{SEED}") as caller:
        before = await insisting(caller.held)
        await caller.prepare()
        killing = asyncio.create_task(nemesis(stack, random.Random(SEED)))
        rounds = 0
        while not killing.done():
            await caller.import_round(rounds, households=100, promises=2_000)
            await caller.promise(rounds)
            rounds += 1
        await killing
        await caller.verify(before)
