"""The run side of an offer: where each released version stands, and how it may move (protocol §2).

    absent → PREPARING → HONOURABLE → LIVE ⇄ SUSPENDED → CLOSING → CLOSED
                  votes      barrier   at once   stay W2     after the last deadline

SUSPENDED has two places: one that `resume` ends, and LEAVING, which nothing but time ends. The table below is all there
is; what a step waits for is asked of guards, which the caller brings. Every change yields one record of the offer with
all its versions, so that one version takes another's place in a single revision.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from concord.contracts.records import ActivationState, AttributeRecord, OfferRecord, VersionRecord
from concord.decision.hours import Intervals
from concord.decision.terms import Terms
from offer_registry.errors import ActivationConflict, NewerReleased


class Event(StrEnum):
    """What moves a version."""

    RELEASE = "release"  # somebody released it
    VOTED = "voted"  # every channel can honour it (R5)
    ACKNOWLEDGED = "acknowledged"  # every channel does, or W1 passed (R2)
    SUSPEND = "suspend"  # somebody stopped showing it, for now
    RESUME = "resume"
    LEAVE = "leave"  # withdrawn, or a newer version went LIVE
    STAYED = "stayed"  # in SUSPENDED for W2 since that was seen committed (R3)
    OUTLIVED = "outlived"  # W2 after the last deadline of a promise


class Place(NamedTuple):
    """A state, and whether the version is on its way out."""

    state: ActivationState
    leaving: bool = False


PREPARING = Place(ActivationState.PREPARING)
HONOURABLE = Place(ActivationState.HONOURABLE)
LIVE = Place(ActivationState.LIVE)
SUSPENDED = Place(ActivationState.SUSPENDED)
LEAVING = Place(ActivationState.SUSPENDED, leaving=True)
CLOSING = Place(ActivationState.CLOSING, leaving=True)
CLOSED = Place(ActivationState.CLOSED, leaving=True)
PLACES = (None, PREPARING, HONOURABLE, LIVE, SUSPENDED, LEAVING, CLOSING, CLOSED)

# A promise may pin a HONOURABLE version, so it goes by way of CLOSING, where its terms stay on the log; nobody can hold
# one on a PREPARING version.
TABLE: Mapping[tuple[Place | None, Event], Place] = {
    (None, Event.RELEASE): PREPARING,
    (PREPARING, Event.VOTED): HONOURABLE,
    (PREPARING, Event.LEAVE): CLOSED,
    (HONOURABLE, Event.ACKNOWLEDGED): LIVE,
    (HONOURABLE, Event.LEAVE): CLOSING,
    (LIVE, Event.SUSPEND): SUSPENDED,
    (LIVE, Event.LEAVE): LEAVING,
    (SUSPENDED, Event.RESUME): LIVE,
    (SUSPENDED, Event.LEAVE): LEAVING,
    (LEAVING, Event.STAYED): CLOSING,
    (CLOSING, Event.OUTLIVED): CLOSED,
}

# What happens to a version without anybody asking, once its guard says so.
AUTOMATIC: Mapping[Place, Event] = {
    PREPARING: Event.VOTED,
    HONOURABLE: Event.ACKNOWLEDGED,
    LEAVING: Event.STAYED,
    CLOSING: Event.OUTLIVED,
}


@dataclass(frozen=True, slots=True)
class Activation:
    """Where one released version stands; `state_revision` is the revision that brought it into its state.

    `hours` and `attributes` are those of its version, as its record carries them.
    """

    offer: str
    version: int
    content_hash: str
    place: Place
    state_revision: int
    effective_at: datetime | None = None
    honour_until: datetime | None = None
    evaluator_min: int = 1
    traceparent: str | None = None  # of the request that released it or last acted on it
    hours: Intervals | None = None
    attributes: Mapping[str, AttributeRecord] | None = None

    @property
    def state(self) -> ActivationState:
        return self.place.state

    @property
    def leaving(self) -> bool:
        return self.place.leaving

    def allows(self, event: Event) -> bool:
        return (self.place, event) in TABLE

    def after(self, event: Event, revision: int) -> "Activation":
        """This version once the event took place at the revision.

        Raises:
            ActivationConflict: the table has no such step.
        """
        target = TABLE.get((self.place, event))
        if target is None:
            raise ActivationConflict(f"Version {self.version} is {self.state}; {event} does not apply to it.")
        entered = self.state_revision if target.state is self.state else revision
        return replace(self, place=target, state_revision=entered)


Guard = Callable[[Activation], bool]
Guards = Mapping[Event, Guard]
"""For each automatic event, whether it may take place for a version now."""


def due(activation: Activation, guards: Guards) -> Event | None:
    """The automatic event that may take place for this version now."""
    event = AUTOMATIC.get(activation.place)
    return event if event is not None and guards[event](activation) else None


@dataclass(frozen=True, slots=True)
class ActiveOffer:
    """An offer with every version that is not CLOSED, oldest first, and their terms: what its record says."""

    id: str
    key: str
    activations: tuple[Activation, ...]
    terms: Mapping[int, Terms]

    def release(self, released: Activation, terms: Terms) -> "ActiveOffer":
        """With one more version, PREPARING.

        Raises:
            NewerReleased: this version or a newer one is there already.
        """
        if any(activation.version >= released.version for activation in self.activations):
            raise NewerReleased
        return replace(self, activations=(*self.activations, released), terms={**self.terms, released.version: terms})

    def suspend(self, revision: int) -> "ActiveOffer":
        return self._each(Event.SUSPEND, revision, already=(SUSPENDED,))

    def resume(self, revision: int) -> "ActiveOffer":
        return self._each(Event.RESUME, revision, already=(LIVE,))

    def withdraw(self, revision: int) -> "ActiveOffer":
        return self._each(Event.LEAVE, revision, already=(LEAVING, CLOSING))

    def advance(self, guards: Guards, revision: int) -> "ActiveOffer":
        """After one automatic step of its oldest version that has one due; the same offer when none has."""
        for activation in self.activations:
            event = due(activation, guards)
            if event is Event.ACKNOWLEDGED:
                return self._replace_older(activation, revision)
            if event is not None:
                return self._with({activation.version: activation.after(event, revision)})
        return self

    def _replace_older(self, newest: Activation, revision: int) -> "ActiveOffer":
        """The version goes LIVE and every older one leaves, in one revision (protocol §2)."""
        older = (activation for activation in self.activations if activation.version < newest.version)
        moved = {
            activation.version: activation.after(Event.LEAVE, revision)
            for activation in older
            if activation.allows(Event.LEAVE)
        }
        return self._with(moved | {newest.version: newest.after(Event.ACKNOWLEDGED, revision)})

    def _each(self, event: Event, revision: int, *, already: tuple[Place, ...]) -> "ActiveOffer":
        """After the event happened to every version that allows it; unchanged when it happened before."""
        moved = {
            activation.version: activation.after(event, revision)
            for activation in self.activations
            if activation.allows(event)
        }
        if not moved and not any(activation.place in already for activation in self.activations):
            raise ActivationConflict(f"No version of {self.key} is at a point where {event} applies.")
        return self._with(moved)

    def _with(self, moved: Mapping[int, Activation]) -> "ActiveOffer":
        changed = tuple(moved.get(activation.version, activation) for activation in self.activations)
        return replace(self, activations=changed)

    def record(self) -> OfferRecord:
        """What the log says of it: CLOSED versions are left out (architecture §3)."""
        open_versions = (activation for activation in self.activations if activation.place != CLOSED)
        return OfferRecord(id=self.id, key=self.key, versions=[self._version(each) for each in open_versions])

    def _version(self, activation: Activation) -> VersionRecord:
        return VersionRecord(
            version=activation.version,
            content_hash=activation.content_hash,
            state=activation.state,
            state_revision=activation.state_revision,
            leaving=activation.leaving,
            effective_at=activation.effective_at,
            honour_until=activation.honour_until,
            evaluator_min=activation.evaluator_min,
            hours=None if activation.hours is None else list(activation.hours),
            attributes=None if activation.attributes is None else dict(activation.attributes),
            terms=self.terms[activation.version],
        )


def changed(before: ActiveOffer, after: ActiveOffer) -> Iterable[Activation]:
    """The versions that moved between two values of one offer."""
    known = {activation.version: activation for activation in before.activations}
    return (activation for activation in after.activations if known.get(activation.version) != activation)
