"""Pure functions from the data's tables to NDJSON import lines (data.md); equal tables and shift give equal bytes."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import orjson
import pandas as pd

from concord.cli.completejourney.frames import Frames
from concord.money import divide_half_even

COUPONS_PER_TYPE_A_GRANT = 16
NO_FACE_VALUE_BASIS_POINTS = 1000
FIRST_DAY = date(2017, 1, 1)  # a Sunday
KEYS = "cj-"  # what every key and ref begins with
OFFER = ["campaign_id", "coupon_upc"]


def weeks_to_latest_sunday(today: date) -> int:
    """How many whole weeks move 2017-01-01 to the latest Sunday that is not after today."""
    return (today - FIRST_DAY).days // 7


def offer_key(campaign: int, coupon: int) -> str:
    """Key and ref of the offer, such as `cj-26-10000085207`."""
    return f"{KEYS}{campaign}-{coupon}"


def offer_of(key: str) -> tuple[int, int]:
    """Campaign and coupon of an offer's key."""
    campaign, _, coupon = key.removeprefix(KEYS).partition("-")
    return int(campaign), int(coupon)


def household_ref(household: int) -> str:
    return f"{KEYS}{household}"


def first_offer(frames: Frames) -> tuple[str, date]:
    """The key of the first offer, and the first day of its campaign as the data has it."""
    campaign, coupon = min(zip(frames.coupons.campaign_id, frames.coupons.coupon_upc, strict=True))
    start = frames.campaign_descriptions.set_index("campaign_id").start_date[campaign]
    return offer_key(campaign, coupon), start.date()


def offers(frames: Frames, shift_weeks: int) -> Iterator[bytes]:
    """One line per coupon and campaign: 1,197 offers over 111,332 products."""
    scope = frames.coupons.drop_duplicates().sort_values([*OFFER, "product_id"])
    values = face_values(frames)
    windows = frames.campaign_descriptions.set_index("campaign_id")
    names = _scope_names(frames, scope)
    for (campaign, coupon), products in scope.groupby(OFFER, sort=True).product_id:
        window = windows.loc[campaign]
        terms = _terms(
            name=names.get((campaign, coupon)),
            campaign=f"campaign {campaign}, type {window.campaign_type[-1]}",
            benefit=_benefit(values.get((campaign, coupon))),
            skus=[str(product) for product in products],
            validity=_validity(window.start_date, window.end_date, timedelta(weeks=shift_weeks)),
        )
        key = offer_key(campaign, coupon)
        yield orjson.dumps({"ref": key, "data": {"key": key, "terms": terms}})


def face_values(frames: Frames) -> dict[tuple[int, int], int]:
    """Cents per campaign and coupon where the data shows one (578 offers).

    The median of `coupon_disc` over all lines of the coupon's products with a coupon discount in the campaign's window
    (its last day included), half-even.
    """
    lines = frames.transactions.loc[
        frames.transactions.coupon_disc > 0, ["product_id", "coupon_disc", "transaction_timestamp"]
    ]
    lines = lines.assign(cents=(lines.coupon_disc * 100).round().astype("int64"))
    windows = frames.campaign_descriptions[["campaign_id", "start_date", "end_date"]]
    seen = frames.coupons.drop_duplicates().merge(windows, on="campaign_id").merge(lines, on="product_id")
    after_last_day = seen.end_date + pd.Timedelta(days=1)
    seen = seen[(seen.transaction_timestamp >= seen.start_date) & (seen.transaction_timestamp < after_last_day)]
    return {offer: median(sorted(cents)) for offer, cents in seen.groupby(OFFER).cents}


def median(ordered: list[int]) -> int:
    """The middle of ascending amounts; between two, half-even."""
    upper = len(ordered) // 2
    return ordered[upper] if len(ordered) % 2 else divide_half_even(ordered[upper - 1] + ordered[upper], 2)


def _scope_names(frames: Frames, scope: pd.DataFrame) -> dict[tuple[int, int], str]:
    """The commonest product category of each offer; of equally common ones the first in the alphabet."""
    named = scope.merge(frames.products.dropna(subset=["product_category"]), on="product_id")
    counts = named.groupby([*OFFER, "product_category"], sort=True).size().reset_index(name="products")
    best = counts.sort_values("products", ascending=False, kind="stable").drop_duplicates(OFFER)
    return dict(zip(zip(best.campaign_id, best.coupon_upc, strict=True), best.product_category, strict=True))


def _benefit(cents: int | None) -> dict[str, Any]:
    if cents is None:
        return {"kind": "percent_off", "basis_points": NO_FACE_VALUE_BASIS_POINTS}
    return {"kind": "amount_off", "amount": {"amount": cents, "currency": "USD"}, "per": "line"}


