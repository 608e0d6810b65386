"""One offer, one customer, one channel: the verdict, and why. Pure: no I/O, no clock, no randomness.

Besides its decisions each function gives *entries*: what is owed to the customer, as `certificate` digests it. Entries
are judged at the exact instant of the question and know no channel; verdicts may be kinder, because clocks are
uncertain (R16).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from concord.contracts.records import ActivationState
from concord.decision import reasons
from concord.decision.cards import Filled, in_locale
from concord.decision.certificate import not_owed, owed
from concord.decision.compile import CompiledOffer, CompiledTerms, CompiledVersion, Stance, read_criteria
from concord.decision.facts import Promise, gather
from concord.decision.kleene import Truth, blamed, explain
from concord.decision.question import Question, Setting, View
from concord.decision.reasons import Reason, Verdict
from concord.decision.script import Script, script
from concord.decision.timing import Freshness, Interval
from concord.decision.worth import compare, undominated


@dataclass(frozen=True, slots=True)
class Instead:
    """The alternative that is given with a refusal, or in place of the offer."""

    offer: str
    version: int
    title: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a channel does with one offer or one promise. Without a script nothing is granted and no price named."""

    offer: str | None  # key, or the name as asked when nothing has it
    version: int | None
    verdict: Verdict
    reasons: tuple[Reason, ...]
    terms: CompiledTerms | None = None
    script: Script | None = None
    promise: Promise | None = None
    card: Filled | None = None
    alternative: Instead | None = None
    written: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)  # by `body`, once it was needed

    @property
    def stance(self) -> Stance | None:
        """What the channel does, when it grants the offer at all."""
        return None if self.script is None else self.script.stance

    @property
    def say_this(self) -> str:
        """The card's sentence, else the first reason's (api §4)."""
        return self.card.say if self.card is not None else self.reasons[0].sentence


_OPEN: Final = ("fact_missing", "code_needed")  # what somebody could still tell
Settled: TypeAlias = tuple[list[Decision], list[bytes]]  # decisions, entries


class Asking:
    """One question being answered. Facts are put together only when some criteria ask for them."""

    __slots__ = ("_facts", "exact", "question", "setting", "view")

    def __init__(self, question: Question, view: View, setting: Setting) -> None:
        self.question = question
        self.view = view
        self.setting = setting
        given, at = setting.interval, setting.at
        self.exact = given if given is not None and given.low == at == given.high else Interval(at, at)
        self._facts: Mapping[str, Any] | None = None

    @property
    def facts(self) -> Mapping[str, Any]:
        if self._facts is None:
            asked = self.question
            known = gather(self.view.household, asked.party, asked.line, asked.facts)
            self._facts = {**known, "now": self.setting.at}
        return self._facts

    @property
    def fenced(self) -> bool:
        return self.setting.freshness is Freshness.FENCED

    def truth(self, terms: CompiledTerms) -> Truth:
        """Whether this customer qualifies: true, false, or None when a fact is missing."""
        whole = terms.gates.whole
        return True if whole is None else whole(self.facts)

    def status(self, version: CompiledVersion, when: Interval | None) -> str:
        """Why the version cannot be had on request, as a reason code; empty when it can."""
        if version.window.surely_early(when):
            return "offer_not_started"
        if version.window.surely_over(when, self.setting.leave):
            return "offer_ended"
        if version.window.surely_shut(when, self.setting.leave):
            return "outside_hours"
        if version.terms.codes:
            return "code_needed"
        truth = self.truth(version.terms)
        return "" if truth else "fact_missing" if truth is None else "criterion_not_met"


def decide_offer(
    asking: Asking, name: str, offer: CompiledOffer | None, beside: Sequence[CompiledTerms] | None = None
) -> Settled:
    """The offer asked for by name (R1, R16). `beside` are the terms promised to the customer on the same offer.

    Beside a promise only what may be worth more than it is given: to refuse the offer to somebody who has a promise on
    it would contradict the promise, also where its terms are not known yet and `beside` is empty.
    """
    if offer is None:
        return _refusal_by_name(asking, name) if beside is None else ([], [])
    versions = [version for version in offer.versions if version.on_request and version.readable]
    if beside is not None:
        return _beside(asking, [version for version in versions if may_beat(version.terms, beside)])
    if not versions:
        return _refusal_by_state(asking, offer)
    return _settle(asking, versions)


def may_beat(terms: CompiledTerms, promised: Sequence[CompiledTerms]) -> bool:
    """Whether the terms may be worth more to the customer than each of those promised."""
    return all(terms is not each and compare(terms, each) in {1, None} for each in promised)


def _beside(asking: Asking, versions: list[CompiledVersion]) -> Settled:
    had = [version for version in versions if not asking.status(version, asking.exact)]
    if not had:
        return [], []
    decisions, entries = _settle(asking, had)
    return ([] if asking.fenced else decisions), entries


def _settle(asking: Asking, versions: list[CompiledVersion]) -> Settled:
    exact = _choose(asking, versions, asking.exact)
    entries = [entry_of(asking, version, status) for version, status in exact]
    if asking.fenced:
        return [_withheld(asking, exact[0][0], "view_fenced")], entries
    when = asking.setting.interval
    chosen = exact if when is asking.exact else _choose(asking, versions, when)
    return [decide_version(asking, version, status) for version, status in chosen], entries


