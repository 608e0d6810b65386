"""The author side over HTTP, on a real database."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from concord.decision.terms import EXAMPLE, Terms
from integration.registry_client import KEY, TERMS, Client, serving

HASH = Terms.model_validate(EXAMPLE).content_hash()
VERSION = f"/v1/offers/{KEY}/versions/1"


@pytest.fixture
async def registry(postgres_url: str) -> AsyncIterator[Client]:
    async with serving(postgres_url) as client:
        yield client


async def test_offer_created_is_a_draft_with_its_content_hash(registry: Client) -> None:
    answer = await registry.send("marta", "POST", "/v1/offers", {"key": KEY, "terms": EXAMPLE})
    made = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/offers/{made['id']}")
    assert (made["key"], made["version"], made["lifecycle"], made["activation"]) == (KEY, 1, "draft", None)
    assert (made["current"]["content_hash"], made["current"]["author"]) == (HASH, "marta")
    assert (answer.headers["etag"], answer.headers["concord-view"], answer.headers["concord-age"]) == (
        '"1"',
        "v1.1.0",
        "0",
    )


async def test_offer_is_found_by_id_and_by_key(registry: Client) -> None:
    offer = await registry.draft()
    by_key, by_id = await registry.get(f"/v1/offers/{KEY}"), await registry.get(f"/v1/offers/{offer}")
    assert by_key == by_id
    assert by_id["id"] == offer


async def test_offer_key_belongs_to_one_offer(registry: Client) -> None:
    await registry.draft()
    refused = await registry.post("marta", "/v1/offers", {"key": KEY, "terms": EXAMPLE}, status=409)
    assert refused["reason"] == "key_taken"


@pytest.mark.parametrize("count", [8])
async def test_offer_created_many_times_at_once_is_created_once(registry: Client, count: int) -> None:
    body = {"key": KEY, "terms": EXAMPLE}
    answers = await asyncio.gather(*(registry.send("marta", "POST", "/v1/offers", body) for _ in range(count)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (count - 1)


@pytest.mark.parametrize(
    ("body", "reason", "pointer"),
    [
        ({"key": "Not A Slug", "terms": EXAMPLE}, "invalid", "/key"),
        ({"key": KEY}, "invalid", "/terms"),
        ({"key": KEY, "terms": EXAMPLE | {"surprise": 1}}, "invalid", "/terms/surprise"),
        ({"key": KEY, "terms": EXAMPLE | {"priority": "1"}}, "invalid", "/terms/priority"),
        ({"key": KEY, "terms": EXAMPLE | {"title": {"en": "a\u0000b"}}}, "character_refused", "/terms/title/en"),
        (
            {"key": KEY, "terms": EXAMPLE | {"criteria": {"attribute": "line.barred", "op": "gte", "value": True}}},
            "terms_invalid",
            "/terms/criteria/op",
        ),
        (
            {"key": KEY, "terms": EXAMPLE | {"criteria": {"attribute": "line.age", "op": "eq", "value": 1}}},
            "terms_invalid",
            "/terms/criteria/attribute",
        ),
    ],
)
async def test_offer_that_cannot_be_saved_is_refused_with_the_place(
    registry: Client, body: Any, reason: str, pointer: str
) -> None:
    refused = await registry.post("marta", "/v1/offers", body, status=422)
    assert refused["reason"] == reason
    assert pointer in [error["pointer"] for error in refused["errors"]]
    assert (await registry.get("/v1/offers"))["items"] == []


@pytest.mark.parametrize(
    ("who", "method", "path", "body"),
    [
        ("nora", "POST", "/v1/offers", {"key": KEY, "terms": EXAMPLE}),
        ("marta", "POST", f"{VERSION}:approve", None),
        ("marta", "POST", f"{VERSION}:reject", {"reason": "no"}),
        ("ana", "POST", f"{VERSION}:release", None),
        ("ana", "POST", f"/v1/offers/{KEY}/activation:withdraw", {"reason": "no"}),
        ("linda", "GET", f"/v1/offers/{KEY}", None),
    ],
)
async def test_route_refuses_callers_without_its_role(
    registry: Client, who: str, method: str, path: str, body: Any
) -> None:
    answer = await registry.send(who, method, path, body)
    assert (answer.status_code, answer.json()["reason"]) == (403, "role_missing")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/v1/offers/nothing", "offer_unknown"),
        ("/v1/offers/nothing/activation", "offer_unknown"),
        (f"/v1/offers/{KEY}/versions/2", "version_unknown"),
    ],
)
async def test_unknown_names_are_not_found(registry: Client, path: str, reason: str) -> None:
    await registry.draft()
    answer = await registry.send("auditor", "GET", path)
    assert (answer.status_code, answer.json()["reason"]) == (404, reason)


@pytest.mark.parametrize("number", ["0", "2147483648", "99999999999999999999"])
async def test_version_number_out_of_range_is_refused(registry: Client, number: str) -> None:
    await registry.draft()
    assert (await registry.send("auditor", "GET", f"/v1/offers/{KEY}/versions/{number}")).status_code == 422


async def test_draft_is_edited_by_whoever_read_it_last(registry: Client) -> None:
    await registry.draft()
    body = {"terms": TERMS | {"priority": 7}}
    etag = (await registry.send("marta", "GET", VERSION)).headers["etag"]
    edited = await registry.send("marta", "PUT", VERSION, body, headers={"If-Match": etag})
    assert (edited.status_code, edited.headers["etag"], edited.json()["terms"]["priority"]) == (200, '"2"', 7)
    stale = await registry.send("marta", "PUT", VERSION, body, headers={"If-Match": etag})
    assert (stale.status_code, stale.json()["reason"]) == (412, "etag_stale")
    missing = await registry.send("marta", "PUT", VERSION, body)
    assert (missing.status_code, missing.json()["reason"]) == (428, "if_match_missing")


async def test_draft_edited_by_many_at_once_takes_one_edit(registry: Client) -> None:
    await registry.draft()
    edits = (
        registry.send("marta", "PUT", VERSION, {"terms": EXAMPLE | {"priority": number}}, headers={"If-Match": '"1"'})
        for number in range(8)
    )
    statuses = sorted(answer.status_code for answer in await asyncio.gather(*edits))
    assert statuses == [200] + [412] * 7


async def test_submit_refuses_the_story_offer_until_it_is_complete(registry: Client) -> None:
    honour = {name: cell for name, cell in EXAMPLE["honour"].items() if name != "store_pos"}
    await registry.draft(honour=honour, cards={})
    refused = await registry.post("marta", f"{VERSION}:submit", status=422)
    assert refused["reason"] == "incomplete"
    assert {error["pointer"] for error in refused["errors"]} == {"/honour/store_pos", "/cards/call_center/en"}
    assert (await registry.get(VERSION))["lifecycle"] == "draft"


async def test_submit_by_many_at_once_happens_once(registry: Client) -> None:
    await registry.draft()
    answers = await asyncio.gather(*(registry.send("marta", "POST", f"{VERSION}:submit") for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert {answer.json()["reason"] for answer in answers if answer.status_code == 409} == {"lifecycle_conflict"}


async def test_version_submitted_cannot_be_edited(registry: Client) -> None:
    await registry.draft()
    await registry.post("marta", f"{VERSION}:submit")
    refused = await registry.send("marta", "PUT", VERSION, {"terms": EXAMPLE}, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["reason"]) == (409, "lifecycle_conflict")


async def test_version_is_not_approved_by_its_author(registry: Client) -> None:
    both = {"Authorization": f"Bearer {registry.signin.token_with('vera', 'offer_author', 'offer_approver')}"}
    await registry.send("marta", "POST", "/v1/offers", {"key": KEY, "terms": EXAMPLE}, headers=both)
    await registry.send("marta", "POST", f"{VERSION}:submit", headers=both)
    refused = await registry.send("marta", "POST", f"{VERSION}:approve", headers=both)
    assert (refused.status_code, refused.json()["reason"]) == (403, "own_version")
    approved = await registry.post("nora", f"{VERSION}:approve")
    assert (approved["lifecycle"], approved["approver"]) == ("approved", "nora")


async def test_version_rejected_stays_and_its_terms_start_a_new_draft(registry: Client) -> None:
    await registry.draft()
    await registry.post("marta", f"{VERSION}:submit")
    rejected = await registry.post("nora", f"{VERSION}:reject", {"reason": "Too dear."})
    assert (rejected["lifecycle"], rejected["rejection"]) == ("rejected", "Too dear.")
    again = await registry.post("marta", f"/v1/offers/{KEY}/versions", status=201)
    assert (again["version"], again["lifecycle"], again["content_hash"]) == (2, "draft", rejected["content_hash"])


async def test_versions_added_at_once_get_numbers_of_their_own(registry: Client) -> None:
    await registry.draft()
    path = f"/v1/offers/{KEY}/versions"
    made = await asyncio.gather(*(registry.post("marta", path, {}, status=201) for _ in range(6)))
    assert sorted(version["version"] for version in made) == [2, 3, 4, 5, 6, 7]


async def test_submit_refuses_alternatives_that_do_not_exist_or_lead_back(registry: Client) -> None:
    first = await registry.draft("first", alternative="second")
    refused = await registry.post("marta", "/v1/offers/first/versions/1:submit", status=422)
    assert [(error["pointer"], error["reason"]) for error in refused["errors"]] == [("/alternative", "offer_unknown")]
    await registry.draft("second", alternative=first)
    refused = await registry.post("marta", "/v1/offers/first/versions/1:submit", status=422)
    assert [(error["pointer"], error["reason"]) for error in refused["errors"]] == [("/alternative", "circular")]


async def test_drafts_make_no_records(registry: Client) -> None:
    await registry.draft()
    await registry.approve(KEY)
    assert (await registry.get("/v1/catalogue"))["revision"] == 0


async def test_list_pages_through_offers_by_key_and_narrows(registry: Client) -> None:
    keys = [f"offer-{number}" for number in range(5)]
    for key in reversed(keys):
        await registry.draft(key, shown_in=["web"] if key == "offer-3" else [], promised_in=["email"])
    await registry.live("offer-x")
    seen: list[str] = []
    path: str | None = "/v1/offers?limit=2"
    while path:
        answer = await registry.send("auditor", "GET", path)
        seen += [item["key"] for item in answer.json()["items"]]
        path = answer.links["next"]["url"] if "next" in answer.links else None
    assert seen == [*keys, "offer-x"]

    async def found(query: str) -> list[str]:
        return [item["key"] for item in (await registry.get(f"/v1/offers?{query}"))["items"]]

    assert await found("lifecycle=released") == ["offer-x"]
    assert await found("activation=LIVE") == ["offer-x"]
    assert await found("channel=web") == ["offer-3", "offer-x"]
    assert await found("q=OFFER-4") == ["offer-4"]
    assert await found("q=handset%20upgrade&lifecycle=draft") == keys


@pytest.mark.parametrize(
    "query", ["after=%%%", "after=WzFd", "after=bnVsbA", "limit=0", "limit=201", "lifecycle=gone", "what=1"]
)
async def test_list_refuses_what_it_does_not_know(registry: Client, query: str) -> None:
    assert (await registry.send("auditor", "GET", f"/v1/offers?{query}")).status_code == 422


async def test_versions_are_listed_oldest_first(registry: Client) -> None:
    await registry.draft()
    await registry.post("marta", f"/v1/offers/{KEY}/versions", {}, status=201)
    page = await registry.get(f"/v1/offers/{KEY}/versions?limit=1")
    rest = await registry.get(f"/v1/offers/{KEY}/versions?limit=1&after={page['next']}")
    assert [version["version"] for version in page["items"] + rest["items"]] == [1, 2]
    assert rest["next"] is None


async def test_latest_end_there_is_has_a_last_deadline(registry: Client) -> None:
    validity = {"start": "2026-06-01T00:00:00Z", "end": "9999-12-31T00:00:00Z"}
    await registry.draft(validity=validity, honour_for="P3650D")
    assert (await registry.get(VERSION))["honour_until"] == "9999-12-31T23:59:59Z"


ODD: tuple[Any, ...] = (None, True, -1, 0, 1.5, 2**63, "", " ", "x" * 3_000, "\u202e", [], [[]], {}, {"": None})


def paths(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document."""
    yield at
    for part, below in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from paths(below, (*at, part))


