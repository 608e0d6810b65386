"""Promises through the profile's own API, on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from concord import codes
from concord.contracts.records import PromiseRecord
from concord.contracts.topics import HOUSEHOLDS
from concord.engines.servers import Engines
from integration.profile_client import LINDA, Client, new_key, own_database, promise_to, serving


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


async def test_promise_pins_version_hash_and_deadline(shared: Client) -> None:
    household = await shared.household()
    answer = await shared.promise(household)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert codes.shown(codes.fold(made["code"])) == made["code"]
    offered = shared.registry.records[0].value
    assert offered is not None
    assert (made["version"], made["content_hash"]) == (1, offered["versions"][0]["content_hash"])
    assert made["offer"] == "free-handset-upgrade"
    assert made["offer_id"] == offered["id"]
    assert datetime.fromisoformat(made["honour_until"]) == datetime.fromisoformat(
        offered["versions"][0]["terms"]["validity"]["end"]
    )
    assert made["state"] == "open"
    assert answer.headers["Location"] == f"/v1/promises/{made['id']}"
    assert answer.headers["Concord-View"] == f"h1.1.{household['id']}.2"
    assert answer.headers["Concord-Age"] == "0"


async def test_promise_is_read_alone_and_with_its_household(shared: Client) -> None:
    household = await shared.household()
    made = (await shared.promise(household)).json()
    assert await shared.get(f"/v1/promises/{made['id']}") == made
    again = await shared.get(f"/v1/households/{household['id']}")
    assert again["promises"] == [made]
    assert again["version"] == 2


async def test_promise_record_on_the_log_is_the_whole_promise_without_its_words(shared: Client) -> None:
    household = await shared.household()
    made = (await shared.promise(household)).json()
    seen = await shared.get(f"/v1/households/{household['id']}/records", who="profile")
    assert [item["key"] for item in seen["items"]] == [household["id"], f"{household['id']}/{made['id']}"]
    assert (seen["version"], seen["epoch"]) == (2, 1)
    value = orjson.dumps(seen["items"][1]["value"])
    record = PromiseRecord.parse(value)
    assert record.to_bytes() == value
    assert (record.version, record.code, record.party) == (2, codes.fold(made["code"]), household["members"][0]["id"])
    assert b"nothing" not in value


async def test_promise_retried_at_once_by_many_is_one_promise(shared: Client) -> None:
    household, key = await shared.household(), new_key()
    answers = await asyncio.gather(*(shared.promise(household, key=key) for _ in range(12)))
    made = [answer for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["reason"] for answer in answers if answer.status_code == 409} <= {"request_in_flight"}
    assert len({answer.content for answer in made}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in made) == 1
    again = await shared.promise(household, key=key)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.content == made[0].content
    assert again.headers["Concord-View"] == made[0].headers["Concord-View"]
    assert len((await shared.get(f"/v1/households/{household['id']}"))["promises"]) == 1


async def test_promise_key_with_another_body_is_refused(shared: Client) -> None:
    household, key = await shared.household(), new_key()
    assert (await shared.promise(household, key=key)).status_code == 201
    other = await shared.promise(household, key=key, channel="web")
    assert (other.status_code, other.json()["reason"]) == (422, "idempotency_key_reused")


async def test_promise_keys_of_two_callers_do_not_meet(shared: Client) -> None:
    household, key = await shared.household(), new_key()
    first = await shared.promise(household, key=key)
    second = await shared.promise(household, who="registry", key=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


async def test_promise_without_a_key_is_refused(shared: Client) -> None:
    household = await shared.household()
    body = promise_to(household["id"], "linda")
    answer = await shared.send("campaign", "POST", "/v1/promises", body)
    assert (answer.status_code, answer.json()["reason"]) == (400, "idempotency_key_missing")


async def test_household_counter_gives_each_concurrent_promise_its_own_value(profile: Client) -> None:
    household = await profile.household()
    answers = await asyncio.gather(*(profile.promise(household) for _ in range(20)))
    tokens = sorted(int(answer.headers["Concord-View"].rpartition(".")[2]) for answer in answers)
    assert tokens == list(range(2, 22))
    seen = await profile.get(f"/v1/households/{household['id']}/records", who="profile")
    versions = sorted(item["value"]["version"] for item in seen["items"])
    assert versions == list(range(1, 22))
    [topic] = [each for each in (await profile.get("/v1/log"))["topics"] if each["count"]]
    assert (topic["topic"], topic["count"], topic["revision"]) == (HOUSEHOLDS.name, 21, 21)


async def test_promise_party_may_be_named_by_ref(shared: Client) -> None:
    household = await shared.household()
    body = promise_to(household["id"], "linda")
    answer = await shared.send("campaign", "POST", "/v1/promises", body, headers=new_key())
    assert answer.json()["party"] == household["members"][0]["id"]


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"household": "hh_" + "0" * 26}, 404, "household_unknown"),
        ({"party": "nobody"}, 422, "party_unknown"),
        ({"line": "L9"}, 422, "line_unknown"),
        ({"offer": "no-such-offer"}, 404, "offer_unknown"),
        ({"channel": "sms"}, 409, "not_promisable"),
        ({"version": 7}, 409, "not_promisable"),
        ({"honour_until": "2020-01-01T00:00:00Z"}, 422, "deadline_unfit"),
        ({"honour_until": "2099-01-01T00:00:00Z"}, 422, "deadline_unfit"),
        ({"channel": "pigeon"}, 422, "invalid"),
        ({"evidence": {"kind": "message", "weather": "fine"}}, 422, "invalid"),
        ({"honour_until": "tomorrow"}, 422, "invalid"),
        ({"facts": {"line.tenure_months": "twelve"}}, 422, "invalid"),
        ({"version": "1"}, 422, "invalid"),
    ],
)
async def test_promise_refused_leaves_nothing(shared: Client, changes: dict, status: int, reason: str) -> None:  # type: ignore[type-arg]
    household = await shared.household()
    answer = await shared.promise(household, **changes)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await shared.get(f"/v1/households/{household['id']}"))["version"] == 1


@pytest.mark.parametrize("state", ["PREPARING", "SUSPENDED", "CLOSING"])
async def test_promise_of_an_offer_in_another_state_is_refused_after_asking(shared: Client, state: str) -> None:
    shared.registry.publish(state, key="other")
    household = await shared.household()
    asked = shared.registry.asked
    answer = await shared.promise(household, offer="other")
    assert (answer.status_code, answer.json()["reason"]) == (409, "not_promisable")
    assert shared.registry.asked == asked + 1


async def test_promise_of_an_honourable_version_is_made(shared: Client) -> None:
    shared.registry.publish("HONOURABLE", key="other")
    assert (await shared.promise(await shared.household(), offer="other")).status_code == 201


async def test_promise_that_only_the_registry_could_allow_waits_for_it(profile: Client) -> None:
    household = await profile.household()
    profile.registry.down = True
    answer = await profile.promise(household, offer="no-such-offer")
    assert (answer.status_code, answer.json()["reason"]) == (503, "not_up_to_bound")
    assert "Retry-After" in answer.headers


async def test_promise_is_never_refused_from_an_old_copy(profile: Client) -> None:
    household = await profile.household()
    await profile.promise(household)
    profile.registry.publish("LIVE", version=2, promised_in=["sms", "email"])
    answer = await profile.promise(household, channel="sms")
    assert (answer.status_code, answer.json().get("version")) == (201, 2)


async def test_promise_without_any_deadline_is_refused(shared: Client) -> None:
    start = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    shared.registry.publish("LIVE", key="endless", validity={"start": start, "end": None})
    household = await shared.household()
    answer = await shared.promise(household, offer="endless")
    assert (answer.status_code, answer.json()["reason"]) == (422, "deadline_missing")
    until = (datetime.now(UTC) + timedelta(days=3)).replace(microsecond=0)
    asked = await shared.promise(household, offer="endless", honour_until=until.isoformat())
    assert datetime.fromisoformat(asked.json()["honour_until"]) == until


async def test_promise_whose_criteria_do_not_hold_says_which(shared: Client) -> None:
    criteria = {"attribute": "line.tenure_months", "op": "gte", "value": 60}
    shared.registry.publish("LIVE", key="loyal", criteria=criteria)
    answer = await shared.promise(await shared.household(), offer="loyal")
    assert (answer.status_code, answer.json()["reason"]) == (409, "not_promisable")
    assert [error["detail"] for error in answer.json()["errors"]] != []


async def test_promise_that_needs_an_unknown_fact_asks_for_it(shared: Client) -> None:
    household = await shared.household({"members": [{"ref": "sam"}]})
    answer = await shared.promise(household)
    assert (answer.status_code, answer.json()["reason"]) == (409, "not_promisable")
    assert len(answer.json()["errors"]) == 2
    facts = {"line.tenure_months": 13, "line.barred": False}
    assert (await shared.promise(household, facts=facts)).status_code == 201


async def test_promise_by_a_channels_own_caller_is_for_that_channel_only(shared: Client) -> None:
    household = await shared.household()
    wrong = await shared.promise(household, who="web", channel="email")
    assert (wrong.status_code, wrong.json()["reason"]) == (403, "wrong_channel")
    assert (await shared.promise(household, who="web", channel="web")).status_code == 201


async def test_promise_cancelled_needs_a_reason_and_stays_cancelled(shared: Client) -> None:
    household = await shared.household()
    made = (await shared.promise(household)).json()
    path = f"/v1/promises/{made['id']}:cancel"
    bare = await shared.send("supervisor", "POST", path, {}, headers=new_key())
    assert bare.status_code == 422
    key = new_key()
    done = await shared.send("supervisor", "POST", path, {"reason": "sent_in_error"}, headers=key)
    assert (done.status_code, done.json()["state"], done.json()["cancelled"]) == (200, "cancelled", "sent_in_error")
    assert done.headers["Concord-View"] == f"h1.1.{household['id']}.3"
    replay = await shared.send("supervisor", "POST", path, {"reason": "sent_in_error"}, headers=key)
    assert (replay.content, replay.headers["Idempotency-Replayed"]) == (done.content, "true")
    twice = await shared.send("supervisor", "POST", path, {"reason": "again"}, headers=new_key())
    assert (twice.status_code, twice.json()["reason"]) == (409, "promise_closed")
    seen = await shared.get(f"/v1/households/{household['id']}/records", who="profile")
    assert (seen["items"][1]["value"]["state"], seen["items"][1]["value"]["version"]) == ("cancelled", 3)


async def test_token_of_a_write_that_never_was_is_not_answered(shared: Client) -> None:
    household = await shared.household(LINDA)
    path = f"/v1/households/{household['id']}"
    now = await shared.send("ana", "GET", path, headers={"Concord-At-Least": f"h1.1.{household['id']}.1"})
    assert now.status_code == 200
    later = await shared.send("ana", "GET", path, headers={"Concord-At-Least": f"h1.1.{household['id']}.2"})
    assert (later.status_code, later.json()["reason"]) == (503, "not_up_to_bound")
    other = await shared.send("ana", "GET", path, headers={"Concord-At-Least": "nonsense"})
    assert (other.status_code, other.json()["reason"]) == (400, "token_malformed")


async def test_catalogue_token_is_reached_by_asking_the_registry(profile: Client) -> None:
    household = await profile.household()
    revision = profile.registry.publish("SUSPENDED")
    body = promise_to(household["id"], "linda")
    headers = new_key() | {"Concord-At-Least": f"v1.1.{revision}"}
    refused = await profile.send("campaign", "POST", "/v1/promises", body, headers=headers)
    assert (refused.status_code, refused.json()["reason"]) == (409, "not_promisable")
    headers = new_key() | {"Concord-At-Least": f"v1.1.{revision + 1}"}
    ahead = await profile.send("campaign", "POST", "/v1/promises", body, headers=headers)
    assert (ahead.status_code, ahead.json()["reason"]) == (503, "not_up_to_bound")
