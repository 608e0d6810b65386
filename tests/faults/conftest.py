"""A whole stack of its own, kept by the supervisor of `make run`, in which processes may be killed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from concord.engines import ports
from concord.engines.restart import Limits
from concord.engines.stack import Stack

MANY_DEATHS = Limits(first=0.1, most=1.0, deaths=10_000)


@pytest.fixture(scope="module")
def crash_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crash")


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory, crash_folder: Path) -> AsyncIterator[Stack]:
    env = {"CONCORD_CRASH_DIR": str(crash_folder)}
    with ports.reserved_base() as base:
        async with Stack(tmp_path_factory.mktemp("faults"), base, limits=MANY_DEATHS, env=env) as started:
            yield started
