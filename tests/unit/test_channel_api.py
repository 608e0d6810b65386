"""The routes of a channel: who may ask what, for whom, at which instant, and what comes back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from channel_adapters.shapes import CustomerCard, ViewShown
from concord.clock import rfc3339
from concord.decision.quoting.shapes import QuoteShape
from concord.decision.shapes import AnswerShape, ShownShape
from concord.lookup import LookupKey
from concord.settings import LOCAL_LOOKUP_KEY
from concord.web.pagination import Listing
from unit import view_histories as made
from unit.channel_quiet import PEOPLE, Quiet, quiet

NUMBER = "+12025550117"
EMAIL = "linda@example.com"
CODE = "K7M29QX4TB"
KEY = LookupKey(LOCAL_LOOKUP_KEY.encode())
OFFER = "free-handset-upgrade"
PARTY, DAUGHTER = "pty_00000000000000000000000001", "pty_00000000000000000000000002"
LINE, SECOND = "lin_00000000000000000000000001", "lin_00000000000000000000000002"
HH = "hh_00000000000000000000000001"


def household(version: int = 1, **fields: Any) -> bytes:
    """Linda's household."""
    name = KEY.name_and_postcode("Linda Example", "20001")
    return orjson.dumps(
        {
            "id": HH,
            "version": version,
            "members": [
                {"id": PARTY, "given_name": "Linda", "family_name": "Example", "postcode": "20001", "lookup": name},
                {"id": DAUGHTER, "born": "2013"},
            ],
            "lines": [
                line(LINE, PARTY, NUMBER, {"line.tenure_months": 44, "line.barred": False}),
                line(SECOND, DAUGHTER, "+12025550142", {"line.tenure_months": 4, "line.barred": False}),
            ],
            "contact_points": [{"id": "cp_1", "kind": "email", "party": PARTY, "lookup": KEY.email(EMAIL)}],
            "facts": {"household.size": 2},
        }
        | fields
    )


def line(identity: str, user: str, number: str, facts: dict[str, Any]) -> dict[str, Any]:
    party = {"holder": PARTY, "user": user, "payer": PARTY}
    return {"id": identity, "lookup": KEY.number(number), "last_digits": number[-4:], "facts": facts} | party


async def furnish(channel: Quiet) -> None:
    await channel.hear("ofr_1", made.offer_value())
    await channel.hear(HH, household())
    await channel.hear(f"{HH}/prm_1", made.promise_value(HH, "prm_1", 2, code=CODE, party=PARTY))
    await channel.beat()


@pytest.fixture(scope="module", params=["web", "store_pos", "call_center", "sms"])
async def channel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Quiet]:
    async with quiet(request.param, tmp_path_factory.mktemp("channel")) as running:
        await furnish(running)
        yield running


@pytest.fixture(scope="module")
async def web(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Quiet]:
    async with quiet("web", tmp_path_factory.mktemp("web")) as running:
        await furnish(running)
        yield running


@pytest.mark.parametrize(
    ("customer", "party", "line"),
    [
        ({"number": NUMBER}, PARTY, LINE),
        ({"number": "+1 202-555-0117"}, PARTY, LINE),
        ({"number": "+12025550142"}, DAUGHTER, SECOND),
        ({"email": "Linda@Example.com "}, PARTY, None),
        ({"code": "k7m2-9qx4-tb"}, PARTY, None),
        ({"code": "K7M29QX4TB"}, PARTY, None),
        ({"party": DAUGHTER}, DAUGHTER, None),
        ({"line": LINE}, PARTY, LINE),
        ({"household": HH}, None, None),
        ({"name": "linda  EXAMPLE", "postcode": " 20001"}, PARTY, None),
    ],
)
async def test_customer_is_found_however_she_is_named(
    web: Quiet, customer: dict[str, str], party: str | None, line: str | None
) -> None:
    card = (await web.post("/v1/customers:lookup", customer)).json()
    assert (card["household"], card["party"], card["line"]) == (HH, party, line)
    answer = (await web.ask({"customer": customer})).json()
    assert answer["certificate"]["household"] == {"epoch": 1, "id": HH, "version": 2}
    assert answer["items"][0]["promise"]["id"] == "prm_1"


