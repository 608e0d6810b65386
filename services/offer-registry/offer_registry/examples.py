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
