"""Promises: what may be promised, until when, to whom, and what goes on the log (terms §6, protocol §3)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson

from concord import codes
from concord.contracts.records import ActivationState, PromiseState
from concord.decision import reasons
from concord.decision.attributes import BUILT_IN, Attribute, check_facts
from concord.decision.criteria import Criterion
from concord.decision.facts import gather
from concord.decision.kleene import Facts, Test, Truth, blamed, explain
from concord.errors import FieldError, Invalid
from concord.ids import Ids, Randomness
from customer_profile import domain
from customer_profile.documents import Evidence, NewPromise, PromiseDocument
from customer_profile.domain import Household
from customer_profile.errors import (
    DeadlineMissing,
    DeadlineUnfit,
    LineUnknown,
    NotPromisable,
    OfferUnknown,
    PartyUnknown,
)

PROMISABLE = frozenset({ActivationState.HONOURABLE, ActivationState.LIVE})


@dataclass(frozen=True, slots=True)
class Promisable:
    """What a promise needs to know of an offer version; `gate` is its criteria compiled, None for everybody."""

    version: int
    content_hash: str
    state: ActivationState
    end: datetime | None
    honour_for: timedelta | None
    promised_in: frozenset[str]
    criteria: Criterion | None = None
    gate: Test | None = None


@dataclass(frozen=True, slots=True)
class OfferCopy:
    """An offer as the catalogue had it at `revision`: its versions that are not CLOSED, by number."""

    id: str
    key: str
    revision: int
    versions: Mapping[int, Promisable] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise as the profile keeps it; `version` is the household's counter when it last changed, 0 while unknown."""

    id: str
    code: str
    household: str
    party: str
    offer: str
    offer_key: str
    offer_version: int
    content_hash: str
    channel: str
    made_at: datetime
    honour_until: datetime
    evidence: Evidence
    made_by: str
    state: PromiseState = PromiseState.OPEN
    cancelled: str | None = None
    version: int = 0

    @property
    def log_key(self) -> str:
        return f"{self.household}/{self.id}"


@dataclass(frozen=True, slots=True)
class Maker:
    """Who makes promises, when, where ids and codes come from, and which attributes facts may have."""

    caller: str
    now: datetime
    ids: Ids
    randomness: Randomness
    registry: Mapping[str, Attribute] = field(default_factory=lambda: BUILT_IN)

    def make(self, asked: NewPromise, household: Household, offer: OfferCopy | None) -> Promise:
        """The promise that was asked for.

        Raises:
            OfferUnknown, NotPromisable: because of the catalogue; ask the registry before saying so (protocol §3).
            Invalid: because of what was asked (PartyUnknown, LineUnknown, DeadlineMissing, DeadlineUnfit).
        """
        if asked.facts and (wrong := check_facts(asked.facts, registry=self.registry)):
            raise Invalid(errors=wrong)
        party = household.member(asked.party)
        if party is None:
            raise PartyUnknown(errors=[FieldError("/party", "the household has no member of this id or ref")])
        if offer is None:
            raise OfferUnknown
        version = promisable(offer, asked.version, asked.channel, self.now)
        check_gate(version, household, party.id, asked)
        return Promise(
            id=self.ids.new("prm"),
            code=codes.new(self.randomness),
            household=household.id,
            party=party.id,
            offer=offer.id,
            offer_key=offer.key,
            offer_version=version.version,
            content_hash=version.content_hash,
            channel=asked.channel,
            made_at=self.now,
            honour_until=deadline(version, self.now, asked.honour_until),
            evidence=asked.evidence,
            made_by=self.caller,
        )


def promisable(offer: OfferCopy, number: int | None, channel: str, now: datetime) -> Promisable:
    """The version a promise pins: the one asked for, else the newest that is LIVE, else HONOURABLE (terms §6).

    Raises:
        NotPromisable: none is, its end is past, or the channel is not one it may be promised in.
    """
    version = _asked_for(offer, number)
    if version.end is not None and version.end <= now:
        raise NotPromisable(f"Version {version.version} of the offer is over.")
    if channel not in version.promised_in:
        named = ", ".join(sorted(version.promised_in)) or "none"
        raise NotPromisable(f"It may not be promised in {channel}; its channels for promises: {named}.")
    return version


def _asked_for(offer: OfferCopy, number: int | None) -> Promisable:
    if number is not None:
        version = offer.versions.get(number)
        if version is None or version.state not in PROMISABLE:
            state = version.state.value if version else "not released, or CLOSED"
            raise NotPromisable(f"Version {number} of the offer is {state}; it must be HONOURABLE or LIVE.")
        return version
    return _newest(offer)


