"""An offer made ready for deciding: what depends on the version alone is worked out once, when it is applied.

Compiled offers are immutable and lean: no pydantic model is kept, what is rarely needed stays as JSON bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson
from pydantic import TypeAdapter

from concord.canonical import canonical_bytes
from concord.contracts.records import ActivationState, OfferRecord, VersionRecord
from concord.decision.amounts import Amounts
from concord.decision.attributes import BUILT_IN, Attribute
from concord.decision.benefits import Benefit
from concord.decision.cards import Card, Prepared, prepare
from concord.decision.criteria import Criterion
from concord.decision.evaluator import EVALUATOR
from concord.decision.gates import NO_GATES, Gates, take_apart
from concord.decision.honour import Alternative, Escalate, HonourCell, HonourWithFee, Refer
from concord.decision.limits import fold_code, text_of
from concord.decision.pricing import UnitPrice, one_money, unit_price
from concord.decision.quoting.plan import Plan, plan
from concord.decision.reach import Reach, reach
from concord.decision.reasons import Verdict
from concord.decision.scalars import Channel
from concord.decision.terms import Terms
from concord.decision.timing import Window
from concord.money import Money

if TYPE_CHECKING:
    from concord.decision.script import Script

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
    benefits: bytes  # RFC 8785 JSON, without what its absence says, as in the terms that were hashed
    price: UnitPrice
    gates: Gates
    criteria: bytes | None  # JSON of what gates the offer, read again when somebody asks why
    reach: Reach
    plan: Plan
    shown_in: frozenset[str]
    stances: Mapping[str, Stance]
    start: datetime
    end: datetime | None
    priority: int
    group: str | None
    combines_with: frozenset[str] | None
    codes: frozenset[str]  # folded
    alternative: str | None
    attributes: Mapping[str, Attribute] = field(repr=False)  # those its criteria may name, as the version has them
    scripts: dict[tuple[str, str], "Script"] = field(
        default_factory=dict, repr=False
    )  # by channel and locale, when used


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
    skus: frozenset[str] = field(repr=False)  # these and the next three of all versions
    categories: frozenset[str] = field(repr=False)
    codes: frozenset[str] = field(repr=False)
    declared: frozenset[str] = field(repr=False)  # names of attributes that are not built in
    unscoped: bool  # some version has every product in scope
    automatic: CompiledVersion | None  # `live`, unless it asks for a code
    exact: bool  # what the indexes by SKU and category find is all there is to its scope

    def attribute(self, name: str) -> Attribute:
        """One of those that its versions declare, as the newest has it. Raises StopIteration for another name."""
        return next(version.terms.attributes[name] for version in self.versions if name in version.terms.attributes)

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
    live = next((version for version in versions if version.shown), None)
    return CompiledOffer(
        id=record.id,
        key=record.key,
        versions=versions,
        live=live,
        automatic=live if live is not None and not live.terms.codes else None,
        exact=len(versions) == 1 and not versions[0].terms.reach.excludes,
        skus=_union([version.terms.reach.skus for version in versions]),
        categories=_union([version.terms.reach.categories for version in versions]),
        codes=_union([version.terms.codes for version in versions]),
        declared=_union([_declared(version.terms.attributes) for version in versions]),
        unscoped=any(not version.terms.reach.scoped for version in versions),
    )


def _declared(attributes: Mapping[str, Attribute]) -> frozenset[str]:
    return frozenset() if attributes is BUILT_IN else frozenset(attributes.keys() - BUILT_IN.keys())


def _union(sets: Sequence[frozenset[str]]) -> frozenset[str]:
    return sets[0] if len(sets) == 1 else frozenset().union(*sets)


def _version(key: str, record: VersionRecord, known: CompiledOffer | None) -> CompiledVersion:
    before = known.pinned(record.content_hash) if known is not None else None
    attributes = attributes_of(record)
    kept = before is not None and before.terms.attributes == attributes
    terms = before.terms if before is not None and kept else compile_terms(record.terms, attributes)
    readable = record.evaluator_min <= EVALUATOR
    return CompiledVersion(
        key=key,
        version=record.version,
        content_hash=record.content_hash,
        state=record.state,
        readable=readable,
        window=Window(terms.start, terms.end, record.effective_at, record.hours),
        terms=terms,
        shown=readable and record.state.shown,
        on_request=record.state.honoured_on_request,
    )


def attributes_of(record: VersionRecord) -> Mapping[str, Attribute]:
    """The built-in attributes and those that the version declares of its own."""
    if not record.attributes:
        return BUILT_IN
    return _registry(tuple(each.attribute(name) for name, each in sorted(record.attributes.items())))


@lru_cache(maxsize=1024)
def _registry(declared: tuple[Attribute, ...]) -> Mapping[str, Attribute]:
    """The built-in attributes and these, as one object for all versions that declare the same."""
    return {**BUILT_IN, **{attribute.name: attribute for attribute in declared}}


def compile_terms(terms: Terms, registry: Mapping[str, Attribute] = BUILT_IN) -> CompiledTerms:
    """The terms made ready. Raises nothing: every combination of fields that parses has a meaning."""
    price = unit_price(terms)
    gates, criteria = _gates(terms.criteria, registry)
    benefits = _BENEFITS.dump_json(terms.benefits, exclude_defaults=True, by_alias=True)
    return CompiledTerms(
        titles=terms.title,
        descriptions=terms.description,
        benefits=_canonical(benefits),
        price=price,
        gates=gates,
        criteria=criteria,
        reach=reach(terms.products),
        plan=_plan(benefits, None if terms.max_discount is None else _AMOUNTS.dump_json(terms.max_discount)),
        shown_in=_shared_set(tuple(terms.shown_in)),
        stances=_stances(_HONOUR.dump_json(terms.honour), price, _CARDS.dump_json(terms.cards, exclude_none=True)),
        start=terms.validity.start,
        end=terms.validity.end,
        priority=terms.priority,
        group=terms.exclusive_group,
        combines_with=None if terms.combines_with is None else frozenset(terms.combines_with),
        codes=_shared_set(tuple(fold_code(text_of(code)) for code in terms.codes)),
        alternative=terms.alternative,
        attributes=registry,
    )


def _gates(criteria: Criterion | None, registry: Mapping[str, Attribute]) -> tuple[Gates, bytes | None]:
    """The criteria taken apart, and those that gate the offer as JSON."""
    if criteria is None:
        return NO_GATES, None
    if registry is BUILT_IN:
        return _gates_of(_CRITERIA.dump_json(criteria, by_alias=True))
    return _with_text(take_apart(criteria, registry))


@lru_cache(maxsize=4096)
def _gates_of(criteria: bytes) -> tuple[Gates, bytes | None]:
    """Offers of one campaign share their criteria: one set of tests serves them all, and is asked once for a basket."""
    return _with_text(take_apart(read_criteria(criteria), BUILT_IN))


def _with_text(gates: Gates) -> tuple[Gates, bytes | None]:
    return gates, None if gates.gating is None else _CRITERIA.dump_json(gates.gating, by_alias=True)


@lru_cache(maxsize=4096)
def _stances(honour: bytes, price: UnitPrice, cards: bytes) -> Mapping[str, Stance]:
    """What each channel does, as one object for all offers that say and cost the same."""
    by_channel = _CARDS.validate_json(cards)
    cells = _HONOUR.validate_json(honour)
    return {channel: _stance(cell, price, by_channel.get(channel) or {}) for channel, cell in cells.items()}


@lru_cache(maxsize=4096)
def _plan(benefits: bytes, most: bytes | None) -> Plan:
    """Offers of one campaign share their benefits, so they share the plan."""
    return plan(read_benefits(benefits), None if most is None else _AMOUNTS.validate_json(most))


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
def _shared_set(names: tuple[str, ...]) -> frozenset[str]:
    """The names as one object for all offers that name the same."""
    return frozenset(names)


_NO_CARDS: Mapping[str, bytes] = {}
_CARD: TypeAdapter[Card] = TypeAdapter(Card)
_CARDS: TypeAdapter[dict[Channel, dict[str, Card]]] = TypeAdapter(dict[Channel, dict[str, Card]])
_HONOUR: TypeAdapter[dict[Channel, HonourCell]] = TypeAdapter(dict[Channel, HonourCell])
_CRITERIA: TypeAdapter[Criterion] = TypeAdapter(Criterion)
_BENEFITS: TypeAdapter[list[Benefit]] = TypeAdapter(list[Benefit])
_AMOUNTS: TypeAdapter[Amounts] = TypeAdapter(Amounts)


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
