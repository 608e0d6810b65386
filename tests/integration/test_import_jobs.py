"""Import jobs through the profile: what is accepted, what is refused, and what a crash leaves, on a real PostgreSQL."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import orjson
import pytest
from starlette.requests import ClientDisconnect

from concord.contracts.records import HouseholdRecord, PromiseRecord
from concord.contracts.topics import HOUSEHOLDS
from concord.eventlog import crash, outbox
from concord.eventlog.digest import digest_of, to_hex
from concord.storage import lines as storage_lines
from concord.telemetry import metrics
from concord.telemetry.logs import JsonFormatter
from integration.profile_client import EVIDENCE, LINDA, OFFER, Client, FakeRegistry, acknowledge_at_once, serving


class Died(BaseException):
    """The process ends here."""


@pytest.fixture
async def profile(postgres_url: str) -> AsyncIterator[Client]:
    async with serving(postgres_url) as client:
        await acknowledge_at_once(postgres_url)
        client.registry.publish("LIVE", criteria=None)
        yield client


def household(number: int) -> dict[str, Any]:
    return {"ref": f"hh-{number}", "data": {"members": [{"ref": "one"}, {"ref": "two"}]}}


def promise(number: int, of: int = 0, **changes: Any) -> dict[str, Any]:
    data = {"household": f"hh-{of}", "party": "one", "offer": OFFER, "channel": "email", "evidence": EVIDENCE}
    return {"ref": f"p-{number}", "data": data | changes}


async def records(client: Client) -> dict[str, bytes]:
    async with client.parts.pool.acquire() as connection:
        rows = await connection.fetch("SELECT key, value FROM log_state WHERE topic = $1", HOUSEHOLDS.name)
    return {row["key"]: row["value"] for row in rows}


async def check_log(client: Client) -> None:
    """Counts and digests are those of what is there; a household's records have versions without gaps."""
    kept = await records(client)
    async with client.parts.pool.acquire() as connection:
        positions = await outbox.positions(connection)
        appended = await connection.fetchval("SELECT count(*) FROM outbox")
    assert sum(position.count for position in positions) == len(kept) == appended
    digest = 0
    for position in positions:
        digest ^= int(position.digest, 16)
    assert to_hex(digest) == to_hex(digest_of(kept.items()))
    versions: dict[str, list[int]] = {}
    for key, value in kept.items():
        versions.setdefault(key.partition("/")[0], []).append(orjson.loads(value)["version"])
    assert all(sorted(found) == list(range(1, len(found) + 1)) for found in versions.values())


async def test_import_makes_households_and_promises_that_name_them_by_ref(profile: Client) -> None:
    made = await profile.imported("households", [household(number) for number in range(30)])
    assert (made["accepted"], made["refused"], made["lines"], made["done"]) == (30, 0, 30, 30)
    job = await profile.imported("promises", [promise(number, number % 30) for number in range(90)])
    assert (job["state"], job["accepted"], job["refused"]) == ("done", 90, 0)
    kept = await records(profile)
    parsed = [PromiseRecord.parse(value) for key, value in kept.items() if "/" in key]
    assert len(parsed) == 90
    assert all(record.to_bytes() == kept[f"{record.household}/{record.id}"] for record in parsed)
    assert all(HouseholdRecord.parse(value) for key, value in kept.items() if "/" not in key)
    await check_log(profile)


async def test_import_answers_with_a_job_at_once(profile: Client) -> None:
    answer = await profile.upload("households", [household(1)])
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/jobs/{answer.json()['id']}"
    assert answer.json()["kind"] == "households"
    await profile.done(answer.json()["id"])


async def test_import_with_the_same_key_is_one_job(profile: Client) -> None:
    first = await profile.upload("households", [household(1)], key="same")
    again = await profile.upload("households", [household(1)], key="same")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (202, "true")
    assert again.content == first.content
    other = await profile.upload("households", [household(2)], key="same")
    assert (other.status_code, other.json()["reason"]) == (422, "idempotency_key_reused")
    await profile.done(first.json()["id"])


