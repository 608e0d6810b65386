"""The quote of a basket: which offers and promises are in play, what it costs, and the certificate (terms §5, api §4).

What is owed does not depend on the channel: `here` says beside it what the asking channel does with each offer.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from concord.decision.catalogue import Catalogue
from concord.decision.certificate import Certificate, certify
from concord.decision.decide import Asking
from concord.decision.limits import fold_code
from concord.decision.promised import Held, promised_script, standing_promises
from concord.decision.question import Question, Setting, View
from concord.decision.quoting import body
from concord.decision.quoting.basket import Basket
from concord.decision.quoting.playing import Candidate
from concord.decision.quoting.price import Quote, price, price_alone
from concord.decision.quoting.refusals import Refusal, refusals
from concord.decision.quoting.till import Till
from concord.decision.script import Script, script

Lines: TypeAlias = dict[str, list[int]]
"""By id of an offer, the places of lines that it may have in scope: never fewer than it has."""


class Ordered:
    """What is to be quoted: the basket, public codes as given and folded, and the caller's own name of the order."""

    __slots__ = ("basket", "codes", "folded", "order")

    def __init__(self, basket: Basket, codes: tuple[str, ...] = (), order: str | None = None) -> None:
        self.basket = basket
        self.codes = codes
        self.folded = frozenset(map(fold_code, codes))
        self.order = order


@dataclass(frozen=True, slots=True)
class Beside:
    """Promised terms priced alone, and today's beside them (terms §3)."""

    held: Held
    discount: int
    today: tuple[int, int] | None  # version and discount of today's terms, where the customer may have them
    applied: bool  # of several promises on the same terms the first is used


@dataclass(frozen=True, slots=True)
class QuoteAnswer:
    """A quote with what was refused, the promises beside it, and the certificate."""

    asked: Ordered
    quote: Quote
    core: bytes  # what is owed, as RFC 8785 JSON
    refused: tuple[Refusal, ...]
    here: tuple[bytes, ...]  # what the channel does with each offer that applies, as JSON
    certificate: Certificate
    setting: Setting

    def to_bytes(self) -> bytes:
        """The JSON body of `POST /v1/quotes`."""
        return body.answer(self)


def quote(question: Question, asked: Ordered, view: View, setting: Setting) -> QuoteAnswer:
    """The basket priced for the customer of the question, as the channel of the setting. Pure, and total.

    The order of lines, codes, offers and facts in the inputs never changes the answer.
    """
    asking = Asking(question, view, setting)
    within = _lines_by_offer(view.catalogue, asked.basket)
    held = standing_promises(asking)
    candidates = _automatic(asking, within)
    if asked.codes:
        candidates += _coded(asking, asked)
    if held:
        candidates = _with_promises(asking, held, candidates, within)
    till = Till(asked.basket, asking.facts)
    beginning = till.mark()
    priced = price(till, candidates, asked.folded, near=True)
    till.back_to(beginning)
    core = body.core(priced, _beside(asking, held, candidates, priced, _Alone(till, asked.folded)) if held else ())
    stances = _stances(asking, held, priced)
    return QuoteAnswer(
        asked=asked,
        quote=priced,
        core=core,
        refused=tuple(refusals(asking, asked.codes, priced, till.facts_now())) if asked.codes else (),
        here=tuple([here for here, _ in stances]),
        certificate=certify(
            view,
            setting.at,
            request=body.request_digest(question, asked),
            terms=[core],
            policy=[entry for _, entry in stances],
        ),
        setting=setting,
    )


def automatic(asking: Asking, asked: Ordered) -> list[Candidate]:
    """LIVE offers in their time that name something in the basket, or everything; those with codes are left out."""
    return _automatic(asking, _lines_by_offer(asking.view.catalogue, asked.basket))


def _automatic(asking: Asking, within: Lines) -> list[Candidate]:
    catalogue, when, found = asking.view.catalogue, asking.exact, []
    for name in (*within, *(catalogue.unscoped - within.keys())):
        offer = catalogue.by_id(name)
        version = offer.automatic if offer is not None else None
        if offer is not None and version is not None and version.window.surely_inside(when):
            places = within.get(name) if offer.exact else None
            found.append(Candidate(offer.key, version.version, version.terms, places, (), 1))
    return found


def _lines_by_offer(catalogue: Catalogue, basket: Basket) -> Lines:
    found: Lines = {}
    for place, line in enumerate(sorted(basket.lines, key=lambda line: line.id)):
        if line.no_offers:
            continue
        for name in catalogue.within(line.sku, line.categories):
            places = found.get(name)
            if places is None:
                found[name] = [place]
            elif places[-1] != place:
                places.append(place)
    return found


