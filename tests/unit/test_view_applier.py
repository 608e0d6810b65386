"""What keeps a view following: nothing but a stop that was asked for ends it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from channel_adapters.errors import ViewStopped
from channel_adapters.view import applier as applying
from channel_adapters.view.applier import Applier
from channel_adapters.view.follower import Follower
from channel_adapters.view.live import LiveView
from concord.eventlog.errors import LogUnavailable
from concord.testkit.clock import FakeClock


@pytest.fixture
async def applier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Applier]:
    async def nothing(*_: object) -> None: ...

    monkeypatch.setattr("concord.eventlog.client.ensure_topics", nothing)
    monkeypatch.setattr(applying, "RETRY", 0)
    monkeypatch.setattr(applying, "LOOK_AGAIN", 0)
    made = Applier(LiveView(), tmp_path / "view", "nowhere", "web", FakeClock())
    made.open()
    yield made
    made.close()


@pytest.mark.parametrize(
    "ended",
    [asyncio.CancelledError(), LogUnavailable(), ViewStopped(), ZeroDivisionError()],
    ids=lambda e: type(e).__name__,
)
async def test_view_follows_again_however_following_ended(
    applier: Applier, monkeypatch: pytest.MonkeyPatch, ended: BaseException
) -> None:
    """aiokafka lets its own CancelledError out when it is stopped in the middle of a failing fetch."""
    turns = 0
    again = asyncio.Event()

    async def run(_: Follower) -> None:
        nonlocal turns
        turns += 1
        if turns > 2:
            again.set()
            await asyncio.Event().wait()
        raise ended

    monkeypatch.setattr(Follower, "run", run)
    running = asyncio.create_task(applier.run())
    async with asyncio.timeout(20):
        await again.wait()
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()


async def test_file_of_another_layout_is_thrown_away(tmp_path: Path) -> None:
    path = tmp_path / "view"
    path.write_bytes(b"what an older build wrote, which this one cannot read at all")
    live = LiveView()
    made = Applier(live, path, "nowhere", "web", FakeClock())
    made.open()
    assert live.reader.household("hh_1") is None
    made.close()
