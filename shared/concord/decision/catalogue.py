"""The catalogue: every compiled offer, by id, key, SKU, category and code. Immutable; a change gives a new one."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from concord.contracts.records import OfferRecord
from concord.decision.attributes import BUILT_IN, Attribute
from concord.decision.compile import CompiledOffer, compile_offer

_NONE: Final[frozenset[str]] = frozenset()
_NAMED: Final = ("skus", "categories", "codes", "declared")

Names = dict[str, tuple[str, ...]]  # a name → ids of offers that have it in any version


class Catalogue:
    """Every offer as of one revision. Share it between threads and requests freely; it never changes.

    Attributes:
        attributes: the built-in ones and all that some version declares. They say which facts there are and of which
            kind; how staff speak of one, each version says for itself.
    """

    __slots__ = ("_by_id", "_by_key", "_live", "_named", "_unscoped", "attributes")

    def __init__(self) -> None:
        self._by_id: dict[str, CompiledOffer] = {}
        self._by_key: dict[str, CompiledOffer] = {}
        self._named: dict[str, Names] = {kind: {} for kind in _NAMED}
        self._unscoped: frozenset[str] = frozenset()  # ids of offers with every product in scope
        self._live: tuple[CompiledOffer, ...] | None = None
        self.attributes: Mapping[str, Attribute] = BUILT_IN

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[CompiledOffer]:
        return iter(self._by_id.values())

    def find(self, name: str) -> CompiledOffer | None:
        """The offer with that key or id."""
        return self._by_key.get(name) or self._by_id.get(name)

    def by_id(self, offer: str) -> CompiledOffer | None:
        return self._by_id.get(offer)

    def by_code(self, folded: str) -> list[CompiledOffer]:
        """Offers that have the public code in some version, by key."""
        found = [self._by_id[offer] for offer in self._named["codes"].get(folded, ())]
        return sorted(found, key=lambda offer: offer.key)

    def live(self) -> tuple[CompiledOffer, ...]:
        """Offers with a version in LIVE, by (priority, key) (terms §3)."""
        if self._live is None:
            found = [(offer.live.terms.priority, offer.key, offer) for offer in self._by_id.values() if offer.live]
            self._live = tuple(offer for _, _, offer in sorted(found, key=lambda each: each[:2]))
        return self._live

    def live_with(self, skus: Iterable[str]) -> list[CompiledOffer]:
        """LIVE offers that have one of the SKUs in scope, by (priority, key). Cost follows what matches."""
        wanted = tuple(skus)
        by_sku = self._named["skus"]
        ids = self._unscoped.union(*(by_sku.get(sku, ()) for sku in wanted)) if wanted else _NONE
        found = [self._by_id[offer] for offer in ids]
        matching = [
            (offer.live.terms.priority, offer.key, offer)
            for offer in found
            if offer.live is not None and any(map(offer.live.terms.reach.covers, wanted))
        ]
        return [offer for _, _, offer in sorted(matching, key=lambda each: each[:2])]

    def within(self, sku: str, categories: Iterable[str]) -> Iterator[str]:
        """Ids of offers that name the SKU or one of the categories; an offer may come twice, and excluded ones too."""
        yield from self._named["skus"].get(sku, ())
        by_category = self._named["categories"]
        for category in categories:
            yield from by_category.get(category, ())

    @property
    def unscoped(self) -> frozenset[str]:
        """Ids of offers that have every product in scope in some version."""
        return self._unscoped

    def apply(self, records: Iterable[OfferRecord]) -> "Catalogue":
        """The catalogue with these records in place of what had their ids; copied once, however many there are."""
        changed = Catalogue()
        changed._by_id, changed._by_key = self._by_id.copy(), self._by_key.copy()
        changed.attributes = self.attributes
        index = _Index(self._named, self._unscoped)
        for record in records:
            before = changed._by_id.get(record.id)
            after = compile_offer(record, before)
            changed._by_id[record.id] = changed._by_key[record.key] = after
            index.replace(before, after)
        changed._named, changed._unscoped = index.finish()
        if changed._named["declared"] is not self._named["declared"]:
            changed.attributes = changed._known()
        return changed

    def _known(self) -> Mapping[str, Attribute]:
        """What offers say now, whatever they said before: the same in every replica."""
        declared = ((name, ids) for name, ids in self._named["declared"].items() if ids)
        return {**{name: self._by_id[ids[0]].attribute(name) for name, ids in declared}, **BUILT_IN}

    def with_record(self, record: OfferRecord) -> "Catalogue":
        """The catalogue with one record in place of what had its id."""
        return self.apply((record,))

    @staticmethod
    def of(records: Iterable[OfferRecord]) -> "Catalogue":
        """A catalogue of these records."""
        return Catalogue().apply(records)


class _Index:
    """The changes of one batch to the indexes, made on sets that are copied only when touched."""

    def __init__(self, named: dict[str, Names], unscoped: frozenset[str]) -> None:
        self._before = named
        self._touched: dict[str, dict[str, set[str]]] = {kind: {} for kind in _NAMED}
        self._unscoped = unscoped

    def replace(self, before: CompiledOffer | None, after: CompiledOffer) -> None:
        for kind in _NAMED:
            old = getattr(before, kind) if before is not None else _NONE
            new = getattr(after, kind)
            if old is new:
                continue
            for name in old - new:
                self._ids(kind, name).discard(after.id)
            for name in new - old:
                self._ids(kind, name).add(after.id)
        if after.unscoped != (after.id in self._unscoped):
            self._unscoped = self._unscoped ^ {after.id}

    def _ids(self, kind: str, name: str) -> set[str]:
        touched = self._touched[kind]
        ids = touched.get(name)
        if ids is None:
            ids = touched[name] = set(self._before[kind].get(name, ()))
        return ids

    def finish(self) -> tuple[dict[str, Names], frozenset[str]]:
        return {kind: self._finished(kind) for kind in _NAMED}, self._unscoped

    def _finished(self, kind: str) -> Names:
        touched = self._touched[kind]
        if not touched:
            return self._before[kind]
        return {**self._before[kind], **{name: tuple(sorted(ids)) for name, ids in touched.items()}}
