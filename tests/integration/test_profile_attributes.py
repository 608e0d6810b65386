"""Facts of attributes that authors declared: the profile asks the registry for names it does not know."""

from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any

import pytest

from concord.decision.attributes import Attribute, Kind
from integration.profile_client import LINDA, Client, FakeRegistry, acknowledge_at_once, new_key, serving

VIP = Attribute("customer.vip", Kind.BOOL, "the customer", "whether the customer is a VIP", "a VIP")
PLAN = Attribute("line.plan", Kind.STRING, "the plan", "which plan the line has")
SINCE = Attribute("household.since", Kind.DATE, "the date", "since when the household is with us")


@pytest.fixture
async def profile(postgres_url: str) -> AsyncIterator[Client]:
    async with serving(postgres_url) as client:
        client.registry.declared = [VIP, PLAN, SINCE]
        client.registry.publish("LIVE")
        client.registry.asked = 0
        yield client


def linda(**facts: Any) -> dict[str, Any]:
    """Linda's household with more facts, each in its place."""
    body = deepcopy(LINDA)
    places = {"customer": body["members"][0], "line": body["lines"][0], "household": body}
    for name, value in facts.items():
        namespace, _, _ = name.partition("__")
        places[namespace]["facts"][name.replace("__", ".")] = value
    return body


DECLARED = linda(customer__vip=True, line__plan="gold", household__since="2020-02-29")


async def post(profile: Client, body: Any) -> Any:
    return await profile.send("campaign", "POST", "/v1/households", body)


async def test_household_may_have_facts_of_declared_attributes(profile: Client) -> None:
    made = await profile.household(DECLARED)
    assert (made["members"][0]["facts"]["customer.vip"], made["facts"]["household.since"]) == (True, "2020-02-29")
    records = await profile.get(f"/v1/households/{made['id']}/records", who="profile")
    assert records["items"][0]["value"]["lines"][0]["facts"]["line.plan"] == "gold"


async def test_registry_is_asked_once_and_only_for_names_it_may_know(profile: Client) -> None:
    await profile.household()
    assert profile.registry.asked == 0
    for _ in range(3):
        await profile.household(DECLARED)
    assert profile.registry.asked == 1
    assert (await post(profile, linda(household__cats=1, line__dogs=2, customer__fish=3))).status_code == 422
    assert profile.registry.asked == 2
    body = deepcopy(LINDA)
    body["facts"] = {"cats": 1, "basket.weight": 2}
    assert (await post(profile, body)).status_code == 422
    assert profile.registry.asked == 2


async def test_fact_of_no_attribute_is_refused_with_its_place(profile: Client) -> None:
    refused = await post(profile, linda(customer__vip=True, line__colour="red"))
    assert (refused.status_code, refused.json()["reason"]) == (422, "household_invalid")
    assert [(error["pointer"], error["reason"]) for error in refused.json()["errors"]] == [
        ("/lines/0/facts/line.colour", "attribute_unknown")
    ]


@pytest.mark.parametrize(
    ("facts", "pointer"),
    [
        ({"customer__vip": 1}, "/members/0/facts/customer.vip"),
        ({"line__plan": True}, "/lines/0/facts/line.plan"),
        ({"household__since": "yesterday"}, "/facts/household.since"),
    ],
)
async def test_fact_of_another_kind_is_refused_with_its_place(
    profile: Client, facts: dict[str, Any], pointer: str
) -> None:
    refused = await post(profile, linda(**facts))
    assert [(error["pointer"], error["reason"]) for error in refused.json()["errors"]] == [(pointer, "type_mismatch")]


async def test_attribute_declared_a_moment_ago_is_known(profile: Client) -> None:
    profile.registry.declared = []
    assert (await post(profile, DECLARED)).status_code == 422
    profile.registry.declared = [VIP, PLAN, SINCE]
    assert (await post(profile, DECLARED)).status_code == 201


async def test_silent_registry_refuses_nothing_for_good(profile: Client) -> None:
    profile.registry.down = True
    for who_knows in (DECLARED, linda(line__colour="red")):
        waiting = await post(profile, who_knows)
        assert (waiting.status_code, waiting.json()["reason"]) == (503, "not_up_to_bound")
        assert waiting.headers["retry-after"]
    assert (await post(profile, LINDA)).status_code == 201
    profile.registry.down = False
    await profile.household(DECLARED)
    profile.registry.down = True
    assert (await post(profile, DECLARED)).status_code == 201, "what was told once needs no asking"


async def test_change_may_bring_and_take_away_declared_facts(profile: Client, postgres_url: str) -> None:
    made = await profile.household(DECLARED)
    path = f"/v1/households/{made['id']}"
    # Another process, which has not asked for anything yet.
    async with serving(postgres_url, registry=FakeRegistry(declared=[VIP, PLAN, SINCE])) as other:
        changed = await other.send(
            "campaign", "PATCH", path, {"facts": {"household.size": 3}}, headers={"If-Match": "*"}
        )
        assert (changed.status_code, changed.json()["facts"]["household.since"]) == (200, "2020-02-29")
    async with serving(postgres_url, registry=FakeRegistry(down=True)) as other:
        waiting = await other.send(
            "campaign", "PATCH", path, {"facts": {"household.size": 4}}, headers={"If-Match": "*"}
        )
        assert (waiting.status_code, waiting.json()["reason"]) == (503, "not_up_to_bound")
    gone = {"facts": {"household.since": None, "household.never": None}}
    changed = await profile.send("campaign", "PATCH", path, gone, headers={"If-Match": "*"})
    assert (changed.status_code, "household.since" in changed.json()["facts"]) == (200, False)
    wrong = {"facts": {"household.since": "never"}}
    refused = await profile.send("campaign", "PATCH", path, wrong, headers={"If-Match": "*"})
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/facts/household.since"]


async def test_promise_takes_declared_facts_that_the_profile_does_not_know(profile: Client) -> None:
    made = await profile.household()
    assert (await profile.promise(made, facts={"customer.vip": True})).status_code == 201
    refused = await profile.promise(made, facts={"customer.cats": True})
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/facts/customer.cats"]
    profile.registry.down = True
    waiting = await profile.promise(made, facts={"customer.cats": True})
    assert (waiting.status_code, waiting.json()["reason"]) == (503, "not_up_to_bound")


async def test_import_takes_declared_facts_and_refuses_the_others_line_by_line(
    profile: Client, postgres_url: str
) -> None:
    await acknowledge_at_once(postgres_url)
    bodies = [LINDA, DECLARED, linda(line__colour="red"), linda(customer__vip="yes")]
    job = await profile.imported("households", [{"ref": f"hh-{n}", "data": body} for n, body in enumerate(bodies)])
    assert job["accepted"] == 2
    assert {error["line"]: [each["pointer"] for each in error["errors"]] for error in job["errors"]} == {
        3: ["/lines/0/facts/line.colour"],
        4: ["/members/0/facts/customer.vip"],
    }
    assert profile.registry.asked == 1


async def test_import_waits_for_a_silent_registry(profile: Client, postgres_url: str) -> None:
    await acknowledge_at_once(postgres_url)
    profile.registry.down = True
    upload = await profile.upload("households", [{"ref": "one", "data": DECLARED}], new_key()["Idempotency-Key"])
    path = f"/v1/jobs/{upload.json()['id']}"
    await profile.until(path, lambda _: profile.registry.asked >= 2, who="campaign")
    assert (await profile.get(path, who="campaign"))["accepted"] == 0
    profile.registry.down = False
    job = await profile.done(upload.json()["id"])
    assert (job["accepted"], job["refused"]) == (1, 0)
