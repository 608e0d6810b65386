"""The vectors through each channel's HTTP API, from records on the log to the bytes of the answer."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from concord.contracts.records import HouseholdRecord
from concord.testkit.clock import FakeClock
from unit.channel_quiet import Quiet, quiet
from unit.quote_cases import Case as QuoteCase
from unit.vector_cases import CHANNELS, Case, load, told

CASES = load()
MOST_SPECIFIC = ("code", "line", "party")  # how the API names a customer: in one way


@pytest.fixture(scope="module", params=CHANNELS)
async def channel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Quiet]:
    async with quiet(request.param, tmp_path_factory.mktemp("vectors"), FakeClock()) as made:
        yield made


async def give(channel: Quiet, case: Case | QuoteCase) -> None:
    """The view holds what the case says, as of its instant."""
    channel.clock.set_wall(case.at)
    await channel.forget_everything()
    for offer in case.offers:
        await channel.hear(offer.id, offer.to_bytes())
    if case.household is not None:
        await channel.hear(case.household.id, case.household.to_bytes())
    for promise in case.promises:
        await channel.hear(f"{promise.household}/{promise.id}", promise.to_bytes())
    await channel.beat()


def customer(asked: dict[str, Any], household: HouseholdRecord | None) -> dict[str, Any]:
    """Who is meant, as a request names them."""
    named = next((name for name in MOST_SPECIFIC if asked.get(name)), None)
    if named is not None:
        return {"customer": {named: asked[named]}}
    return {"customer": {"household": household.id}} if household is not None else {}


def body(case: Case) -> dict[str, Any]:
    """The question as a request."""
    asked = case.question
    sent = {name: asked[name] for name in ("offers", "products", "facts") if asked.get(name)}
    return sent | customer(asked, case.household) | {"at": case.at.isoformat()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_vector_is_answered_alike_over_http(channel: Quiet, case: Case) -> None:
    await give(channel, case)
    token = channel.signin.token(channel.person)
    answer = await channel.http.post("/v1/decisions", json=body(case), headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    name = channel.replica.channel
    assert [told(item) for item in found["items"]] == case.expect[name]
    if name in case.say:
        assert found["items"][0]["say_this"] == case.say[name]
    assert found["certificate"]["terms_digest"] == case.terms_digest
