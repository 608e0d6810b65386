"""The story's offer as a promotion, for the OpenAPI document."""

from datetime import UTC, datetime
from typing import Any, Final

from concord.decision.terms import EXAMPLE, Terms
from offer_registry.activation import LIVE
from offer_registry.domain import Lifecycle, Offer, OfferVersion
from offer_registry.examples import HASH, KEY, OFFER_ID
from offer_registry.tmf.promotion import Document, Shown, document

AT: Final = datetime(2026, 6, 1, 8, tzinfo=UTC)
PATCH: Final[dict[str, Any]] = {"validFor": {"endDateTime": "2026-06-22T00:00:00Z"}}


def example() -> Document:
    """The story's offer, LIVE."""
    version = OfferVersion(
        OFFER_ID, 1, Terms.model_validate(EXAMPLE), HASH, Lifecycle.RELEASED, ("marta",), 4, AT, AT, approver="nora"
    )
    return document(Shown(Offer(OFFER_ID, KEY, 1, "marta", AT), version, LIVE, (1, LIVE), 1042, AT), "en")
