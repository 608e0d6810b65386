"""The author side of an offer: versions, who wrote them, who let them through.

    draft → in_review → approved → released → retired
                      ↘ rejected

A version's terms may change while it is a draft; from `submit` on they are what their content hash says. Whoever wrote
any of it never approves it. A rejected version stays as it is; its terms can be copied into a new draft.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from concord.contracts.records import AttributeRecord
from concord.decision import completeness
from concord.decision.attributes import BUILT_IN
from concord.decision.hours import Intervals
from concord.decision.terms import Terms
from concord.errors import FieldError
from offer_registry import hours, vocabulary
from offer_registry.errors import Incomplete, LifecycleConflict, OwnVersion, TermsInvalid
from offer_registry.vocabulary import AttributeRegistry


class Lifecycle(StrEnum):
    """Author-side state of a version."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    RELEASED = "released"
    RETIRED = "retired"


class Verb(StrEnum):
    """What is done to a version on the author's side."""

    EDIT = "edit"
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    RELEASE = "release"
    RETIRE = "retire"  # done by its activation, once CLOSED


LIFECYCLE: Mapping[tuple[Lifecycle, Verb], Lifecycle] = {
    (Lifecycle.DRAFT, Verb.EDIT): Lifecycle.DRAFT,
    (Lifecycle.DRAFT, Verb.SUBMIT): Lifecycle.IN_REVIEW,
    (Lifecycle.IN_REVIEW, Verb.APPROVE): Lifecycle.APPROVED,
    (Lifecycle.IN_REVIEW, Verb.REJECT): Lifecycle.REJECTED,
    (Lifecycle.APPROVED, Verb.RELEASE): Lifecycle.RELEASED,
    (Lifecycle.RELEASED, Verb.RETIRE): Lifecycle.RETIRED,
}


LAST_INSTANT = datetime.max.replace(microsecond=0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OfferVersion:
    """One statement of terms; `row_version` counts its changes and is its ETag.

    From submit on it has the weekly hours as UTC intervals and the declared attributes its criteria name, as they were
    then: what channels are told stays the same, whatever is declared later.
    """

    offer: str
    number: int
    terms: Terms
    content_hash: str
    lifecycle: Lifecycle
    authors: tuple[str, ...]  # `sub` of everybody who wrote or submitted it, the first one first
    row_version: int
    created_at: datetime
    changed_at: datetime
    approver: str | None = None
    rejection: str | None = None
    required_locales: tuple[str, ...] = ()  # as they were at submit
    hours: Intervals | None = None
    attributes: Mapping[str, AttributeRecord] | None = None

    def edit(self, terms: Terms, by: str, at: datetime, registry: AttributeRegistry = BUILT_IN) -> "OfferVersion":
        """With other terms.

        Raises:
            LifecycleConflict: it is no draft any more.
            TermsInvalid: the terms cannot be saved.
        """
        moved = self._moved(Verb.EDIT, at)
        said = savable(terms, registry)
        return replace(moved, terms=said, content_hash=said.content_hash(), authors=self._with(by))

    def submit(
        self,
        by: str,
        at: datetime,
        locales: Sequence[str],
        broken: Sequence[FieldError],
        registry: AttributeRegistry = BUILT_IN,
    ) -> "OfferVersion":
        """Sent to review; `broken` are references to other offers and to budgets that do not hold.

        Raises:
            LifecycleConflict: it is no draft.
            Incomplete: a piece is missing; all are named.
        """
        moved = self._moved(Verb.SUBMIT, at)
        opened = self._hours()
        missing = [
            *completeness.missing(self.terms, locales),
            *hours.never_open(self.terms),
            *hours.over(self.terms, opened or (), at),
            *broken,
        ]
        if missing:
            raise Incomplete(errors=missing)
        return replace(
            moved,
            authors=self._with(by),
            required_locales=tuple(locales),
            hours=opened,
            attributes=vocabulary.carried(self.terms, registry),
        )

    def approve(self, by: str, at: datetime) -> "OfferVersion":
        """Let through by somebody who wrote none of it.

        Raises:
            LifecycleConflict: it is not in review.
            OwnVersion: `by` is one of its authors.
        """
        moved = self._moved(Verb.APPROVE, at)
        if by in self.authors:
            raise OwnVersion
        return replace(moved, approver=by)

    def reject(self, at: datetime, reason: str) -> "OfferVersion":
        return replace(self._moved(Verb.REJECT, at), rejection=reason)

    def require(self, verb: Verb) -> None:
        """Refuse unless the lifecycle allows the verb.

        Raises:
            LifecycleConflict: it does not.
        """
        if (self.lifecycle, verb) not in LIFECYCLE:
            raise LifecycleConflict(
                f"Version {self.number} is {self.lifecycle}; {verb} needs it {_sources(verb)}.",
                next=f"Read the version; its lifecycle is {self.lifecycle}.",
            )

    def _moved(self, verb: Verb, at: datetime) -> "OfferVersion":
        self.require(verb)
        target = LIFECYCLE[self.lifecycle, verb]
        return replace(self, lifecycle=target, row_version=self.row_version + 1, changed_at=at)

    def _hours(self) -> Intervals | None:
        """The weekly hours as UTC intervals; None when it has none and is open always."""
        validity = self.terms.validity
        return hours.expand(self.terms.windows, validity.start, validity.end) if self.terms.windows else None

    def _with(self, by: str) -> tuple[str, ...]:
        return self.authors if by in self.authors else (*self.authors, by)

    @property
    def honour_until(self) -> datetime | None:
        """The last deadline that a promise of this version can have: end + `honour_for` (terms §6)."""
        end = self.terms.validity.end
        if end is None:
            return None
        try:
            return end + (self.terms.honour_for or timedelta())
        except OverflowError:
            return LAST_INSTANT


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer's names; what it says stands in its versions."""

    id: str
    key: str
    newest: int  # number of the newest version
    created_by: str
    created_at: datetime


def draft(
    offer: str, number: int, terms: Terms, by: str, at: datetime, registry: AttributeRegistry = BUILT_IN
) -> OfferVersion:
    """A new version.

    Raises:
        TermsInvalid: the terms cannot be saved.
    """
    return OfferVersion(
        offer=offer,
        number=number,
        terms=savable(terms, registry),
        content_hash=terms.content_hash(),
        lifecycle=Lifecycle.DRAFT,
        authors=(by,),
        row_version=1,
        created_at=at,
        changed_at=at,
    )


def savable(terms: Terms, registry: AttributeRegistry = BUILT_IN) -> Terms:
    """The terms, if every criterion compares an attribute with a value of its type and every zone is one.

    Raises:
        TermsInvalid: one is not; all are named.
    """
    errors = vocabulary.unsavable(terms, registry, "/terms")
    if errors:
        raise TermsInvalid(errors=errors)
    return terms


def _sources(verb: Verb) -> str:
    return " or ".join(source for source, named in LIFECYCLE if named is verb)
