"""Errors of the profile.

NotFound
├── HouseholdUnknown    no household has that id
├── CustomerUnknown     nobody has that number, address, code, name
├── PromiseUnknown      no promise has that id
└── OfferUnknown        no offer has that key or id
Invalid
├── HouseholdInvalid    the document contradicts itself
├── PartyUnknown        the household has no such member
├── LineUnknown         the household has no such line
├── DeadlineMissing     nothing says until when the promise holds
└── DeadlineUnfit       the deadline asked for is past, or later than the offer's
Conflict
├── NotPromisable       the offer may not be promised: state, end, channel or criteria
├── PromiseClosed       the promise was honoured or cancelled
└── PartyPromised       a member with promises cannot be taken out
"""

from concord.errors import Conflict, Invalid, NotFound


class HouseholdUnknown(NotFound):
    """No household has that id."""

    reason = "household_unknown"


class CustomerUnknown(NotFound):
    """No customer is known by that."""

    reason = "customer_unknown"
    next = "Ask for another number, the code, or the name and postcode."


class PromiseUnknown(NotFound):
    """No promise has that id."""

    reason = "promise_unknown"


class OfferUnknown(NotFound):
    """No offer has that key or id, or none of its versions was released."""

    reason = "offer_unknown"


class HouseholdInvalid(Invalid):
    """The household contradicts itself."""

    reason = "household_invalid"


class PartyUnknown(Invalid):
    """The household has no such member."""

    reason = "party_unknown"


class LineUnknown(Invalid):
    """The household has no such line."""

    reason = "line_unknown"


class DeadlineMissing(Invalid):
    """Nothing says until when the promise holds: the offer has no end and no honour_for."""

    reason = "deadline_missing"
    next = "Send honour_until."


class DeadlineUnfit(Invalid):
    """The deadline asked for is past, or later than the offer allows."""

    reason = "deadline_unfit"
    next = "Send an earlier honour_until that is still ahead, or leave it out."


class NotPromisable(Conflict):
    """This offer may not be promised here and now."""

    reason = "not_promisable"
    next = "Read the offer; promise only what is released, not over, and in a channel it names."


class PromiseClosed(Conflict):
    """The promise is closed already."""

    reason = "promise_closed"


class PartyPromised(Conflict):
    """A member to whom something was promised cannot be taken out of the household."""

    reason = "party_promised"
