"""The run side over HTTP, on a real database: each change one record, in one statement, at one revision."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from concord.contracts.records import OfferRecord
from concord.contracts.topics import OFFERS
from concord.eventlog.digest import digest_of, to_hex
from concord.testkit.clock import FakeClock
from integration.registry_client import KEY, Client, eventually, log_is_gapless, serving
from offer_registry import journal

REASON = {"reason": "Priced by mistake."}
CUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
ACTIVATION = f"/v1/offers/{KEY}/activation"


@pytest.fixture
async def registry(postgres_url: str) -> AsyncIterator[Client]:
    async with serving(postgres_url) as client:
        yield client


def states(record: dict[str, Any]) -> list[tuple[int, str, bool, int]]:
    return [
        (each["version"], each["state"], each["leaving"], each["state_revision"])
        for each in record["value"]["versions"]
    ]


async def test_release_goes_live_in_three_records(registry: Client) -> None:
    offer = await registry.draft()
    await registry.approve(offer)
    released = await registry.send("nora", "POST", f"/v1/offers/{offer}/versions/1:release")
    assert (released.json()["state"], released.headers["concord-view"]) == ("PREPARING", "v1.1.1")
    await registry.until(offer, "LIVE")
    records = await registry.records()
    assert [states(record) for record in records] == [
        [(1, "PREPARING", False, 1)],
        [(1, "HONOURABLE", False, 2)],
        [(1, "LIVE", False, 3)],
    ]
    assert {record["key"] for record in records} == {offer}
    shown = await registry.get(f"/v1/offers/{offer}")
    assert (shown["lifecycle"], shown["revision"]) == ("released", 3)
    assert shown["activation"] == {"version": 1, "state": "LIVE", "leaving": False}


async def test_release_records_say_whole_terms_hash_and_deadline(registry: Client) -> None:
    await registry.live(honour_for="P7D")
    record = OfferRecord.model_validate((await registry.records())[-1]["value"])
    (version,) = record.versions
    assert version.terms.content_hash() == version.content_hash
    assert version.honour_until is not None
    assert version.honour_until.isoformat() == "2099-06-22T00:00:00+00:00"


async def test_release_keeps_the_trace_of_the_request_in_all_three_records(registry: Client) -> None:
    offer = await registry.draft()
    await registry.approve(offer)
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    await registry.send("nora", "POST", f"/v1/offers/{offer}/versions/1:release", headers=headers)
    await registry.until(offer, "LIVE")
    rows = await registry.pool.fetch("SELECT traceparent FROM outbox ORDER BY revision")
    assert [row["traceparent"].split("-")[1] for row in rows] == [trace] * 3


async def test_release_with_a_date_ships_it(registry: Client) -> None:
    await registry.draft()
    await registry.approve(KEY)
    await registry.post("nora", f"/v1/offers/{KEY}/versions/1:release", {"effective_at": "2026-06-03T00:00:00+02:00"})
    activation = await registry.until(KEY, "LIVE")
    assert activation["versions"][0]["effective_at"] == "2026-06-02T22:00:00Z"
    assert (await registry.records())[-1]["value"]["versions"][0]["effective_at"] == "2026-06-02T22:00:00Z"


@pytest.mark.parametrize("approved", [False, True])
async def test_release_by_many_at_once_happens_once_or_never(registry: Client, *, approved: bool) -> None:
    offer = await registry.draft()
    if approved:
        await registry.approve(offer)
    path = f"/v1/offers/{offer}/versions/1:release"
    answers = await asyncio.gather(*(registry.send("nora", "POST", path) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == ([200] if approved else [409]) + [409] * 7
    if approved:
        await registry.until(offer, "LIVE")
    assert await log_is_gapless(registry.pool) == (3 if approved else 0)


async def test_newer_version_takes_the_older_ones_place_in_one_record(registry: Client) -> None:
    offer = await registry.live()
    await registry.replace(offer, 2, priority=7)
    replaced = [states(record) for record in await registry.records(after=3)]
    assert replaced[:3] == [
        [(1, "LIVE", False, 3), (2, "PREPARING", False, 4)],
        [(1, "LIVE", False, 3), (2, "HONOURABLE", False, 5)],
        [(1, "SUSPENDED", True, 6), (2, "LIVE", False, 6)],
    ]
    await registry.until(offer, "CLOSING", 1)
    assert states((await registry.records())[-1]) == [(1, "CLOSING", True, 7), (2, "LIVE", False, 6)]
    shown = await registry.get(f"/v1/offers/{offer}/activation")
    assert (shown["state"], shown["version"]) == ("LIVE", 2)
    assert await log_is_gapless(registry.pool) == 7


async def test_release_of_an_older_version_after_a_newer_is_refused(registry: Client) -> None:
    offer = await registry.draft()
    await registry.approve(offer)
    await registry.replace(offer, 2)
    refused = await registry.post("nora", f"/v1/offers/{offer}/versions/1:release", status=409)
    assert refused["reason"] == "newer_version_released"


async def test_suspend_and_resume_happen_at_once(registry: Client) -> None:
    await registry.live()
    suspended = await registry.post("nora", f"{ACTIVATION}:suspend", {"reason": "Stock is short."})
    assert (suspended["state"], suspended["versions"][0]["leaving"]) == ("SUSPENDED", False)
    resumed = await registry.post("marta", f"{ACTIVATION}:resume")
    assert resumed["state"] == "LIVE"
    assert [(step["state"], step["revision"], step["by"]) for step in resumed["versions"][0]["history"]] == [
        ("PREPARING", 1, "nora"),
        ("HONOURABLE", 2, None),
        ("LIVE", 3, None),
        ("SUSPENDED", 4, "nora"),
        ("LIVE", 5, "marta"),
    ]
    assert resumed["versions"][0]["history"][3]["reason"] == "Stock is short."


@pytest.mark.parametrize("verb", ["suspend", "resume", "withdraw"])
async def test_run_side_of_an_offer_never_released_is_refused(registry: Client, verb: str) -> None:
    await registry.draft()
    refused = await registry.post("nora", f"{ACTIVATION}:{verb}", REASON, status=409)
    assert refused["reason"] == "activation_conflict"
    assert await log_is_gapless(registry.pool) == 0


async def test_withdrawn_offer_cannot_be_resumed_and_withdrawing_again_changes_nothing(registry: Client) -> None:
    await registry.live()
    await registry.post("nora", f"{ACTIVATION}:withdraw", REASON)
    again = await registry.post("nora", f"{ACTIVATION}:withdraw", REASON)
    assert len(again["versions"][0]["history"]) == 4
    refused = await registry.post("nora", f"{ACTIVATION}:resume", status=409)
    assert refused["reason"] == "activation_conflict"


async def test_withdrawn_offer_is_closing_after_its_wait(registry: Client) -> None:
    offer = await registry.live()
    withdrawn = await registry.post("marta", f"{ACTIVATION}:withdraw", REASON)
    assert (withdrawn["state"], withdrawn["versions"][0]["leaving"]) == ("SUSPENDED", True)
    await registry.until(offer, "CLOSING")
    assert await log_is_gapless(registry.pool) == 5


async def test_withdrawn_offer_stays_suspended_as_long_as_the_boot_clock_says(postgres_url: str) -> None:
    clock = FakeClock()
    async with serving(postgres_url, clock, w2=41) as registry:
        offer = await registry.live()
        await registry.post("nora", f"{ACTIVATION}:withdraw", REASON)
        advancer = registry.app.state.advancer
        await advancer.step()
        clock.advance(40.9)
        await advancer.step()
        assert (await registry.get(ACTIVATION))["state"] == "SUSPENDED"
        clock.advance(0.1)
        await advancer.step()
        assert (await registry.get(ACTIVATION))["state"] == "CLOSING"
        assert offer


async def test_withdrawn_offer_waits_anew_after_a_restart(postgres_url: str) -> None:
    clock = FakeClock()
    async with serving(postgres_url, clock, w2=41) as registry:
        await registry.live()
        await registry.post("nora", f"{ACTIVATION}:withdraw", REASON)
        await registry.app.state.advancer.step()
    clock.advance(100)
    async with serving(postgres_url, clock, w2=41) as registry:
        advancer = registry.app.state.advancer
        await advancer.step()
        assert (await registry.get(ACTIVATION))["state"] == "SUSPENDED"
        clock.advance(41)
        await advancer.step()
        assert (await registry.get(ACTIVATION))["state"] == "CLOSING"


async def test_wall_clock_that_jumps_does_not_shorten_the_wait(postgres_url: str) -> None:
    clock = FakeClock()
    async with serving(postgres_url, clock, w2=41) as registry:
        await registry.live()
        await registry.post("nora", f"{ACTIVATION}:withdraw", REASON)
        advancer = registry.app.state.advancer
        await advancer.step()
        now = clock.now()
        clock.set_wall(now.replace(year=2030))
        await advancer.step()
        clock.set_wall(now)
        assert (await registry.get(ACTIVATION))["state"] == "SUSPENDED"


async def test_version_is_closed_and_retired_once_its_last_deadline_is_past(registry: Client) -> None:
    past = {"start": "2020-01-01T00:00:00Z", "end": "2020-02-01T00:00:00Z"}
    offer = await registry.live(validity=past)
    await registry.post("nora", f"{ACTIVATION}:withdraw", REASON)
    await registry.until(offer, "CLOSED")
    assert (await registry.records())[-1]["value"] == {"id": offer, "key": KEY, "versions": []}
    shown = await registry.get(f"/v1/offers/{KEY}")
    assert (shown["lifecycle"], shown["activation"]) == ("retired", None)
    await registry.replace(offer, 2)
    assert await log_is_gapless(registry.pool) == 9


async def test_two_registries_on_one_database_move_each_version_once(postgres_url: str) -> None:
    async with serving(postgres_url) as one, serving(postgres_url) as other:
        keys = {f"offer-{number}": (one, other)[number % 2] for number in range(12)}
        await asyncio.gather(*(registry.live(key) for key, registry in keys.items()))
        paths = {f"/v1/offers/{key}/activation:withdraw": registry for key, registry in keys.items()}
        await asyncio.gather(*(registry.post("nora", path, REASON) for path, registry in paths.items()))
        await asyncio.gather(*(one.until(key, "CLOSING") for key in keys))
        assert await log_is_gapless(one.pool) == 5 * len(keys)


async def test_log_is_gapless_and_its_digest_right_under_concurrent_changes(postgres_url: str) -> None:
    seeded = random.Random(7)
    keys = [f"offer-{number}" for number in range(6)]
    async with serving(postgres_url, w2=3600) as registry:
        await asyncio.gather(*(registry.live(key) for key in keys))

        async def change(turn: int) -> None:
            verb = seeded.choice(["suspend", "resume"] if turn < 40 else ["suspend", "resume", "withdraw"])
            answer = await registry.send("nora", "POST", f"/v1/offers/{seeded.choice(keys)}/activation:{verb}", REASON)
            assert answer.status_code in {200, 409}

        await asyncio.gather(*(change(turn) for turn in range(60)))
        assert await log_is_gapless(registry.pool) > 3 * len(keys)
        rows = await registry.pool.fetch("SELECT key, value FROM log_state WHERE topic = $1", OFFERS.name)
        catalogue = await registry.get("/v1/catalogue")
    assert catalogue["digest"] == to_hex(digest_of((row["key"], row["value"]) for row in rows))
    assert catalogue["count"] == len(rows) == len(keys)


async def test_log_bytes_can_be_made_again_from_the_tables(registry: Client) -> None:
    offer = await registry.live()
    await registry.replace(offer, 2, title={"en": "Ümläut ✓", "de": "Gerät"})
    await registry.until(offer, "CLOSING", 1)
    async with registry.pool.acquire() as connection:
        snapshot = await journal.load(connection, [offer])
        stored = await connection.fetchval("SELECT value FROM log_state WHERE key = $1", offer)
    assert snapshot.offers[0].record().to_bytes() == stored


async def test_change_that_fails_after_the_append_leaves_no_gap(
    registry: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first attempt guesses a revision that somebody else took; the second one gets the next."""
    await registry.live()
    guessed: list[int] = []
    write = journal._move

    async def overtaken(connection: Any, expected: int, *rest: Any) -> None:
        guessed.append(expected)
        await write(connection, expected - 1 if len(guessed) == 1 else expected, *rest)

    monkeypatch.setattr(journal, "_move", overtaken)
    await registry.post("nora", f"{ACTIVATION}:suspend")
    assert guessed == [4, 4]
    assert await log_is_gapless(registry.pool) == 4


