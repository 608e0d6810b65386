"""A view killed at each named point opens again as a prefix of the log, and gets to the same end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from channel_adapters.view.store import ViewStore, recompute
from concord.eventlog import crash
from unit import view_histories as made

ROOT = Path(__file__).parents[2]
POINTS = [point for point in crash.POINTS if point.startswith("applier.")]
CHILD = """
import asyncio, sys
from pathlib import Path
from channel_adapters.view.scribe import Scribe
from channel_adapters.view.store import ViewStore
from concord.decision.catalogue import Catalogue
from concord.eventlog import crash
from unit import view_histories as made

async def main():
    path, point, turn = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    scribe = Scribe(ViewStore(path), Catalogue(), lambda outcome: None, name="writer")
    for history in made.households(11, changes=80).values():
        records = made.data(history.records)
        for start in range(0, len(records), 4):
            turn -= 1
            if turn == 0:
                crash.arm(path.parent, point)
            await scribe.take(lambda: [[made.stretch(history.slot, records[start : start + 4])]])

asyncio.run(main())
"""


def die(path: Path, point: str, turn: int) -> None:
    """Apply a history in a process that kills itself at this point of a turn."""
    environment = {**os.environ, "CONCORD_CRASH_DIR": str(path.parent), "PYTHONPATH": str(ROOT / "tests")}
    command = [sys.executable, "-c", CHILD, str(path), point, str(turn)]
    ended = subprocess.run(command, env=environment, check=False, timeout=60)  # noqa: S603
    assert ended.returncode == -signal.SIGKILL


@pytest.mark.parametrize("turn", [1, 7])
@pytest.mark.parametrize("point", POINTS)
def test_view_killed_at_a_point_goes_on_from_its_file(tmp_path: Path, point: str, turn: int) -> None:
    path = tmp_path / "view"
    die(path, point, turn)
    store = ViewStore(path)
    found = recompute(path)
    assert {slot: (tally.count, tally.digest) for slot, tally in found.items()} == {
        slot: (position.count, position.digest) for slot, position in store.positions.items()
    }
    for history in made.households(11, changes=80).values():
        place = store.positions[history.slot].next_offset
        left = [record for record in made.data(history.records) if record.offset >= place]
        if left:
            store.apply([made.stretch(history.slot, left)])
        assert store.positions[history.slot].digest == history.digest
        assert store.positions[history.slot].count == len(history.state)
    store.close()
