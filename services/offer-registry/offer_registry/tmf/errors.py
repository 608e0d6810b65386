"""Refusals of the TMF671 facade.

Invalid
└── PromotionInvalid      the promotion cannot become terms
Conflict
└── PromotionChanged      somebody changed it meanwhile
"""

from concord.errors import Conflict, Invalid


class PromotionInvalid(Invalid):
    """The promotion does not say what an offer must, or something an offer cannot."""

    reason = "promotion_invalid"
    next = "Mend what is named; or send the whole offer as `terms`."


class PromotionChanged(Conflict):
    """Somebody changed the promotion since it was read."""

    reason = "promotion_changed"
    next = "Read the promotion again and repeat the edit on what it says now; leave out `lastUpdate`."