async def test_import_needs_a_key(profile: Client) -> None:
    headers = profile.signin.headers("campaign") | {"Content-Type": "application/x-ndjson"}
    answer = await profile.http.post("/v1/imports?kind=households", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (400, "idempotency_key_missing")


async def test_line_sent_again_is_already_there_and_with_other_data_refused(profile: Client) -> None:
    await profile.imported("households", [household(0), household(1)])
    changed = {"ref": "hh-1", "data": {"members": [{"ref": "other"}]}}
    reordered = b'{"data":{"members":[{"ref":"one"},{"ref":"two"}]},"ref":"hh-0"}'
    job = await profile.imported("households", [reordered, changed, household(2), household(2)])
    assert (job["already_there"], job["accepted"], job["refused"]) == (2, 1, 1)
    [error] = job["errors"]
    assert (error["line"], error["ref"], error["reason"]) == (2, "hh-1", "ref_reused")
    assert error["sentence"]
    await check_log(profile)


async def test_lines_are_counted_by_outcome(profile: Client) -> None:
    outcomes = ("accepted", "already_there", "refused")

    def counted() -> list[float]:
        labels = [{"kind": "households", "outcome": outcome} for outcome in outcomes]
        found = [metrics.registry.get_sample_value("concord_import_lines_total", label) for label in labels]
        return [value or 0.0 for value in found]

    before = counted()
    await profile.imported("households", [household(0), household(1), b"broken", household(1)])
    assert [after - earlier for after, earlier in zip(counted(), before, strict=True)] == [2, 1, 1]


async def test_refs_of_two_kinds_do_not_meet(profile: Client) -> None:
    await profile.imported("households", [household(0)])
    job = await profile.imported("promises", [promise(1) | {"ref": "hh-0"}])
    assert job["accepted"] == 1


async def test_imported_household_is_looked_up_by_the_ref_of_who_imported_it(profile: Client) -> None:
    await profile.imported("households", [household(0), household(1)])
    found = await profile.send("campaign", "POST", "/v1/customers:lookup", {"ref": "hh-1"})
    assert found.status_code == 200, found.text
    there = found.json()
    assert (there["by"], there["verified"], len(there["parties"])) == ("ref", False, 2)
    assert "party" not in there
    assert f"h1.1.{there['household']}.1" in found.headers["Concord-View"]
    job = await profile.imported("promises", [promise(1, of=1)])
    assert job["accepted"] == 1
    assert any(key.startswith(f"{there['household']}/") for key in await records(profile))
    for who, ref in (("campaign", "hh-2"), ("ana", "hh-1")):
        nobody = await profile.send(who, "POST", "/v1/customers:lookup", {"ref": ref})
        assert (nobody.status_code, nobody.json()["reason"]) == (404, "customer_unknown")


async def test_malformed_lines_are_told_by_number_and_the_others_taken(profile: Client) -> None:
    sent = [
        household(0),
        b"{not json",
        b"",
        b'{"ref": "x"}',
        b'{"ref": 5, "data": {}}',
        b'{"ref": "x", "data": []}',
        b'{"ref": "x", "data": {"members": []}}',
        b'{"ref": "x", "data": {"members": [{"ref": "a", "hat": 1}]}}',
        b'{"ref": "x", "data": {"members": [{"ref": "a", "given_name": "\\u0000"}]}}',
        b'{"ref": "x", "data": {"facts": {"household.size": NaN}}}',
        b'\xff\xfe{"ref": "x"}',
        b'{"ref": "x", "data": {"members": [{"ref": "a"}]}, "more": 1}',
        b'{"ref": "long", "data": {"x": "' + b"y" * storage_lines.LONGEST + b'"}}',
        household(1),
        b"   ",
    ]
    job = await profile.imported("households", sent)
    assert (job["lines"], job["accepted"], job["refused"], job["done"]) == (13, 2, 11, 13)
    told = {error["line"]: error["reason"] for error in job["errors"]}
    assert told == {
        2: "json_malformed",
        4: "line_malformed",
        5: "ref_malformed",
        6: "line_malformed",
        7: "invalid",
        8: "invalid",
        9: "text_not_allowed",
        10: "json_malformed",
        11: "json_malformed",
        12: "line_malformed",
        13: "line_too_long",
    }
    [pointed] = [error for error in job["errors"] if error["line"] == 8]
    assert pointed["errors"][0]["pointer"] == "/members/0/hat"
    assert (await profile.imported("households", [household(1)]))["already_there"] == 1


@pytest.mark.parametrize("body", [[], [b""], [b"{"], [b"[]", b"nonsense"]])
async def test_import_without_a_readable_line_is_refused_at_once(profile: Client, body: list[bytes]) -> None:
    answer = await profile.upload("households", body)
    assert (answer.status_code, answer.json()["reason"]) == (422, "import_unreadable")
    async with profile.parts.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM import_jobs") == 0


async def test_import_of_an_unknown_kind_is_refused(profile: Client) -> None:
    answer = await profile.upload("unicorns", [household(1)])
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid")


async def test_promise_lines_are_refused_one_by_one(profile: Client) -> None:
    await profile.imported("households", [household(0)])
    sent = [
        promise(0),
        promise(1, of=9),
        promise(2, party="nobody"),
        promise(3, offer="no-such-offer"),
        promise(4, channel="sms"),
        promise(5, honour_until="2001-01-01T00:00:00Z"),
        promise(6, version="1"),
        promise(7),
    ]
    job = await profile.imported("promises", sent)
    assert (job["accepted"], job["refused"]) == (2, 6)
    assert [(error["line"], error["reason"]) for error in job["errors"]] == [
        (2, "household_unknown"),
        (3, "party_unknown"),
        (4, "offer_unknown"),
        (5, "not_promisable"),
        (6, "deadline_unfit"),
        (7, "invalid"),
    ]
    await check_log(profile)


async def test_errors_of_a_job_come_in_pages(profile: Client) -> None:
    sent: list[Any] = [b"broken"] * 25
    sent.append(household(0))
    job = await profile.imported("households", sent)
    seen, after = [], "0"
    while after is not None:
        page = await profile.get(f"/v1/jobs/{job['id']}?limit=10&after={after}", who="campaign")
        seen += [error["line"] for error in page["errors"]]
        after = page["next"]
    assert seen == list(range(1, 26))


async def test_job_that_nobody_has_is_unknown(profile: Client) -> None:
    answer = await profile.send("campaign", "GET", "/v1/jobs/job_none")
    assert (answer.status_code, answer.json()["reason"]) == (404, "job_unknown")


async def test_import_waits_for_the_log(postgres_url: str) -> None:
    async with serving(postgres_url) as client:
        await client.imported("households", [household(0)])
        async with client.parts.pool.acquire() as connection:
            await connection.execute("UPDATE outbox SET committed_at = committed_at - interval '10 s'")
        answer = await client.upload("households", [household(1)])
        job = answer.json()["id"]
        seen = await client.until(f"/v1/jobs/{job}", lambda job: job["waiting_for"] == "log", who="campaign")
        assert (seen["state"], seen["done"]) == ("queued", 0)
        await acknowledge_at_once(postgres_url)
        async with client.parts.pool.acquire() as connection:
            await connection.execute("UPDATE relay_position SET revision = 1")
            await connection.execute("DELETE FROM outbox")
        assert (await client.done(job))["accepted"] == 1


async def test_import_asks_the_registry_before_it_refuses_an_offer(profile: Client) -> None:
    await profile.imported("households", [household(0)])
    profile.registry.down = True
    profile.registry.publish("LIVE", key="new-offer", criteria=None)
    answer = await profile.upload("promises", [promise(0, offer="new-offer")])
    job = answer.json()["id"]
    asked = profile.registry.asked
    async with asyncio.timeout(10):
        while profile.registry.asked < asked + 2:  # noqa: ASYNC110  nothing tells of it
            await asyncio.sleep(0.02)
    assert (await profile.get(f"/v1/jobs/{job}", who="campaign"))["done"] == 0
    profile.registry.down = False
    assert (await profile.done(job))["accepted"] == 1


@pytest.mark.parametrize("point", ["import.before_batch_commit", "import.after_batch_commit"])
async def test_import_killed_at_a_crash_point_goes_on(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """The loop dies at its third visit; a new service on the same database finishes the job, each line once."""
    registry, visits = FakeRegistry(), 0
    registry.publish("LIVE", criteria=None)
    monkeypatch.setattr(storage_lines, "CHUNK_LINES", 20)

    def die(name: str) -> None:
        nonlocal visits
        visits += name == point
        if name == point and visits == 3:
            raise Died

    async with serving(postgres_url, registry=registry) as client:
        await acknowledge_at_once(postgres_url)
        await client.imported("households", [household(number) for number in range(5)])
        monkeypatch.setattr(crash, "point", die)
        died = asyncio.Event()
        step = client.parts.importer.step

        async def until_death() -> bool:
            try:
                return await step()
            except Died:
                died.set()
                await asyncio.Event().wait()
                raise

        monkeypatch.setattr(client.parts.importer, "step", until_death)
        lines = [promise(number, number % 5) for number in range(200)]
        answer = await client.upload("promises", lines, key="sent-once")
        async with asyncio.timeout(20):
            await died.wait()
    monkeypatch.undo()
    async with serving(postgres_url, registry=registry) as client:
        job = await client.done(answer.json()["id"])
        assert (job["accepted"], job["already_there"], job["refused"]) == (200, 0, 0)
        await check_log(client)
        assert len([key for key in await records(client) if "/" in key]) == 200
        assert (await client.imported("promises", lines))["already_there"] == 200


async def test_upload_cut_off_leaves_no_job(profile: Client) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield orjson.dumps(household(0)) + b"\n"
        raise ClientDisconnect

    headers = profile.signin.headers("campaign") | {"Content-Type": "application/x-ndjson", "Idempotency-Key": "cut"}
    await profile.http.post("/v1/imports?kind=households", content=breaking(), headers=headers)
    async with profile.parts.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM import_jobs") == 0
    assert (await profile.upload("households", [household(0)], key="cut")).status_code == 202


async def test_two_services_share_the_work_of_one_database(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_lines, "CHUNK_LINES", 50)
    registry = FakeRegistry()
    registry.publish("LIVE", criteria=None)
    async with serving(postgres_url, registry=registry) as one:
        await acknowledge_at_once(postgres_url)
        async with serving(postgres_url, registry=registry) as other:
            await one.imported("households", [household(number) for number in range(10)])
            uploads = [
                client.upload("promises", [promise(number, number % 10) for number in range(start, start + 300)])
                for start, client in ((0, one), (200, other), (400, one))
            ]
            answers = await asyncio.gather(*uploads)
            jobs = [await one.done(answer.json()["id"]) for answer in answers]
            assert sum(job["accepted"] for job in jobs) == 700
            assert sum(job["already_there"] for job in jobs) == 200
            await check_log(one)


async def test_chunks_are_gone_when_the_job_is_done(profile: Client) -> None:
    await profile.imported("households", [{"ref": "crm-4711", "data": LINDA}])
    async with profile.parts.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM import_chunks") == 0


async def test_line_that_breaks_the_handler_is_refused_alone(
    profile: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    handler = profile.parts.importer._handlers["households"]
    apply = type(handler).apply

    async def breaking(self: Any, connection: Any, job: Any, lines: Any) -> Any:
        if any(line.ref == "hh-3" for line in lines):
            raise asyncpg.DataError("a customer's name")
        return await apply(self, connection, job, lines)

    monkeypatch.setattr(type(handler), "apply", breaking)
    job = await profile.imported("households", [household(number) for number in range(8)])
    assert (job["accepted"], job["refused"]) == (7, 1)
    assert (job["errors"][0]["line"], job["errors"][0]["reason"]) == (4, "internal_error")
    assert "customer's name" not in caplog.text
    [record] = [record for record in caplog.records if record.message == "import line failed"]
    logged = orjson.loads(JsonFormatter("profile").format(record))
    assert (logged["job"], logged["line"], logged["error"]) == (job["id"], 4, "DataError")
    assert re.fullmatch(r"test_import_jobs\.py:\d+", logged["place"])
    assert "withheld" not in logged
    await check_log(profile)
