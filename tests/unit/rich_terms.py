"""Terms that use every kind of benefit and most options, for tests that try everything."""

from typing import Any, Final

from concord.decision.terms import EXAMPLE
from unit.decision_samples import usd

MUGS: Final = {"categories": ["mugs"]}
_MANY: Final[list[dict[str, Any]]] = [
    {
        "kind": "percent_off",
        "basis_points": 1500,
        "of": "basket",
        "cap": usd(500),
        "products": MUGS,
        "criteria": {"attribute": "line_item.quantity", "op": "gte", "value": 2},
        "pick": "cheapest",
        "units": 2,
        "max_units": 3,
        "max_units_per": "line",
        "spread": "even",
    },
    {
        "kind": "amount_off",
        "amount": [usd(100), {"amount": 90, "currency": "EUR"}],
        "per": "basket",
        "per_multiple_of": usd(1000),
        "max_applications": 2,
    },
    {
        "kind": "buy_x_get_y",
        "buy": {"quantity": 2, "products": {"skus": ["A"]}},
        "get": {"quantity": 1, "products": {"skus": ["B"]}, "basis_points": 5000},
        "repeat": 2,
        "partial": True,
        "select": "dearest",
    },
    {"kind": "free_item", "sku": "MUG", "quantity": 1, "worth": usd(300), "if_present": "add"},
    {
        "kind": "tiers",
        "by": "quantity",
        "mode": "graduated",
        "steps": [{"from": 1, "price": usd(5)}, {"from": 5, "amount": usd(7)}],
    },
]
_OTHERS: Final[list[dict[str, Any]]] = [
    {
        "kind": "bundle_price",
        "items": [{"products": {"skus": ["A"]}}, {"products": {"categories": ["hats"]}, "quantity": 2}],
        "price": usd(900),
        "max_applications": 2,
    },
    {"kind": "delivery", "price": usd(100)},
    {"kind": "grant", "what": "streaming", "quantity": 3, "unit": "month"},
    {
        "kind": "tiers",
        "by": "spend",
        "mode": "graduated",
        "steps": [{"from": usd(100), "basis_points": 500}],
    },
]
ONE: Final[dict[str, Any]] = EXAMPLE | {
    "benefits": _MANY,
    "products": {},
    "codes": ["SUMMER", {"code": "WINTER", "limits": [{"scope": "code", "units": 5}]}],
    "limits": [{"scope": "total", "units": 5, "per": "P1M"}, {"budget": "summer"}],
    "windows": [{"days": ["mon", "wed"], "from": "09:00", "to": "17:00", "zone": "Europe/Berlin"}],
    "max_discount": usd(1000),
    "criteria": {
        "all": [
            {"items": MUGS, "measure": "sum", "op": "gte", "value": usd(100)},
            {"attribute": "customer.segment", "op": "in", "value": ["gold", "loyal"]},
            {"attribute": "line_item.categories", "op": "contains_all", "value": ["mugs"]},
            {
                "any": [
                    {
                        "attribute": "now",
                        "op": "between",
                        "value": ["2026-06-01T00:00:00Z", "2026-06-09T00:00:00Z"],
                    },
                    {"attribute": "line.barred", "op": "exists", "value": False},
                ]
            },
        ]
    },
}
OTHER: Final[dict[str, Any]] = EXAMPLE | {
    "benefits": _OTHERS,
    "products": {"skus": ["A"], "categories": ["hats", "mugs"], "exclude": {"categories": ["sale"]}},
    "regular_price": None,
    "criteria": {
        "all": [
            {"attribute": "basket.running_subtotal", "op": "between", "value": [usd(1), usd(90_000)]},
            {"attribute": "basket.currency", "op": "eq", "value": "USD"},
            {"attribute": "basket.delivery", "op": "lt", "value": usd(600)},
            {"attribute": "line_item.sku", "op": "ne", "value": "Z Z"},
        ]
    },
}
