"""Pure functions from the data's transactions to baskets as the kernel takes them (data.md).

A line of quantity 0 is left out: 8,869 lines, mostly coupons scanned by themselves; 330 baskets have no other.

Every other line is one unit of its gross price, since its amounts are of the whole line and many do not divide by its
quantity. The gross price is what stood on the shelf: `sales_value + retail_disc + coupon_match_disc`. `sales_value` is
what the retailer received, so the discount of its loyalty card and its match of a coupon are added again. The coupon
itself (`coupon_disc`) is not: its manufacturer pays it to the retailer, who received it. Where the same product was
bought in the same store and week without a coupon, this price agrees for 99 % of the lines; with `coupon_disc` added it
agrees for none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from concord.cli.completejourney.frames import Frames
from concord.cli.completejourney.mapping import mix
from concord.decision.quoting.basket import Basket

CURRENCY = "USD"
AMOUNTS = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")


@dataclass(frozen=True, slots=True)
class Visit:
    """A basket that a household bought: per line its product, gross price in cents and category, by product."""

    basket: int
    household: int
    at: datetime  # UTC, shifted
    lines: tuple[tuple[int, int, str | None], ...]

    def document(self) -> dict[str, Any]:
        """The basket as JSON values of `POST /v1/quotes`; a product stands once, so it names the line too."""
        return {
            "currency": CURRENCY,
            "lines": [
                {
                    "id": str(product),
                    "sku": str(product),
                    "categories": [] if category is None else [category],
                    "quantity": 1,
                    "unit_price": price,
                }
                for product, price, category in self.lines
            ],
        }

    def asked(self) -> Basket:
        """The basket as the kernel takes it."""
        return Basket.model_validate(self.document())


def in_cents(transactions: pd.DataFrame) -> pd.DataFrame:
    """The transactions with their four amounts in whole cents, which all of them are."""
    cents = (transactions[[*AMOUNTS]] * 100).round().astype("int64")
    return transactions.assign(**{name: cents[name] for name in AMOUNTS})


def bought(frames: Frames) -> pd.DataFrame:
    """The lines that were bought, with their gross price in cents, in order of instant, basket and product."""
    lines = in_cents(frames.transactions[frames.transactions.quantity > 0])
    lines = lines.assign(gross=lines.sales_value + lines.retail_disc + lines.coupon_match_disc)
    return lines.sort_values(["transaction_timestamp", "basket_id", "product_id"], kind="stable")


def visits(frames: Frames, shift_weeks: int) -> Iterator[Visit]:
    """Every basket with a line that was bought, in time order, its instant shifted by whole weeks (155,518 baskets)."""
    lines, shift = bought(frames), timedelta(weeks=shift_weeks)
    categories = _categories(frames)
    baskets = lines.basket_id.to_numpy()
    edges = [0, *(np.flatnonzero(baskets[1:] != baskets[:-1]) + 1).tolist(), len(baskets)] if len(baskets) else []
    numbers, households = baskets.tolist(), lines.household_id.tolist()
    products, prices = lines.product_id.tolist(), lines.gross.tolist()
    instants = lines.transaction_timestamp.to_numpy("datetime64[us]").tolist()
    for start, end in pairwise(edges):
        yield Visit(
            basket=numbers[start],
            household=households[start],
            at=instants[start].replace(tzinfo=UTC) + shift,
            lines=tuple((products[row], prices[row], categories.get(products[row])) for row in range(start, end)),
        )


def _categories(frames: Frames) -> Mapping[int, str]:
    known = frames.products.dropna(subset=["product_category"])
    return dict(zip(known.product_id.tolist(), known.product_category.tolist(), strict=True))


def sample(every: list[Visit], number: int, seed: int) -> list[Visit]:
    """So many of the visits, by a stable hash of basket and seed, in time order."""
    baskets = np.array([visit.basket for visit in every], "uint64")
    with np.errstate(over="ignore"):
        order = mix(mix(baskets) ^ np.uint64(seed))
    chosen = np.sort(np.argsort(order, kind="stable")[:number])
    return [every[place] for place in chosen.tolist()]
