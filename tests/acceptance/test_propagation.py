"""A change is visible in all four channels soon after its commit; the gate is wide because machines of CI are slow."""

from collections.abc import AsyncIterator

import pytest

from benchmarks import propagation
from benchmarks.floor import raw_log
from benchmarks.report import Percentiles
from benchmarks.stack import TRACEPARENT, Site
from concord.cli.client import Concord
from concord.engines.stack import Stack

CHANGES = 100
GATE = 250.0  # ms


@pytest.fixture(scope="module")
async def site(stack: Stack) -> AsyncIterator[Site]:
    async with Concord(stack.base, traceparent=TRACEPARENT) as concord:
        made = Site(stack, concord)
        await propagation.prepare(made)
        yield made


@pytest.mark.parametrize("make", [propagation.promises, propagation.offers])
async def test_propagation_p99_is_within_the_gate(site: Site, make: propagation.Make) -> None:
    async with raw_log(site.stack.kafka_bootstrap) as raw:
        source = await make(site)
        await propagation.measure_source(site, source, raw, propagation.WARM_UP)
        measured = await propagation.measure_source(site, source, raw, CHANGES)
    assert Percentiles.of(measured.slowest).p99 <= GATE
