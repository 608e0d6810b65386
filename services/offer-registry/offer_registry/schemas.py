"""What the registry's routes take and answer (api §2)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from concord.clock import milliseconds, rfc3339
from concord.contracts.records import ActivationState
from concord.decision.scalars import PROSE_PATTERN, Instant, OfferKey
from concord.decision.terms import Terms
from concord.eventlog.outbox import LogPosition
from offer_registry import examples
from offer_registry.activation import CLOSED
from offer_registry.approvals import Approval
from offer_registry.domain import Lifecycle, Offer, OfferVersion
from offer_registry.store import Lived, Step, Summary

Reason = Annotated[
    str, Field(min_length=1, max_length=500, pattern=PROSE_PATTERN, examples=["Priced below cost by mistake."])
]
When = Annotated[datetime, PlainSerializer(rfc3339, when_used="json")]
Milliseconds = Annotated[
    datetime,
    PlainSerializer(
        lambda at: milliseconds(at).isoformat(timespec="milliseconds").replace("+00:00", "Z"), when_used="json"
    ),
]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewOffer(_Body):
    """An offer to be created."""

    key: Annotated[OfferKey, Field(description="A slug of its own, which never changes.")]
    terms: Terms


class NewVersion(_Body):
    """A version to be added; without terms it copies the newest."""

    terms: Terms | None = None


class EditedVersion(_Body):
    """A draft's new terms."""

    terms: Terms


class Rejection(_Body):
    """Why a version goes back."""

    reason: Reason


class Release(_Body):
    """From when on channels may show it; they honour it before."""

    effective_at: Instant | None = None


class Withdrawal(_Body):
    """Why an offer is withdrawn."""

    reason: Reason


class Pause(_Body):
    """Why an offer is suspended or resumed."""

    reason: Reason | None = None


class JobApproval(_Body):
    """Whether the offers of the job are released as well."""

    release: bool = False


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


def _with(example: Any) -> ConfigDict:
    return ConfigDict(frozen=True, json_schema_extra={"examples": [example]})


class VersionDocument(_Answer):
    """A version. `honour_until` is the last deadline a promise of it can have; null when it has no end."""

    model_config = _with(examples.VERSION)

    offer: str
    key: str
    version: int
    lifecycle: Lifecycle
    terms: Terms
    content_hash: str
    author: str
    authors: list[str]
    approver: str | None
    rejection: str | None
    required_locales: list[str]
    honour_until: When | None
    created_at: When
    changed_at: When

    @classmethod
    def of(cls, offer: Offer, version: OfferVersion) -> Self:
        return cls(
            offer=offer.id,
            key=offer.key,
            version=version.number,
            lifecycle=version.lifecycle,
            terms=version.terms,
            content_hash=version.content_hash,
            author=version.authors[0],
            authors=list(version.authors),
            approver=version.approver,
            rejection=version.rejection,
            required_locales=list(version.required_locales),
            honour_until=version.honour_until,
            created_at=version.created_at,
            changed_at=version.changed_at,
        )


class Standing(_Answer):
    """Where the newest version that is not CLOSED stands."""

    version: int
    state: ActivationState
    leaving: bool


class OfferSummary(_Answer):
    """An offer in a list.

    `version`, `lifecycle` and `content_hash` are the newest version's, `revision` is that of its last record.
    """

    model_config = _with(examples.SUMMARY)

    id: str
    key: str
    title: dict[str, str]
    version: int
    lifecycle: Lifecycle
    content_hash: str
    activation: Standing | None
    revision: int | None
    created_by: str
    created_at: When

    @classmethod
    def of(cls, summary: Summary) -> Self:
        return cls(**_summary(summary))


class OfferDocument(OfferSummary):
    """An offer, with its newest version."""

    model_config = _with(examples.OFFER)

    current: VersionDocument

    @classmethod
    def whole(cls, summary: Summary, version: OfferVersion) -> Self:
        return cls(**_summary(summary), current=VersionDocument.of(summary.offer, version))

    @classmethod
    def fresh(cls, offer: Offer, version: OfferVersion) -> Self:
        """An offer just created."""
        title = dict(version.terms.title)
        return cls.whole(
            Summary(offer, version.lifecycle, version.content_hash, title, None, None, leaving=False, revision=None),
            version,
        )


