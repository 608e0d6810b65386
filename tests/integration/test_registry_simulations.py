"""Simulations and reviews over HTTP, on a real database."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from concord.decision.scalars import CHANNELS
from concord.decision.terms import EXAMPLE
from integration.registry_client import KEY, TERMS, Client, serving
from integration.test_registry_offers import ODD, paths, with_odd
from offer_registry.review_schemas import ReviewDocument
from offer_registry.simulation_schemas import SimulationShape
from unit import rich_terms

SIMULATIONS = "/v1/simulations"
FACTS = {"line.tenure_months": 44, "line.barred": False}
DRAFT = {"key": "trial", "terms": EXAMPLE}
AT = "2026-06-03T10:00:00Z"
BASKET = {"currency": "USD", "lines": [{"id": "1", "sku": "HANDSET-X", "quantity": 1, "unit_price": 13000}]}
REVIEW = f"/v1/offers/{KEY}/versions/2/review"


@pytest.fixture
async def registry(postgres_url: str) -> AsyncIterator[Client]:
    async with serving(postgres_url) as client:
        yield client


async def simulated(registry: Client, **asked: Any) -> Any:
    answer = await registry.send("marta", "POST", SIMULATIONS, {"facts": FACTS, "at": AT} | asked)
    assert answer.status_code == 200, answer.text
    SimulationShape.model_validate_json(answer.content)
    return answer.json()


async def refused(registry: Client, asked: Any, status: int = 422) -> Any:
    return await registry.post("marta", SIMULATIONS, asked, status=status)


def pays(answered: Any) -> dict[str, int]:
    return {channel: given["items"][0]["customer_pays"]["amount"] for channel, given in answered["channels"].items()}


async def test_draft_terms_are_answered_for_every_channel_and_not_kept(registry: Client) -> None:
    answered = await simulated(registry, terms=[DRAFT])
    verdicts = {channel: given["items"][0]["verdict"] for channel, given in answered["channels"].items()}
    assert verdicts == {
        "web": "available",
        "store_pos": "honour_with_fee",
        "call_center": "honour",
        "sms": "refer",
    }
    assert pays(answered) == {"web": 0, "store_pos": 500, "call_center": 0, "sms": 0}
    assert [each["offer"] for each in answered["why"]] == ["trial"]
    assert (await registry.get("/v1/offers"))["items"] == []
    assert (await registry.get("/v1/catalogue"))["revision"] == 0


async def test_basket_is_quoted_in_every_channel(registry: Client) -> None:
    answered = await simulated(registry, terms=[DRAFT], basket=BASKET, order="W-1")
    assert {channel: given["to_pay"] for channel, given in answered["channels"].items()} == dict.fromkeys(CHANNELS, 0)
    assert {given["order"] for given in answered["channels"].values()} == {"W-1"}
    assert answered["channels"]["store_pos"]["here"][0]["fee"] == {"amount": 500, "currency": "USD"}
    assert answered["why"][0]["lines"] == [{"line": "1", "in_scope": True, "criteria": None}]


async def test_stored_versions_are_named_by_key_id_and_number(registry: Client) -> None:
    offer = await registry.live()
    body = {"terms": TERMS | {"benefits": [{"kind": "fixed_price", "price": {"amount": 4900, "currency": "USD"}}]}}
    await registry.post("marta", f"/v1/offers/{KEY}/versions", body, status=201)
    for name, number, price in ((KEY, 2, 4900), (offer, 2, 4900), (f"{KEY}@1", 1, 0), (f"{offer}@2", 2, 4900)):
        answered = await simulated(registry, offers=[name])
        item = answered["channels"]["web"]["items"][0]
        assert (item["offer"], item["version"], item["customer_pays"]["amount"]) == (KEY, number, price)
    both = await simulated(registry, offers=[KEY], terms=[DRAFT])
    assert {each["offer"] for each in both["why"]} == {KEY, "trial"}


async def test_simulation_of_a_stored_version_is_as_new_as_asked(registry: Client) -> None:
    body = {"terms": [DRAFT], "facts": FACTS}
    answer = await registry.send("marta", "POST", SIMULATIONS, body)
    assert answer.headers["concord-view"] == "v1.1.0"
    ahead = await registry.send("marta", "POST", SIMULATIONS, body, headers={"Concord-At-Least": "v1.1.7"})
    assert ahead.status_code >= 400


async def test_simulation_without_an_instant_is_of_now(registry: Client) -> None:
    answered = (await registry.send("marta", "POST", SIMULATIONS, {"terms": [DRAFT | {"terms": TERMS}]})).json()
    assert {given["certificate"]["at"][:2] for given in answered["channels"].values()} == {"20"}
    assert answered["channels"]["web"]["hypothetical"] is True


WRONG_TYPE = EXAMPLE | {"criteria": {"attribute": "line.barred", "op": "eq", "value": 1}}


@pytest.mark.parametrize(
    ("asked", "reason", "pointers"),
    [
        ({}, "invalid", [""]),
        ({"terms": [DRAFT], "surprise": 1}, "invalid", ["/surprise"]),
        ({"terms": [DRAFT | {"terms": EXAMPLE | {"priority": "1"}}]}, "invalid", ["/terms/0/terms/priority"]),
        ({"terms": [DRAFT | {"version": 0}]}, "invalid", ["/terms/0/version"]),
        ({"terms": [DRAFT, DRAFT]}, "invalid", ["/terms/1/key"]),
        (
            {"terms": [DRAFT, {"key": "other", "terms": WRONG_TYPE}]},
            "terms_invalid",
            ["/terms/1/terms/criteria/value"],
        ),
        (
            {"terms": [DRAFT], "facts": {"line.age": 1, "line.barred": 0}},
            "invalid",
            ["/facts/line.age", "/facts/line.barred"],
        ),
        ({"terms": [DRAFT], "codes": ["SUMMER"], "order": "W-1"}, "invalid", ["/codes", "/order"]),
        ({"terms": [DRAFT], "basket": BASKET | {"currency": "usd"}}, "invalid", ["/basket/currency"]),
        ({"terms": [DRAFT], "at": "2026-06-03"}, "invalid", ["/at"]),
        ({"offers": ["nothing", f"{KEY}@9", f"{KEY}@9999999999"]}, "invalid", ["/offers/0", "/offers/1", "/offers/2"]),
        ({"offers": [KEY, f"{KEY}@1"]}, "invalid", ["/offers/1"]),
        ({"offers": [KEY], "terms": [DRAFT | {"key": KEY}]}, "invalid", ["/offers/0"]),
        ({"offers": ["a@0"]}, "invalid", ["/offers/0"]),
        ({"offers": ["x"] * 21}, "invalid", ["/offers"]),
    ],
)
async def test_simulation_that_makes_no_sense_is_refused_with_the_place(
    registry: Client, asked: Any, reason: str, pointers: list[str]
) -> None:
    await registry.draft()
    problem = await refused(registry, asked)
    assert problem["reason"] == reason
    assert [error["pointer"] for error in problem["errors"]] == pointers


@pytest.mark.parametrize("who", ["linda", "web"])
async def test_simulation_is_for_staff_and_applications(registry: Client, who: str) -> None:
    answer = await registry.send(who, "POST", SIMULATIONS, {"terms": [DRAFT]})
    assert answer.status_code == (403 if who == "linda" else 200)


@pytest.mark.parametrize("terms", [TERMS, rich_terms.ONE, rich_terms.OTHER])
async def test_simulation_with_something_odd_anywhere_never_breaks(registry: Client, terms: dict[str, Any]) -> None:
    body = {"terms": [{"key": "trial", "terms": terms}], "facts": FACTS, "basket": BASKET, "codes": ["SUMMER"]}
    for sent in (with_odd(body, at, odd) for at in paths(body) for odd in ODD):
        answer = await registry.send("marta", "POST", SIMULATIONS, sent)
        assert answer.status_code in {200, 422}, (sent, answer.text)
        if answer.status_code == 422:
            assert answer.json()["errors"], sent


async def test_declared_attributes_and_weekly_hours_are_known_to_simulations_and_reviews(registry: Client) -> None:
    name = "customer.orders_a_year"
    declared = {"kind": "int", "noun": "the number of orders", "question": "how often the customer orders"}
    made = await registry.send("marta", "PUT", f"/v1/attributes/{name}", declared)
    assert made.status_code in {200, 201}, made.text
    week = [{"days": ["wed"], "from": "09:00", "to": "17:00"}]
    said = TERMS | {"criteria": {"attribute": name, "op": "gte", "value": 3}, "windows": week}
    drafts = [{"key": "trial", "terms": said}]
    had = await simulated(registry, terms=drafts, facts={name: 3})
    assert (had["why"][0]["had"], had["channels"]["web"]["items"][0]["verdict"]) == (True, "available")
    late = await simulated(registry, terms=drafts, facts={name: 3}, at="2026-06-03T17:01:00Z")
    assert late["why"][0]["reasons"][0]["code"] == "outside_hours"
    wrong = await refused(registry, {"terms": drafts, "facts": {name: "3"}})
    assert [error["pointer"] for error in wrong["errors"]] == [f"/facts/{name}"]
    none = await simulated(registry, terms=[DRAFT], facts={name: 3})
    assert none["why"][0]["had"] is False
    await registry.live(criteria=said["criteria"])
    review = await second(registry, criteria={"attribute": name, "op": "gte", "value": 4}, windows=week)
    assert review.counter_example is not None
    assert await simulated(registry, offers=[f"{KEY}@1"], facts={name: 4})


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"windows": [{"days": ["mon"], "from": "09:00", "to": "17:00", "zone": "Europe/Nowhere"}]}, "/windows/0/zone"),
        (
            {
                "benefits": [
                    {
                        "kind": "percent_off",
                        "basis_points": 500,
                        "criteria": {"attribute": "line_item.unit_price", "op": "gte", "value": 5},
                    }
                ]
            },
            "/benefits/0/criteria/value",
        ),
    ],
)
async def test_draft_terms_are_checked_as_when_they_are_saved(
    registry: Client, change: dict[str, Any], pointer: str
) -> None:
    body = {"key": "trial", "terms": TERMS | change}
    saved = await registry.post("marta", "/v1/offers", body, status=422)
    tried = await refused(registry, {"terms": [body]})
    assert (tried["reason"], saved["reason"]) == ("terms_invalid", "terms_invalid")
    assert [error["pointer"] for error in saved["errors"]] == [f"/terms{pointer}"]
    assert [error["pointer"] for error in tried["errors"]] == [f"/terms/0/terms{pointer}"]


async def second(registry: Client, **changes: Any) -> Any:
    """The review of a second version, in review, of an offer that is LIVE."""
    await registry.post("marta", f"/v1/offers/{KEY}/versions", {"terms": TERMS | changes}, status=201)
    await registry.post("marta", f"/v1/offers/{KEY}/versions/2:submit")
    return ReviewDocument.model_validate(await registry.get(REVIEW, "nora"))


def fixed(amount: int) -> list[dict[str, Any]]:
    return [{"kind": "fixed_price", "price": {"amount": amount, "currency": "USD"}}]


async def test_review_finds_somebody_who_is_worse_off(registry: Client) -> None:
    await registry.live()
    review = await second(registry, benefits=fixed(4900))
    found = review.counter_example
    assert found is not None
    assert (review.lifecycle, review.missing, review.search.against) == ("in_review", [], 1)
    assert (found.live.version, found.live.to_pay, found.new.version, found.new.to_pay) == (1, 0, 2, 4900)
    asked = found.example.model_dump(mode="json")
    for stored, sums in ((f"{KEY}@1", found.live), (f"{KEY}@2", found.new)):
        quoted = await simulated(registry, offers=[stored], **asked)
        assert {given["to_pay"] for given in quoted["channels"].values()} == {sums.to_pay}
    assert "pays 0.00 USD with version 1 and 49.00 USD with version 2" in found.sentence


async def test_review_of_a_better_version_finds_nobody(registry: Client) -> None:
    await registry.live(benefits=fixed(4900))
    review = await second(registry)
    assert review.counter_example is None
    assert review.search.pairs > 0
    assert review.between_channels is not None
    assert {name: sums.customer_pays for name, sums in review.between_channels.channels.items()} == {
        "web": 0,
        "store_pos": 500,
        "call_center": 0,
    }


@pytest.mark.parametrize("live", [False, True])
async def test_review_without_another_live_version_compares_nothing(registry: Client, live: bool) -> None:  # noqa: FBT001
    await (registry.live() if live else registry.draft())
    review = await registry.get(f"/v1/offers/{KEY}/versions/1/review")
    assert (review["counter_example"], review["search"]) == (None, {"against": None, "pairs": 0, "most": 6000})


async def test_review_names_what_submit_names(registry: Client) -> None:
    honour = {name: cell for name, cell in EXAMPLE["honour"].items() if name != "store_pos"}
    await registry.draft(honour=honour, cards={}, alternative="nothing")
    review = await registry.get(f"/v1/offers/{KEY}/versions/1/review")
    named = await registry.post("marta", f"/v1/offers/{KEY}/versions/1:submit", status=422)
    assert review["missing"] == named["errors"]
    assert len(named["errors"]) == 3
    assert review["lifecycle"] == "draft"


async def test_review_shows_what_each_channel_does_and_which_cards_there_are(registry: Client) -> None:
    cards = {
        **EXAMPLE["cards"],
        "call_center": {**EXAMPLE["cards"]["call_center"], "es": EXAMPLE["cards"]["call_center"]["en"]},
    }
    await registry.draft(honour={name: EXAMPLE["honour"][name] for name in ("web", "store_pos")}, cards=cards)
    honour = (await registry.get(f"/v1/offers/{KEY}/versions/1/review"))["honour"]
    assert list(honour) == list(CHANNELS)
    assert honour["store_pos"] == {"cell": EXAMPLE["honour"]["store_pos"], "cards": {"en": True, "es": False}}
    assert honour["call_center"] == {"cell": None, "cards": {"en": True, "es": True}}
    assert honour["sms"] == {"cell": None, "cards": {"en": False, "es": False}}


async def test_review_finds_live_offers_in_its_way(registry: Client) -> None:
    later = {"start": "2026-07-01T00:00:00Z", "end": None}
    await registry.live("same-group")
    await registry.live("other-group", exclusive_group="other")
    await registry.live("other-article", products={"skus": ["HANDSET-Y"]})
    await registry.live("everything", products={}, validity=later)
    await registry.live("alone", exclusive_group=None, combines_with=[])
    await registry.live("with-us", exclusive_group=None, combines_with=[KEY])
    await registry.live("over", validity={"start": "2026-01-01T00:00:00Z", "end": "2026-05-01T00:00:00Z"})
    await registry.draft("not-live")
    await registry.live()
    review = await second(registry)
    assert [(each.offer, each.rules) for each in review.conflicts] == [
        ("alone", ["not_combinable"]),
        ("everything", ["same_group"]),
        ("same-group", ["same_group"]),
    ]
    everything = review.conflicts[1]
    assert (everything.skus, everything.sku_count, everything.everything) == (["HANDSET-X"], 1, False)
    assert everything.start.isoformat() == "2026-07-01T00:00:00+00:00"
    assert review.more_conflicts is False


async def test_review_of_an_offer_that_combines_with_few_finds_all_others(registry: Client) -> None:
    await registry.live("friend", exclusive_group=None)
    await registry.live("stranger", exclusive_group=None)
    await registry.draft(exclusive_group=None, combines_with=["friend"])
    review = await registry.get(f"/v1/offers/{KEY}/versions/1/review")
    assert [each["offer"] for each in review["conflicts"]] == ["stranger"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/v1/offers/nothing/versions/1/review", "offer_unknown"), (REVIEW, "version_unknown")],
)
async def test_review_of_what_does_not_exist_is_not_found(registry: Client, path: str, reason: str) -> None:
    await registry.draft()
    answer = await registry.send("nora", "GET", path)
    assert (answer.status_code, answer.json()["reason"]) == (404, reason)
