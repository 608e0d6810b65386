"""Households through the profile's own API, on a real PostgreSQL."""

import asyncio
import logging
from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any

import orjson
import pytest

from concord.contracts.records import HouseholdRecord
from concord.engines.servers import Engines
from concord.lookup import LookupKey
from concord.settings import LOCAL_LOOKUP_KEY
from integration.profile_client import LINDA, Client, new_key, own_database, serving

LOOKUP = LookupKey(LOCAL_LOOKUP_KEY.encode())


@pytest.fixture(scope="module")
async def shared(engines: Engines) -> AsyncIterator[Client]:
    """For tests that leave nothing behind which another would see."""
    async with own_database(engines.postgres_url) as url, serving(url) as client:
        client.registry.publish("LIVE")
        yield client


@pytest.fixture
async def profile(postgres_url: str) -> AsyncIterator[Client]:
    async with serving(postgres_url) as client:
        client.registry.publish("LIVE")
        yield client


async def look_up(client: Client, who: str = "ana", **question: Any) -> Any:
    answer = await client.send(who, "POST", "/v1/customers:lookup", question)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def change(client: Client, household: Any, etag: str | None, **body: Any) -> Any:
    headers = {} if etag is None else {"If-Match": etag}
    return await client.send("campaign", "PATCH", f"/v1/households/{household['id']}", body, headers=headers)


async def test_household_is_read_as_it_was_posted_with_ids(shared: Client) -> None:
    made = await shared.household()
    seen = await shared.send("ana", "GET", f"/v1/households/{made['id']}")
    assert seen.json() == made
    assert seen.headers["ETag"] == '"1"'
    assert f"h1.1.{made['id']}.1" in seen.headers["Concord-View"]
    linda, daughter = (member["id"] for member in made["members"])
    assert made["relations"] == [{"kind": "guardian_of", "from": linda, "to": daughter, "since": "2013-05-01"}]
    assert [(line["holder"], line["user"], line["payer"]) for line in made["lines"]] == [
        (linda, linda, linda),
        (linda, daughter, linda),
    ]
    assert made["lines"][0]["number"] == "+12025550117"
    assert made["contact_points"][0]["party"] == linda
    assert made["promises"] == []


async def test_household_on_the_log_has_no_endpoint(shared: Client) -> None:
    made = await shared.household()
    seen = await shared.get(f"/v1/households/{made['id']}/records", who="profile")
    value = orjson.dumps(seen["items"][0]["value"])
    record = HouseholdRecord.parse(value)
    assert record.to_bytes() == value
    assert (record.id, record.version) == (made["id"], 1)
    assert record.lines[0].lookup == LOOKUP.number("+1 202 555 0117")
    assert record.lines[0].last_digits == "0117"
    assert record.contact_points[0].lookup == LOOKUP.email("LINDA@example.com")
    assert record.members[0].lookup == LOOKUP.name_and_postcode("linda example", "20001")
    assert b"2025550117" not in value
    assert b"linda@example.com" not in value


@pytest.mark.parametrize(
    ("question", "by"),
    [
        ({"number": "+12025550142"}, "number"),
        ({"number": "+1 (202) 555-0142"}, "number"),
        ({"email": "Linda@Example.com"}, "email"),
        ({"name": "linda  EXAMPLE", "postcode": "20001"}, "name"),
    ],
)
async def test_lookup_finds_whom_is_meant(profile: Client, question: dict[str, str], by: str) -> None:
    made = await profile.household()
    linda, daughter = (member["id"] for member in made["members"])
    found = await look_up(profile, **question)
    assert (found["household"], found["by"], found["verified"]) == (made["id"], by, False)
    assert found["party"] == (daughter if by == "number" else linda)
    assert [party["id"] for party in found["parties"]] == [linda, daughter]


