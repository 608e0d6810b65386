"""Whatever an author sends is refused with its place and a sentence, and nothing of it is written."""

import re
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import orjson
import pytest

from concord.engines.servers import Engines
from concord.web.strict import DEEPEST
from integration.profile_client import own_database
from integration.registry_client import TERMS, Client, eventually, serving

LEAF = {"attribute": "line.barred", "op": "exists"}
SIZE = {"attribute": "household.size", "op": "gte", "value": 2}
LIMIT = {"scope": "total", "units": 1}
EVENINGS = {"days": ["mon"], "from": "17:00", "to": "20:00", "zone": "UTC"}
HALF = "\\ud800"  # as it stands in JSON: half of a surrogate pair
NOT_THERE = "~not there~"
TAKEN_IN_LINES = "a field twice"  # lines are read by a quicker reader, which takes the last


@pytest.fixture(scope="module")
async def registry(engines: Engines) -> AsyncIterator[Client]:
    """One registry for all of them: what one leaves behind, the next would see."""
    async with own_database(engines.postgres_url) as url, serving(url) as client:
        yield client


def terms(**changes: Any) -> bytes:
    """The body of a new offer."""
    return orjson.dumps({"key": "bad", "terms": TERMS | changes})


def with_raw(raw: str, **changes: Any) -> bytes:
    """The body, with something in the place of a text that JSON libraries would not write."""
    return terms(**changes).replace(orjson.dumps(NOT_THERE), raw.encode())


def nested(name: str, depth: int, opening: str = "", closing: str = "") -> bytes:
    deep = f'{{"{name}":{opening}' * depth + orjson.dumps(LEAF).decode() + f"{closing}}}" * depth
    return with_raw(deep, criteria=NOT_THERE)


def values(count: int) -> list[str]:
    return [f"value-{number}" for number in range(count)]