async def test_card_says_what_was_promised_first(channel: Quiet) -> None:
    answer = await channel.post("/v1/customers:lookup", {"number": NUMBER})
    card = answer.json()
    assert next(iter(card)) == "promises"
    promise = card["promises"][0]
    assert (promise["offer"], promise["code"], promise["channel"]) == (OFFER, "K7M2-9QX4-TB", "email")
    assert promise["customer_pays"] is not None
    assert promise["say_this"]
    assert card["freshness"] == {"state": "READY", "age_ms": int(answer.headers["concord-age"])}
    assert {party["given_name"] for party in card["parties"]} == {"Linda", None}
    assert [line["last_digits"] for line in card["lines"]] == ["0117", "0142"]
    assert NUMBER not in answer.text


@pytest.mark.parametrize(
    ("customer", "verified"),
    [
        ({"number": NUMBER}, False),
        ({"number": NUMBER, "postcode": "20001"}, True),
        ({"number": NUMBER, "postcode": "20002"}, False),
        ({"code": CODE}, True),
        ({"email": EMAIL}, False),
    ],
)
async def test_caller_is_verified_by_code_or_by_number_and_postcode(
    web: Quiet, customer: dict[str, str], *, verified: bool
) -> None:
    assert (await web.post("/v1/customers:lookup", customer)).json()["verified"] is verified


async def test_nobody_known_is_said_and_still_answered(channel: Quiet) -> None:
    card = await channel.post("/v1/customers:lookup", {"number": "+12025550199"})
    assert (card.status_code, card.json()["reason"]) == (404, "customer_unknown")
    answer = (await channel.ask({"customer": {"number": "+12025550199"}, "offers": [OFFER]})).json()
    assert answer["certificate"]["household"] is None
    assert answer["items"][0]["verdict"] == "unknown"


async def test_unknown_offer_is_refused_with_a_sentence(channel: Quiet) -> None:
    for name in ("no-such-offer", "NO SUCH OFFER", "ofr_zzz"):
        answer = await channel.ask({"offers": [name]})
        assert answer.status_code == 200
        (item,) = answer.json()["items"]
        assert (item["verdict"], item["reasons"][0]["code"]) == ("refused", "offer_unknown")


async def test_number_that_moves_to_another_household_is_found_there(tmp_path: Path) -> None:
    async with quiet("web", tmp_path) as web:
        await furnish(web)
        assert (await web.post("/v1/customers:lookup", {"number": NUMBER})).json()["household"] == HH
        other = "hh_00000000000000000000000002"
        await web.hear(HH, household(3, lines=[]))
        await web.hear(other, household(1, id=other, lines=[line(SECOND, DAUGHTER, NUMBER, {})]))
        card = (await web.post("/v1/customers:lookup", {"number": NUMBER})).json()
        assert (card["household"], card["line"]) == (other, SECOND)


async def test_number_of_two_households_means_the_newer(tmp_path: Path) -> None:
    async with quiet("web", tmp_path) as web:
        await furnish(web)
        other = "hh_00000000000000000000000002"
        await web.hear(other, household(1, id=other))
        card = (await web.post("/v1/customers:lookup", {"number": NUMBER})).json()
        assert (card["household"], card["others"]) == (other, [HH])


async def test_offers_shows_what_this_channel_shows(channel: Quiet) -> None:
    answer = await channel.get("/v1/offers")
    assert answer.headers["cache-control"] == "no-store"
    items = answer.json()["items"]
    if channel.replica.channel != "web":
        assert items == []
        return
    assert [(item["offer"], item["version"]) for item in items] == [(OFFER, 1)]
    assert items[0]["customer_pays"] == {"amount": 0, "currency": "USD"}


