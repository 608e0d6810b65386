"""Refusals and failures as problem documents (api §1, RFC 9457)."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from concord.settings import ServiceSettings
from concord.storage.lines import REFUSALS
from concord.telemetry import metrics
from concord.testkit.signin import LocalSignin
from concord.web import openapi, reference
from concord.web.app import create_app, unprotected_routes
from concord.web.errors import RouteUnprotected
from concord.web.routing import Router
from unit.web_sample import application, client_of

MEMBERS = {"type", "title", "status", "detail", "instance", "reason", "next", "trace_id"}


@pytest.fixture(scope="module")
def signin() -> LocalSignin:
    return LocalSignin()


@pytest.fixture(scope="module")
def app(signin: LocalSignin) -> FastAPI:
    return application(signin)


@pytest.fixture
async def client(app: FastAPI, signin: LocalSignin) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as made:
        made.headers.update(signin.headers("marta"))
        yield made


def problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body.keys() >= MEMBERS
    assert body["status"] == answer.status_code
    assert body["type"] == f"urn:concord:problem:{body['reason']}"
    assert "concord-view" in answer.headers
    return body


THING = {"name": "a", "count": 1}

REFUSED_BODIES: list[tuple[str, bytes, int, str, str | None]] = [
    ("not json", b"{", 400, "json_malformed", None),
    ("two documents", b'{"name":"a","count":1}{}', 400, "json_malformed", None),
    ("not utf-8", b'{"name":"\xff","count":1}', 400, "json_malformed", None),
    ("utf-16", '{"name":"a","count":1}'.encode("utf-16"), 400, "json_malformed", None),
    ("byte order mark", b'\xef\xbb\xbf{"name":"a","count":1}', 400, "json_malformed", None),
    ("raw NUL", b'{"name":"a\x00","count":1}', 400, "json_malformed", None),
    ("single quotes", b"{'name':'a','count':1}", 400, "json_malformed", None),
    ("deep brackets", b"[" * 100_000, 422, "nested_too_deep", "/0" * 64),
    ("deep object", b'{"facts":' + b'{"a":' * 80 + b"1" + b"}" * 81, 422, "nested_too_deep", "/facts" + "/a" * 63),
    (
        "very deep object",
        b'{"name":"a","facts":[1,{"x,]\\"":"{","b":' + b'{"not":' * 10_000 + b"1" + b"}" * 10_001 + b"]}",
        422,
        "nested_too_deep",
        "/facts/1/b" + "/not" * 61,
    ),
    ("NaN", b'{"name":"a","count":NaN}', 422, "number_not_finite", "/count"),
    ("infinity", b'{"name":"a","count":1,"ratio":-Infinity}', 422, "number_not_finite", "/ratio"),
    ("overflow", b'{"name":"a","count":1,"ratio":1e999}', 422, "number_not_finite", "/ratio"),
    ("65 bits", b'{"name":"a","count":18446744073709551616}', 422, "number_too_large", "/count"),
    ("64 bits unsigned", b'{"name":"a","count":9223372036854775808}', 422, "number_too_large", "/count"),
    ("5,000 digits", b'{"name":"a","count":' + b"9" * 5_000 + b"}", 422, "number_too_large", "/count"),
    ("field twice", b'{"name":"a","count":1,"count":2}', 422, "field_repeated", "/count"),
    ("field twice below", b'{"name":"a","facts":[{"b":{"c":1,"c":NaN}}]}', 422, "field_repeated", "/facts/0/b/c"),
    ("escaped NUL", b'{"name":"a\\u0000","count":1}', 422, "character_refused", "/name"),
    ("NUL in a key", b'{"name":"a","count":1,"facts":{"\\u0000":1}}', 422, "character_refused", "/facts"),
    ("lone surrogate", b'{"name":"\\ud800","count":1}', 422, "character_refused", "/name"),
    ("1 MB string", b'{"name":"' + b"x" * 1_000_000 + b'","count":1}', 422, "string_too_long", "/name"),
    ("3 MB body", b'{"name":"' + b"x" * 3_000_000 + b'","count":1}', 413, "body_too_large", None),
    ("no body", b"", 422, "invalid", ""),
    ("null", b"null", 422, "invalid", ""),
    ("list", b"[]", 422, "invalid", ""),
    ("string", b'"name"', 422, "invalid", ""),
    ("text for a number", b'{"name":"a","count":"1"}', 422, "invalid", "/count"),
    ("float for an integer", b'{"name":"a","count":1.5}', 422, "invalid", "/count"),
    ("whole float for an integer", b'{"name":"a","count":1.0}', 422, "invalid", "/count"),
    ("bool for an integer", b'{"name":"a","count":true}', 422, "invalid", "/count"),
    ("number for a bool", b'{"name":"a","count":1,"flag":1}', 422, "invalid", "/flag"),
    ("number for a text", b'{"name":1,"count":1}', 422, "invalid", "/name"),
    ("number for a time", b'{"name":"a","count":1,"at":17}', 422, "invalid", "/at"),
    ("no time", b'{"name":"a","count":1,"at":"yesterday"}', 422, "invalid", "/at"),
    ("missing", b'{"name":"a"}', 422, "invalid", "/count"),
    ("unknown", b'{"name":"a","count":1,"a/b~":1}', 422, "invalid", "/a~1b~0"),
    (
        "unknown inside",
        b'{"name":"a","count":1,"benefits":[{"kind":"fixed","amount":1,"x":1}]}',
        422,
        "invalid",
        "/benefits/0/x",
    ),
    (
        "wrong inside",
        b'{"name":"a","count":1,"benefits":[{"kind":"fixed","amount":"1"}]}',
        422,
        "invalid",
        "/benefits/0/amount",
    ),
    ("missing inside", b'{"name":"a","count":1,"benefits":[{"kind":"fixed"}]}', 422, "invalid", "/benefits/0/amount"),
    ("unknown member", b'{"name":"a","count":1,"benefits":[{"kind":"gift"}]}', 422, "invalid", "/benefits/0"),
]


@pytest.mark.parametrize(
    ("body", "status", "reason", "pointer"),
    [case[1:] for case in REFUSED_BODIES],
    ids=[case[0] for case in REFUSED_BODIES],
)
async def test_body_is_refused_with_its_reason(
    client: httpx.AsyncClient, body: bytes, status: int, reason: str, pointer: str | None
) -> None:
    answer = await client.post("/v1/things", content=body, headers={"content-type": "application/json"})
    found = problem(answer)
    assert (found["status"], found["reason"]) == (status, reason)
    if pointer is not None:
        assert pointer in [error["pointer"] for error in found["errors"]]


async def test_body_that_is_right_is_taken(client: httpx.AsyncClient) -> None:
    facts = {"deep": [[[[{"emoji": "😀", "n": 9_223_372_036_854_775_807, "backslash": "\\u0000"}]]]]}
    given = {
        **THING,
        "at": "2026-06-01T00:00:00Z",
        "share": "0.10",
        "benefits": [{"kind": "percent", "basis_points": 1500}],
        "facts": facts,
    }
    answer = await client.post("/v1/things", json=given)
    assert answer.status_code == 201, answer.text
    assert {**given, "ratio": None, "flag": False} == answer.json()


async def test_every_mistake_is_told_at_once(client: httpx.AsyncClient) -> None:
    found = problem(await client.post("/v1/things", json={"count": "x", "colour": "red"}))
    assert {error["pointer"] for error in found["errors"]} == {"/name", "/count", "/colour"}
    assert all(error["detail"].endswith(".") and error["reason"] for error in found["errors"])


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json", "", "application/\xff"]
)
async def test_other_media_types_are_refused(client: httpx.AsyncClient, kind: str) -> None:
    headers = {"content-type": kind.encode("latin-1")} if kind else {}
    found = problem(await client.post("/v1/things", content=b'{"name":"a","count":1}', headers=headers))
    assert (found["status"], found["reason"]) == (415, "media_type_unsupported")


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]
)
async def test_json_media_types_are_taken(client: httpx.AsyncClient, kind: str) -> None:
    answer = await client.post("/v1/things", content=b'{"name":"a","count":1}', headers={"content-type": kind})
    assert answer.status_code == 201


async def test_a_stated_length_is_refused_before_reading(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json", "content-length": "999999999999999999999999"}
    found = problem(await client.post("/v1/things", content=b"{}", headers=headers))
    assert found["reason"] == "body_too_large"


async def test_a_streamed_route_takes_more_and_no_more(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/loads", content=b"x" * 3_000_000)
    assert answer.json() == {"bytes": 3_000_000}

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 100_000

    assert problem(await client.post("/v1/loads", content=endless()))["reason"] == "body_too_large"


async def test_a_route_without_a_body_takes_none(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/things/a:approve")).status_code == 200
    assert (await client.post("/v1/things/a:approve", json={})).status_code == 200
    assert problem(await client.post("/v1/things/a:approve", json={"reason": "x"}))["reason"] == "body_unexpected"


@pytest.mark.parametrize(
    ("path", "reason", "pointer"),
    [
        ("/v1/things?limit=0", "invalid", "/query/limit"),
        ("/v1/things?limit=201", "invalid", "/query/limit"),
        ("/v1/things?limit=ten", "invalid", "/query/limit"),
        ("/v1/things?limit=", "invalid", "/query/limit"),
        ("/v1/things?limit=1&limit=2", "field_repeated", "/query/limit"),
        ("/v1/things?limti=1", "invalid", "/query/limti"),
        ("/v1/things?limit=99999999999999999999", "number_too_large", "/query/limit"),
        ("/v1/things?after=%00", "character_refused", "/query/after"),
        ("/v1/things?after=!!", "cursor_malformed", "/query/after"),
        ("/v1/things?after=bnVsbA", "cursor_malformed", "/query/after"),
        ("/v1/things?after=W3RydWVd", "cursor_malformed", "/query/after"),
        ("/v1/things?after=é", "cursor_malformed", "/query/after"),
        ("/v1/things/a%00b/versions/1", "character_refused", "/path/thing"),
        ("/v1/things/a/versions/0", "invalid", "/path/version"),
        ("/v1/things/a/versions/2147483648", "invalid", "/path/version"),
        ("/v1/things/a/versions/one", "invalid", "/path/version"),
        ("/v1/things/a/versions/99999999999999999999", "number_too_large", "/path/version"),
        ("/v1/things/a/versions/" + "9" * 5_000, "number_too_large", "/path/version"),
        ("/v1/things/a/versions/1?against=" + "9" * 5_000, "number_too_large", "/query/against"),
        ("/v1/things/a/versions/1?state=maybe", "invalid", "/query/state"),
    ],
)
async def test_parameters_are_refused_with_their_pointer(
    client: httpx.AsyncClient, path: str, reason: str, pointer: str
) -> None:
    found = problem(await client.get(path))
    assert (found["status"], found["reason"]) == (422, reason)
    assert [error["pointer"] for error in found["errors"]] == [pointer]


async def test_unknown_routes_and_methods_are_problems(client: httpx.AsyncClient) -> None:
    assert problem(await client.get("/v2/things"))["reason"] == "route_unknown"
    assert problem(await client.get("/v1/things/"))["reason"] == "route_unknown"
    wrong = await client.delete("/v1/things")
    assert problem(wrong)["reason"] == "method_not_allowed"
    assert wrong.headers["allow"] == "GET, POST"
    head = await client.head("/v1/things")
    assert (head.status_code, head.headers["content-type"]) == (405, "application/problem+json")
    assert problem(await client.request("BREW", "/v1/things"))["reason"] == "method_not_allowed"


async def test_the_instance_is_the_path_without_its_query(client: httpx.AsyncClient) -> None:
    found = problem(await client.get('/v2/<b>"/../%ff?number=+12025550117'))
    assert "number" not in found["instance"]
    assert '"' not in found["instance"]


async def test_a_domain_error_keeps_its_words(client: httpx.AsyncClient) -> None:
    found = problem(await client.get("/v1/loud"))
    assert (found["title"], found["reason"], found["say_this"]) == ("Something the domain found.", "loud", "Sorry.")


async def test_unavailable_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/away")
    assert (problem(answer)["status"], answer.headers["retry-after"]) == (503, "3")


async def test_a_task_group_fails_for_its_reason(client: httpx.AsyncClient) -> None:
    assert problem(await client.get("/v1/group"))["reason"] == "unavailable"


async def test_a_defect_is_told_by_trace_id_alone(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = await client.get("/v1/broken")
    found = problem(answer)
    assert (found["status"], found["reason"]) == (500, "internal_error")
    assert "4711" not in answer.text
    assert [record.message for record in caplog.records] == ["request failed"]


async def test_an_answer_that_breaks_off_stays_broken(client: httpx.AsyncClient) -> None:
    with pytest.raises(ZeroDivisionError):
        await client.get("/v1/cut")


async def test_without_a_token_nothing_is_told_of_the_route(app: FastAPI, signin: LocalSignin) -> None:
    async with client_of(app) as client:
        missing = await client.post("/v1/things", content=b"{")
        assert (problem(missing)["reason"], missing.headers["www-authenticate"]) == ("token_missing", "Bearer")
        garbage = await client.post("/v1/things", content=b"{", headers={"authorization": "Bearer x.y.z"})
        assert problem(garbage)["reason"] == "token_invalid"
        assert garbage.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        basic = await client.get("/v1/things", headers={"authorization": "Basic eA=="})
        assert problem(basic)["reason"] == "token_missing"
        other_role = await client.post("/v1/things", content=b"{", headers=signin.headers("nora"))
        assert problem(other_role)["reason"] == "role_missing"
        twice = [("authorization", "Bearer a"), ("authorization", "Bearer b")]
        assert problem(await client.get("/v1/things", headers=twice))["reason"] == "token_invalid"


async def test_another_channels_token_is_refused(signin: LocalSignin) -> None:
    async with client_of(application(signin, channel="web")) as client:
        token = signin.token_with("x", "offer_author", channel="sms")
        answer = await client.get("/v1/things", headers={"authorization": f"Bearer {token}"})
        assert problem(answer)["reason"] == "wrong_channel"
        token = signin.token_with("x", "offer_author", channel="web")
        assert (await client.get("/v1/things", headers={"authorization": f"Bearer {token}"})).status_code == 200


async def test_health_says_why_it_is_not_ready(app: FastAPI, signin: LocalSignin) -> None:
    async with client_of(app) as client:
        assert (await client.get("/healthz/live")).json() == {"status": "live"}
        assert (await client.get("/healthz/ready")).json() == {"status": "ready"}
    async with client_of(application(signin, not_ready=("no partition of offers",))) as client:
        found = problem(await client.get("/healthz/ready"))
        assert (found["reason"], found["reasons"]) == ("not_ready", ["no partition of offers"])


async def test_every_answer_says_its_view_and_that_nobody_keeps_it(client: httpx.AsyncClient) -> None:
    default = await client.get("/v1/open")
    assert (default.headers["concord-view"], default.headers["concord-age"]) == ("v1.1.3", "4")
    assert default.headers["cache-control"] == "no-store"
    own = await client.get("/v1/things")
    assert (own.headers["concord-view"], own.headers["concord-age"]) == ("v1.1.9", "17")


async def test_openapi_states_the_roles(app: FastAPI) -> None:
    async with client_of(app) as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
        page = await client.get("/docs")
    made = paths["/v1/things"]["post"]
    assert made["x-roles"] == ["offer_author"]
    assert made["description"] == "Make one.\n\nRoles: offer_author."
    assert paths["/v1/open"]["get"]["security"] == []
    assert "POST /v1/things" in page.text
    assert "<script" not in page.text


def test_every_route_but_the_open_one_is_protected(app: FastAPI) -> None:
    assert unprotected_routes(app) == ["/v1/open"]


def test_a_route_that_forgot_its_roles_does_not_start(signin: LocalSignin) -> None:
    router = Router()

    @router.get("/v1/forgotten")
    async def forgotten() -> str:
        return ""

    with pytest.raises(RouteUnprotected):
        create_app(title="", service="", routers=[router], settings=ServiceSettings(), signin=signin.verifier)


async def test_metrics_count_by_route_and_not_by_path(client: httpx.AsyncClient) -> None:
    await client.get("/v1/things/ref-of-nobody/versions/12")
    text = (await client.get("/metrics")).text
    assert 'route="/v1/things/{thing}/versions/{version}"' in text
    assert "ref-of-nobody" not in text
    assert 'route="unmatched"' in text


def test_references_list_everything() -> None:
    assert all(f"`{row.name}`" in metrics.reference() for row in metrics.table)
    assert "| `token_expired` | 401 |" in reference.page()
    assert all(f"| `{refused.reason}` | {refused.sentence} |" in reference.page() for refused in REFUSALS)
    assert {"/healthz/live", "/healthz/ready", "/metrics"} <= openapi.OPEN
