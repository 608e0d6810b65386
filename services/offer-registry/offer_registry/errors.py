"""Refusals of the registry.

NotFound
├── OfferUnknown         no offer has that id or key
├── VersionUnknown       the offer has no such version
├── AttributeUnknown     there is no attribute of that name
└── BudgetUnknown        there is no budget of that name
Invalid
├── TermsInvalid         the terms cannot be saved
└── Incomplete           the terms cannot be submitted yet
Forbidden
└── OwnVersion           four eyes
Conflict
├── KeyTaken             another offer has that key
├── OfferSubmitted       a version was submitted, so the offer stays
├── OfferNamed           another offer names it, so it stays
├── LifecycleConflict    the version's lifecycle does not allow it
├── ActivationConflict   the offer's activation does not allow it
├── JobNotDone           the import still runs
├── AttributeBuiltIn     what is built in is not declared
├── AttributeKindFixed   the kind of an attribute never changes
└── NewerReleased        a newer version was released already
Refused
└── HistoryGone          those revisions are not kept any more
Unavailable
└── Contended            other changes of the catalogue came first, again and again
"""

from typing import ClassVar

from concord.errors import Conflict, Forbidden, Invalid, NotFound, Refused, Unavailable


class OfferUnknown(NotFound):
    """No offer has that id or key."""

    reason = "offer_unknown"


class VersionUnknown(NotFound):
    """The offer has no such version."""

    reason = "version_unknown"
    next = "List the offer's versions."


class AttributeUnknown(NotFound):
    """There is no attribute of that name."""

    reason = "attribute_unknown"
    next = "List the attributes, or declare it."


class BudgetUnknown(NotFound):
    """There is no budget of that name."""

    reason = "budget_unknown"
    next = "List the budgets, or declare it."


class TermsInvalid(Invalid):
    """The terms cannot be saved as they are."""

    reason = "terms_invalid"


class Incomplete(Invalid):
    """The version is not complete; errors names every missing piece."""

    reason = "incomplete"
    next = "Add what errors names, save the draft and submit it again."


class OwnVersion(Forbidden):
    """Whoever wrote a version may not approve it."""

    reason = "own_version"
    next = "Ask another approver."


class KeyTaken(Conflict):
    """Another offer has that key."""

    reason = "key_taken"
    next = "Choose another key, or add a version to the offer that has it."


class OfferSubmitted(Conflict):
    """A version of the offer was submitted once, so it stays; nothing shows it."""

    reason = "offer_submitted"
    next = "Leave it. A version in review can be rejected, one that is released can be withdrawn."


class OfferNamed(Conflict):
    """Another offer names this one as its alternative."""

    reason = "offer_named"
    next = "Let the other offer name another alternative first."


class LifecycleConflict(Conflict):
    """The version is not at a point where this can be done."""

    reason = "lifecycle_conflict"


class ActivationConflict(Conflict):
    """No version of the offer is at a point where this can be done."""

    reason = "activation_conflict"
    next = "Read the offer's activation."


class NewerReleased(Conflict):
    """A newer version of the offer was released already."""

    reason = "newer_version_released"
    next = "Make a new version from this one's terms and release that."


class AttributeBuiltIn(Conflict):
    """The attribute is built in; it cannot be declared or changed."""

    reason = "attribute_built_in"
    next = "Use it as it is, or declare one of another name."


class AttributeKindFixed(Conflict):
    """The kind of an attribute never changes once it is declared."""

    reason = "attribute_kind_fixed"
    next = "Declare an attribute of another name."


class JobNotDone(Conflict):
    """The import is not done yet."""

    reason = "job_not_done"
    next = "Read the job until its state is done, then approve it."


class HistoryGone(Refused):
    """The revisions after this one are not kept any more."""

    status: ClassVar[int] = 410
    reason = "history_gone"
    next = "Read the topic from its beginning; it holds the newest record of every offer."


class Contended(Unavailable):
    """Other changes of the catalogue came first, again and again."""

    reason = "contended"
