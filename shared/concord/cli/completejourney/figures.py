"""What the quotes saved, held against the discounts and the redemptions that the data has.

The data knows three things of coupons: on each line what a manufacturer's coupon took off (`coupon_disc`) and what the
retailer added to it (`coupon_match_disc`), whatever coupon that was; and by household and day which coupon of a
campaign was redeemed (`coupon_redemptions`), without an amount. Days there are those of the stores, in the east of the
United States. All amounts here are cents.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pandas as pd

from concord.cli.completejourney import mapping
from concord.cli.completejourney.baskets import in_cents
from concord.cli.completejourney.frames import Frames
from concord.cli.completejourney.replaying import Ledger

STORES: Final = "America/New_York"  # in this zone every redemption has a basket of its household on its day
PROMISE: Final = ["campaign", "coupon", "household"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where coupon discounts of the data come from: a sentence's end, lines, and cents."""

    name: str
    lines: int
    amount: int


@dataclass(frozen=True, slots=True)
class Kind:
    """Campaigns of one type."""

    name: str
    offers: int
    promises: int
    used: int  # promises that took something off at least once
    promised: int  # cents that promises took off, in every basket
    once: int  # the same, each promise in its first basket only
    open: int  # cents that the same offers took off for those who held no promise
    redemptions: int
    redeemed: int  # cents of `coupon_disc` on the redeemed coupons' products, in baskets of the day


@dataclass(frozen=True, slots=True)
class Week:
    """One week from Sunday to Saturday of the stores."""

    begins: date
    promised: int
    once: int
    coupons: int  # coupon_disc
    redemptions: int
    used: int  # promises that took something off for the first time


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The redemptions of the data, and what happened in the baskets of their days."""

    number: int
    with_basket: int
    with_product: int  # one of the coupon's products was bought that day
    with_coupon: int  # and the data has a coupon discount on it
    quoted: int  # the quotes took that very coupon off that day, from a promise
    late: int  # they did not, because the basket was bought on the last evening, after midnight UTC
    free: int  # they did not, because other coupons had taken everything off
    amount: int  # what they took off for it
    coupons: int  # what the data has on those products
    match: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything the report says."""

    offers: int
    unpriced: int  # offers without a face value
    baskets: int
    quoted: int
    lines: int
    left_out: int  # lines of quantity 0
    gross: int
    reached: int
    reached_by_promise: int
    saved: int
    promised: int
    once: int
    stacked: int  # lines that several offers took something off
    lines_saved: int
    promises: int
    used: int
    uses: int  # baskets, counted for each promise that took something off
    coupons: int
    match: int
    sources: Sequence[Source]
    redeemed: Redeemed
    kinds: Sequence[Kind]
    weeks: Sequence[Week]


def figures(frames: Frames, ledger: Ledger, shift_weeks: int) -> Figures:
    """The figures of a replay whose days were shifted by so many weeks."""
    return _Comparison(frames, ledger, shift_weeks).figures()


