"""One whole stack for all acceptance tests, started through the code of `make run`, with the story loaded."""

from collections.abc import AsyncIterator

import pytest

from acceptance.terminal import session
from concord.cli.story import loading
from concord.engines import ports
from concord.engines.stack import Stack


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """PostgreSQL, Kafka, the issuer and the six services, ready."""
    with ports.reserved_base() as base:
        async with Stack(tmp_path_factory.mktemp("acceptance"), base) as started:
            await loading.load(session(started))
            yield started
