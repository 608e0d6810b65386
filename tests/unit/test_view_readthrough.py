"""Reading the authorities through: what they say, and what is made of silence, nonsense and refusals."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import orjson
import pytest

from channel_adapters.keys import kept
from channel_adapters.view import readthrough
from channel_adapters.view.readthrough import HttpAuthorities
from unit import view_histories as made

Answer = Callable[[httpx.Request], httpx.Response]


def authorities(answer: Answer) -> HttpAuthorities:
    transport = httpx.MockTransport(answer)
    clients = [httpx.AsyncClient(transport=transport, base_url=f"http://{name}") for name in ("registry", "profile")]
    return HttpAuthorities(*clients)


def changes(request: httpx.Request) -> httpx.Response:
    assert (request.url.host, request.url.path) == ("registry", "/v1/catalogue/changes")
    assert dict(request.url.params) == {"after": "4", "limit": "1000"}
    items = [
        {"revision": 5, "key": "ofr_1", "value": orjson.loads(made.offer_value(state="HONOURABLE"))},
        {"revision": 6, "key": "ofr_1", "value": orjson.loads(made.offer_value(state="LIVE"))},
    ]
    return httpx.Response(200, json={"epoch": 1, "log": 1, "revision": 9, "items": items})


async def test_changes_are_the_newest_record_of_each_offer_and_how_far_they_reach() -> None:
    found = await authorities(changes).changes(4)
    assert found is not None
    assert (found.epoch, found.revision) == (1, 6)
    assert [version.state for offer in found.offers for version in offer.versions] == ["LIVE"]


async def test_no_changes_reach_no_further_than_the_view() -> None:
    answer = {"epoch": 1, "log": 1, "revision": 4, "items": []}
    found = await authorities(lambda _: httpx.Response(200, json=answer)).changes(4)
    assert found is not None
    assert found.revision == 4


async def test_household_is_read_as_it_stands_on_the_log() -> None:
    items = [
        {"key": "hh_1", "value": orjson.loads(made.household_value("hh_1", 1))},
        {"key": "hh_1/prm_1", "value": orjson.loads(made.promise_value("hh_1", "prm_1", 2))},
    ]
    body = {"epoch": 1, "household": "hh_1", "version": 2, "items": items}
    found = await authorities(lambda _: httpx.Response(200, json=body)).household("hh_1")
    assert found is not None
    assert found.version == 2
    assert found.has("K7M29QX4TB")
    assert found.find(made.lookup_of("hh_1"))[0].subject == "lin_hh_1"


async def test_code_travels_in_the_body() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert "K7M29QX4TB" not in str(request.url)
        assert orjson.loads(request.content) == {"code": "K7M29QX4TB"}
        return httpx.Response(200, json={"household": "hh_1", "party": "pty_1"})

    assert await authorities(answer).household_of("K7M29QX4TB") == "hh_1"


def refuses(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


@pytest.mark.parametrize(
    "answer",
    [
        refuses,
        lambda _: httpx.Response(404, json={"reason": "household_unknown"}),
        lambda _: httpx.Response(503, json={"reason": "database_unavailable"}),
        lambda _: httpx.Response(200, content=b"<html>"),
        lambda _: httpx.Response(200, json=[]),
        lambda _: httpx.Response(200, json={"epoch": 1, "items": [{"key": "hh_1", "value": {"id": 7}}]}),
    ],
    ids=["refused", "404", "503", "no json", "a list", "no household"],
)
async def test_whatever_is_no_answer_is_none(answer: Answer) -> None:
    asked = authorities(answer)
    assert await asked.changes(4) is None
    assert await asked.household("hh_1") is None
    assert await asked.household_of("K7M29QX4TB") is None


async def test_authority_that_is_slow_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readthrough, "PATIENCE", 0.01)

    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    client = httpx.AsyncClient(transport=httpx.MockTransport(never), base_url="http://slow")
    assert await HttpAuthorities(client, client).household("hh_1") is None


async def test_public_keys_outlive_the_issuer_and_a_restart(tmp_path: Path) -> None:
    there = True

    async def fetch(_: str) -> bytes:
        if there:
            return b'{"keys": []}'
        raise httpx.ConnectError("refused")

    path = tmp_path / "views" / "jwks.json"
    assert await kept(path, fetch)("http://issuer") == b'{"keys": []}'
    there = False
    assert await kept(path, fetch)("http://issuer") == b'{"keys": []}'
    with pytest.raises(httpx.ConnectError):
        await kept(tmp_path / "none.json", fetch)("http://issuer")
    assert [found.name for found in path.parent.iterdir()] == ["jwks.json"]