class _Comparison:
    """The tables that the figures are counted on."""

    def __init__(self, frames: Frames, ledger: Ledger, shift_weeks: int) -> None:
        self.frames = frames
        shift = pd.Timedelta(weeks=shift_weeks)
        self.baskets = ledger.baskets.assign(day=lambda of: _days(of["at"] - shift))
        self.lines = in_cents(frames.transactions).assign(
            day=lambda of: _days(of.transaction_timestamp.dt.tz_localize("UTC"))
        )
        types = frames.campaign_descriptions.set_index("campaign_id").campaign_type
        self.types = {campaign: str(name).removeprefix("Type ") for campaign, name in types.items()}
        of_basket = self.baskets[["basket", "household", "at", "day"]]
        self.shares = ledger.shares.merge(of_basket, on="basket").assign(kind=lambda of: of.campaign.map(self.types))
        self.promised = self.shares[self.shares.promised]
        first = self.promised.sort_values("at", kind="stable").drop_duplicates(PROMISE)[[*PROMISE, "basket"]]
        self.first = self.promised.merge(first, on=[*PROMISE, "basket"])
        self.sent = pd.concat([mapping.whole_pool(frames), mapping.type_a(frames)])

    def figures(self) -> Figures:
        bought, shares = self.lines[self.lines.quantity > 0], self.shares
        offers = len(self.frames.coupons[mapping.OFFER].drop_duplicates())
        return Figures(
            offers=offers,
            unpriced=offers - len(mapping.face_values(self.frames)),
            baskets=self.lines.basket_id.nunique(),
            quoted=len(self.baskets),
            lines=len(bought),
            left_out=len(self.lines) - len(bought),
            gross=_sum(self.baskets.gross),
            reached=_sum(self.baskets.reached),
            reached_by_promise=self.promised.basket.nunique(),
            saved=_sum(shares.discount),
            promised=_sum(self.promised.discount),
            once=_sum(self.first.discount),
            stacked=_sum(shares.groupby(["basket", "product"]).size() > 1),
            lines_saved=len(shares.drop_duplicates(["basket", "product"])),
            promises=len(self.sent),
            used=len(self.promised.drop_duplicates(PROMISE)),
            uses=len(self.promised.drop_duplicates([*PROMISE, "basket"])),
            coupons=_sum(self.lines.coupon_disc),
            match=_sum(self.lines.coupon_match_disc),
            sources=self.sources(),
            redeemed=self.redeemed(),
            kinds=[self.kind(name) for name in sorted(set(self.types.values()))],
            weeks=self.weeks(),
        )

    def sources(self) -> list[Source]:
        """The lines with a coupon discount, each by the first of five reasons that fits."""
        coupons = self.lines[self.lines.coupon_disc > 0]
        key = pd.MultiIndex.from_frame(coupons[["basket_id", "product_id"]])
        alone = coupons.quantity == 0
        mailed, live = key.isin(_lines(self.promised)), key.isin(_lines(self.shares))
        named = coupons.product_id.isin(self.frames.coupons.product_id)
        parts = {
            "a promise of the household reaches the line": ~alone & mailed,
            "an offer open to everybody reaches it, no promise": ~alone & live & ~mailed,
            "the product is in campaigns, but in none of that day": ~alone & named & ~live,
            "the product is in no campaign at all": ~alone & ~named & ~live,
            "the line has quantity 0, the coupon by itself": alone,
        }
        return [Source(name, _sum(which), _sum(coupons.coupon_disc[which])) for name, which in parts.items()]

    def redeemed(self) -> Redeemed:
        """The redemptions, with the lines of their products in baskets of the household on their day."""
        made, lines, took = self.redemptions(), self.redeemed_lines(), self.redeemed_by_promise()
        missed = lines[~lines.number.isin(took.number)]
        days = made.merge(self.lines[["household_id", "day"]].drop_duplicates(), on=["household_id", "day"])
        once = lines.drop_duplicates(["basket_id", "product_id"])
        return Redeemed(
            number=len(made),
            with_basket=days.number.nunique(),
            with_product=lines.number.nunique(),
            with_coupon=lines[lines.coupon_disc > 0].number.nunique(),
            quoted=took.number.nunique(),
            late=self._all(missed, self.after_the_end(missed)),
            free=self._all(missed, self.left_to_pay(missed) == 0),
            amount=_sum(took.drop_duplicates(["basket", "product", "campaign", "coupon"]).discount),
            coupons=_sum(once.coupon_disc),
            match=_sum(once.coupon_match_disc),
        )

    @staticmethod
    def _all(lines: pd.DataFrame, holds: Any) -> int:
        """How many redemptions there are for whose lines all it holds."""
        return _sum(holds.groupby(lines.number).all())

    def after_the_end(self, lines: pd.DataFrame) -> Any:
        """Whether each line was bought after the window of its campaign, which ends at midnight UTC."""
        last_days = self.frames.campaign_descriptions.set_index("campaign_id").end_date
        return lines.transaction_timestamp >= lines.campaign_id.map(last_days) + pd.Timedelta(days=1)

    def left_to_pay(self, lines: pd.DataFrame) -> Any:
        """Cents of each line after all that the quotes took off."""
        taken = self.shares.groupby(["basket", "product"]).discount.sum()
        off = pd.Series(taken, dtype="int64").reindex(pd.MultiIndex.from_frame(lines[["basket_id", "product_id"]]))
        gross = lines.sales_value + lines.retail_disc + lines.coupon_match_disc
        return gross - off.fillna(0).to_numpy()

    def redemptions(self) -> pd.DataFrame:
        made = self.frames.coupon_redemptions.rename(columns={"redemption_date": "day"})
        return made.assign(number=range(len(made)), kind=made.campaign_id.map(self.types))

    def redeemed_lines(self) -> pd.DataFrame:
        """Lines of a redeemed coupon's products that its household bought on the day."""
        bought = self.lines[self.lines.quantity > 0]
        with_products = self.redemptions().merge(self.frames.coupons.drop_duplicates(), on=mapping.OFFER)
        return with_products.merge(bought, on=["household_id", "product_id", "day"])

    def redeemed_by_promise(self) -> pd.DataFrame:
        """What the quotes took off for a promise of the redeemed coupon on the day."""
        names = {"campaign": "campaign_id", "coupon": "coupon_upc", "household": "household_id"}
        left, right = [*names.values(), "day"], [*names, "day"]
        return self.redemptions().drop(columns="kind").merge(self.promised, left_on=left, right_on=right)

    def kind(self, name: str) -> Kind:
        """Campaigns of one type."""
        campaigns = [campaign for campaign, kind in self.types.items() if kind == name]
        shares, made = self.shares[self.shares.kind == name], self.redemptions()
        lines = self.redeemed_lines()
        lines = lines[lines.kind == name].drop_duplicates(["basket_id", "product_id"])
        promised = shares[shares.promised]
        return Kind(
            name=name,
            offers=_count(self.frames.coupons[mapping.OFFER].drop_duplicates().campaign_id.isin(campaigns)),
            promises=_count(self.sent.campaign_id.isin(campaigns)),
            used=len(promised.drop_duplicates(PROMISE)),
            promised=_sum(promised.discount),
            once=_sum(self.first[self.first.kind == name].discount),
            open=_sum(shares[~shares.promised].discount),
            redemptions=_count(made.kind == name),
            redeemed=_sum(lines.coupon_disc),
        )

    def weeks(self) -> list[Week]:
        """Every week of the data."""
        columns = {
            "promised": _by_week(self.promised, "discount"),
            "once": _by_week(self.first, "discount"),
            "coupons": _by_week(self.lines, "coupon_disc"),
            "redemptions": _by_week(self.redemptions().assign(one=1), "one"),
            "used": _by_week(self.first.drop_duplicates(PROMISE).assign(one=1), "one"),
        }
        table = pd.DataFrame(columns).fillna(0).astype("int64").sort_index()
        return [Week(begins.date(), **row) for begins, row in zip(table.index, table.to_dict("records"), strict=True)]


def _days(instants: Any) -> Any:
    """The days of instants in the stores, as midnights without a zone."""
    return instants.dt.tz_convert(STORES).dt.tz_localize(None).dt.normalize()


def _by_week(table: pd.DataFrame, column: str) -> Any:
    sundays = table.day - pd.to_timedelta((table.day.dt.day_of_week + 1) % 7, unit="D")
    return table.groupby(sundays)[column].sum()


def _lines(shares: pd.DataFrame) -> Any:
    return pd.MultiIndex.from_frame(shares[["basket", "product"]])


def _sum(column: Any) -> int:
    return int(column.sum())


def _count(which: Any) -> int:
    return int(which.sum())
