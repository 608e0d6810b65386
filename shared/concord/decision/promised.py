"""A promise: answered from the version it pins and its deadline. The offer's state is not asked (protocol R15)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from concord.clock import milliseconds
from concord.contracts.records import PromiseState
from concord.decision import reasons
from concord.decision.certificate import not_owed, owed
from concord.decision.compile import CompiledTerms, compile_terms, with_fee
from concord.decision.decide import Asking, Decision, grant
from concord.decision.facts import Promise
from concord.decision.reasons import Verdict
from concord.decision.scalars import instant_text
from concord.decision.script import NO_CELL, Script, script, write

_SETTLED = {PromiseState.HONOURED: "promise_honoured", PromiseState.CANCELLED: "promise_cancelled"}

MILLISECOND: Final = timedelta(milliseconds=1)
GRANTED_MOST = 4_096  # decisions remembered, some 3 KB each
_GRANTED: dict[tuple[int, int], Decision] = {}


@dataclass(frozen=True, slots=True)
class Held:
    """A promise of the household with the terms it pins, None when this view does not have them yet."""

    promise: Promise
    terms: CompiledTerms | None
    ended: str  # why it is not owed at the exact instant: honoured, cancelled, past its deadline; else empty

    @property
    def standing(self) -> bool:
        """Whether it is owed now, by terms that are known."""
        return not self.ended and self.terms is not None


def held_promises(asking: Asking) -> list[Held]:
    """The promises the question is about, standing ones first, then the presented one, then by deadline and id.

    With offers or products asked these are the promises on them and the one whose code was presented; else all. A
    promise made after the instant is not counted (api §6).
    """
    household = asking.view.household
    if household is None:
        return []
    at = asking.setting.at
    found = [
        Held(promise, pinned_terms(asking, promise), _ended(asking, promise))
        for promise in household.promises
        if promise.made_at <= at or milliseconds(promise.made_at) <= at
    ]
    asked = asking.question
    if asked.offers or asked.products:
        found = [each for each in found if _is_asked(each, asked.offers, asked.products, asked.code)]
    if len(found) > 1:
        found.sort(key=lambda each: _place(each, asked.code))
    return found


def standing_promises(asking: Asking) -> list[Held]:
    """Those of `held_promises` that are owed at the instant to the party who is meant, by terms that are known.

    The same as asking for all of them and leaving out what does not stand, which most of a household's do not.
    """
    household, asked = asking.view.household, asking.question
    if household is None or not household.promises:
        return []
    at = asking.setting.at
    made_before = milliseconds(at) + MILLISECOND
    found = [
        Held(promise, terms, "")
        for promise in household.promises
        if at < promise.honour_until
        and promise.made_at < made_before
        and promise.state not in _SETTLED
        and (asked.party is None or asked.party == promise.party)
        and (terms := pinned_terms(asking, promise)) is not None
    ]
    if asked.offers or asked.products:
        found = [each for each in found if _is_asked(each, asked.offers, asked.products, asked.code)]
    found.sort(key=lambda each: _place(each, asked.code))
    return found


def _place(held: Held, presented: str | None) -> tuple[bool, bool, str, str]:
    promise = held.promise
    return bool(held.ended), promise.code != presented, instant_text(promise.honour_until), promise.id


def _is_asked(held: Held, offers: Sequence[str], products: Sequence[str], code: str | None) -> bool:
    promise, terms = held.promise, held.terms
    if promise.offer_key in offers or promise.offer in offers or promise.code == code:
        return True
    return terms is not None and any(map(terms.reach.covers, products))


def _ended(asking: Asking, promise: Promise) -> str:
    settled = _SETTLED.get(promise.state)
    return settled or ("promise_expired" if asking.setting.at >= promise.honour_until else "")


def pinned_terms(asking: Asking, promise: Promise) -> CompiledTerms | None:
    """The terms a promise pins: its own when it was overridden, else those of the version with its content hash."""
    if promise.terms is not None:
        return compile_terms(promise.terms)
    offer = asking.view.catalogue.by_id(promise.offer)
    version = offer.pinned(promise.content_hash) if offer is not None else None
    return version.terms if version is not None and version.readable else None


def decide_promise(asking: Asking, held: Held) -> tuple[Decision, bytes]:
    """The decision on a promise and its entry. It is past its deadline only when it surely is (R16)."""
    promise, terms, when = held.promise, held.terms, asking.setting.interval
    entry = _entry(held)
    ended = held.ended
    if ended == "promise_expired" and (when is None or when.low < promise.honour_until):
        ended = ""
    if ended:
        return _refused(asking, promise, ended), entry
    if terms is None:
        reason = reasons.say("promise_not_known_yet", asking.setting.locale)
        decision = Decision(promise.offer_key, promise.offer_version, Verdict.PENDING, (reason,), promise=promise)
        return decision, entry
    return _granted(asking, promise, terms, promised_script(asking, promise, terms)), entry


def _granted(asking: Asking, promise: Promise, terms: CompiledTerms, words: Script) -> Decision:
    """The promise as the script has it: the same each time, so it is remembered while promise and script are the same
    objects. Not where an alternative is given, which depends on the catalogue.
    """
    name = (id(promise), id(words))
    known = _GRANTED.get(name)
    if known is not None and known.promise is promise and known.script is words:
        return known
    made = grant(asking, promise.offer_key, promise.offer_version, terms, words, promise)
    if words.stance.offer is None and words is terms.scripts.get((asking.setting.channel, asking.setting.locale)):
        if len(_GRANTED) >= GRANTED_MOST:
            _GRANTED.clear()
        _GRANTED[name] = made
    return made


def _refused(asking: Asking, promise: Promise, code: str) -> Decision:
    until = reasons.until_text(promise.honour_until)
    reason = reasons.say(code, asking.setting.locale, until=until)
    return Decision(promise.offer_key, promise.offer_version, Verdict.REFUSED, (reason,), promise=promise)


def _entry(held: Held) -> bytes:
    promise, terms = held.promise, held.terms
    until = instant_text(promise.honour_until)
    if held.standing and terms is not None:
        return owed(terms.benefits, promise.offer_key, promise.offer_version, promise.id, until)
    because = held.ended or "promise_not_known_yet"
    return not_owed([because], promise.offer_key, promise.offer_version, promise.id, until)


def promised_script(asking: Asking, promise: Promise, terms: CompiledTerms) -> Script:
    """By the pinned version's honour cell, or today's where it is better for the customer (terms §6)."""
    channel, locale = asking.setting.channel, asking.setting.locale
    pinned = script(terms, channel, locale)
    offer = asking.view.catalogue.by_id(promise.offer)
    for version in offer.versions if offer is not None else ():
        if version.on_request and version.readable:
            today = version.terms.stances.get(channel, NO_CELL)
            if version.terms is terms or not today.better_for_customer(pinned.stance):
                return pinned
            return write(terms, replace(today, pays=with_fee(terms.price.pays, today.fee)), channel, locale)
    return pinned
