"""The vectors of quotes through each channel's HTTP API, from records on the log to the bytes of the answer."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from concord.testkit.clock import FakeClock
from unit.channel_quiet import Quiet, quiet
from unit.quote_cases import Case, load, stated, told, told_here
from unit.test_channel_vectors import customer, give
from unit.vector_cases import CHANNELS

CASES = load()


@pytest.fixture(scope="module", params=CHANNELS)
async def channel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Quiet]:
    async with quiet(request.param, tmp_path_factory.mktemp("quotes"), FakeClock()) as made:
        yield made


def body(case: Case) -> dict[str, Any]:
    """The basket as a request."""
    facts = {"facts": case.question["facts"]} if "facts" in case.question else {}
    asked = {"basket": case.basket, "codes": case.codes, "order": case.order, "at": case.at.isoformat()}
    return asked | facts | customer(case.question, case.household)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_vector_is_quoted_alike_over_http(channel: Quiet, case: Case) -> None:
    await give(channel, case)
    answer = await channel.post("/v1/quotes", body(case))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert told(found, case.expect) == stated(case.expect)
    name = channel.replica.channel
    if name in case.here:
        assert told_here(found) == case.here[name]
    assert found["certificate"]["terms_digest"] == case.terms_digest
