"""What a view tells about itself: a trace from the author to the channel, seconds to visible, staleness."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from concord.telemetry import metrics
from concord.testkit.telemetry import recorded_spans
from unit import view_histories as made
from unit.channel_quiet import Quiet, quiet

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Quiet]:
    async with quiet("web", tmp_path) as channel:
        yield channel


def sample(name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0.0


async def test_apply_span_is_a_child_of_the_change_and_the_batch_links_to_it(web: Quiet) -> None:
    web.history("ofr_1").traceparent = TRACE
    with recorded_spans() as exporter:
        await web.hear("ofr_1", made.offer_value())
    applied, batch = exporter.get_finished_spans()
    assert (applied.name, batch.name) == ("process concord.offers.v1", "poll concord.offers.v1")
    assert applied.parent is not None
    assert f"{applied.parent.trace_id:032x}-{applied.parent.span_id:016x}" in TRACE
    assert [f"{link.context.span_id:016x}" for link in batch.links] == ["b7ad6b7169203331"]
    assert applied.attributes is not None
    assert applied.attributes["concord.revision"] == 1


async def test_seconds_from_commit_to_visible_are_measured(web: Quiet) -> None:
    before = (
        sample("concord_propagation_seconds_count", channel="web"),
        sample("concord_propagation_seconds_sum", channel="web"),
    )
    history = web.history("ofr_1")
    committed = web.clock.now() - timedelta(milliseconds=40)
    history.now = lambda: committed
    await web.hear("ofr_1", made.offer_value())
    assert sample("concord_propagation_seconds_count", channel="web") == before[0] + 1
    assert sample("concord_propagation_seconds_sum", channel="web") == pytest.approx(before[1] + 0.04)
    revision = sample("concord_view_revision", channel="web", topic="concord.offers.v1", partition="0")
    assert revision == 1


async def test_view_that_differs_is_counted(web: Quiet) -> None:
    before = sample("concord_digest_mismatch_total", channel="web", topic="concord.offers.v1")
    web.history("ofr_1").change("ofr_1", made.offer_value())
    await web.beat()
    assert sample("concord_digest_mismatch_total", channel="web", topic="concord.offers.v1") == before + 1


async def test_verdicts_are_counted(web: Quiet) -> None:
    before = sample("concord_decisions_total", verdict="refused")
    await web.ask({"offers": ["no-such-offer"]})
    assert sample("concord_decisions_total", verdict="refused") == before + 1