async def test_changes_page_through_history_and_catalogue_says_where_it_ends(registry: Client) -> None:
    await registry.live()
    first = await registry.get("/v1/catalogue/changes?limit=2")
    assert ([item["revision"] for item in first["items"]], first["next"], first["revision"]) == ([1, 2], "2", 3)
    rest = await registry.get(f"/v1/catalogue/changes?after={first['next']}")
    assert ([item["revision"] for item in rest["items"]], rest["next"]) == ([3], None)
    assert (await registry.get("/v1/catalogue/changes?after=99"))["items"] == []
    catalogue, log = await registry.get("/v1/catalogue"), await registry.get("/v1/log")
    (topic,) = log["topics"]
    assert (catalogue["epoch"], catalogue["revision"], catalogue["count"]) == (1, 3, 1)
    assert {name: topic[name] for name in ("topic", "partition", "revision", "digest")} == {
        "topic": OFFERS.name,
        "partition": 0,
        "revision": 3,
        "digest": catalogue["digest"],
    }


async def test_changes_no_longer_kept_are_said_to_be_gone(registry: Client) -> None:
    await registry.live()
    await registry.pool.execute("DELETE FROM outbox WHERE revision < 3")
    gone = await registry.send("auditor", "GET", "/v1/catalogue/changes?after=1")
    assert (gone.status_code, gone.json()["reason"]) == (410, "history_gone")
    assert len(await registry.records(after=2)) == 1


