"""Offers by the thousand: imported in review, approved by somebody else, released in batches."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import orjson
import pytest

from concord.eventlog import outbox
from concord.storage.importer import BACKLOG
from integration.registry_client import TERMS, Client, eventually, log_is_gapless, sent_at_once, serving
from offer_registry import approvals

Lines = Iterable[tuple[str, Any]]


@pytest.fixture
async def registry(postgres_url: str) -> AsyncIterator[Client]:
    async with serving(postgres_url) as client:
        yield client


def ndjson(lines: Lines) -> bytes:
    return b"".join(orjson.dumps({"ref": ref, "data": data}) + b"\n" for ref, data in lines)


def offer(key: str, **changes: Any) -> tuple[str, Any]:
    return f"ref-{key}", {"key": key, "terms": TERMS | changes}


async def imported(registry: Client, lines: Lines, who: str = "marta", key: str = "one") -> Any:
    """The job, once it is done."""
    headers = {"Idempotency-Key": key, "Content-Type": "application/x-ndjson"}
    answer = await registry.send(who, "POST", "/v1/imports", headers=headers, content=ndjson(lines))
    assert answer.status_code == 202, answer.text
    path = f"/v1/jobs/{answer.json()['id']}"

    async def done() -> Any:
        job = await registry.get(path, who)
        return job if job["state"] == "done" else None

    return await eventually(done)


async def approved(registry: Client, job: str, **body: Any) -> Any:
    """The approval, once it is done."""
    approval = await registry.post("nora", f"/v1/jobs/{job}:approve", body)

    async def done() -> Any:
        found = await registry.get(f"/v1/jobs/{job}/approval")
        return found if found["state"] == "done" else None

    return approval if approval["state"] == "done" else await eventually(done)


async def test_import_brings_offers_into_review_and_makes_no_records(registry: Client) -> None:
    job = await imported(registry, [offer("a"), offer("b")])
    assert (job["accepted"], job["refused"]) == (2, 0)
    shown = await registry.get("/v1/offers/a")
    assert (shown["lifecycle"], shown["current"]["author"]) == ("in_review", "marta")
    assert await log_is_gapless(registry.pool) == 0


async def test_import_refuses_each_bad_line_with_its_reason_and_takes_the_others(registry: Client) -> None:
    lines = [
        offer("good"),
        offer("good"),  # the same ref and data
        ("other", offer("good")[1]),  # another ref for a key that is taken
        offer("Bad Key"),
        offer("untyped", priority="high"),
        offer("misfit", criteria={"attribute": "line.barred", "op": "gt", "value": True}),
        offer("incomplete", cards={}),
        offer("dangling", alternative="nowhere"),
        offer("circle-a", alternative="circle-b"),
        offer("circle-b", alternative="circle-a"),
        offer("leans-on-dangling", alternative="dangling"),
        offer("with-alternative", alternative="good"),
    ]
    job = await imported(registry, lines)
    assert (job["accepted"], job["already_there"], job["refused"]) == (2, 1, 9)
    refused = {
        error["line"]: (error["reason"], [each["pointer"] for each in error["errors"]]) for error in job["errors"]
    }
    assert refused == {
        3: ("key_taken", []),
        4: ("invalid", ["/key"]),
        5: ("invalid", ["/terms/priority"]),
        6: ("terms_invalid", ["/terms/criteria/op"]),
        7: ("incomplete", ["/terms/cards/call_center/en", "/terms/cards/store_pos/en"]),
        8: ("incomplete", ["/terms/alternative"]),
        9: ("incomplete", ["/terms/alternative"]),
        10: ("incomplete", ["/terms/alternative"]),
        11: ("incomplete", ["/terms/alternative"]),
    }
    assert [item["key"] for item in (await registry.get("/v1/offers"))["items"]] == ["good", "with-alternative"]


async def test_import_checks_lines_against_what_is_declared(registry: Client) -> None:
    vip = {"kind": "bool", "noun": "the customer", "question": "whether the customer is a VIP", "adjective": "a VIP"}
    for path, body in (("/v1/attributes/customer.vip", vip), ("/v1/budgets/summer", {"cap": {"units": 5}})):
        assert (await registry.send("marta", "PUT", path, body)).status_code == 201
    criteria = {"attribute": "customer.vip", "op": "eq", "value": True}
    evenings = {"days": ["mon"], "from": "17:00", "to": "20:00", "zone": "Europe/London"}
    short = {"start": "2026-06-01T00:00:00Z", "end": "2026-06-02T00:00:00Z"}
    lines = [
        offer("good", criteria=criteria, windows=[evenings], limits=[{"budget": "summer"}]),
        offer("unknown", criteria=criteria | {"attribute": "customer.cats"}),
        offer("unzoned", windows=[evenings | {"zone": "Mars/Olympus"}]),
        offer("never", windows=[evenings | {"days": ["sun"]}], validity=short),
        offer("short", validity=short),
        offer("longer", alternative="short"),
        offer("unfunded", limits=[{"budget": "winter"}]),
    ]
    job = await imported(registry, lines)
    refused = {
        error["line"]: (error["reason"], [each["pointer"] for each in error["errors"]]) for error in job["errors"]
    }
    assert refused == {
        2: ("terms_invalid", ["/terms/criteria/attribute"]),
        3: ("terms_invalid", ["/terms/windows/0/zone"]),
        4: ("incomplete", ["/terms/windows/0"]),
        6: ("incomplete", ["/terms/alternative"]),
        7: ("incomplete", ["/terms/limits/0/budget"]),
    }
    async with sent_at_once(registry.pool):
        await approved(registry, job["id"], release=True)
    (good,) = [each for each in await registry.records(2) if each["value"]["key"] == "good"][-1]["value"]["versions"]
    assert (good["evaluator_min"], list(good["attributes"])) == (2, ["customer.vip"])
    assert good["hours"][0] == ["2026-06-01T16:00:00Z", "2026-06-01T19:00:00Z"]


async def test_import_sent_again_is_already_there(registry: Client) -> None:
    lines = [offer(f"offer-{number}") for number in range(5)]
    await imported(registry, lines)
    again = await imported(registry, lines, key="two")
    assert (again["accepted"], again["already_there"], again["refused"]) == (0, 5, 0)


async def test_job_is_approved_and_released_by_somebody_else(registry: Client) -> None:
    job = await imported(registry, [offer(f"offer-{number}") for number in range(20)])
    refused = await registry.send(
        "nora",
        "POST",
        f"/v1/jobs/{job['id']}:approve",
        {"release": True},
        headers={"Authorization": f"Bearer {registry.signin.token_with('marta', 'offer_approver')}"},
    )
    assert (refused.status_code, refused.json()["reason"]) == (403, "own_version")
    async with sent_at_once(registry.pool):
        approval = await approved(registry, job["id"], release=True)
    counts = {name: approval[name] for name in ("by", "approved", "released", "activated")}
    assert counts == {"by": "nora", "approved": 20, "released": 20, "activated": 20}
    assert await log_is_gapless(registry.pool) == 60
    again = await approved(registry, job["id"], release=True)
    assert again == approval
    shown = await registry.get("/v1/offers/offer-7")
    assert (shown["lifecycle"], shown["activation"]["state"], shown["current"]["approver"]) == (
        "released",
        "LIVE",
        "nora",
    )


async def test_job_approved_without_release_stays_approved(registry: Client) -> None:
    job = await imported(registry, [offer("a")])
    approval = await approved(registry, job["id"])
    assert (approval["approved"], approval["release"], approval["state"]) == (1, False, "done")
    assert (await registry.get("/v1/offers/a"))["lifecycle"] == "approved"
    later = await approved(registry, job["id"], release=True)
    assert (later["approved"], later["released"]) == (1, 1)


async def test_job_approved_leaves_out_what_was_rejected_meanwhile(registry: Client) -> None:
    job = await imported(registry, [offer("a"), offer("b")])
    await registry.post("nora", "/v1/offers/a/versions/1:reject", {"reason": "Too dear."})
    approval = await approved(registry, job["id"], release=True)
    assert (approval["approved"], approval["released"]) == (1, 1)
    assert (await registry.get("/v1/offers/a"))["lifecycle"] == "rejected"


@pytest.mark.parametrize("path", ["/v1/jobs/job_x:approve", "/v1/jobs/job_x/approval"])
async def test_job_that_does_not_exist_is_not_found(registry: Client, path: str) -> None:
    answer = await registry.send("nora", "POST" if path.endswith("approve") else "GET", path)
    assert (answer.status_code, answer.json()["reason"]) == (404, "job_unknown")


async def test_release_of_a_job_waits_while_the_log_is_behind_and_survives_a_restart(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approvals, "AT_ONCE", 5)
    monkeypatch.setattr("offer_registry.log_api.SETTLE", 0.1)
    async with serving(postgres_url) as registry:
        job = await imported(registry, [offer(f"offer-{number:02}") for number in range(20)])

        async def behind() -> bool:
            async with registry.pool.acquire() as connection:
                return await outbox.oldest_unsent_age(connection) >= BACKLOG

        await registry.post("nora", "/v1/offers/offer-00/versions/1:approve")
        await registry.post("nora", "/v1/offers/offer-00/versions/1:release")
        await eventually(behind)
        approval = await registry.post("nora", f"/v1/jobs/{job['id']}:approve", {"release": True})
        assert (approval["state"], approval["approved"], approval["released"]) == ("releasing", 19, 1)
    async with serving(postgres_url) as registry, sent_at_once(registry.pool):

        async def done() -> Any:
            found = await registry.get(f"/v1/jobs/{job['id']}/approval")
            return found if found["state"] == "done" else None

        assert (await eventually(done))["released"] == 20
        assert await log_is_gapless(registry.pool) == 60


async def test_import_and_single_changes_share_the_log_without_a_gap(registry: Client) -> None:
    single = await registry.live("single")
    job = await imported(registry, [offer(f"offer-{number:03}", products={"skus": ["A"]}) for number in range(300)])

    async def change() -> None:
        for verb in ("suspend", "resume") * 5:
            await registry.post("nora", f"/v1/offers/{single}/activation:{verb}")

    async with sent_at_once(registry.pool):
        await asyncio.gather(approved(registry, job["id"], release=True), change())
        assert await log_is_gapless(registry.pool) == 3 + 900 + 10
