"""Errors of the channel adapters.

Bug
├── ViewStopped          a record of the log cannot be applied; the view stays where it is
└── ViewFileForeign      the file is no view of this layout
Unavailable
├── LogMoved             the topic has a new generation; the view must be built anew
├── ReadThroughFailed    the authority did not answer in time
└── SnapshotMoved        the view changed faster than the answer could be written
Invalid
└── AtOutOfReach         another instant than now needs a role that may ask for one
Forbidden
└── NotYourself          a customer may ask for herself only
NotFound
└── CustomerUnknown      nobody known here matches
"""

from concord.errors import Bug, Forbidden, Invalid, NotFound, Unavailable


class ViewStopped(Bug):
    """A record of the log cannot be applied, so the view stays where it is."""

    reason = "view_stopped"


class ViewFileForeign(Bug):
    """The file is no view of this layout."""

    reason = "view_file_foreign"


class LogMoved(Unavailable):
    """The topic has a new generation, so the view must be built anew."""

    reason = "log_moved"


class ViewNotBuilt(Unavailable):
    """This channel is still reading the log for the first time."""

    reason = "view_not_built"


class SnapshotMoved(Unavailable):
    """The view changed faster than the answer could be written."""

    reason = "snapshot_moved"


class AtOutOfReach(Invalid):
    """Asking for another instant than now needs the role operator, auditor or service."""

    reason = "at_out_of_reach"
    next = "Leave `at` out, or send an instant within 2 seconds of now."


class NotYourself(Forbidden):
    """A customer may ask for herself only, by the code of her promise."""

    reason = "not_yourself"
    next = "Leave the customer out, or name the promise's code."


class CustomerUnknown(NotFound):
    """Nobody known here matches."""

    reason = "customer_unknown"
    next = "Ask for the number, the e-mail address or the promise's code again."
