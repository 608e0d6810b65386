"""An engine that is away: authors write, channels answer and say how old they are, all recover by themselves."""

import os
import signal
from collections.abc import AsyncIterator

import pytest

from concord.cli import authoring, status
from concord.cli.agreement import AUTHORITIES
from concord.cli.client import ASKS_IN, CHANNELS, Answer
from concord.cli.errors import NotUpToBound, Unreachable
from concord.engines import ports
from concord.engines.restart import Limits
from concord.engines.stack import Stack
from faults.bystander import Bystander, bystander, insisting

AWAY = 6.0  # seconds an engine stays away after it was killed
STALE = 2_000  # ms (protocol §4)


@pytest.fixture(scope="module")
async def patient_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A stack that is in no hurry to bring back what died."""
    limits = Limits(first=AWAY, most=AWAY, deaths=100)
    with ports.reserved_base() as base:
        async with Stack(tmp_path_factory.mktemp("away"), base, limits=limits) as started:
            yield started


@pytest.fixture
async def caller(patient_stack: Stack, request: pytest.FixtureRequest) -> AsyncIterator[Bystander]:
    async with bystander(patient_stack.base, request.node.name.replace("_", "-")[-24:]) as prepared:
        await prepared.prepare()
        await insisting(prepared.held)
        yield prepared


async def ask(caller: Bystander, channel: str) -> Answer:
    """What the channel says of the first promise, by its code."""
    question = {"customer": {"code": caller.codes[0]}}
    return await caller.concord.call(channel, "POST", "/v1/decisions", person=ASKS_IN[channel], json=question)


async def until_stale(caller: Bystander, channel: str) -> Answer:
    async def stale() -> Answer:
        answer = await ask(caller, channel)
        if (answer.age_ms or 0) <= STALE:
            raise NotUpToBound
        return answer

    return await insisting(stale, deadline=AWAY)


async def killed(stack: Stack, name: str) -> int:
    pid = stack.process(name).pid
    os.kill(pid, signal.SIGKILL)
    return pid


async def test_without_kafka_authors_write_and_channels_answer_with_their_age(
    patient_stack: Stack, caller: Bystander
) -> None:
    pid = await killed(patient_stack, "kafka")
    token = (await suspend(caller)).view
    await caller.promise(1)
    for service in AUTHORITIES:
        await insisting(lambda service=service: backlog_seen(caller, service), deadline=AWAY)
    for channel in CHANNELS:
        answer = await until_stale(caller, channel)
        assert answer.body["items"][0]["promise"]["state"] == "open"
    await patient_stack.process("kafka").until_ready(after=pid)
    for channel in CHANNELS:
        await insisting(lambda channel=channel: at_least(caller, channel, token))
    await insisting(caller.held)


async def test_without_postgresql_channels_answer_and_writes_say_so(patient_stack: Stack, caller: Bystander) -> None:
    pid = await killed(patient_stack, "postgres")
    with pytest.raises(Unreachable) as refused:
        await authoring.fetch(caller.concord, caller.offer)
    assert refused.value.reason == "database_unavailable"
    for channel in CHANNELS:
        answer = await until_stale(caller, channel)
        assert answer.body["items"][0]["verdict"] in {"honour", "honour_with_fee", "refer"}
    await patient_stack.process("postgres").until_ready(after=pid)
    await caller.promise(2)
    await insisting(caller.held)


async def suspend(caller: Bystander) -> Answer:
    path = f"/v1/offers/{caller.offer}/activation:suspend"
    return await caller.concord.call("registry", "POST", path, person="marta", json={"reason": "a fault test"})


async def backlog_seen(caller: Bystander, service: str) -> None:
    """The authority's own metric says that something waits for Kafka."""
    found = status.BACKLOG.findall((await caller.concord.call(service, "GET", "/metrics")).body)
    if not any(float(age) > 0 for age in found):
        raise NotUpToBound


async def at_least(caller: Bystander, channel: str, token: str) -> Answer:
    return await caller.concord.call(channel, "GET", "/v1/view", person="operator", headers={"concord-at-least": token})