async def test_lookup_by_ids_and_code(shared: Client) -> None:
    made = await shared.household()
    promised = (await shared.promise(made)).json()
    daughter = made["members"][1]["id"]
    assert (await look_up(shared, party=daughter))["party"] == daughter
    assert (await look_up(shared, line=made["lines"][1]["id"]))["party"] == daughter
    found = await look_up(shared, code=promised["code"].lower().replace("-", ""))
    assert (found["party"], found["promise"], found["verified"]) == (promised["party"], promised["id"], True)


async def test_lookup_from_a_number_of_the_household_with_its_postcode_is_verified(profile: Client) -> None:
    await profile.household()
    assert (await look_up(profile, number="+12025550142", postcode="20001"))["verified"] is True
    assert (await look_up(profile, number="+12025550142", postcode="99999"))["verified"] is False


async def test_lookup_of_a_number_two_households_have_gives_the_newest_and_names_the_other(profile: Client) -> None:
    older, newer = await profile.household(), await profile.household()
    found = await look_up(profile, number="+12025550117")
    assert (found["household"], found["others"]) == (newer["id"], [older["id"]])


@pytest.mark.parametrize(
    ("question", "status", "reason"),
    [
        ({}, 422, "invalid"),
        ({"number": "+12025550117", "email": "a@b.c"}, 422, "invalid"),
        ({"name": "Linda"}, 422, "invalid"),
        ({"email": "a@b.c", "postcode": "1"}, 422, "invalid"),
        ({"number": "555"}, 422, "number_malformed"),
        ({"code": "AAAA-AAAA-AB"}, 422, "code_malformed"),
        ({"code": "0000-0000-00"}, 404, "customer_unknown"),
        ({"number": "+12025550199"}, 404, "customer_unknown"),
        ({"party": "pty_nobody"}, 404, "customer_unknown"),
        ({"hat": "red"}, 422, "invalid"),
    ],
)
async def test_lookup_refused(shared: Client, question: dict[str, str], status: int, reason: str) -> None:
    answer = await shared.send("ana", "POST", "/v1/customers:lookup", question)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason), answer.text


async def test_change_needs_the_version_that_was_read(shared: Client) -> None:
    made = await shared.household()
    assert (await change(shared, made, None, facts={})).status_code == 428
    done = await change(shared, made, '"1"', facts={"household.size": 3})
    assert (done.status_code, done.json()["facts"], done.headers["ETag"]) == (200, {"household.size": 3}, '"2"')
    stale = await change(shared, made, '"1"', facts={"household.size": 4})
    assert (stale.status_code, stale.json()["reason"]) == (412, "etag_stale")


async def test_change_keeps_ids_of_entries_known_by_ref_or_id(profile: Client) -> None:
    made = await profile.household()
    members = [
        {"id": made["members"][0]["id"], "ref": "linda", "given_name": "Linda", "family_name": "Other"},
        {"ref": "daughter"},
        {"ref": "son"},
    ]
    done = (await change(profile, made, '"1"', members=members)).json()
    assert [member["id"] for member in done["members"][:2]] == [member["id"] for member in made["members"]]
    assert done["lines"] == made["lines"]
    assert (await change(profile, made, '"2"', lines=[])).json()["lines"] == []
    gone = await profile.send("ana", "POST", "/v1/customers:lookup", {"number": "+12025550117"})
    assert gone.status_code == 404


async def test_change_that_changes_nothing_writes_nothing(shared: Client) -> None:
    made = await shared.household()
    done = await change(shared, made, '"1"', facts={"household.size": 2})
    assert (done.status_code, done.headers["ETag"]) == (200, '"1"')


async def test_change_cannot_take_out_a_member_with_a_promise(shared: Client) -> None:
    made = await shared.household()
    await shared.promise(made)
    answer = await change(shared, made, '"2"', members=[{"ref": "daughter"}], lines=[], relations=[], contact_points=[])
    assert (answer.status_code, answer.json()["reason"]) == (409, "party_promised")


