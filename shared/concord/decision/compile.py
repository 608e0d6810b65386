"""An offer made ready for deciding: what depends on the version alone is worked out once, when it is applied.

Compiled offers are immutable and lean: no pydantic model is kept, what is rarely needed stays as JSON bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from sys import intern
from typing import TYPE_CHECKING

import orjson
from pydantic import TypeAdapter

from concord.canonical import canonical_bytes
from concord.contracts.records import ActivationState, OfferRecord, VersionRecord
from concord.decision.benefits import Benefit
from concord.decision.cards import Card, Prepared, prepare
from concord.decision.criteria import Criterion
from concord.decision.honour import Alternative, Escalate, HonourCell, HonourWithFee, Refer
from concord.decision.kleene import Test, compile_criteria
from concord.decision.pricing import UnitPrice, one_money, unit_price
from concord.decision.reasons import Verdict
from concord.decision.terms import Terms
from concord.decision.timing import Window
from concord.money import Money

if TYPE_CHECKING:
    from concord.decision.script import Script

EVALUATOR = 1  # raised when the same terms and facts may give another answer; part of every certificate (R21)

_WITHOUT_PROMISE = {"native": Verdict.AVAILABLE}
_WITH_PROMISE = {"native": Verdict.HONOUR}
_RANKS = {"native": 0, "honour": 0, "honour_with_fee": 1, "escalate": 2, "refer": 3, "alternative": 4}


@dataclass(frozen=True, slots=True)
class Stance:
    """What one channel does with an offer: an honour cell, with what follows from it."""

    action: str
    verdict: Verdict  # without a promise
    promised: Verdict  # with one
    fee: Money | None
    pays: Money | None  # the price with the fee, None when only a basket tells
    offer: str | None  # the alternative's key or id
    to: str | None
    role: str | None
    cards: Mapping[str, bytes]  # locale → RFC 8785 JSON of the card

    def better_for_customer(self, other: "Stance") -> bool:
        """Whether this is better for a customer with a promise than the other (terms §6).

        In this order: without a fee, with a smaller fee, after an approval, in another channel, something else.
        """
        mine, theirs = _RANKS[self.action], _RANKS[other.action]
        if mine != theirs or self.fee is None or other.fee is None:
            return mine < theirs
        return self.fee.currency == other.fee.currency and self.fee.amount < other.fee.amount


@dataclass(frozen=True, slots=True, eq=False)
class CompiledTerms:
    """Terms made ready for deciding."""

    titles: Mapping[str, str]
    descriptions: Mapping[str, str]
    benefits: bytes  # RFC 8785 JSON, defaults spelled out
    price: UnitPrice
    test: Test | None  # None: everybody qualifies
    criteria: bytes | None  # JSON, read again when somebody asks why
    skus: frozenset[str]
    categories: frozenset[str]
    excluded: frozenset[str]
    excluded_categories: frozenset[str]
    shown_in: frozenset[str]
    stances: Mapping[str, Stance]
    start: datetime
    end: datetime | None
    priority: int
    alternative: str | None
    scripts: dict[tuple[str, str], "Script"] = field(
        default_factory=dict, repr=False
    )  # by channel and locale, when used

    @property
    def scoped(self) -> bool:
        """Whether it names products at all; if not, every product is in scope."""
        return bool(self.skus or self.categories)

    def covers(self, sku: str) -> bool:
        """Whether the SKU alone puts a product in scope. Categories are known only of the lines of a basket."""
        return sku not in self.excluded and (sku in self.skus or not self.scoped)


@dataclass(frozen=True, slots=True)
class CompiledVersion:
    """A version of an offer with the state of its activation."""

    key: str
    version: int
    content_hash: str
    state: ActivationState
    readable: bool  # false: this build is older than the version needs (R4)
    window: Window
    terms: CompiledTerms
    shown: bool
    on_request: bool


@dataclass(frozen=True, slots=True)
class CompiledOffer:
    """An offer as a replica holds it; versions newest first, without the CLOSED ones."""

    id: str
    key: str
    versions: tuple[CompiledVersion, ...]
    live: CompiledVersion | None
    skus: frozenset[str] = field(repr=False)  # of all versions
    unscoped: bool  # some version has every product in scope

    def pinned(self, content_hash: str) -> CompiledVersion | None:
        """The version with that content, if it is still held."""
        for version in self.versions:
            if version.content_hash == content_hash:
                return version
        return None


def compile_offer(record: OfferRecord, known: CompiledOffer | None = None) -> CompiledOffer:
    """The offer made ready; versions that `known` has already are not compiled again."""
    newest_first = sorted(record.versions, key=lambda version: -version.version)
    versions = tuple(
        _version(record.key, version, known) for version in newest_first if version.state is not ActivationState.CLOSED
    )
    return CompiledOffer(
        id=record.id,
        key=record.key,
        versions=versions,
        live=next((version for version in versions if version.shown), None),
        skus=_union(versions),
        unscoped=any(not version.terms.scoped for version in versions),
    )


def _union(versions: tuple[CompiledVersion, ...]) -> frozenset[str]:
    if len(versions) == 1:
        return versions[0].terms.skus
    return frozenset().union(*(version.terms.skus for version in versions))


def _version(key: str, record: VersionRecord, known: CompiledOffer | None) -> CompiledVersion:
    before = known.pinned(record.content_hash) if known is not None else None
    terms = before.terms if before is not None else compile_terms(record.terms)
    readable = record.evaluator_min <= EVALUATOR
    return CompiledVersion(
        key=key,
        version=record.version,
        content_hash=record.content_hash,
        state=record.state,
        readable=readable,
        window=Window(terms.start, terms.end, record.effective_at),
        terms=terms,
        shown=readable and record.state.shown,
        on_request=record.state.honoured_on_request,
    )


def compile_terms(terms: Terms) -> CompiledTerms:
    """The terms made ready. Raises nothing: every combination of fields that parses has a meaning."""
    price = unit_price(terms)
    exclude = terms.products.exclude
    return CompiledTerms(
        titles=terms.title,
        descriptions=terms.description,
        benefits=_canonical(_BENEFITS.dump_json(terms.benefits, exclude_none=True)),
        price=price,
        test=None if terms.criteria is None else compile_criteria(terms.criteria),
        criteria=None if terms.criteria is None else _shared(_CRITERIA.dump_json(terms.criteria, by_alias=True)),
        skus=frozenset(map(intern, terms.products.skus)),
        categories=frozenset(terms.products.categories),
        excluded=frozenset(exclude.skus),
        excluded_categories=frozenset(exclude.categories),
        shown_in=frozenset(terms.shown_in),
        stances={
            channel: _stance(cell, price, terms.cards.get(channel) or {}) for channel, cell in terms.honour.items()
        },
        start=terms.validity.start,
        end=terms.validity.end,
        priority=terms.priority,
        alternative=terms.alternative,
    )


def _stance(cell: HonourCell, price: UnitPrice, cards: Mapping[str, Card]) -> Stance:
    fee = one_money(cell.fee.amount, cell.fee.currency) if isinstance(cell, HonourWithFee) else None
    plain = Verdict(cell.action) if cell.action != "native" else None
    return Stance(
        action=cell.action,
        verdict=plain or _WITHOUT_PROMISE[cell.action],
        promised=plain or _WITH_PROMISE[cell.action],
        fee=fee,
        pays=None if isinstance(cell, Alternative) else with_fee(price.pays, fee),
        offer=cell.offer if isinstance(cell, Alternative) else None,
        to=cell.to if isinstance(cell, Refer) else None,
        role=cell.role if isinstance(cell, Escalate) else None,
        cards={locale: _canonical(_CARD.dump_json(card, exclude_none=True)) for locale, card in cards.items()}
        or _NO_CARDS,
    )


def with_fee(price: Money | None, fee: Money | None) -> Money | None:
    """The price and the fee together; None when only a basket tells."""
    if price is None or fee is None:
        return price
    return one_money(price.amount + fee.amount, price.currency) if price.currency == fee.currency else None


@lru_cache(maxsize=1024)
def _canonical(document: bytes) -> bytes:
    """RFC 8785 JSON of some JSON, as one object: campaigns share cards and benefits among thousands of offers."""
    return canonical_bytes(orjson.loads(document))


@lru_cache(maxsize=1024)
def _shared(document: bytes) -> bytes:
    """The same bytes as one object."""
    return document


_NO_CARDS: Mapping[str, bytes] = {}
_CARD: TypeAdapter[Card] = TypeAdapter(Card)
_CRITERIA: TypeAdapter[Criterion] = TypeAdapter(Criterion)
_BENEFITS: TypeAdapter[list[Benefit]] = TypeAdapter(list[Benefit])


@lru_cache(maxsize=1024)
def read_criteria(document: bytes) -> Criterion:
    """The criteria of compiled terms as a tree again."""
    return _CRITERIA.validate_json(document)


@lru_cache(maxsize=1024)
def read_benefits(document: bytes) -> list[Benefit]:
    """The benefits of compiled terms as models again."""
    return _BENEFITS.validate_json(document)


@lru_cache(maxsize=1024)
def read_card(document: bytes, locale: str) -> Prepared:
    """A card of compiled terms, ready to be filled."""
    return prepare(Card.model_validate_json(document), locale)