async def test_offers_are_paged_by_priority_and_key(tmp_path: Path) -> None:
    async with quiet("web", tmp_path) as web:
        for number in range(5):
            await web.hear(f"ofr_{number}", made.offer_value(f"ofr_{number}", key=f"offer-{number}"))
        await web.beat()
        seen: list[str] = []
        path = "/v1/offers?limit=2"
        while True:
            answer = await web.get(path)
            seen += [item["offer"] for item in answer.json()["items"]]
            if answer.json()["next"] is None:
                break
            path = answer.links["next"]["url"]
        assert seen == [f"offer-{number}" for number in range(5)]


@pytest.mark.parametrize("person", ["tom", "ana", "web", "sms", "linda", "supervisor"])
async def test_token_of_another_channel_is_refused(channel: Quiet, person: str) -> None:
    home = {"tom": "store_pos", "ana": "call_center", "supervisor": "call_center", "sms": "sms"}.get(person, "web")
    for answer in (await channel.ask({}, person), await channel.get("/v1/offers", person)):
        if home == channel.replica.channel:
            assert answer.status_code == 200
        else:
            assert (answer.status_code, answer.json()["reason"]) == (403, "wrong_channel")


@pytest.mark.parametrize(
    ("person", "allowed"), [("operator", True), ("auditor", True), ("marta", False), ("campaign", False)]
)
async def test_roles_decide_who_may_ask(channel: Quiet, person: str, *, allowed: bool) -> None:
    answer = await channel.ask({}, person)
    assert answer.status_code == (200 if allowed else 403)
    card = await channel.post("/v1/customers:lookup", {"number": NUMBER}, person)
    assert (card.status_code, card.json()["reason"]) == (403, "role_missing")
    assert (await channel.http.get("/v1/view")).json()["reason"] == "token_missing"
    assert (await channel.get("/v1/view", person)).status_code == 200


async def test_rebuild_is_the_operators(channel: Quiet) -> None:
    answer = await channel.post("/v1/view:rebuild", {}, PEOPLE[channel.replica.channel])
    assert (answer.status_code, answer.json()["reason"]) == (403, "role_missing")


async def test_customer_asks_for_herself_by_code_and_for_nobody_else(web: Quiet) -> None:
    assert (await web.ask({}, "linda")).json()["items"][0]["offer"] == OFFER
    for customer in ({"number": NUMBER}, {"household": HH}, {"party": PARTY}):
        answer = await web.ask({"customer": customer}, "linda")
        assert (answer.status_code, answer.json()["reason"]) == (403, "not_yourself")
    answer = await web.ask({"customer": {"code": CODE}}, "linda")
    assert answer.json()["items"][0]["promise"]["code"] == "K7M2-9QX4-TB"
    card = await web.post("/v1/customers:lookup", {"code": CODE}, "linda")
    assert card.json()["reason"] == "role_missing"


async def test_customer_with_a_code_sees_its_promise_and_no_other(tmp_path: Path) -> None:
    async with quiet("web", tmp_path) as web:
        await furnish(web)
        await web.hear("ofr_2", made.offer_value("ofr_2", key="another"))
        second = {"offer": "ofr_2", "offer_key": "another", "code": "0000000000", "party": PARTY}
        await web.hear(f"{HH}/prm_2", made.promise_value(HH, "prm_2", 3, **second))
        await web.beat()
        promises = [item["promise"]["id"] for item in (await web.ask({"customer": {"code": CODE}})).json()["items"]]
        assert promises == ["prm_1", "prm_2"]
        items = (await web.ask({"customer": {"code": CODE}}, "linda")).json()["items"]
        assert [item["promise"] and item["promise"]["id"] for item in items] == ["prm_1"]