SEGMENT: dict[str, Any] = {"attribute": "customer.segment", "op": "in"}
DEEP = "/terms/criteria" + "/not" * (DEEPEST - 2)
REFUSED_AT_SAVE: dict[str, tuple[bytes, str, str]] = {
    "not nested 10,000 deep": (nested("not", 10_000), "nested_too_deep", DEEP),
    "all nested 10,000 deep": (
        nested("all", 10_000, "[", "]"),
        "nested_too_deep",
        "/terms/criteria" + "/all/0" * ((DEEPEST - 2) // 2),
    ),
    "brackets nested 10,000 deep": (
        with_raw("[" * 10_000 + "]" * 10_000, criteria=NOT_THERE),
        "nested_too_deep",
        "/terms/criteria" + "/0" * (DEEPEST - 2),
    ),
    "not nested deeper than criteria may": (nested("not", 16), "invalid", "/terms/criteria"),
    "more criteria than there may be": (terms(criteria={"any": [SIZE] * 500}), "invalid", "/terms/criteria"),
    "a benefit's criteria nested too deep": (
        with_raw(
            '{"not":' * 16 + orjson.dumps(LEAF).decode() + "}" * 16,
            benefits=[{"kind": "percent_off", "basis_points": 1, "criteria": NOT_THERE}],
        ),
        "invalid",
        "/terms/benefits/0/criteria",
    ),
    "a set of more values than it may have": (
        terms(criteria=SEGMENT | {"value": values(1_001)}),
        "invalid",
        "/terms/criteria/value",
    ),
    "a set of 1.9 MB": (terms(criteria=SEGMENT | {"value": values(130_000)}), "invalid", "/terms/criteria/value"),
    "more SKUs than there may be": (
        terms(products={"skus": values(50_001)}),
        "invalid",
        "/terms/products/skus",
    ),
    "a text of 1 MB": (terms(title={"en": "x" * 1_000_000}), "string_too_long", "/terms/title/en"),
    "an integer of 2^63": (
        with_raw(str(2**63), criteria=SIZE | {"value": NOT_THERE}),
        "number_too_large",
        "/terms/criteria/value",
    ),
    "an integer of -2^63 - 1": (
        with_raw(str(-(2**63) - 1), criteria=SIZE | {"value": NOT_THERE}),
        "number_too_large",
        "/terms/criteria/value",
    ),
    "an integer of 10,000 digits": (
        with_raw("9" * 10_000, criteria=SIZE | {"value": NOT_THERE}),
        "number_too_large",
        "/terms/criteria/value",
    ),
    "an integer that JSON readers round": (
        terms(criteria=SIZE | {"value": 2**53}),
        "invalid",
        "/terms/criteria/value",
    ),
    "an amount of 2^62": (
        terms(benefits=[{"kind": "fixed_price", "price": {"amount": 2**62, "currency": "USD"}}]),
        "invalid",
        "/terms/benefits/0/price/amount",
    ),
    "a priority of 2^63": (with_raw(str(2**63), priority=NOT_THERE), "number_too_large", "/terms/priority"),
    "a count of 1e999": (with_raw("1e999", priority=NOT_THERE), "number_not_finite", "/terms/priority"),
    "NaN": (with_raw("NaN", priority=NOT_THERE), "number_not_finite", "/terms/priority"),
    "a SKU twice": (terms(products={"skus": ["A", "B", "A"]}), "invalid", "/terms/products/skus"),
    "a channel twice": (terms(shown_in=["web", "web"]), "invalid", "/terms/shown_in"),
    "a code twice, as codes are compared": (terms(codes=["SUMMER-26", "summer26"]), "invalid", "/terms/codes"),
    "a value of a set twice": (
        terms(criteria=SEGMENT | {"value": ["a", "b", "a"]}),
        "invalid",
        "/terms/criteria/value",
    ),
    "a field twice": (with_raw('1,"priority":2', priority=NOT_THERE), "field_repeated", "/terms/priority"),
    "a currency that is none": (
        terms(regular_price={"amount": 1, "currency": "Dollars"}),
        "invalid",
        "/terms/regular_price/currency",
    ),
    "two amounts in one currency": (
        terms(benefits=[{"kind": "fixed_price", "price": [{"amount": 1, "currency": "USD"}] * 2}]),
        "invalid",
        "/terms/benefits/0/price",
    ),
    "a range between two currencies": (
        terms(
            criteria={
                "attribute": "basket.subtotal",
                "op": "between",
                "value": [{"amount": 1, "currency": "USD"}, {"amount": 2, "currency": "EUR"}],
            }
        ),
        "terms_invalid",
        "/terms/criteria/value",
    ),
    "an unknown zone": (terms(windows=[EVENINGS | {"zone": "Mars/Olympus"}]), "terms_invalid", "/terms/windows/0/zone"),
    "a zone that is a path": (
        terms(windows=[EVENINGS | {"zone": "../../etc/passwd"}]),
        "invalid",
        "/terms/windows/0/zone",
    ),
    "a zone of the machine": (
        terms(windows=[EVENINGS | {"zone": "localtime"}]),
        "terms_invalid",
        "/terms/windows/0/zone",
    ),
    "an unknown zone of a limit": (
        terms(limits=[LIMIT | {"per": {"period": "P1M", "zone": "Mars/Olympus"}}]),
        "terms_invalid",
        "/terms/limits/0/per/zone",
    ),
    "hours that go backwards": (terms(windows=[EVENINGS | {"to": "16:00"}]), "invalid", "/terms/windows/0"),
    "half a surrogate pair in a title": (
        with_raw(f'"{HALF}"', title={"en": NOT_THERE}),
        "character_refused",
        "/terms/title/en",
    ),
    "half a surrogate pair in a SKU": (
        with_raw(f'"A{HALF}"', products={"skus": ["A", NOT_THERE]}),
        "character_refused",
        "/terms/products/skus/1",
    ),
    "half a surrogate pair in a value": (
        with_raw(f'"{HALF}"', criteria=SEGMENT | {"op": "eq", "value": NOT_THERE}),
        "character_refused",
        "/terms/criteria/value",
    ),
    "half a surrogate pair in a field's name": (
        with_raw(f'"{HALF}":"x"', title={}).replace(b'"title":{}', f'"title":{{"{HALF}":"x"}}'.encode()),
        "character_refused",
        "/terms/title",
    ),
    "NUL in a title": (terms(title={"en": "a\x00b"}), "character_refused", "/terms/title/en"),
    "an unknown attribute": (
        terms(criteria=SIZE | {"attribute": "customer.cats"}),
        "terms_invalid",
        "/terms/criteria/attribute",
    ),
    "an expression in a value": (
        terms(criteria=SIZE | {"value": "__import__('os')"}),
        "terms_invalid",
        "/terms/criteria/value",
    ),
}


async def picture(registry: Client) -> dict[str, int]:
    """How many rows each table has."""
    tables = [
        row["relname"]
        for row in await registry.pool.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
        )
    ]
    return {name: await registry.pool.fetchval(f"SELECT count(*) FROM {name}") for name in tables}  # noqa: S608  names of our own