async def test_changes_and_promises_at_once_take_versions_one_by_one(shared: Client) -> None:
    made = await shared.household()

    async def edit(size: int) -> int:
        while True:
            seen = await shared.send("ana", "GET", f"/v1/households/{made['id']}")
            done = await change(shared, made, seen.headers["ETag"], facts={"household.size": size})
            if done.status_code != 412:
                assert done.status_code == 200
                return int(done.headers["ETag"].strip('"'))

    async def promised() -> int:
        return int((await shared.promise(made)).headers["Concord-View"].rpartition(".")[2])

    versions = await asyncio.gather(*(edit(size) for size in range(10, 14)), *(promised() for _ in range(10)))
    assert sorted(versions) == list(range(2, 16))


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        (["lines", 0, "holder"], "nobody", "/lines/0/holder"),
        (["lines", 0, "number"], "12", "/lines/0/number"),
        (["lines", 0, "facts"], {"line.barred": "no"}, "/lines/0/facts/line.barred"),
        (["lines", 0, "facts"], {"household.size": 3}, "/lines/0/facts/household.size"),
        (["members", 1, "ref"], "linda", "/members/1/ref"),
        (["members", 0, "born"], "last year", "/members/0/born"),
        (["members", 0, "id"], "pty_mine", "/members/0/id"),
        (["relations", 0, "to"], "linda", "/relations/0/to"),
        (["relations", 0, "kind"], "friend_of", "/relations/0/kind"),
        (["contact_points", 0, "address"], "nowhere", "/contact_points/0/address"),
        (["contact_points", 0, "zone"], "Mars/Olympus", "/contact_points/0/zone"),
        (["contact_points", 0, "party"], "nobody", "/contact_points/0/party"),
        (["members"], [], "/members"),
        (["hat"], 1, "/hat"),
    ],
)
async def test_household_with_a_fault_is_refused_with_its_place(
    shared: Client, path: list[Any], value: Any, pointer: str
) -> None:
    body = deepcopy(LINDA)
    place: Any = body
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    answer = await shared.send("campaign", "POST", "/v1/households", body)
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_household_with_a_key_is_made_once(shared: Client) -> None:
    key = new_key()
    first = await shared.send("campaign", "POST", "/v1/households", LINDA, headers=key)
    again = await shared.send("campaign", "POST", "/v1/households", LINDA, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["ETag"] == first.headers["ETag"]


async def test_household_unknown_is_said(shared: Client) -> None:
    for path in ("/v1/households/hh_none", "/v1/households/hh_none/records"):
        answer = await shared.send("profile", "GET", path)
        assert (answer.status_code, answer.json()["reason"]) == (404, "household_unknown")
    answer = await shared.send("ana", "GET", "/v1/promises/prm_none")
    assert (answer.status_code, answer.json()["reason"]) == (404, "promise_unknown")


@pytest.mark.parametrize(
    ("who", "method", "path"),
    [
        ("linda", "POST", "/v1/households"),
        ("tom", "POST", "/v1/households"),
        ("linda", "POST", "/v1/customers:lookup"),
        ("linda", "POST", "/v1/promises"),
        ("ana", "GET", "/v1/households/hh_x/records"),
        ("ana", "POST", "/v1/promises/prm_x:cancel"),
        ("ana", "POST", "/v1/imports?kind=promises"),
    ],
)
async def test_route_is_closed_to_other_roles(shared: Client, who: str, method: str, path: str) -> None:
    answer = await shared.send(who, method, path, {})
    assert (answer.status_code, answer.json()["reason"]) == (403, "role_missing")


async def test_nothing_personal_is_logged(profile: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = await profile.household()
    promised = (await profile.promise(made)).json()
    await look_up(profile, number="+12025550117")
    await look_up(profile, code=promised["code"])
    await profile.imported("households", [{"ref": "hh-1", "data": LINDA}])
    said = "\n".join(str(record.__dict__) for record in caplog.records if not record.name.startswith("httpx"))
    for word in ("Linda", "Example", "5550117", "linda@", promised["code"], promised["code"].replace("-", "")):
        assert word not in said
