"""View tokens, lists and entity tags (api §1, protocol R20)."""

from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response

from concord.testkit.signin import LocalSignin
from concord.web import pagination, tokens
from concord.web.errors import TokenMalformed
from concord.web.tokens import CatalogueToken, HouseholdToken, parse, parse_at_least
from unit.web_sample import application, client_of

HOUSEHOLD = "hh_01jz8p3k2m4n5q6r7s8t9v0w1x"
numbers = st.integers(min_value=0, max_value=10**18 - 1)


@given(numbers, numbers)
def test_tokens_are_read_as_written(epoch: int, revision: int) -> None:
    for token in (CatalogueToken(epoch, revision), HouseholdToken(epoch, HOUSEHOLD, revision)):
        assert parse(str(token)) == token


@pytest.mark.parametrize(
    "header",
    [
        "x", "v1", "v1.1", "v1.1.1.1", "v2.1.1", "v1.-1.1", "v1.1.1e3", "v1.01.1", "v1.1.1000000000000000000", "v1.1.٣",
        "h1.1.hh_.1",
        f"h1.1.{HOUSEHOLD}", "h1.1.ofr_0.1", "h1.1.hh_A.1", "v1.1.1,", ",", "v1.1.1 v1.1.2", "v1.1.1\x00",
        ",".join(["v1.1.1"] * 51),
        "v1.1.1" + " " * 9_000,
    ],
)  # fmt: skip
def test_anything_else_is_malformed(header: str) -> None:
    with pytest.raises(TokenMalformed) as refused:
        parse_at_least(header)
    assert (refused.value.status, refused.value.reason) == (400, "token_malformed")


@pytest.mark.parametrize("header", [None, ""])
def test_no_header_asks_for_nothing(header: str | None) -> None:
    assert not parse_at_least(header)


def test_the_furthest_token_of_each_log_counts() -> None:
    asked = parse_at_least(f"v1.1.7, v1.1.9,v1.1.8, h1.1.{HOUSEHOLD}.3, h1.1.{HOUSEHOLD}.2, h1.1.hh_2.1")
    assert asked.catalogue == CatalogueToken(1, 9)
    assert asked.households == {HOUSEHOLD: HouseholdToken(1, HOUSEHOLD, 3), "hh_2": HouseholdToken(1, "hh_2", 1)}
    assert asked.older == ()


@given(st.permutations(["v1.1.100", "v1.2.50", "v1.3.1"]))
def test_a_newer_epochs_token_does_not_hide_an_older_ones(order: list[str]) -> None:
    asked = parse_at_least(",".join(order))
    assert asked.catalogue == CatalogueToken(3, 1)
    assert set(asked.older) == {CatalogueToken(1, 100), CatalogueToken(2, 50)}


def test_what_one_answer_says_the_next_request_may_ask() -> None:
    response = Response()
    written = [CatalogueToken(1, 4), HouseholdToken(1, HOUSEHOLD, 2)]
    tokens.set_view(response, written, -3)
    assert response.headers["concord-age"] == "0"
    asked = parse_at_least(response.headers["concord-view"])
    assert [asked.catalogue, asked.households[HOUSEHOLD]] == written


@given(
    st.lists(
        st.integers(min_value=-(2**63), max_value=2**63 - 1)
        | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
    )
)
def test_a_cursor_is_read_as_made(place: list[int | str]) -> None:
    assert pagination.read_cursor(pagination.cursor(*place)) == tuple(place)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    signin = LocalSignin()
    async with client_of(application(signin)) as made:
        made.headers.update(signin.headers("marta"))
        yield made


async def test_a_list_is_walked_by_its_links(client: httpx.AsyncClient) -> None:
    seen: list[int] = []
    url: str | None = "/v1/things?limit=50"
    while url:
        answer = await client.get(url)
        page = answer.json()
        seen += page["items"]
        assert (page["next"] is None) == ("link" not in answer.headers)
        url = answer.links["next"]["url"] if "link" in answer.headers else None
        assert url is None or (url.startswith("/v1/things?limit=50&after=") and page["next"] in url)
    assert seen == list(range(120))


@pytest.mark.parametrize(
    ("tag", "status", "reason"),
    [
        (None, 428, "if_match_missing"),
        ("", 428, "if_match_missing"),
        ('"6"', 412, "etag_stale"),
        ('W/"7"', 412, "etag_stale"),
        ('"7"', 200, ""),
        ('"6", "7"', 200, ""),
        ("*", 200, ""),
    ],
)
async def test_an_edit_says_which_state_it_edits(
    client: httpx.AsyncClient, tag: str | None, status: int, reason: str
) -> None:
    headers = {} if tag is None else {"if-match": tag}
    answer = await client.put("/v1/things/a", json={"name": "a", "count": 1}, headers=headers)
    assert answer.status_code == status
    assert answer.json().get("reason", "") == reason