async def send(registry: Client, method: str, path: str, content: bytes, kind: str = "json") -> Any:
    headers = registry.signin.headers("marta") | {"Content-Type": f"application/{kind}", "Idempotency-Key": path}
    return await registry.http.request(method, path, headers=headers, content=content)


@pytest.mark.parametrize(("body", "reason", "pointer"), REFUSED_AT_SAVE.values(), ids=REFUSED_AT_SAVE.keys())
@pytest.mark.parametrize("route", ["create", "edit"])
async def test_terms_that_cannot_be_saved_are_refused_with_pointer_and_sentence(
    registry: Client, route: str, body: bytes, reason: str, pointer: str
) -> None:
    before = await picture(registry)
    if route == "create":
        answer = await send(registry, "POST", "/v1/offers", body)
    else:
        found = await registry.send("auditor", "GET", "/v1/offers/kept")
        if found.status_code == 404:
            await registry.draft("kept")
            before = await picture(registry)
        edited = b'{"terms":' + body.partition(b'"terms":')[2]
        headers = registry.signin.headers("marta") | {"Content-Type": "application/json", "If-Match": '"1"'}
        answer = await registry.http.put("/v1/offers/kept/versions/1", headers=headers, content=edited)
    assert (answer.status_code, answer.json()["reason"]) == (422, reason), answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]], answer.text[:2_000]
    for error in answer.json()["errors"]:
        assert re.search(r"[a-z]{2,}", error["detail"]), error
        assert len(error["detail"]) <= 2_000
    assert await picture(registry) == before


@pytest.mark.parametrize("size", [2 * 1024 * 1024 + 1, 10_000_000])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/offers"),
        ("PUT", "/v1/offers/kept/versions/1"),
        ("PUT", "/v1/attributes/customer.vip"),
        ("PUT", "/v1/budgets/summer"),
    ],
)
async def test_body_over_the_limit_is_refused_before_it_is_read(
    registry: Client, method: str, path: str, size: int
) -> None:
    before = await picture(registry)
    body = terms(criteria=SEGMENT | {"value": [NOT_THERE]})
    answer = await send(registry, method, path, body + b" " * (size - len(body)))
    assert (answer.status_code, answer.json()["reason"]) == (413, "body_too_large")
    assert await picture(registry) == before


async def test_set_of_10_megabytes_is_refused(registry: Client) -> None:
    body = terms(criteria=SEGMENT | {"value": [f"{number:050}" for number in range(190_000)]})
    assert len(body) > 10_000_000
    assert (await send(registry, "POST", "/v1/offers", body)).status_code == 413


async def test_bytes_of_half_a_surrogate_pair_are_no_text(registry: Client) -> None:
    answer = await send(registry, "POST", "/v1/offers", terms(title={"en": "~"}).replace(b"~", b"\xed\xa0\x80"))
    assert (answer.status_code, answer.json()["reason"]) == (400, "json_malformed")
    assert "at byte" in answer.json()["detail"]


