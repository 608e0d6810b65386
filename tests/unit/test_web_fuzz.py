"""Whatever is sent: an answer below 500, and a problem with a reason when it is a refusal."""

import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from concord.testkit.signin import LocalSignin
from unit.web_sample import application

SIGNIN = LocalSignin()
TOKEN = SIGNIN.token("marta")

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["2026-06-01T00:00:00Z", "\ud800", "\x00"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    ["name", "count", "at", "share", "ratio", "flag", "benefits", "facts", "kind", "amount", "basis_points"]
) | st.text(max_size=5)
things = st.dictionaries(names, values | st.lists(st.dictionaries(names, values, max_size=4), max_size=3), max_size=8)
bodies = st.binary(max_size=200) | st.builds(
    lambda value: json.dumps(value).encode("utf-8", "surrogatepass"), things | values
)
kinds = st.sampled_from(
    ["application/json", "application/json; charset=utf-16", "application/x+json", "text/plain", ""]
)
paths = st.sampled_from(
    [
        "/v1/things",
        "/v1/things/a",
        "/v1/things/{}/versions/{}",
        "/v1/things/{}:approve",
        "/v1/loads",
        "/v1/{}",
        "/v1/things?{}={}",
        "/docs?{}",
    ]
)
methods = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
segments = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["limit", "after", "against", "state", "9" * 30, "-1", "\x00"]
)
headers = st.dictionaries(
    st.sampled_from(["if-match", "traceparent", "authorization", "concord-at-least", "accept", "content-encoding"]),
    st.binary(max_size=40),
    max_size=3,
)


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return application(SIGNIN)


async def answer_to(app: FastAPI, method: str, path: str, body: bytes, sent: dict[str, Any]) -> httpx.Response:
    headers = {"authorization": f"Bearer {TOKEN}", **sent}
    request = httpx.Request(method, f"http://sample{path}", content=body, headers=headers)
    answer = await httpx.ASGITransport(app).handle_async_request(request)
    await answer.aread()
    return answer


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(method=methods, path=paths, parts=st.tuples(segments, segments), body=bodies, kind=kinds, extra=headers)
async def test_nothing_sent_is_answered_with_a_500(
    app: FastAPI, method: str, path: str, parts: tuple[str, str], body: bytes, kind: str, extra: dict[str, bytes]
) -> None:
    quoted = [httpx.QueryParams({"x": part}).__str__()[2:].replace("+", "%20") for part in parts]
    answer = await answer_to(
        app, method, path.format(*quoted), body, {**extra, **({"content-type": kind} if kind else {})}
    )
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        if method != "HEAD":
            assert answer.json()["reason"] not in {"internal_error", ""}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.builds(lambda value: json.dumps(value).encode("utf-8", "surrogatepass"), things))
async def test_documents_of_nearly_the_right_shape_are_taken_or_refused(app: FastAPI, body: bytes) -> None:
    answer = await answer_to(app, "POST", "/v1/things", body, {"content-type": "application/json"})
    assert answer.status_code in {201, 400, 422}
    if answer.status_code == 422:
        assert all(
            error["pointer"] == "" or error["pointer"].startswith("/") for error in answer.json().get("errors", [])
        )