def _choose(
    asking: Asking, versions: list[CompiledVersion], when: Interval | None
) -> list[tuple[CompiledVersion, str]]:
    """The better of the versions that can be had (protocol §2), both when only a basket tells; else why not."""
    judged = [(version, asking.status(version, when)) for version in versions]
    had = [each for each in judged if each[1] == ""]
    if len(had) > 1:
        return [had[index] for index in undominated([version.terms for version, _ in had])]
    open_ones = [each for each in judged if each[1] in _OPEN]
    return had or open_ones[:1] or judged[:1]


def entry_of(asking: Asking, version: CompiledVersion, status: str) -> bytes:
    """What is owed of a version without a promise, `status` being why it cannot be had at the exact instant."""
    if not status:
        return owed(version.terms.benefits, version.key, version.version)
    because = [_coded(reason) for reason in _why(asking, version, status)]
    return not_owed(because, version.key, version.version)


def _coded(reason: Reason) -> str:
    return reason.code if reason.attribute is None else f"{reason.code}:{reason.attribute}"


def decide_version(asking: Asking, version: CompiledVersion, status: str) -> Decision:
    """One version without a promise, `status` being why it cannot be had on request, or empty."""
    if status:
        why = _why(asking, version, status)
        refused = status not in _OPEN
        instead = find_alternative(asking, version.terms.alternative) if refused else None
        verdict = Verdict.REFUSED if refused else Verdict.UNKNOWN
        return Decision(version.key, version.version, verdict, why, alternative=instead)
    own = script(version.terms, asking.setting.channel, asking.setting.locale)
    return grant(asking, version.key, version.version, version.terms, own)


def _why(asking: Asking, version: CompiledVersion, status: str) -> tuple[Reason, ...]:
    locale, terms = asking.setting.locale, version.terms
    if status == "offer_not_started":
        return (reasons.say(status, locale, start=reasons.day_text(terms.start)),)
    if status == "offer_ended" and terms.end is not None:
        return (reasons.say(status, locale, end=reasons.until_text(terms.end)),)
    if terms.criteria is None or status not in {"fact_missing", "criterion_not_met"}:
        return (reasons.say(status, locale),)
    attributes = terms.attributes
    blames = blamed(explain(read_criteria(terms.criteria), asking.facts, attributes))
    return (reasons.missing if status == "fact_missing" else reasons.not_met)(blames, locale, attributes)


def _refusal_by_name(asking: Asking, name: str) -> Settled:
    code, verdict = ("view_fenced", Verdict.WITHHELD) if asking.fenced else ("offer_unknown", Verdict.REFUSED)
    decision = Decision(name, None, verdict, (reasons.say(code, asking.setting.locale),))
    return [decision], [not_owed(["offer_unknown"], name, None)]


def _refusal_by_state(asking: Asking, offer: CompiledOffer) -> Settled:
    """No version can be had on request: it is not released yet, over, withdrawn, or newer than this build."""
    newest = offer.versions[0] if offer.versions else None
    if newest is None:
        reason = reasons.say("offer_withdrawn", asking.setting.locale)
        decision = Decision(offer.key, None, Verdict.REFUSED, (reason,))
        return [decision if not asking.fenced else _fenced_by_name(asking, offer.key)], [
            not_owed([reason.code], offer.key, None)
        ]
    if newest.on_request:
        return [_withheld(asking, newest, "evaluator_too_old")], [
            not_owed(["evaluator_too_old"], newest.key, newest.version)
        ]
    reason = _closed(asking, newest)
    entry = not_owed([reason.code], newest.key, newest.version)
    if asking.fenced:
        return [_withheld(asking, newest, "view_fenced")], [entry]
    instead = find_alternative(asking, newest.terms.alternative)
    return [Decision(newest.key, newest.version, Verdict.REFUSED, (reason,), alternative=instead)], [entry]


def _closed(asking: Asking, version: CompiledVersion) -> Reason:
    locale, end = asking.setting.locale, version.terms.end
    if version.state is ActivationState.PREPARING:
        return reasons.say("offer_not_released", locale)
    if end is not None and asking.setting.at >= end:
        return reasons.say("offer_ended", locale, end=reasons.until_text(end))
    return reasons.say("offer_withdrawn", locale)


def _withheld(asking: Asking, version: CompiledVersion, code: str) -> Decision:
    return Decision(version.key, version.version, Verdict.WITHHELD, (reasons.say(code, asking.setting.locale),))


def _fenced_by_name(asking: Asking, name: str) -> Decision:
    return Decision(name, None, Verdict.WITHHELD, (reasons.say("view_fenced", asking.setting.locale),))


def find_alternative(asking: Asking, name: str | None) -> Instead | None:
    """The offer named as alternative, if it is LIVE and this customer may have it now; no search (terms §2)."""
    offer = asking.view.catalogue.find(name) if name is not None else None
    live = offer.live if offer is not None else None
    if live is None or not live.window.surely_inside(asking.exact) or not asking.truth(live.terms):
        return None
    title = in_locale(live.terms.titles, asking.setting.locale)
    return Instead(live.key, live.version, title[1] if title is not None else live.key)


def grant(
    asking: Asking, key: str, version: int, terms: CompiledTerms, words: Script, promise: Promise | None = None
) -> Decision:
    """The offer as the script has it, for one customer."""
    stance = words.stance
    why = words.reasons(promise)
    return Decision(
        offer=key,
        version=version,
        verdict=stance.verdict if promise is None else stance.promised,
        reasons=why,
        terms=terms,
        script=words,
        promise=promise,
        card=words.filled(promise, why[0].sentence),
        alternative=find_alternative(asking, stance.offer) if stance.offer is not None else None,
    )
