"""Reads as fresh as their tokens: wait, read through, or say so; never older (protocol R20)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from channel_adapters.view import bound
from channel_adapters.view.households import from_items
from channel_adapters.view.readthrough import Changes
from concord.contracts.records import OfferRecord
from unit import view_histories as made
from unit.channel_quiet import Quiet, quiet

AT_LEAST = "Concord-At-Least"
CODE = "K7M29QX4TB"
HH = "hh_1"


@pytest.fixture
async def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Quiet]:
    monkeypatch.setattr(bound, "WAIT", 0.05)
    monkeypatch.setattr("channel_adapters.customers.WAIT", 0.05)
    async with quiet("web", tmp_path) as channel:
        yield channel


def records(promise_version: int = 2) -> list[tuple[str, bytes]]:
    return [
        (HH, made.household_value(HH, 1)),
        (f"{HH}/prm_1", made.promise_value(HH, "prm_1", promise_version, code=CODE)),
    ]


async def test_read_without_token_is_served_at_once_with_tokens_and_age(web: Quiet) -> None:
    for key, value in records():
        await web.hear(key, value)
    await web.hear("ofr_1", made.offer_value())
    answer = await web.ask({"customer": {"household": HH}})
    assert answer.headers["concord-view"] == "v1.1.1, h1.1.hh_1.2"
    assert answer.headers["concord-age"] == "100"
    assert web.authorities.asked == []


async def test_token_reached_is_served(web: Quiet) -> None:
    await web.hear("ofr_1", made.offer_value())
    answer = await web.ask({}, **{AT_LEAST: "v1.1.1"})
    assert answer.status_code == 200
    assert web.authorities.asked == []


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a busy machine does not cut short."""
    monkeypatch.setattr(bound, "WAIT", 20)
    monkeypatch.setattr("channel_adapters.customers.WAIT", 20)


@pytest.mark.usefixtures("patient")
async def test_token_ahead_waits_for_the_view(web: Quiet) -> None:
    asked = asyncio.create_task(web.ask({}, **{AT_LEAST: "v1.1.1, h1.1.hh_1.1"}))
    await asyncio.sleep(0)
    await web.hear("ofr_1", made.offer_value())
    await web.hear(HH, made.household_value(HH, 1))
    answer = await asked
    assert answer.headers["concord-view"] == "v1.1.1"
    assert web.authorities.asked == []


async def test_token_ahead_is_read_through_into_the_certificate_and_not_into_the_view(web: Quiet) -> None:
    web.authorities.later = Changes(1, 7, (OfferRecord.parse(made.offer_value()),))
    answer = await web.ask({"offers": ["free-handset-upgrade"]}, **{AT_LEAST: "v1.1.6"})
    assert answer.json()["certificate"]["catalogue"] == {"epoch": 1, "revision": 7}
    assert answer.headers["concord-view"] == "v1.1.7"
    assert answer.json()["items"][0]["verdict"] != "refused"
    assert web.replica.live.snapshot.offers.revision == 0
    assert len(web.replica.live.snapshot.catalogue) == 0


async def test_household_token_ahead_is_read_through_with_its_look_ups(web: Quiet) -> None:
    await web.hear("ofr_1", made.offer_value())
    web.authorities.there = from_items(HH, 1, records())
    asked = {"customer": {"party": f"pty_{HH}"}}
    assert (await web.ask(asked)).json()["certificate"]["household"] is None
    answer = await web.ask(asked, **{AT_LEAST: "h1.1.hh_1.2"})
    assert answer.json()["certificate"]["household"] == {"epoch": 1, "id": HH, "version": 2}
    assert answer.json()["items"][0]["promise"]["id"] == "prm_1"
    assert web.replica.live.reader.household(HH) is None


async def test_token_nobody_reaches_is_not_up_to_bound(web: Quiet) -> None:
    for token in ("v1.1.99", "v1.2.0", "h1.1.hh_1.5", "h1.1.hh_none.1"):
        answer = await web.ask({}, **{AT_LEAST: token})
        assert (answer.status_code, answer.json()["reason"]) == (503, "not_up_to_bound"), token
        assert answer.headers["retry-after"] == "1"


async def test_authority_that_is_behind_the_token_does_not_help(web: Quiet) -> None:
    web.authorities.later = Changes(1, 5, ())
    web.authorities.there = from_items(HH, 1, records())
    assert (await web.ask({}, **{AT_LEAST: "v1.1.6"})).status_code == 503
    assert (await web.ask({}, **{AT_LEAST: "h1.1.hh_1.3"})).status_code == 503


async def test_one_token_of_several_that_is_not_reached_decides(web: Quiet) -> None:
    web.authorities.later = Changes(1, 7, ())
    assert (await web.ask({}, **{AT_LEAST: "v1.1.6"})).status_code == 200
    assert (await web.ask({}, **{AT_LEAST: "v1.1.6, h1.1.hh_1.1"})).status_code == 503


