"""A Complete Journey of two households, two campaigns and a handful of baskets."""

from typing import Any

import pandas as pd

from concord.cli.completejourney.frames import Frames

CAMPAIGNS = pd.DataFrame(
    {
        "campaign_id": [1, 2],
        "campaign_type": ["Type B", "Type A"],
        "start_date": pd.to_datetime(["2017-02-01", "2017-03-01"]),
        "end_date": pd.to_datetime(["2017-02-28", "2017-03-31"]),
    }
)
COUPONS = pd.DataFrame(
    {"coupon_upc": [11, 11, 21, 22], "product_id": [101, 102, 201, 101], "campaign_id": [1, 1, 2, 2]}
)
GRANTS = pd.DataFrame({"campaign_id": [1, 2], "household_id": [1, 2]})
PRODUCTS = pd.DataFrame(
    {"product_id": [101, 102, 201, 300], "product_category": ["BREAD", None, "MILK", "SOAP"]}, dtype="object"
)
DEMOGRAPHICS = pd.DataFrame({"household_id": [1], "household_size": ["5+"]})


def line(household: int, basket: int, product: int, at: str, sales: float, **more: Any) -> dict[str, Any]:
    """A line of a basket: one unit, amounts in dollars."""
    return {
        "household_id": household,
        "basket_id": basket,
        "product_id": product,
        "quantity": 1,
        "transaction_timestamp": pd.Timestamp(at),
        "sales_value": sales,
        "retail_disc": 0.0,
        "coupon_disc": 0.0,
        "coupon_match_disc": 0.0,
    } | more


# A coupon of 40 cents on products 101 and 102 in February, for household 1; none is seen in March, for household 2.
LINES = (
    line(1, 1, 101, "2017-02-10 15:00", 3.0, quantity=2, retail_disc=0.5, coupon_disc=0.4, coupon_match_disc=0.1),
    line(1, 1, 300, "2017-02-10 15:00", 0.0, quantity=0, coupon_disc=1.0),
    line(2, 2, 101, "2017-02-10 16:00", 2.0),
    line(1, 3, 102, "2017-02-20 12:00", 1.0),
    line(2, 4, 300, "2017-02-12 12:00", 5.0, coupon_disc=0.75),
    line(2, 5, 201, "2017-03-05 12:00", 0.3),
    line(1, 6, 101, "2017-04-05 12:00", 2.0, coupon_disc=0.2),
    line(2, 7, 300, "2017-04-06 12:00", 0.0, quantity=0),
)
REDEEMED = ((1, 11, 1, "2017-02-10"),)


def journey(*more: dict[str, Any], redeemed: tuple[tuple[int, int, int, str], ...] = REDEEMED) -> Frames:
    """The tables, with more lines after `LINES`."""
    columns = ["household_id", "coupon_upc", "campaign_id", "redemption_date"]
    redemptions = pd.DataFrame([list(each) for each in redeemed], columns=columns)
    return Frames(
        campaign_descriptions=CAMPAIGNS,
        campaigns=GRANTS,
        coupons=COUPONS,
        coupon_redemptions=redemptions.assign(redemption_date=pd.to_datetime(redemptions.redemption_date)),
        products=PRODUCTS,
        demographics=DEMOGRAPHICS,
        transactions=pd.DataFrame([*LINES, *more]),
    )