async def test_instant_near_now_is_taken_and_repeated(channel: Quiet) -> None:
    for seconds in (-2, -0.5, 0, 1.999):
        at = channel.clock.now() + timedelta(seconds=seconds)
        answer = (await channel.ask({"at": rfc3339(at)})).json()
        assert answer["certificate"]["at"] == at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        assert "hypothetical" not in answer


async def test_another_instant_needs_a_role_and_is_hypothetical(web: Quiet) -> None:
    at = rfc3339(web.clock.now() + timedelta(days=-30))
    answer = await web.ask({"at": at, "offers": [OFFER]}, "linda")
    assert (answer.status_code, answer.json()["reason"]) == (422, "at_out_of_reach")
    assert answer.json()["errors"][0]["pointer"] == "/at"
    for person in ("operator", "auditor", "web"):
        found = (await web.ask({"at": at, "offers": [OFFER]}, person)).json()
        assert found["hypothetical"] is True
        assert found["items"][0]["reasons"][0]["code"] == "offer_not_started"


@pytest.mark.parametrize(
    ("body", "reason", "pointer"),
    [
        ({"customer": {"code": "K7M2-9QX4-TC"}}, "code_malformed", None),
        ({"customer": {"code": "K7M2"}}, "code_malformed", None),
        ({"customer": {"number": "12"}}, "number_malformed", "/customer/number"),
        ({"customer": {}}, "invalid", "/customer"),
        ({"customer": {"number": NUMBER, "email": EMAIL}}, "invalid", "/customer"),
        ({"customer": {"name": "Linda Example"}}, "invalid", "/customer"),
        ({"customer": {"email": EMAIL, "postcode": "20001"}}, "invalid", "/customer"),
        ({"customer": {"phone": NUMBER}}, "invalid", "/customer/phone"),
        ({"customer": NUMBER}, "invalid", "/customer"),
        ({"offers": OFFER}, "invalid", "/offers"),
        ({"offers": [7]}, "invalid", "/offers/0"),
        ({"offers": ["x"] * 201}, "invalid", "/offers"),
        ({"facts": {"line.tenure_months": "44"}}, "invalid", "/facts/line.tenure_months"),
        ({"facts": {"line.colour": 1}}, "invalid", "/facts/line.colour"),
        ({"facts": {"line.tenure_months": [1, {"a": None}]}}, "invalid", "/facts/line.tenure_months"),
        ({"at": "yesterday"}, "invalid", "/at"),
        ({"channel": "web"}, "invalid", "/channel"),
    ],
)
async def test_bad_question_is_a_problem_with_a_stable_reason(
    web: Quiet, body: dict[str, Any], reason: str, pointer: str | None
) -> None:
    answer = await web.ask(body)
    assert (answer.status_code, answer.json()["reason"]) == (422, reason)
    if pointer is not None:
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_stale_view_answers_and_says_its_age(tmp_path: Path) -> None:
    async with quiet("web", tmp_path) as web:
        await furnish(web)
        web.clock.advance(600)
        answer = await web.ask({"customer": {"number": NUMBER}, "offers": [OFFER]})
        assert answer.headers["concord-age"] == "600000"
        assert answer.json()["items"][0]["verdict"] == "honour"
        body = (await web.get("/v1/view", "operator")).json()
        assert (body["state"], body["age_ms"]) == ("STALE", 600_000)


