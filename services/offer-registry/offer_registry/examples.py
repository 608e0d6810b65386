"""Answers as the OpenAPI document shows them: the story's offer."""

from typing import Any, Final

from concord.decision.terms import EXAMPLE

OFFER_ID: Final = "ofr_01jzq7m2r8e4tavk3c5d6f7g8h"
KEY: Final = "free-handset-upgrade"
HASH: Final = "7f3a9c21" + "0" * 56
AT: Final = "2026-06-01T08:00:00Z"
END: Final = "2026-06-15T00:00:00Z"

VERSION: Final[dict[str, Any]] = {
    "offer": OFFER_ID,
    "key": KEY,
    "version": 1,
    "lifecycle": "released",
    "terms": EXAMPLE,
    "content_hash": HASH,
    "author": "marta",
    "authors": ["marta"],
    "approver": "nora",
    "rejection": None,
    "required_locales": ["en"],
    "honour_until": END,
    "created_at": AT,
    "changed_at": AT,
}
SUMMARY: Final[dict[str, Any]] = {
    "id": OFFER_ID,
    "key": KEY,
    "title": {"en": "Free handset upgrade"},
    "version": 1,
    "lifecycle": "released",
    "content_hash": HASH,
    "activation": {"version": 1, "state": "LIVE", "leaving": False},
    "revision": 1042,
    "created_by": "marta",
    "created_at": AT,
}
OFFER: Final = SUMMARY | {"current": VERSION}
STEPS: Final = (("PREPARING", 1040, "nora"), ("HONOURABLE", 1041, None), ("LIVE", 1042, None))
ACTIVATION: Final[dict[str, Any]] = {
    "offer": OFFER_ID,
    "key": KEY,
    "state": "LIVE",
    "version": 1,
    "versions": [
        {
            "version": 1,
            "state": "LIVE",
            "leaving": False,
            "revision": 1042,
            "effective_at": None,
            "honour_until": END,
            "history": [
                {
                    "version": 1,
                    "state": state,
                    "leaving": False,
                    "revision": revision,
                    "at": "2026-06-01T08:00:00.012Z",
                    "by": by,
                    "reason": None,
                }
                for state, revision, by in STEPS
            ],
        }
    ],
}
OLD_HASH: Final = "0b5d11aa" + "0" * 56
CHANGE: Final[dict[str, Any]] = {
    "op": "changed",
    "pointer": "/products/skus",
    "before": ["HANDSET-W"],
    "after": ["HANDSET-X"],
}
DIFFERENCE: Final[dict[str, Any]] = {"offer": OFFER_ID, "key": KEY, "from": 1, "to": 2, "changes": [CHANGE]}
HISTORY: Final[dict[str, Any]] = {
    "version": 1,
    "verb": "edit",
    "by": "marta",
    "at": "2026-06-01T08:00:00.012Z",
    "reason": None,
    "before": OLD_HASH,
    "after": HASH,
    "changes": [CHANGE],
    "job": None,
    "state": None,
    "revision": None,
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}
CATALOGUE: Final[dict[str, Any]] = {
    "log": 1,
    "epoch": 1,
    "revision": 1042,
    "closed_at": AT,
    "count": 12,
    "digest": HASH,
}
TOPIC: Final = {"topic": "concord.offers.v1", "partition": 0} | CATALOGUE
CHANGES: Final[dict[str, Any]] = {
    "log": 1,
    "epoch": 1,
    "revision": 1042,
    "items": [{"revision": 1042, "key": OFFER_ID, "value": {"id": OFFER_ID, "key": KEY, "versions": []}}],
    "next": None,
}
REVIEW: Final[dict[str, Any]] = {
    "offer": OFFER_ID,
    "key": KEY,
    "version": 2,
    "lifecycle": "in_review",
    "content_hash": HASH,
    "at": AT,
    "missing": [],
    "honour": {
        channel: {"cell": EXAMPLE["honour"][channel], "cards": {"en": channel in EXAMPLE["cards"]}}
        for channel in ("web", "store_pos", "call_center", "sms")
    },
    "conflicts": [
        {
            "offer": "handset-trade-in",
            "version": 4,
            "rules": ["same_group"],
            "skus": ["HANDSET-X"],
            "sku_count": 1,
            "categories": [],
            "category_count": 0,
            "everything": False,
            "start": AT,
            "end": END,
            "sentence": "handset-trade-in, version 4, is in the group handset too, so a basket gets the one that is "
            "worth most, from 1 June 2026 at 08:00 UTC to the end of 14 June 2026.",
        }
    ],
    "more_conflicts": False,
    "search": {"against": 1, "pairs": 1, "most": 6000},
    "counter_example": {
        "sentence": "Somebody with line.barred false and line.tenure_months 12 who buys 1 × HANDSET-X at 130.00 USD "
        "pays 0.00 USD with version 1 and 130.00 USD with version 2. This offer needs the months the line has been "
        "with us to be at least 24.",
        "example": {
            "at": AT,
            "facts": {"line.barred": False, "line.tenure_months": 12},
            "basket": {
                "currency": "USD",
                "lines": [{"id": "1", "sku": "HANDSET-X", "quantity": 1, "unit_price": 13000}],
            },
            "codes": [],
        },
        "live": {"version": 1, "discount": 13000, "to_pay": 0, "fee": 0, "added": []},
        "new": {"version": 2, "discount": 0, "to_pay": 13000, "fee": 0, "added": []},
        "channel": None,
    },
    "between_channels": None,
}
APPROVAL: Final[dict[str, Any]] = {
    "job": "job_01jzq7m2r8e4tavk3c5d6f7g8h",
    "state": "done",
    "by": "nora",
    "at": AT,
    "approved": 1197,
    "release": True,
    "released": 1197,
    "activated": 1197,
}
DECLARED: Final[dict[str, Any]] = {
    "kind": "int",
    "noun": "the number of orders in a year",
    "question": "how often the customer orders",
}
ATTRIBUTE: Final[dict[str, Any]] = (
    {"name": "customer.orders_a_year"}
    | DECLARED
    | {
        "adjective": None,
        "built_in": False,
        "declared_by": "marta",
        "declared_at": AT,
        "changed_by": "marta",
        "changed_at": AT,
    }
)
DECLARED_BUDGET: Final[dict[str, Any]] = {
    "cap": {"money": {"amount": 65_000_000, "currency": "USD"}},
    "per": {"period": "P1M", "zone": "America/New_York"},
}
BUDGET: Final[dict[str, Any]] = (
    {"name": "summer-2026"}
    | DECLARED_BUDGET
    | {"declared_by": "marta", "declared_at": AT, "changed_by": "marta", "changed_at": AT}
)