def _summary(summary: Summary) -> dict[str, Any]:
    standing = None
    if summary.active_version is not None and summary.state is not None:
        standing = Standing(
            version=summary.active_version, state=ActivationState(summary.state), leaving=summary.leaving
        )
    return {
        "id": summary.offer.id,
        "key": summary.offer.key,
        "title": dict(summary.title),
        "version": summary.offer.newest,
        "lifecycle": summary.lifecycle,
        "content_hash": summary.content_hash,
        "activation": standing,
        "revision": summary.revision,
        "created_by": summary.offer.created_by,
        "created_at": summary.offer.created_at,
    }


class StepDocument(_Answer):
    """A step of a version, and who asked for it, if somebody did."""

    version: int
    state: ActivationState
    leaving: bool
    revision: int
    at: Milliseconds
    by: str | None
    reason: str | None

    @classmethod
    def of(cls, version: int, step: Step) -> Self:
        return cls(
            version=version,
            state=ActivationState(step.state),
            leaving=step.leaving,
            revision=step.revision,
            at=step.at,
            by=step.by,
            reason=step.reason,
        )


class VersionActivation(_Answer):
    """Where one released version stands; `revision` brought it there."""

    version: int
    state: ActivationState
    leaving: bool
    revision: int
    effective_at: When | None
    honour_until: When | None
    history: list[StepDocument]

    @classmethod
    def of(cls, lived: Lived) -> Self:
        stands = lived.activation
        return cls(
            version=stands.version,
            state=stands.state,
            leaving=stands.leaving,
            revision=stands.state_revision,
            effective_at=stands.effective_at,
            honour_until=stands.honour_until,
            history=[StepDocument.of(stands.version, step) for step in lived.history],
        )


class ActivationDocument(_Answer):
    """Where each released version stands; `state` and `version` are those of the newest that is not CLOSED."""

    model_config = _with(examples.ACTIVATION)

    offer: str
    key: str
    state: ActivationState | None
    version: int | None
    versions: list[VersionActivation]

    @classmethod
    def of(cls, offer: Offer, versions: Sequence[Lived]) -> Self:
        open_versions = [lived.activation for lived in versions if lived.activation.place != CLOSED]
        newest = open_versions[-1] if open_versions else None
        return cls(
            offer=offer.id,
            key=offer.key,
            state=newest.state if newest else None,
            version=newest.version if newest else None,
            versions=[VersionActivation.of(lived) for lived in versions],
        )


class CatalogueDocument(_Answer):
    """Where the catalogue is: `count` offers, whose records have this digest."""

    model_config = _with(examples.CATALOGUE)

    log: int
    epoch: int
    revision: int
    closed_at: When
    count: int
    digest: str


class TopicPosition(CatalogueDocument):
    """Where a partition of the log is, as its authority has it."""

    model_config = _with(examples.TOPIC)

    topic: str
    partition: int

    @classmethod
    def at(cls, position: LogPosition) -> Self:
        return cls.model_validate(position, from_attributes=True)


class LogDocument(_Answer):
    """Where each partition is."""

    topics: list[TopicPosition]


class ChangeDocument(_Answer):
    """A record of the offers log: `value` as published."""

    revision: int
    key: str
    value: dict[str, Any]


class ChangesDocument(_Answer):
    """Records after a revision, oldest first; `next` goes into `after`, null when there are no more now."""

    model_config = _with(examples.CHANGES)

    log: int
    epoch: int
    revision: int
    items: list[ChangeDocument]
    next: str | None


class ApprovalDocument(_Answer):
    """Who approved an import, and how far its offers are: `activated` of the `released` went beyond HONOURABLE."""

    model_config = _with(examples.APPROVAL)

    job: str
    state: Annotated[str, Field(pattern="^(releasing|done)$")]
    by: str
    at: When
    approved: int
    release: bool
    released: int
    activated: int

    @classmethod
    def of(cls, job: str, approval: Approval) -> Self:
        return cls(
            job=job,
            state="done" if approval.done else "releasing",
            by=approval.by,
            at=approval.at,
            approved=approval.approved,
            release=approval.release,
            released=approval.released,
            activated=approval.activated,
        )