def _coded(asking: Asking, asked: Ordered) -> Iterator[Candidate]:
    """Offers whose code was given: asking by code is asking by name, so whatever is honoured on request plays (R1)."""
    offers = {offer.id: offer for code in asked.folded for offer in asking.view.catalogue.by_code(code)}
    for offer in offers.values():
        for rank, version in enumerate(offer.versions, start=1):
            open_now = version.on_request and version.readable and version.window.holds(asking.setting.at)
            if open_now and not version.terms.codes.isdisjoint(asked.folded):
                yield Candidate(offer.key, version.version, version.terms, rank=rank)


def _with_promises(asking: Asking, held: Iterable[Held], today: Iterable[Candidate], within: Lines) -> list[Candidate]:
    """Promised terms beside today's. Where both are the same terms they are one candidate, its customer gate passed."""
    found = {(each.key, id(each.terms)): each for each in today}
    for each in held:
        if each.terms is None:
            continue
        name = (each.promise.offer_key, id(each.terms))
        known = found.get(name)
        lines = known.lines if known is not None else _lines_of(asking, each, within)
        promises = (*(known.promises if known is not None else ()), each.promise.id)
        found[name] = Candidate(each.promise.offer_key, each.promise.offer_version, each.terms, lines, promises)
    return list(found.values())


def _lines_of(asking: Asking, held: Held, within: Lines) -> Sequence[int] | None:
    """The lines of promised terms where the indexes tell them exactly."""
    offer = asking.view.catalogue.by_id(held.promise.offer)
    if offer is None or not offer.exact or offer.unscoped or offer.versions[0].terms is not held.terms:
        return None
    return within.get(offer.id, ())


class _Alone:
    """What terms take off the basket when nothing else does."""

    def __init__(self, till: Till, codes: frozenset[str]) -> None:
        self._till = till
        self._codes = codes

    def __call__(self, candidate: Candidate) -> int | None:
        return price_alone(self._till, candidate, self._codes)


def _beside(
    asking: Asking, held: Iterable[Held], candidates: Iterable[Candidate], priced: Quote, alone: _Alone
) -> Iterator[Beside]:
    own: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        own.setdefault(candidate.key, []).append(candidate)
    used = {share.candidate.promises[0] for share in priced.applied if share.candidate.promises}
    for each in held:
        mine, others = _mine_and_others(asking, each, own.get(each.promise.offer_key, ()))
        priced_alone = [(other.version, off) for other in others if (off := alone(other)) is not None]
        today = max(priced_alone, key=lambda of: of[1], default=None)
        yield Beside(each, (alone(mine) if mine is not None else None) or 0, today, each.promise.id in used)


def _mine_and_others(
    asking: Asking, held: Held, own: Sequence[Candidate]
) -> tuple[Candidate | None, Sequence[Candidate]]:
    """Of the candidates of the promise's offer the one that it pins, and today's for somebody without it."""
    mine = next((each for each in own if held.promise.id in each.promises), None)
    others = [each for each in own if each is not mine and not each.promises]
    if mine is not None and mine.terms is held.terms and not others:
        others = [each for each in [_as_today(asking, mine)] if each is not None]
    return mine, others


def _as_today(asking: Asking, promised: Candidate) -> Candidate | None:
    """The same terms for somebody without the promise, if they are today's."""
    offer = asking.view.catalogue.find(promised.key)
    version = offer.live if offer is not None else None
    if version is None or version.terms is not promised.terms or not version.window.surely_inside(asking.exact):
        return None
    return Candidate(promised.key, version.version, version.terms, promised.lines)


def _stances(asking: Asking, held: Sequence[Held], priced: Quote) -> list[tuple[bytes, bytes]]:
    """What the asking channel does with each offer that applies, and the entries of the policy digest."""
    name, found = (asking.setting.channel, asking.setting.locale), []
    for share in priced.applied:
        candidate = share.candidate
        own = None if candidate.promises else candidate.terms.scripts.get(name)
        found.append(body.stance(candidate, own or _script(asking, held, candidate)))
    return found


def _script(asking: Asking, held: Iterable[Held], candidate: Candidate) -> Script:
    """What the asking channel does with an offer that applies; of promised terms by today's cell where that is better
    for the customer (terms §6).
    """
    if candidate.promises:
        first = next(each for each in held if each.promise.id == candidate.promises[0])
        return promised_script(asking, first.promise, candidate.terms)
    return script(candidate.terms, asking.setting.channel, asking.setting.locale)
