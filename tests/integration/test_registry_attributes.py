"""The attribute registry and budgets over HTTP, on a real database, and what a released version says of them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from concord.contracts.records import OfferRecord
from concord.decision.answer import answer
from concord.decision.attributes import BUILT_IN
from concord.decision.catalogue import Catalogue
from concord.decision.hours import is_open
from concord.decision.question import View, setting_at
from customer_profile.registry import HttpRegistry
from integration.registry_client import KEY, Client, log_is_gapless, serving
from unit.decision_samples import household, linda

VERSION = f"/v1/offers/{KEY}/versions/1"
VIP = "/v1/attributes/customer.vip"
A_VIP = {
    "kind": "bool",
    "noun": "the customer",
    "question": "whether the customer is a VIP",
    "adjective": "a VIP",
}
IS_VIP = {"attribute": "customer.vip", "op": "eq", "value": True}
SUMMER = "/v1/budgets/summer-2026"
DOLLARS = {"cap": {"money": {"amount": 100_000, "currency": "USD"}}, "per": "P1M"}


@pytest.fixture
async def registry(postgres_url: str) -> AsyncIterator[Client]:
    async with serving(postgres_url) as client:
        yield client


async def put(registry: Client, path: str, body: Any, who: str = "marta", etag: str | None = None) -> httpx.Response:
    headers = {} if etag is None else {"If-Match": etag}
    return await registry.send(who, "PUT", path, body, headers=headers)


async def declared(registry: Client, path: str = VIP, body: Any = A_VIP) -> None:
    answer = await put(registry, path, body)
    assert answer.status_code == 201, answer.text


def pointers(refused: Any) -> list[tuple[str, str]]:
    return [(error["pointer"], error["reason"]) for error in refused["errors"]]


async def test_attribute_declared_is_read_back(registry: Client) -> None:
    made = await put(registry, VIP, A_VIP)
    assert (made.status_code, made.headers["etag"], made.headers["concord-view"]) == (201, '"1"', "v1.1.0")
    read = await registry.send("auditor", "GET", VIP)
    assert (read.json(), read.headers["etag"]) == (made.json(), '"1"')
    assert read.json().items() >= (A_VIP | {"name": "customer.vip", "built_in": False, "declared_by": "marta"}).items()


async def test_built_in_attributes_are_listed_and_cannot_be_changed(registry: Client) -> None:
    await declared(registry)
    items = (await registry.get("/v1/attributes?limit=200"))["items"]
    assert [item["name"] for item in items] == sorted([*BUILT_IN, "customer.vip"])
    assert [item["name"] for item in items if not item["built_in"]] == ["customer.vip"]
    tenure = await registry.get("/v1/attributes/line.tenure_months")
    assert (tenure["kind"], tenure["built_in"], tenure["declared_by"]) == ("int", True, None)
    for name in BUILT_IN:
        refused = await put(registry, f"/v1/attributes/{name}", A_VIP, etag="*")
        assert (refused.status_code, refused.json()["reason"]) == (409, "attribute_built_in")


async def test_attributes_are_listed_by_name_page_by_page(registry: Client) -> None:
    names = ["channel.kiosk", "customer.a", "customer.a1", "customer.a_b", "household.zone", "line.z"]
    for name in names:
        await declared(registry, f"/v1/attributes/{name}")
    seen: list[str] = []
    path: str | None = "/v1/attributes?limit=4"
    while path:
        answer = await registry.send("auditor", "GET", path)
        assert len(answer.json()["items"]) <= 4
        seen += [item["name"] for item in answer.json()["items"]]
        path = answer.links["next"]["url"] if "next" in answer.links else None
    assert seen == sorted([*BUILT_IN, *names])


async def test_attribute_keeps_its_kind_and_may_change_its_texts(registry: Client) -> None:
    await declared(registry)
    other = {"kind": "int", "noun": "the score", "question": "what the score is"}
    for etag in (None, '"1"', "*"):
        refused = await put(registry, VIP, other, etag=etag)
        assert (refused.status_code, refused.json()["reason"]) == (409, "attribute_kind_fixed")
    reworded = A_VIP | {"adjective": "one of our best"}
    assert (await put(registry, VIP, reworded)).status_code == 428
    changed = await put(registry, VIP, reworded, etag='"1"')
    assert (changed.status_code, changed.headers["etag"], changed.json()["adjective"]) == (
        200,
        '"2"',
        "one of our best",
    )
    assert (await put(registry, VIP, A_VIP, etag='"1"')).status_code == 412


async def test_attribute_declared_again_stays_as_it_is(registry: Client) -> None:
    """A client that did not hear the answer sends the same once more."""
    await declared(registry)
    again = await put(registry, VIP, A_VIP)
    assert (again.status_code, again.headers["etag"]) == (200, '"1"')


async def test_attribute_that_is_not_there_yet_is_not_changed(registry: Client) -> None:
    refused = await put(registry, VIP, A_VIP, etag='"1"')
    assert (refused.status_code, refused.json()["reason"]) == (412, "etag_stale")
    assert (await registry.send("auditor", "GET", VIP)).status_code == 404


async def test_attribute_declared_by_many_at_once_is_declared_once(registry: Client) -> None:
    bodies = [A_VIP | {"adjective": f"VIP number {number}"} for number in range(8)]
    answers = await asyncio.gather(*(put(registry, VIP, body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [428] * 7
    (made,) = [answer.json() for answer in answers if answer.status_code == 201]
    assert await registry.get(VIP) == made


@pytest.mark.parametrize(
    ("name", "body", "pointer"),
    [
        ("basket.weight", A_VIP, "/path/name"),
        ("line_item.colour", A_VIP, "/path/name"),
        ("order.size", A_VIP, "/path/name"),
        ("customer", A_VIP, "/path/name"),
        ("customer.", A_VIP, "/path/name"),
        ("Customer.vip", A_VIP, "/path/name"),
        ("customer." + "a" * 80, A_VIP, "/path/name"),
        ("customer.vip", A_VIP | {"kind": "float"}, "/kind"),
        ("customer.vip", A_VIP | {"noun": " "}, "/noun"),
        ("customer.vip", A_VIP | {"question": "x" * 121}, "/question"),
        ("customer.vip", A_VIP | {"kind": "int"}, ""),
        ("customer.vip", A_VIP | {"colour": "red"}, "/colour"),
        ("customer.vip", {"kind": "bool"}, "/noun"),
    ],
)
async def test_attribute_that_cannot_be_is_refused_with_the_place(
    registry: Client, name: str, body: Any, pointer: str
) -> None:
    refused = await put(registry, f"/v1/attributes/{name}", body)
    assert refused.status_code == 422, refused.text
    assert pointer in [error["pointer"] for error in refused.json()["errors"]]


@pytest.mark.parametrize(
    ("who", "path", "body"),
    [("nora", VIP, A_VIP), ("campaign", VIP, A_VIP), ("ana", SUMMER, DOLLARS), ("linda", VIP, A_VIP)],
)
async def test_declaring_is_for_authors(registry: Client, who: str, path: str, body: Any) -> None:
    refused = await put(registry, path, body, who)
    assert (refused.status_code, refused.json()["reason"]) == (403, "role_missing")


async def test_terms_may_name_what_is_declared_and_nothing_else(registry: Client) -> None:
    offer = await registry.draft()
    made = await registry.get(VERSION)
    edited = {"terms": made["terms"] | {"criteria": IS_VIP}}
    refused = await put(registry, VERSION, edited, etag='"1"')
    assert (refused.status_code, refused.json()["reason"]) == (422, "terms_invalid")
    assert pointers(refused.json()) == [("/terms/criteria/attribute", "attribute_unknown")]
    await declared(registry)
    mistyped = {"terms": made["terms"] | {"criteria": IS_VIP | {"value": "yes"}}}
    assert pointers((await put(registry, VERSION, mistyped, etag='"1"')).json()) == [
        ("/terms/criteria/value", "type_mismatch")
    ]
    assert (await put(registry, VERSION, edited, etag='"1"')).status_code == 200
    copied = await registry.send("marta", "POST", f"/v1/offers/{offer}/versions", {})
    assert (copied.status_code, copied.json()["terms"]["criteria"]["attribute"]) == (201, "customer.vip")
    body = {"key": "other", "terms": made["terms"] | {"criteria": IS_VIP}}
    assert (await registry.send("marta", "POST", "/v1/offers", body)).status_code == 201


async def last_record(registry: Client) -> OfferRecord:
    return OfferRecord.model_validate((await registry.records())[-1]["value"])


async def test_released_version_carries_its_attributes_in_every_record(registry: Client) -> None:
    await declared(registry)
    await declared(registry, "/v1/attributes/line.unused", A_VIP)
    offer = await registry.live(criteria={"all": [IS_VIP, {"attribute": "line.barred", "op": "exists"}]})
    (version,) = (await last_record(registry)).versions
    assert version.attributes is not None
    assert {name: each.model_dump() for name, each in version.attributes.items()} == {"customer.vip": A_VIP}
    assert version.evaluator_min == 2
    await put(registry, VIP, A_VIP | {"noun": "the guest"}, etag='"1"')
    await registry.post("nora", f"/v1/offers/{offer}/activation:suspend")
    (suspended,) = (await last_record(registry)).versions
    assert suspended.attributes == version.attributes
    assert await log_is_gapless(registry.pool) == 4


async def test_plain_version_carries_nothing_and_any_evaluator_reads_it(registry: Client) -> None:
    await registry.live()
    (version,) = (await last_record(registry)).versions
    assert (version.hours, version.attributes, version.evaluator_min) == (None, None, 1)


async def test_channels_decide_by_what_the_record_carries(registry: Client) -> None:
    await declared(registry)
    await registry.live(criteria=IS_VIP, shown_in=["web"])
    catalogue = Catalogue.of([await last_record(registry)])
    assert "customer.vip" in catalogue.attributes
    at = datetime(2026, 7, 1, tzinfo=UTC)
    for vip, verdict in ((True, "available"), (False, "refused")):
        question = linda(KEY, facts={"customer.vip": vip})
        given = answer(question, View(catalogue, 1, 3, household()), setting_at("web", at))
        assert [item.verdict for item in given.items] == [verdict]


EVENINGS = {"days": ["mon"], "from": "17:00", "to": "20:00", "zone": "America/New_York"}


async def test_dst_change_between_publish_and_start_reaches_the_record(registry: Client) -> None:
    """Whenever it is submitted, the hours are those of the wall clock in each week."""
    validity = {"start": "2098-03-03T00:00:00Z", "end": "2098-03-18T00:00:00Z"}
    await registry.live(windows=[EVENINGS], validity=validity)
    (version,) = (await last_record(registry)).versions
    assert version.hours is not None
    assert [opens.isoformat() for opens, _ in version.hours] == [
        "2098-03-03T22:00:00+00:00",
        "2098-03-10T21:00:00+00:00",
        "2098-03-17T21:00:00+00:00",
    ]
    assert is_open(version.hours, datetime(2098, 3, 10, 21, 30, tzinfo=UTC))
    assert version.evaluator_min == 2


async def test_hours_and_attributes_are_kept_from_submit_on(registry: Client) -> None:
    await declared(registry)
    made = await registry.draft(criteria=IS_VIP, windows=[EVENINGS])
    await registry.approve(made)
    row = await registry.pool.fetchrow("SELECT hours, attributes, lifecycle FROM offer_versions")
    assert row is not None
    assert (row["lifecycle"], list(row["attributes"])) == ("approved", ["customer.vip"])
    assert len(row["hours"]) == 105  # Mondays from 2026-06-01 to 2028-06-01


async def test_budget_declared_is_read_back_and_says_no_more(registry: Client) -> None:
    made = await put(registry, SUMMER, DOLLARS)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    read = await registry.send("auditor", "GET", SUMMER)
    assert (read.json(), read.headers["etag"]) == (made.json(), '"1"')
    assert made.json().keys() == {"name", "cap", "per", "declared_by", "declared_at", "changed_by", "changed_at"}
    assert made.json()["cap"] == {"money": {"amount": 100_000, "currency": "USD"}}
    units = {"cap": {"units": 5}, "per": {"rolling": "P7D"}}
    assert (await put(registry, SUMMER, units)).status_code == 428
    changed = await put(registry, SUMMER, units, "nora", etag='"1"')
    assert (changed.status_code, changed.json()["cap"], changed.json()["per"]) == (
        200,
        {"units": 5},
        {"rolling": "P7D"},
    )
    assert (changed.json()["declared_by"], changed.json()["changed_by"]) == ("marta", "nora")
    assert (await put(registry, SUMMER, units)).status_code == 200
    await declared(registry, "/v1/budgets/a", {"cap": {"units": 1}})
    listed = await registry.get("/v1/budgets?limit=1")
    rest = await registry.get(f"/v1/budgets?limit=1&after={listed['next']}")
    assert [item["name"] for item in listed["items"] + rest["items"]] == ["a", "summer-2026"]
    assert listed["items"][0]["per"] is None


@pytest.mark.parametrize(
    ("name", "body", "pointer"),
    [
        ("Summer", DOLLARS, "/path/name"),
        ("summer", {"cap": {}}, "/cap"),
        ("summer", {"cap": DOLLARS["cap"] | {"units": 1}}, "/cap"),
        ("summer", {"cap": {"units": 0}}, "/cap/units"),
        ("summer", {"cap": {"units": 1.5}}, "/cap/units"),
        ("summer", {"cap": {"money": {"amount": 1, "currency": "usd"}}}, "/cap/money/currency"),
        ("summer", DOLLARS | {"per": "P2M"}, "/per"),
        ("summer", DOLLARS | {"per": {"period": "P1M", "zone": "Mars/Olympus"}}, "/per/zone"),
        ("summer", DOLLARS | {"used": 0}, "/used"),
    ],
)
async def test_budget_that_cannot_be_is_refused_with_the_place(
    registry: Client, name: str, body: Any, pointer: str
) -> None:
    refused = await put(registry, f"/v1/budgets/{name}", body)
    assert refused.status_code == 422, refused.text
    assert pointer in [error["pointer"] for error in refused.json()["errors"]]
    assert (await registry.get("/v1/budgets"))["items"] == []


@pytest.mark.parametrize("path", [VIP, SUMMER])
async def test_what_nobody_declared_is_not_found(registry: Client, path: str) -> None:
    answer = await registry.send("auditor", "GET", path)
    assert (answer.status_code, answer.json()["reason"]) == (
        404,
        "attribute_unknown" if path is VIP else "budget_unknown",
    )


async def test_submit_refuses_budgets_that_do_not_exist_or_count_other_money(registry: Client) -> None:
    limits = [{"scope": "household", "units": 1}, {"budget": "summer-2026"}]
    codes = ["PLAIN", {"code": "SUMMER", "limits": [{"budget": "winter-2026"}]}]
    await registry.draft(limits=limits, codes=codes)
    refused = await registry.post("marta", f"{VERSION}:submit", status=422)
    assert (refused["reason"], pointers(refused)) == (
        "incomplete",
        [("/limits/1/budget", "budget_unknown"), ("/codes/1/limits/0/budget", "budget_unknown")],
    )
    await declared(registry, SUMMER, {"cap": {"money": {"amount": 1, "currency": "EUR"}}})
    await declared(registry, "/v1/budgets/winter-2026", {"cap": {"units": 1}})
    refused = await registry.post("marta", f"{VERSION}:submit", status=422)
    assert pointers(refused) == [("/limits/1/budget", "currency_differs")]
    await put(registry, SUMMER, DOLLARS, etag="*")
    assert (await registry.post("marta", f"{VERSION}:submit"))["lifecycle"] == "in_review"


async def test_submit_refuses_an_alternative_that_ends_earlier(registry: Client) -> None:
    short = await registry.draft("short", validity={"start": "2026-06-01T00:00:00Z", "end": "2098-01-01T00:00:00Z"})
    await registry.draft(alternative="short")
    refused = await registry.post("marta", f"{VERSION}:submit", status=422)
    assert pointers(refused) == [("/alternative", "alternative_ends_earlier")]
    assert "2098-01-01T00:00:00Z" in refused["errors"][0]["detail"]
    longer = (await registry.get(VERSION))["terms"] | {"alternative": None}
    await registry.post("marta", f"/v1/offers/{short}/versions", {"terms": longer}, status=201)
    assert (await registry.post("marta", f"{VERSION}:submit"))["lifecycle"] == "in_review"


async def test_declaring_makes_no_records(registry: Client) -> None:
    await declared(registry)
    await declared(registry, SUMMER, DOLLARS)
    assert (await registry.get("/v1/catalogue"))["revision"] == 0


async def test_profile_reads_every_attribute_over_http(registry: Client) -> None:
    async with registry.pool.acquire() as connection:
        await connection.execute(
            """
            INSERT INTO attributes
            SELECT 'line.made_' || n, 'int', 'it', 'it', '', 1, 'marta', now(), 'marta', now()
            FROM generate_series(1, 450) n
            """
        )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(registry.app), headers=registry.signin.headers("profile")
    ) as http:
        told = await HttpRegistry(http, "http://registry").attributes(5.0)
    assert {attribute.name: attribute for attribute in told}.keys() >= {*BUILT_IN, "line.made_1", "line.made_450"}
    assert [attribute for attribute in told if attribute.name in BUILT_IN] == [
        BUILT_IN[name] for name in sorted(BUILT_IN)
    ]
    assert len(told) == len(BUILT_IN) + 450