@pytest.mark.parametrize(
    ("token", "status", "reason"),
    [
        ("v1.1.3", 200, None),
        ("v1.1.2, h1.1.hh_1.7", 200, None),  # a household's log is not the registry's
        ("v1.1.4", 503, "not_up_to_bound"),
        ("v1.2.1", 503, "not_up_to_bound"),
        ("v1.0.1", 409, "lost_write"),
        ("nonsense", 400, "token_malformed"),
    ],
)
async def test_read_is_as_new_as_its_token_or_says_so(
    registry: Client, token: str, status: int, reason: str | None
) -> None:
    await registry.live()
    answer = await registry.send("auditor", "GET", f"/v1/offers/{KEY}", headers={"Concord-At-Least": token})
    assert (answer.status_code, answer.json().get("reason")) == (status, reason)
    seen = {"v1.1.3"} if status != 400 else {"v1.1.1", "v1.1.2", "v1.1.3"}  # refused unread: what was last seen
    assert answer.headers["concord-view"] in seen
    assert answer.headers["concord-age"] == "0"


async def test_read_waits_for_a_revision_that_comes(registry: Client) -> None:
    await registry.live()
    read = asyncio.create_task(
        registry.send("auditor", "GET", f"/v1/offers/{KEY}", headers={"Concord-At-Least": "v1.1.4"})
    )
    await asyncio.sleep(0)
    await registry.post("nora", f"{ACTIVATION}:suspend")
    answer = await read
    assert (answer.status_code, answer.json()["activation"]["state"]) == (200, "SUSPENDED")


async def test_activation_goes_on_after_the_database_was_away(registry: Client) -> None:
    """Every connection is cut; the loops open new ones and finish the release."""
    offer = await registry.draft()
    await registry.approve(offer)
    await registry.post("nora", f"/v1/offers/{offer}/versions/1:release")
    await registry.pool.expire_connections()

    async def cut() -> bool:
        admin = await registry.pool.acquire()
        try:
            await admin.execute(CUT)
        finally:
            await registry.pool.release(admin)
        return True

    await eventually(cut)
    await registry.until(offer, "LIVE")
    assert await log_is_gapless(registry.pool) == 3
