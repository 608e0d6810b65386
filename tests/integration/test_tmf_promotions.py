"""The TMF671 facade over HTTP, on a real database. Every answer is held against the specification's rules."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from concord.decision.terms import EXAMPLE, Terms
from integration.registry_client import KEY, TERMS, Client, serving
from unit import tmf_rules, tmf_samples

BASE = "/tmf-api/promotionManagement/v4/promotion"
MERGE_PATCH = {"content-type": "application/merge-patch+json"}
PLAIN: dict[str, Any] = {
    "name": "Half a mug",
    "description": "Mugs for half of it.",
    "validFor": {"startDateTime": "2026-06-01T00:00:00Z", "endDateTime": "2099-06-15T00:00:00Z"},
    "pattern": [
        {
            "priority": 7,
            "criteriaGroup": [
                {
                    "criteriaLogicalRelationship": "AND",
                    "criteria": [
                        {
                            "criteriaParameter": "line.tenure_months",
                            "criteriaOperator": ">=",
                            "criteriaValue": "12",
                        },
                        {"criteriaParameter": "line.barred", "criteriaOperator": "<>", "criteriaValue": "true"},
                    ],
                }
            ],
            "action": [{"actionType": "percent_off", "actionValue": "50%", "actionEntityRef": {"id": "MUG"}}],
        }
    ],
}


@dataclass(slots=True)
class Tmf:
    """A client of the facade that checks every answer."""

    registry: Client

    async def send(self, who: str, method: str, path: str = "", body: Any = None, **more: Any) -> httpx.Response:
        answer = await self.registry.send(who, method, BASE + path, body, **more)
        tmf_rules.check(answer)
        return answer

    async def get(self, path: str = "", who: str = "auditor") -> Any:
        answer = await self.send(who, "GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def create(self, body: Any = None, **changes: Any) -> Any:
        answer = await self.send("marta", "POST", "", {**(body or PLAIN), **changes})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def patch(self, offer: str, body: Any, who: str = "marta", status: int = 200) -> Any:
        answer = await self.send(who, "PATCH", f"/{offer}", body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def names(self, query: str) -> list[str]:
        return [each["name"] for each in await self.get(f"?{query}")]


@pytest.fixture
async def tmf(postgres_url: str) -> AsyncIterator[Tmf]:
    async with serving(postgres_url) as client:
        yield Tmf(client)


async def test_promotion_of_plain_members_is_a_draft_offer(tmf: Tmf) -> None:
    answer = await tmf.send("marta", "POST", "", PLAIN)
    made = answer.json()
    assert answer.headers["location"] == made["href"] == f"{BASE}/{made['id']}"
    assert (made["lifecycleStatus"], made["version"], made["promotionType"]) == ("draft", "1", "Discount")
    assert answer.headers["concord-view"] == "v1.1.0"
    offer = await tmf.registry.get(f"/v1/offers/{made['id']}")
    assert (offer["key"], offer["lifecycle"], offer["created_by"]) == ("half-a-mug", "draft", "marta")
    terms = Terms.model_validate(offer["current"]["terms"]).document()
    assert terms == {
        "title": {"en": "Half a mug"},
        "description": {"en": "Mugs for half of it."},
        "benefits": [{"kind": "percent_off", "basis_points": 5000}],
        "products": {"skus": ["MUG"]},
        "criteria": {
            "all": [
                {"attribute": "line.tenure_months", "op": "gte", "value": 12},
                {"attribute": "line.barred", "op": "ne", "value": True},
            ]
        },
        "validity": {"start": "2026-06-01T00:00:00Z", "end": "2099-06-15T00:00:00Z"},
        "priority": 7,
    }


async def test_promotion_with_terms_is_these_terms(tmf: Tmf) -> None:
    made = await tmf.create({"name": "Free handset upgrade", "key": KEY, "terms": EXAMPLE})
    assert await tmf.get(f"/{KEY}") == await tmf.get(f"/{made['id']}") == made
    version = await tmf.registry.get(f"/v1/offers/{KEY}/versions/1")
    assert version["content_hash"] == Terms.model_validate(EXAMPLE).content_hash()


async def test_promotion_that_was_read_creates_another_with_the_same_terms(tmf: Tmf) -> None:
    first = await tmf.create({"name": "Free handset upgrade", "key": KEY, "terms": EXAMPLE})
    set_by_registry = {"id", "href", "key", "version", "lastUpdate"}
    second = await tmf.create({name: value for name, value in first.items() if name not in set_by_registry})
    assert second["terms"] == first["terms"]
    assert second["key"] != KEY


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({name: value for name, value in PLAIN.items() if name != "name"}, "/name: Field required."),
        ({"name": "x"}, "/pattern: "),
        (PLAIN | {"pattern": [{"action": PLAIN["pattern"][0]["action"]}]}, "/pattern/0/criteriaGroup: Field required."),
        (PLAIN | {"relatedParty": []}, "/relatedParty: There is no such field."),
        (PLAIN | {"lifecycleStatus": "release"}, "/lifecycleStatus: "),
        (PLAIN | {"name": 5}, "/name: "),
        (PLAIN | {"attachment": [{"id": "x", "url": "y"}]}, "/attachment/0/url: Concord has no place for this"),
        (PLAIN | {"name": "a\u0000b"}, "/name: "),
        ([], "/: "),
        (None, "/: "),
    ],
)
async def test_promotion_that_cannot_be_kept_is_refused_by_name(tmf: Tmf, body: Any, named: str) -> None:
    answer = await tmf.send("marta", "POST", "", body)
    assert (answer.status_code, answer.json()["status"]) == (400, "400")
    assert named in answer.json()["message"]
    assert await tmf.get() == []


async def test_key_is_the_callers_or_made_from_the_name(tmf: Tmf) -> None:
    first, second = await tmf.create(), await tmf.create()
    assert (first["key"], second["key"].rsplit("-", 1)[0]) == ("half-a-mug", "half-a-mug")
    taken = await tmf.send("marta", "POST", "", PLAIN | {"key": "half-a-mug"})
    assert (taken.status_code, taken.json()["code"]) == (409, "key_taken")


@pytest.mark.parametrize(
    ("who", "method", "path", "body"),
    [
        ("nora", "POST", "", PLAIN),
        ("campaign", "POST", "", PLAIN),
        ("linda", "GET", "", None),
        ("linda", "GET", f"/{KEY}", None),
        ("auditor", "PATCH", f"/{KEY}", {}),
        ("ana", "DELETE", f"/{KEY}", None),
        ("nora", "PATCH", f"/{KEY}", {"name": "Mine"}),
        ("nora", "PATCH", f"/{KEY}", {"lifecycleStatus": "waitForApproval"}),
        ("nora", "DELETE", f"/{KEY}", None),
    ],
)
async def test_callers_without_the_role_are_refused(tmf: Tmf, who: str, method: str, path: str, body: Any) -> None:
    await tmf.registry.draft()
    answer = await tmf.send(who, method, path, body)
    assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")


async def test_refusals_before_any_handler_have_the_same_shape(tmf: Tmf) -> None:
    anonymous = await tmf.send("marta", "GET", headers={"Authorization": ""})
    assert (anonymous.status_code, anonymous.json()["code"]) == (401, "token_missing")
    unknown = await tmf.send("marta", "GET", "/nothing/here")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "route_unknown")
    method = await tmf.send("marta", "PUT", f"/{KEY}", {})
    assert (method.status_code, method.json()["code"]) == (405, "method_not_allowed")
    assert method.headers["allow"] == "DELETE, GET, PATCH"
    kind = await tmf.send("marta", "POST", "", PLAIN, headers={"content-type": "text/plain"})
    assert (kind.status_code, kind.json()["code"]) == (415, "media_type_unsupported")
    malformed = await tmf.registry.send("marta", "GET", f"{BASE}", headers={"Concord-At-Least": "yesterday"})
    tmf_rules.check(malformed)
    assert (malformed.status_code, malformed.json()["code"]) == (400, "token_malformed")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_unknown_promotion_is_not_found(tmf: Tmf, method: str) -> None:
    answer = await tmf.send("marta", method, "/nothing", {} if method == "PATCH" else None)
    assert (answer.status_code, answer.json()["code"]) == (404, "offer_unknown")


async def test_list_pages_by_offset_and_counts(tmf: Tmf) -> None:
    for number in range(5):
        await tmf.create(name=f"Mug {number}")
    page = await tmf.send("auditor", "GET", "?offset=1&limit=2")
    assert [each["name"] for each in page.json()] == ["Mug 1", "Mug 2"]
    assert (page.headers["x-total-count"], page.headers["x-result-count"]) == ("5", "2")
    following = await tmf.registry.send("auditor", "GET", page.links["next"]["url"])
    assert [each["name"] for each in following.json()] == ["Mug 3", "Mug 4"]
    assert "next" not in following.links
    beyond = await tmf.send("auditor", "GET", "?offset=9")
    assert (beyond.json(), beyond.headers["x-total-count"], beyond.headers["x-result-count"]) == ([], "5", "0")


async def test_fields_choose_members_of_the_first_level(tmf: Tmf) -> None:
    made = await tmf.create()
    (listed,) = await tmf.get("?fields=id,name")
    assert listed == {name: made[name] for name in ("id", "href", "name", "@type")}
    one = await tmf.get(f"/{made['id']}?fields=lifecycleStatus,validFor")
    assert one.keys() == {"id", "href", "@type", "lifecycleStatus", "validFor"}


@pytest.mark.parametrize(
    "query",
    [
        "what=1",
        "fields=name,what",
        "lifecycleStatus=gone",
        "promotionType=Gift",
        "offset=-1",
        "limit=0",
        "limit=201",
        "limit=x",
        "name=a&name=b",
        "validFor.startDateTime.gt=yesterday",
        "validFor.startDateTime.near=2026-06-01T00:00:00Z",
        "channel.id=fax",
        "activation.state=GONE",
        "version=0",
    ],
)
async def test_list_refuses_what_it_does_not_know(tmf: Tmf, query: str) -> None:
    answer = await tmf.send("auditor", "GET", f"?{query}")
    assert answer.status_code == 400
    assert f"/query/{query.partition('=')[0]}" in answer.json()["message"]


async def test_list_is_narrowed_by_attributes(tmf: Tmf) -> None:
    mug = await tmf.create()
    lamp = await tmf.create(
        name="Lamp, red",
        validFor={"startDateTime": "2027-01-01T00:00:00Z"},
        channel=[{"id": "email", "role": "promised"}],
        pattern=[PLAIN["pattern"][0] | {"action": [{"actionType": "fixed_price", "actionValue": "1.00 USD"}]}],
    )
    await tmf.registry.live("live")
    await tmf.registry.draft("cup", title={"es": "Taza", "de": "Tasse"})
    handset = "Free handset upgrade"

    async def found(query: str) -> list[str]:
        return sorted(await tmf.names(query))

    assert await found("name=Lamp,%20red") == ["Lamp, red"]
    assert await found("name=Tasse") == ["Tasse"]
    assert await found("name=Taza") == []
    assert await found(f"id={mug['id']},{lamp['id']}") == ["Half a mug", "Lamp, red"]
    assert await found("key=cup,half-a-mug") == ["Half a mug", "Tasse"]
    assert await found("version=2") == []
    assert await found("lifecycleStatus=release") == [handset]
    assert await found("lifecycleStatus=draft,suspend") == ["Half a mug", "Lamp, red", "Tasse"]
    assert await found("lifecycleStatus=draft&promotionType=Discount,Award") == ["Half a mug"]
    assert await found("promotionType=Reduction&lifecycleStatus=draft") == ["Lamp, red", "Tasse"]
    assert await found("activation.state=LIVE") == [handset]
    assert await found("channel.id=email&lifecycleStatus=draft") == ["Lamp, red", "Tasse"]
    assert await found("validFor.startDateTime=2027-01-01T00:00:00Z") == ["Lamp, red"]
    assert await found("validFor.startDateTime.gt=2027-01-01T00:00:00Z") == []
    assert await found("validFor.startDateTime.gte=2027-01-01T00:00:00Z") == ["Lamp, red"]
    assert await found("validFor.startDateTime.lt=2026-06-01T00:00:00Z") == []
    assert await found("validFor.startDateTime.lte=2026-06-01T00:00:00Z&lifecycleStatus=draft") == [
        "Half a mug",
        "Tasse",
    ]
    assert await found("validFor.endDateTime.gt=2026-01-01T00:00:00Z&lifecycleStatus=draft") == ["Half a mug", "Tasse"]
    assert await found("validFor.endDateTime.lte=9999-12-31T23:59:59.999999Z&name=Half%20a%20mug") == ["Half a mug"]
    assert await found("lastUpdate.gt=2099-01-01T00:00:00Z") == []
    live = await tmf.get("/live")
    assert handset in await found(f"lastUpdate={live['lastUpdate']}")


async def test_older_version_is_read_as_it_stands(tmf: Tmf) -> None:
    offer = await tmf.registry.live()
    await tmf.patch(offer, {"name": "Renamed"})
    newest, first = await tmf.get(f"/{offer}"), await tmf.get(f"/{offer}?version=1")
    assert (newest["version"], newest["name"], newest["lifecycleStatus"]) == ("2", "Renamed", "draft")
    assert (first["version"], first["name"], first["lifecycleStatus"]) == ("1", "Free handset upgrade", "release")
    assert newest["activation"] == first["activation"] == {"version": "1", "state": "LIVE", "leaving": False}
    missing = await tmf.send("auditor", "GET", f"/{offer}?version=3")
    assert (missing.status_code, missing.json()["code"]) == (404, "version_unknown")


@pytest.mark.parametrize("kind", ["application/json", "application/merge-patch+json", "application/json;charset=utf-8"])
async def test_patch_edits_the_newest_draft(tmf: Tmf, kind: str) -> None:
    made = await tmf.create()
    patch = {"name": "A third", "description": None, "terms": {"honour_for": "P14D"}}
    answer = await tmf.send("marta", "PATCH", f"/{made['id']}", patch, headers={"content-type": kind})
    edited = answer.json()
    assert (edited["version"], edited["name"], edited["terms"]["honour_for"]) == ("1", "A third", "P14D")
    assert "description" not in edited
    assert edited["pattern"] == made["pattern"]
    assert edited["lastUpdate"] > made["lastUpdate"]


async def test_patch_of_a_released_promotion_starts_a_draft(tmf: Tmf) -> None:
    offer = await tmf.registry.live()
    edited = await tmf.patch(offer, {"validFor": {"endDateTime": None}})
    assert (edited["version"], edited["lifecycleStatus"], edited["validFor"].keys()) == (
        "2",
        "draft",
        {"startDateTime"},
    )
    again = await tmf.patch(offer, {"name": "Once more"})
    assert (again["version"], again["name"], again["validFor"].keys()) == ("2", "Once more", {"startDateTime"})


async def test_patch_that_changes_nothing_writes_nothing(tmf: Tmf) -> None:
    offer = await tmf.registry.live()
    before = await tmf.send("marta", "GET", f"/{offer}")
    after = await tmf.send("marta", "PATCH", f"/{offer}", before.json())
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])
    assert await tmf.patch(offer, {}) == before.json()


@pytest.mark.parametrize(
    ("patch", "named"),
    [
        ({"id": "x"}, "/id: It cannot be changed."),
        ({"version": "2"}, "/version: It cannot be changed."),
        ({"key": "other"}, "/key: It cannot be changed."),
        ({"@type": "Promotion"}, "/@type: It cannot be changed."),
        ({"name": None}, "/name: Field required."),
        ({"relatedParty": []}, "/relatedParty: There is no such field."),
        ({"lifecycleStatus": "test"}, "/lifecycleStatus: "),
        ({"lifecycleStatus": "approved"}, "/lifecycleStatus: An approver does that"),
        ({"lifecycleStatus": "waitForApproval", "name": "A"}, "/lifecycleStatus: Edit first"),
        ({"lifecycleStatus": "retirement"}, "/statusReason: Say why"),
        ({"statusReason": "why not"}, "/statusReason: "),
        ({"terms": {"priority": "1"}}, "/terms/priority: "),
        ({"name": "A", "terms": {"title": {"en": "B"}}}, "/name: `terms` says otherwise."),
        ({"pattern": [{}]}, "/pattern/0/action: Field required."),
        ([{"op": "replace"}], "/: "),
    ],
)
async def test_patch_that_cannot_be_carried_out_is_refused_by_name(tmf: Tmf, patch: Any, named: str) -> None:
    made = await tmf.create()
    assert named in (await tmf.patch(made["id"], patch, status=400))["message"]
    assert await tmf.get(f"/{made['id']}") == made


async def test_patch_of_what_somebody_else_changed_is_refused(tmf: Tmf) -> None:
    made = await tmf.create()
    read = await tmf.send("marta", "GET", f"/{made['id']}")
    await tmf.patch(made["id"], {"name": "Changed"})
    stale = await tmf.patch(made["id"], made | {"name": "Mine"}, status=409)
    assert stale["code"] == "promotion_changed"
    held = await tmf.send("marta", "PATCH", f"/{made['id']}", {"name": "B"}, headers={"If-Match": read.headers["etag"]})
    assert (held.status_code, held.json()["code"]) == (412, "etag_stale")
    now = (await tmf.send("marta", "GET", f"/{made['id']}")).headers["etag"]
    taken = await tmf.send("marta", "PATCH", f"/{made['id']}", {"name": "B"}, headers={"If-Match": now})
    assert (taken.status_code, taken.json()["name"]) == (200, "B")


@pytest.mark.parametrize("start", ["draft", "live"])
async def test_patches_at_once_lose_none_that_was_taken(tmf: Tmf, start: str) -> None:
    offer = await (tmf.registry.live if start == "live" else tmf.registry.draft)()
    fields = ["exclusive_group", "honour_for", "alternative", "regular_price", "combines_with", "priority"]
    values = ["cups", "P1D", "other", {"amount": 1, "currency": "USD"}, ["other"], 3]
    answers = await asyncio.gather(
        *(
            tmf.send("marta", "PATCH", f"/{offer}", {"terms": {name: value}})
            for name, value in zip(fields, values, strict=True)
        )
    )
    taken = [name for name, answer in zip(fields, answers, strict=True) if answer.status_code == 200]
    assert taken
    assert {answer.status_code for answer in answers} <= {200, 409}
    terms = (await tmf.get(f"/{offer}"))["terms"]
    kept = {name for name, value in zip(fields, values, strict=True) if terms[name] == value}
    assert kept == set(taken)


async def test_lifecycle_is_walked_by_patch(tmf: Tmf) -> None:
    offer = await tmf.registry.draft()
    waiting = await tmf.patch(offer, {"lifecycleStatus": "waitForApproval"})
    assert waiting["lifecycleStatus"] == "waitForApproval"
    early = await tmf.patch(offer, {"lifecycleStatus": "release"}, status=409)
    assert early["code"] == "lifecycle_conflict"
    await tmf.registry.post("nora", f"/v1/offers/{offer}/versions/1:approve")
    assert (await tmf.get(f"/{offer}"))["lifecycleStatus"] == "approved"
    answer = await tmf.send("nora", "PATCH", f"/{offer}", {"lifecycleStatus": "release"})
    assert (answer.json()["lifecycleStatus"], answer.headers["concord-view"]) == ("release", "v1.1.1")
    await tmf.registry.until(offer, "LIVE")
    paused = await tmf.patch(offer, {"lifecycleStatus": "suspend", "statusReason": "Priced wrong."})
    assert (paused["lifecycleStatus"], paused["activation"]["state"]) == ("suspend", "SUSPENDED")
    assert (await tmf.patch(offer, {"lifecycleStatus": "release"}))["activation"]["state"] == "LIVE"
    ended = await tmf.patch(offer, {"lifecycleStatus": "retirement", "statusReason": "Over."})
    assert (ended["lifecycleStatus"], ended["activation"]["leaving"]) == ("retirement", True)
    history = (await tmf.registry.get(f"/v1/offers/{offer}/activation"))["versions"][0]["history"]
    assert [(step["by"], step["reason"]) for step in history if step["reason"]] == [
        ("marta", "Priced wrong."),
        ("marta", "Over."),
    ]
    again = await tmf.patch(offer, {"lifecycleStatus": "draft"})
    assert (again["version"], again["lifecycleStatus"]) == ("2", "draft")


async def test_submitting_by_patch_names_everything_that_is_missing(tmf: Tmf) -> None:
    made = await tmf.create()
    refused = await tmf.patch(made["id"], {"lifecycleStatus": "waitForApproval"}, status=400)
    assert refused["code"] == "incomplete"
    assert all(f"/honour/{channel}" in refused["message"] for channel in ("web", "store_pos", "call_center", "sms"))
    assert (await tmf.get(f"/{made['id']}"))["lifecycleStatus"] == "draft"


async def test_four_eyes_stay(tmf: Tmf) -> None:
    offer = await tmf.registry.draft()
    both = {"Authorization": f"Bearer {tmf.registry.signin.token_with('vera', 'offer_author', 'offer_approver')}"}
    await tmf.send("marta", "PATCH", f"/{offer}", {"lifecycleStatus": "waitForApproval"}, headers=both)
    approved = await tmf.registry.send("marta", "POST", f"/v1/offers/{offer}/versions/1:approve", headers=both)
    assert (approved.status_code, approved.json()["reason"]) == (403, "own_version")


async def test_rejected_promotion_is_edited_in_a_new_draft(tmf: Tmf) -> None:
    offer = await tmf.registry.draft()
    await tmf.patch(offer, {"lifecycleStatus": "waitForApproval"})
    await tmf.registry.post("nora", f"/v1/offers/{offer}/versions/1:reject", {"reason": "Too dear."})
    assert (await tmf.get(f"/{offer}"))["lifecycleStatus"] == "rejected"
    assert (await tmf.patch(offer, {"name": "Cheaper"}))["version"] == "2"


async def test_delete_takes_away_what_was_never_submitted(tmf: Tmf) -> None:
    made = await tmf.create()
    assert (await tmf.send("marta", "DELETE", f"/{made['id']}")).status_code == 204
    assert (await tmf.send("marta", "GET", f"/{made['id']}")).status_code == 404
    assert (await tmf.send("marta", "DELETE", f"/{made['id']}")).status_code == 404
    assert (await tmf.create())["key"] == made["key"]


async def test_delete_leaves_what_another_offer_names(tmf: Tmf) -> None:
    offer = await tmf.registry.draft("named")
    await tmf.registry.draft("by-key", alternative="named")
    refused = await tmf.send("marta", "DELETE", "/named")
    assert (refused.status_code, refused.json()["code"]) == (409, "offer_named")
    await tmf.send("marta", "DELETE", "/by-key")
    honour = EXAMPLE["honour"] | {"sms": {"action": "alternative", "offer": offer}}
    await tmf.registry.draft("by-id", honour=honour)
    assert (await tmf.send("marta", "DELETE", "/named")).json()["code"] == "offer_named"


async def test_delete_leaves_what_was_submitted(tmf: Tmf) -> None:
    offer = await tmf.registry.draft()
    await tmf.registry.approve(offer)
    refused = await tmf.send("marta", "DELETE", f"/{offer}")
    assert (refused.status_code, refused.json()["code"]) == (409, "offer_submitted")
    assert (await tmf.get(f"/{offer}"))["lifecycleStatus"] == "approved"


async def test_delete_withdraws_what_runs_and_it_stays_readable(tmf: Tmf) -> None:
    offer = await tmf.registry.live()
    answer = await tmf.send("nora", "DELETE", f"/{offer}")
    assert answer.status_code == 204
    retired = await tmf.get(f"/{offer}")
    assert (retired["lifecycleStatus"], retired["activation"]["leaving"]) == ("retirement", True)
    assert (await tmf.send("marta", "DELETE", f"/{offer}")).status_code == 204
    history = (await tmf.registry.get(f"/v1/offers/{offer}/activation"))["versions"][0]["history"]
    assert ("nora", "Deleted as a promotion of TMF671.") in [(step["by"], step["reason"]) for step in history]


async def test_delete_of_a_retired_promotion_is_done_already(tmf: Tmf) -> None:
    offer = await tmf.registry.live(validity=TERMS["validity"] | {"end": "2026-06-02T00:00:00Z"})
    await tmf.send("marta", "DELETE", f"/{offer}")
    await tmf.registry.until(offer, "CLOSED")
    assert "activation" not in await tmf.get(f"/{offer}")
    assert (await tmf.send("marta", "DELETE", f"/{offer}")).status_code == 204


async def test_delete_holds_to_if_match(tmf: Tmf) -> None:
    made = await tmf.create()
    stale = await tmf.send("marta", "DELETE", f"/{made['id']}", headers={"If-Match": '"0.0.0"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "etag_stale")


async def test_delete_and_submit_at_once_are_one_or_the_other(tmf: Tmf) -> None:
    for number in range(6):
        offer = await tmf.registry.draft(f"offer-{number}")
        deleted, submitted = await asyncio.gather(
            tmf.send("marta", "DELETE", f"/{offer}"),
            tmf.registry.send("marta", "POST", f"/v1/offers/{offer}/versions/1:submit"),
        )
        assert (deleted.status_code, submitted.status_code) in {(204, 404), (409, 200)}
        there = await tmf.send("auditor", "GET", f"/{offer}")
        assert there.status_code == (404 if deleted.status_code == 204 else 200)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=tmf_samples.promotions_like)
async def test_whatever_is_created_or_refused_keeps_to_the_specification(tmf: Tmf, body: Any) -> None:
    made = await tmf.send("marta", "POST", content=json.dumps(body), headers={"content-type": "application/json"})
    assert made.status_code in {201, 400}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patch=tmf_samples.patches)
async def test_whatever_is_patched_or_refused_keeps_to_the_specification(tmf: Tmf, patch: Any) -> None:
    offer = (await tmf.get("?limit=1&lifecycleStatus=draft") or [await tmf.create()])[0]["id"]
    answer = await tmf.send("marta", "PATCH", f"/{offer}", content=json.dumps(patch), headers=MERGE_PATCH)
    assert answer.status_code in {200, 400, 409}


async def test_promotion_may_ask_for_a_declared_attribute(tmf: Tmf) -> None:
    stated = {"criteriaParameter": "customer.tier", "criteriaOperator": "=", "criteriaValue": "gold"}
    pattern = [PLAIN["pattern"][0] | {"criteriaGroup": [{"criteria": [stated]}]}]
    refused = await tmf.send("marta", "POST", "", PLAIN | {"pattern": pattern})
    assert refused.status_code == 400
    assert "/pattern/0/criteriaGroup/0/criteria/0/criteriaParameter" in refused.text
    tier = {"kind": "string", "noun": "the customer's tier", "question": "which tier the customer is in"}
    declared = await tmf.registry.send("marta", "PUT", "/v1/attributes/customer.tier", tier)
    assert declared.status_code == 201
    made = await tmf.create(pattern=pattern)
    assert made["pattern"][0]["criteriaGroup"] == [{"criteria": [stated]}]
    changed = await tmf.patch(made["id"], {"description": "For the best."})
    assert changed["pattern"] == made["pattern"]