async def test_token_of_an_ended_epoch_proves_a_lost_write(web: Quiet) -> None:
    answer = await web.ask({}, **{AT_LEAST: "v1.0.4"})
    assert (answer.status_code, answer.json()["reason"]) == (409, "lost_write")


async def test_token_of_an_ended_epoch_before_its_fork_is_served(web: Quiet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bound, "LINEAGE", {0: 4})
    assert (await web.ask({}, **{AT_LEAST: "v1.0.4"})).status_code == 200
    assert (await web.ask({}, **{AT_LEAST: "v1.0.5"})).status_code == 409


async def test_malformed_token_is_refused(web: Quiet) -> None:
    for token in ("v1", "v1.1.x", "h1.1.2", "v1.1.1,,v1.1.2", "v2.1.1"):
        answer = await web.ask({}, **{AT_LEAST: token})
        assert (answer.status_code, answer.json()["reason"]) == (400, "token_malformed"), token


@pytest.mark.parametrize("path", ["/v1/offers", "/v1/view"])
async def test_every_read_takes_tokens_and_gives_them(web: Quiet, path: str) -> None:
    assert (await web.get(path, **{AT_LEAST: "v1.1.99"})).status_code == 503
    answer = await web.get(path, **{AT_LEAST: "v1.1.0"})
    assert answer.headers["concord-view"] == "v1.1.0"
    assert answer.headers["concord-age"] == "100"


async def test_refusals_and_health_carry_the_view_too(web: Quiet) -> None:
    for answer in (await web.http.get("/healthz/live"), await web.ask({"nonsense": 1}), await web.http.get("/v1/view")):
        assert answer.headers["concord-view"] == "v1.1.0"
        assert answer.headers["concord-age"] == "100"


@pytest.mark.usefixtures("patient")
async def test_code_is_a_token_the_view_waits_for(web: Quiet) -> None:
    await web.hear("ofr_1", made.offer_value())
    asked = asyncio.create_task(web.ask({"customer": {"code": CODE}}))
    await asyncio.sleep(0)
    for key, value in records():
        await web.hear(key, value)
    answer = (await asked).json()
    assert answer["items"][0]["promise"]["code"] == "K7M2-9QX4-TB"
    assert web.authorities.asked == []


async def test_unknown_code_is_read_through_to_the_profile(web: Quiet) -> None:
    await web.hear("ofr_1", made.offer_value())
    web.authorities.there = from_items(HH, 1, records())
    answer = (await web.ask({"customer": {"code": "k7m2-9qx4-tb"}})).json()
    assert answer["items"][0]["promise"]["id"] == "prm_1"
    assert answer["certificate"]["household"] == {"epoch": 1, "id": HH, "version": 2}
    assert web.replica.live.reader.count_pending() == 0


async def test_unknown_code_is_pending_and_looked_up_until_found(web: Quiet) -> None:
    answer = (await web.ask({"customer": {"code": CODE}})).json()
    assert [item["verdict"] for item in answer["items"]] == ["pending"]
    assert (await web.get("/v1/view", "operator")).json()["pending"] == 1
    pending = web.app.state.pending
    await pending.look()
    assert web.replica.live.reader.count_pending() == 1
    web.authorities.there = from_items(HH, 1, records())
    await pending.look()
    assert web.replica.live.reader.count_pending() == 0


async def test_pending_code_is_dropped_after_a_day(web: Quiet) -> None:
    await web.ask({"customer": {"code": CODE}})
    web.clock.advance(23 * 3600)
    await web.app.state.pending.look()
    assert web.replica.live.reader.count_pending() == 1
    web.clock.advance(2 * 3600)
    await web.app.state.pending.look()
    assert web.replica.live.reader.count_pending() == 0


async def test_promise_before_its_version_reads_the_catalogue_through(web: Quiet) -> None:
    for key, value in records():
        await web.hear(key, value)
    assert (await web.ask({"customer": {"code": CODE}})).json()["items"][0]["verdict"] == "pending"
    web.authorities.later = Changes(1, 3, (OfferRecord.parse(made.offer_value()),))
    answer = (await web.ask({"customer": {"code": CODE}})).json()
    assert answer["items"][0]["verdict"] == "honour"
    assert answer["certificate"]["catalogue"] == {"epoch": 1, "revision": 3}


async def test_what_was_fetched_does_not_hide_what_arrived_meanwhile(web: Quiet) -> None:
    older = Changes(1, 1, (OfferRecord.parse(made.offer_value(state="HONOURABLE")),))
    await web.hear("ofr_1", made.offer_value(state="HONOURABLE"))
    await web.hear("ofr_1", made.offer_value(state="LIVE"))
    fetched = replace(bound.NOTHING, changes=older, households={HH: from_items(HH, 1, records(2))})
    catalogue, position = fetched.over(web.replica.live.snapshot)
    assert position.revision == 2
    assert catalogue is web.replica.live.snapshot.catalogue
    newer = from_items(HH, 1, records(3))
    assert fetched.newest(HH, newer) is newer