def with_odd(document: Any, at: tuple[Any, ...], odd: Any) -> Any:
    """The document with something odd at the place."""
    if not at:
        return odd
    changed = dict(document) if isinstance(document, dict) else list(document)
    changed[at[0]] = with_odd(document[at[0]], at[1:], odd)
    return changed


async def test_offer_with_something_odd_anywhere_is_saved_or_refused_and_never_breaks(registry: Client) -> None:
    body = {"key": KEY, "terms": TERMS}
    tried = [with_odd(body, at, odd) for at in paths(body) for odd in ODD]
    for number, sent in enumerate(tried):
        if isinstance(sent, dict) and sent.get("key") == KEY:
            sent["key"] = f"offer-{number}"
        answer = await registry.send("marta", "POST", "/v1/offers", sent)
        assert answer.status_code in {201, 422}, (sent, answer.text)
        if answer.status_code == 201:
            submitted = await registry.send("marta", "POST", f"/v1/offers/{answer.json()['id']}/versions/1:submit")
            assert submitted.status_code in {200, 422}, (sent, submitted.text)


async def test_database_that_is_away_is_said_and_not_ready(registry: Client) -> None:
    await registry.draft()
    registry.pool.terminate()
    answer = await registry.send("auditor", "GET", f"/v1/offers/{KEY}")
    assert (answer.status_code, answer.json()["reason"]) == (503, "database_unavailable")
    assert answer.headers["retry-after"]
    ready = await registry.http.get("/healthz/ready")
    assert (ready.status_code, ready.json()["reasons"]) == (503, ["database_unavailable"])
    assert (await registry.http.get("/healthz/live")).status_code == 200


EXAMPLED = (
    "OfferDocument",
    "OfferSummary",
    "VersionDocument",
    "ActivationDocument",
    "CatalogueDocument",
    "DifferenceDocument",
    "HistoryEntry",
)


async def test_every_route_states_its_roles_and_shows_an_example(registry: Client) -> None:
    described = (await registry.http.get("/openapi.json")).json()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation["x-roles"], (method, path)
            assert operation["summary"], (method, path)
    for name in EXAMPLED:
        assert described["components"]["schemas"][name]["examples"], name
