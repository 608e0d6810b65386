"""A channel's view on a real broker: it follows, restarts, stops at what it cannot read, and is built anew the same."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from channel_adapters.view.positions import StateLog
from channel_adapters.view.store import recompute, remove
from integration.channel_stage import Authority, Channel, authority, channel, own_log
from unit import view_histories as made


@pytest.fixture
def log() -> StateLog:
    return own_log()


@pytest.fixture
async def there(kafka_bootstrap: str, log: StateLog) -> AsyncIterator[Authority]:
    async with authority(kafka_bootstrap, log) as playing:
        yield playing


async def fill(there: Authority, households: int = 40) -> None:
    """Offers and households with promises, some changed, some erased."""
    await there.change("ofr_1", made.offer_value(state="HONOURABLE"))
    await there.change("ofr_1", made.offer_value(state="LIVE", revision=2))
    for number in range(households):
        name = f"hh_{number}"
        await there.change(name, made.household_value(name, 1))
        await there.change(f"{name}/prm_{number}", made.promise_value(name, f"prm_{number}", 2))
        if number % 5 == 0:
            await there.change(f"{name}/prm_{number}", None, end=False)
            await there.change(name, None)
    await there.change("hh_0", made.household_value("hh_0", 9))


def digests(there: Authority) -> dict[tuple[str, int], tuple[int, int, int]]:
    return {slot: (history.revision, len(history.state), history.digest) for slot, history in there.histories.items()}


def held(running: Channel) -> dict[tuple[str, int], tuple[int, int, int]]:
    positions = running.replica.live.snapshot.positions
    return {slot: (position.revision, position.count, position.digest) for slot, position in positions.items()}


async def test_view_becomes_ready_and_equals_the_authority(
    tmp_path: Path, kafka_bootstrap: str, log: StateLog, there: Authority
) -> None:
    await fill(there)
    async with channel("web", tmp_path, kafka_bootstrap, log) as web:
        await web.fresh(there)
        assert held(web) == digests(there)
        body = (await web.get("/v1/view", "operator")).json()
        assert body["state"] == "READY"
        assert [topic["digest"] for topic in body["topics"]] == [
            f"{digest:064x}" for _, _, digest in digests(there).values()
        ]
        assert (await web.http.get("/healthz/ready")).status_code == 200
    found = recompute(tmp_path / "web.sqlite", log)
    assert {slot: (tally.count, tally.digest) for slot, tally in found.items()} == {
        slot: (count, digest) for slot, (_, count, digest) in digests(there).items()
    }


async def test_view_from_an_empty_disk_equals_the_old_one(
    tmp_path: Path, kafka_bootstrap: str, log: StateLog, there: Authority
) -> None:
    await fill(there)
    async with channel("sms", tmp_path, kafka_bootstrap, log) as sms:
        await sms.fresh(there)
        before = held(sms)
    remove(tmp_path / "sms.sqlite")
    async with channel("sms", tmp_path, kafka_bootstrap, log) as sms:
        await sms.fresh(there)
        assert held(sms) == before


async def test_view_goes_on_where_its_file_stands(
    tmp_path: Path, kafka_bootstrap: str, log: StateLog, there: Authority
) -> None:
    await fill(there)
    async with channel("web", tmp_path, kafka_bootstrap, log) as web:
        await web.fresh(there)
    more = await there.change("hh_77", made.household_value("hh_77", 1))
    async with channel("web", tmp_path, kafka_bootstrap, log) as web:
        assert web.replica.live.snapshot.built
        await web.has(more)
        await web.fresh(there)
        assert held(web) == digests(there)


async def test_view_shows_nothing_of_a_changeset_before_its_end(
    tmp_path: Path, kafka_bootstrap: str, log: StateLog, there: Authority
) -> None:
    async with channel("web", tmp_path, kafka_bootstrap, log) as web:
        await web.fresh(there)
        await there.change("hh_1", made.household_value("hh_1", 1), end=False)
        sentinel = await there.change("ofr_1", made.offer_value())
        await web.has(sentinel)
        assert web.replica.live.reader.household("hh_1") is None
        last = await there.change("hh_1/prm_1", made.promise_value("hh_1", "prm_1", 2))
        await web.has(last)
        household = web.replica.live.reader.household("hh_1")
        assert household is not None
        assert household.version == 2


async def test_rebuilt_view_takes_over_with_its_pending_codes(
    tmp_path: Path, kafka_bootstrap: str, log: StateLog, there: Authority
) -> None:
    await fill(there)
    async with channel("web", tmp_path, kafka_bootstrap, log) as web:
        await web.fresh(there)
        await web.replica.applier.note_pending("K7M29QX4TB", made.START)
        before = web.replica.live.reader
        assert (await web.http.post("/v1/view:rebuild", headers=web.signin.headers("operator"))).status_code == 202
        beating = asyncio.create_task(beat_for_ever(there))
        await web.until(lambda: web.replica.live.reader is not before)
        beating.cancel()
        assert held(web) == digests(there)
        assert web.replica.live.reader.count_pending() == 1
        await web.has(await there.change("ofr_2", made.offer_value("ofr_2", key="another")))


async def beat_for_ever(there: Authority) -> None:
    while True:
        await there.beat()
        await asyncio.sleep(0.2)


async def test_view_that_differs_is_built_anew(
    tmp_path: Path, kafka_bootstrap: str, log: StateLog, there: Authority
) -> None:
    await fill(there, households=5)
    async with channel("web", tmp_path, kafka_bootstrap, log) as web:
        await web.fresh(there)
        store = web.replica.applier.scribe.store
        slot = there.slot("hh_2")
        spoiled = dict(store.positions)
        spoiled[slot] = type(spoiled[slot])(
            **{f: getattr(spoiled[slot], f) for f in spoiled[slot].__slots__} | {"digest": 1}
        )
        store.positions = spoiled
        before = web.replica.live.reader
        beating = asyncio.create_task(beat_for_ever(there))
        await web.until(lambda: web.replica.live.reader is not before)
        beating.cancel()
        await web.fresh(there)
        assert held(web) == digests(there)


async def test_view_stops_at_a_record_it_cannot_read_and_says_stale(
    tmp_path: Path, kafka_bootstrap: str, log: StateLog, there: Authority
) -> None:
    await fill(there, households=3)
    async with channel("web", tmp_path, kafka_bootstrap, log) as web:
        await web.fresh(there)
        before = held(web)
        await there.change("ofr_1", b'{"id": "ofr_1"')
        await web.until(lambda: web.replica.live.snapshot.stopped)
        body = (await web.get("/v1/view", "operator")).json()
        assert body["state"] == "STALE"
        assert held(web)[log.offers.name, 0] == before[log.offers.name, 0]
        assert (await web.ask({"offers": ["free-handset-upgrade"]})).status_code == 200


async def test_channel_answers_from_its_file_while_kafka_is_down(
    tmp_path: Path, kafka_bootstrap: str, log: StateLog, there: Authority
) -> None:
    await fill(there, households=3)
    async with channel("web", tmp_path, kafka_bootstrap, log) as web:
        await web.fresh(there)
        before = (await web.ask({"customer": {"household": "hh_1"}})).json()
    nobody = "127.0.0.1:1"
    async with channel("web", tmp_path, nobody, log) as web:
        assert (await web.http.get("/healthz/ready")).status_code == 200
        answer = await web.ask({"customer": {"household": "hh_1"}})
        assert answer.json()["items"] == before["items"]
        assert int(answer.headers["concord-age"]) > 0


async def test_first_start_without_kafka_is_not_ready_and_says_so(tmp_path: Path, log: StateLog) -> None:
    async with channel("web", tmp_path, "127.0.0.1:1", log) as web:
        assert (await web.http.get("/healthz/ready")).status_code == 503
        answer = await web.ask({})
        assert (answer.status_code, answer.json()["reason"]) == (503, "view_not_built")