def _validity(first_day: datetime, last_day: datetime, shift: timedelta) -> dict[str, str]:
    start, end = first_day + shift, last_day + shift + timedelta(days=1)
    return {"start": f"{start:%Y-%m-%d}T00:00:00Z", "end": f"{end:%Y-%m-%d}T00:00:00Z"}


def _terms(
    *, name: str | None, campaign: str, benefit: dict[str, Any], skus: list[str], validity: dict[str, str]
) -> dict[str, Any]:
    what = f"Coupon: {name.lower()}" if name else "Coupon"
    return {
        "title": {"en": what},
        "description": {"en": f"Mailed coupon of {campaign}. Products: {len(skus)}."},
        "benefits": [benefit],
        "products": {"skus": skus},
        "validity": validity,
        "promised_in": ["mail"],
        "shown_in": ["web"],
        "honour": {
            "web": {"action": "native"},
            "store_pos": {"action": "honour"},
            "call_center": {"action": "honour"},
            "sms": {"action": "refer", "to": "web"},
        },
        "cards": {"store_pos": {"en": _STORE_CARD}, "call_center": {"en": _CALL_CARD}},
    }


_STORE_CARD = {
    "say": "Your mailed coupon counts here until {until}. I take it off now.",
    "steps": ["Scan the products of the coupon", "Take the coupon off each of their lines"],
}
_CALL_CARD = {
    "say": "Yes, your mailed coupon counts until {until}, in the store and on the web. I can take it off an order now.",
    "steps": ["Ask which products are meant", "Add them to the order", "Take the coupon off each of their lines"],
}


def households(frames: Frames) -> Iterator[bytes]:
    """One line per household that bought anything: 2,469. The data has no names and no numbers, and 801 sizes."""
    sizes = frames.demographics.household_size.str.rstrip("+").astype("int64")
    known = dict(zip(frames.demographics.household_id, sizes, strict=True))
    for household in np.sort(frames.transactions.household_id.unique()).tolist():
        ref = household_ref(household)
        facts = {"household.size": known[household]} if household in known else {}
        yield orjson.dumps({"ref": ref, "data": {"ref": ref, "members": [{"ref": "customer"}], "facts": facts}})


def promises(frames: Frames) -> Iterator[bytes]:
    """One line per coupon a household was sent: 108,590, in order of campaign, household and coupon."""
    sent = pd.concat([whole_pool(frames), type_a(frames)]).sort_values(["campaign_id", "household_id", "coupon_upc"])
    # Formatted directly, which is 4 times as fast: every part is an integer, so nothing needs escaping.
    for campaign, household, coupon in sent.itertuples(index=False):
        offer, customer = offer_key(campaign, coupon), household_ref(household)
        yield (
            f'{{"ref":"{offer}-{household}","data":{{"household":"{customer}","party":"customer","offer":"{offer}","channel":"mail",'
            f'"evidence":{{"kind":"message","reference":"completejourney campaign {campaign}"}}}}}}'
        ).encode()


SENT = ["campaign_id", "household_id", "coupon_upc"]


def whole_pool(frames: Frames) -> pd.DataFrame:
    """Campaigns of types B and C: every household was sent every coupon of the campaign (50,238)."""
    return _grants_times_pool(frames, frames.campaign_descriptions.campaign_type != "Type A")


def type_a(frames: Frames) -> pd.DataFrame:
    """Campaigns of type A: sixteen coupons of the pool for each household (58,352).

    The file does not say which, so those it redeemed come first, then the lowest by hash.
    """
    pool = _grants_times_pool(frames, frames.campaign_descriptions.campaign_type == "Type A")
    redeemed = frames.coupon_redemptions[SENT].drop_duplicates().assign(redeemed=True)
    ranked = pool.merge(redeemed, on=SENT, how="left")
    ranked = ranked.assign(
        left=ranked.redeemed.isna(),
        hash=stable_hash(ranked.household_id.to_numpy("uint64"), ranked.coupon_upc.to_numpy("uint64")),
    ).sort_values(["campaign_id", "household_id", "left", "hash"])
    return ranked.groupby(["campaign_id", "household_id"], sort=False).head(COUPONS_PER_TYPE_A_GRANT)[SENT]


def _grants_times_pool(frames: Frames, campaigns: Any) -> pd.DataFrame:
    wanted = frames.campaign_descriptions.loc[campaigns, "campaign_id"]
    pool = frames.coupons[OFFER].drop_duplicates()
    grants = frames.campaigns[frames.campaigns.campaign_id.isin(wanted)].drop_duplicates()
    return grants.merge(pool, on="campaign_id")[SENT]


def stable_hash(household: Any, coupon: Any) -> Any:
    """SplitMix64 of the household, mixed with the coupon and finished again; arrays of uint64 in and out."""
    with np.errstate(over="ignore"):
        return mix(mix(household) ^ coupon)


def mix(value: Any) -> Any:
    """SplitMix64 of one step (Steele, Lea, Flood 2014)."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