async def test_answer_is_decided_again_when_the_snapshot_moved(web: Quiet, monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts = iter([False, False, True])
    monkeypatch.setattr(type(web.replica.answers), "current", lambda *_: next(verdicts))
    assert (await web.ask({})).status_code == 200
    monkeypatch.setattr(type(web.replica.answers), "current", lambda *_: False)
    answer = await web.ask({})
    assert (answer.status_code, answer.json()["reason"]) == (503, "snapshot_moved")


async def test_view_says_who_it_is_and_what_it_holds(channel: Quiet) -> None:
    body = (await channel.get("/v1/view", "operator")).json()
    assert (body["channel"], body["state"], body["pending"]) == (channel.replica.channel, "READY", 0)
    assert len(body["boot"]) == 16
    assert [(topic["topic"], topic["partition"]) for topic in body["topics"]] == list(channel.histories)
    offers = body["topics"][0]
    assert (offers["log"], offers["epoch"], offers["revision"], offers["count"]) == (1, 1, 1, 1)
    assert len(offers["digest"]) == 64


async def test_answers_have_the_shapes_the_openapi_document_states(channel: Quiet) -> None:
    asked = {"customer": {"number": NUMBER}, "offers": [OFFER, "no-such-offer"]}
    AnswerShape.model_validate_json((await channel.ask(asked)).content)
    Listing[ShownShape].model_validate_json((await channel.get("/v1/offers")).content)
    CustomerCard.model_validate_json((await channel.post("/v1/customers:lookup", {"number": NUMBER})).content)
    ViewShown.model_validate_json((await channel.get("/v1/view", "operator")).content)
    paths = (await channel.http.get("/openapi.json")).json()["paths"]
    stated = paths["/v1/decisions"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert stated == {"$ref": "#/components/schemas/AnswerShape"}


BASKET: dict[str, Any] = {
    "currency": "USD",
    "lines": [{"id": "1", "sku": "HANDSET-X", "quantity": 1, "unit_price": 13000}],
}


async def test_basket_is_quoted_for_whom_it_is_for(channel: Quiet) -> None:
    answer = await channel.post("/v1/quotes", {"customer": {"number": NUMBER}, "basket": BASKET})
    assert answer.status_code == 200, answer.text
    quoted = QuoteShape.model_validate_json(answer.content)
    assert (quoted.to_pay, quoted.applied[0].offer, quoted.promises[0].promise) == (0, OFFER, "prm_1")
    assert answer.headers["concord-view"].startswith("v1.1.1, h1.1.")
    assert quoted.certificate.household is not None


async def test_customer_with_a_code_has_its_promise_priced_and_no_other(tmp_path: Path) -> None:
    async with quiet("web", tmp_path) as web:
        await furnish(web)
        await web.hear("ofr_2", made.offer_value("ofr_2", key="another"))
        second = {"offer": "ofr_2", "offer_key": "another", "code": "0000000000", "party": PARTY}
        await web.hear(f"{HH}/prm_2", made.promise_value(HH, "prm_2", 3, **second))
        await web.beat()
        asked = {"customer": {"code": CODE}, "basket": BASKET}
        staff, customer = (await web.post("/v1/quotes", asked)), (await web.post("/v1/quotes", asked, "linda"))
        assert [each["promise"] for each in staff.json()["promises"]] == ["prm_1", "prm_2"]
        assert [each["promise"] for each in customer.json()["promises"]] == ["prm_1"]
        refused = await web.post("/v1/quotes", {"customer": {"number": NUMBER}, "basket": BASKET}, "linda")
        assert (refused.status_code, refused.json()["reason"]) == (403, "not_yourself")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"lines": []}, "/basket/lines"),
        ({"lines": [BASKET["lines"][0], BASKET["lines"][0]]}, "/basket"),
        ({"currency": "usd"}, "/basket/currency"),
        ({"lines": [{**BASKET["lines"][0], "quantity": 0}]}, "/basket/lines/0/quantity"),
        ({"lines": [{**BASKET["lines"][0], "unit_price": 1.5}]}, "/basket/lines/0/unit_price"),
        ({"lines": [{**BASKET["lines"][0], "unit_price": 2**63}]}, "/basket/lines/0/unit_price"),
        ({"lines": [{**BASKET["lines"][0], "colour": "red"}]}, "/basket/lines/0/colour"),
        ({"delivery": -1}, "/basket/delivery"),
    ],
)
async def test_basket_that_cannot_be_priced_is_refused_where_it_is_wrong(
    web: Quiet, change: dict[str, Any], pointer: str
) -> None:
    answer = await web.post("/v1/quotes", {"basket": BASKET | change})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