def _newest(offer: OfferCopy) -> Promisable:
    found = [version for version in offer.versions.values() if version.state in PROMISABLE]
    if not found:
        raise NotPromisable("No version of the offer is HONOURABLE or LIVE.")
    return (
        found[0]
        if len(found) == 1
        else max(found, key=lambda version: (version.state is ActivationState.LIVE, version.version))
    )


def deadline(version: Promisable, made_at: datetime, asked: datetime | None) -> datetime:
    """Until when a promise holds: made_at + honour_for, or the end; a caller may ask for less (terms §6).

    Raises:
        DeadlineMissing: neither the offer nor the caller says.
        DeadlineUnfit: the one asked for is past, or later than the offer's.
    """
    own = made_at + version.honour_for if version.honour_for is not None else version.end
    if asked is None:
        if own is None:
            raise DeadlineMissing(errors=[FieldError("/honour_until", "the offer has no end and no honour_for")])
        return own
    if asked <= made_at:
        raise DeadlineUnfit(errors=[FieldError("/honour_until", "it is past")])
    if own is not None and asked > own:
        raise DeadlineUnfit(errors=[FieldError("/honour_until", "it is later than the offer's own deadline")])
    return asked


def check_gate(version: Promisable, household: Household, party: str, asked: NewPromise) -> None:
    """Criteria are checked when the promise is made, never again (terms §6).

    Raises:
        LineUnknown: the line named is not of the household.
        NotPromisable: they do not hold, or a fact they need is not known; `errors` says which.
    """
    line = None
    if asked.line is not None:
        line = household.line(asked.line)
        if line is None:
            raise LineUnknown(errors=[FieldError("/line", "the household has no line of this id or ref")])
    if version.gate is None or version.criteria is None:
        return
    tried = list(_fact_maps(household, party, line.id if line else None, asked.facts))
    truths = [version.gate(facts) for facts in tried]
    if True not in truths:
        unknown = None in truths
        raise NotPromisable(
            errors=_why(version.criteria, tried[truths.index(None if unknown else False)], None if unknown else False)
        )


def _fact_maps(household: Household, party: str, line: str | None, given: Facts) -> Iterator[Facts]:
    """The facts with the line named; with each line of the party when none is: one that qualifies is enough."""
    view = domain.view(household)
    lines: list[str | None] = [line] if line else [*domain.lines_of(household, party)] or [None]
    for one in lines:
        yield gather(view, party, one, given)


def _why(criteria: Criterion, facts: Facts, truth: Truth) -> list[FieldError]:
    blames = blamed(explain(criteria, facts))
    said = reasons.not_met(blames, "en") if truth is False else reasons.missing(blames, "en")
    return [FieldError("/offer", reason.sentence, reason.code) for reason in said]


def shown(promise: Promise, now: datetime) -> PromiseDocument:
    """The promise as the API shows it; an open one whose deadline is past reads as expired."""
    over = promise.state is PromiseState.OPEN and promise.honour_until <= now
    return PromiseDocument(
        id=promise.id,
        code=codes.shown(promise.code),
        household=promise.household,
        party=promise.party,
        offer=promise.offer_key,
        offer_id=promise.offer,
        version=promise.offer_version,
        content_hash=promise.content_hash,
        channel=promise.channel,
        made_at=promise.made_at,
        honour_until=promise.honour_until,
        state=PromiseState.EXPIRED if over else promise.state,
        evidence=promise.evidence,
        made_by=promise.made_by,
        cancelled=promise.cancelled,
    )


def log_value(promise: Promise, version: int) -> bytes:
    """What the log says of a promise: the bytes of its PromiseRecord, without building one; imports would feel it."""
    evidence = promise.evidence
    shown = (("kind", evidence.kind), ("channel", evidence.channel), ("sent_at", evidence.sent_at))
    value = {
        "id": promise.id,
        "household": promise.household,
        "party": promise.party,
        "version": version,
        "code": promise.code,
        "offer": promise.offer,
        "offer_key": promise.offer_key,
        "offer_version": promise.offer_version,
        "content_hash": promise.content_hash,
        "channel": promise.channel,
        "made_at": promise.made_at,
        "honour_until": promise.honour_until,
        "state": promise.state,
        "evidence": {name: part for name, part in (*shown, ("reference", evidence.reference)) if part is not None},
    }
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def log_value_around_version(promise: Promise) -> tuple[bytes, bytes]:
    """The same before and after the version, for a statement that learns it as it writes.

    What stands before it are ids, so the first place that looks like it is it.
    """
    head, _, tail = log_value(promise, 0).partition(b'"version":0,')
    return head + b'"version":', b"," + tail


def evidence_text(evidence: Evidence) -> str:
    """Evidence as it is stored: JSON."""
    return evidence.model_dump_json(exclude_none=True)