NUMBERS = count(1)
EURO = {"amount": 1, "currency": "EUR"}
SUBMITTED: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "alternatives in a circle of one": ({"alternative": "itself"}, ("/alternative", "circular")),
    "an alternative that does not exist": ({"alternative": "nobody"}, ("/alternative", "offer_unknown")),
    "a fee in another currency": (
        {"honour": TERMS["honour"] | {"store_pos": {"action": "honour_with_fee", "fee": EURO}}},
        ("/honour/store_pos/fee/currency", "currency_differs"),
    ),
    "a price in another currency": (
        {"benefits": [{"kind": "amount_off", "amount": EURO, "per": "line"}]},
        ("/benefits/0/amount", "currency_differs"),
    ),
    "a limit in another currency": (
        {"limits": [{"scope": "total", "money": EURO}]},
        ("/limits/0/money/currency", "currency_differs"),
    ),
    "an unknown budget": ({"limits": [{"budget": "nobody"}]}, ("/limits/0/budget", "budget_unknown")),
    "hours that never come": (
        {"windows": [EVENINGS], "validity": {"start": "2026-06-02T00:00:00Z", "end": "2026-06-03T00:00:00Z"}},
        ("/windows/0", "window_never_opens"),
    ),
}


@pytest.mark.parametrize(("changes", "expected"), SUBMITTED.values(), ids=SUBMITTED.keys())
async def test_terms_that_cannot_be_submitted_stay_a_draft(
    registry: Client, changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    key = changes.get("alternative") if expected[1] == "circular" else f"draft-{next(NUMBERS)}"
    await registry.draft(str(key), **changes)
    before = await picture(registry)
    refused = await registry.post("marta", f"/v1/offers/{key}/versions/1:submit", status=422)
    assert refused["reason"] == "incomplete"
    assert expected in [(error["pointer"], error["reason"]) for error in refused["errors"]]
    assert (await registry.get(f"/v1/offers/{key}"))["lifecycle"] == "draft"
    assert await picture(registry) == before


async def test_alternatives_in_a_long_circle_are_found(registry: Client) -> None:
    count = 200
    for number in range(count):
        await registry.draft(f"link-{number}", alternative=f"link-{(number + 1) % count}")
    refused = await registry.post("marta", "/v1/offers/link-7/versions/1:submit", status=422)
    assert [(error["pointer"], error["reason"]) for error in refused["errors"]] == [("/alternative", "circular")]


async def test_bad_lines_of_an_import_are_refused_one_by_one(registry: Client) -> None:
    """The same bodies as lines: each is refused, and the good one between them arrives."""

    def line(ref: str, body: bytes) -> bytes:
        return b'{"ref":' + orjson.dumps(ref) + b',"data":' + body + b"}"

    bad = {name: body for name, (body, _, _) in REFUSED_AT_SAVE.items() if name != TAKEN_IN_LINES}
    good = orjson.dumps({"key": "good", "terms": TERMS})
    lines = [
        *(line(name, body) for name, body in bad.items()),
        line("good", good),
        line("huge", b'"' + b"x" * 10_000_000 + b'"'),
    ]
    answer = await send(registry, "POST", "/v1/imports", b"\n".join(lines), "x-ndjson")
    assert answer.status_code == 202, answer.text

    async def done() -> Any:
        job = await registry.get(f"/v1/jobs/{answer.json()['id']}", "marta")
        return job if job["state"] == "done" else None

    job = await eventually(done)
    accepted_though_bad = [
        name for number, name in enumerate(bad, 1) if number not in {error["line"] for error in job["errors"]}
    ]
    assert (job["accepted"], accepted_though_bad) == (1, [])
    assert "internal_error" not in {error["reason"] for error in job["errors"]}
    assert all(error["sentence"] for error in job["errors"])
