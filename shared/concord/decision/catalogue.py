"""The catalogue: every compiled offer, by id, by key and by SKU. Immutable; a change gives a new one."""

from collections.abc import Iterable, Iterator

from concord.contracts.records import OfferRecord
from concord.decision.compile import CompiledOffer, compile_offer

_NONE: frozenset[str] = frozenset()


class Catalogue:
    """Every offer as of one revision. Share it between threads and requests freely; it never changes."""

    __slots__ = ("_by_id", "_by_key", "_by_sku", "_live", "_unscoped")

    def __init__(self) -> None:
        self._by_id: dict[str, CompiledOffer] = {}
        self._by_key: dict[str, CompiledOffer] = {}
        self._by_sku: dict[str, tuple[str, ...]] = {}  # SKU → ids of offers that name it in any version
        self._unscoped: frozenset[str] = frozenset()  # ids of offers with every product in scope
        self._live: tuple[CompiledOffer, ...] | None = None

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[CompiledOffer]:
        return iter(self._by_id.values())

    def find(self, name: str) -> CompiledOffer | None:
        """The offer with that key or id."""
        return self._by_key.get(name) or self._by_id.get(name)

    def by_id(self, offer: str) -> CompiledOffer | None:
        return self._by_id.get(offer)

    def live(self) -> tuple[CompiledOffer, ...]:
        """Offers with a version in LIVE, by (priority, key) (terms §3)."""
        if self._live is None:
            found = [(offer.live.terms.priority, offer.key, offer) for offer in self._by_id.values() if offer.live]
            self._live = tuple(offer for _, _, offer in sorted(found, key=lambda each: each[:2]))
        return self._live

    def live_with(self, skus: Iterable[str]) -> list[CompiledOffer]:
        """LIVE offers that have one of the SKUs in scope, by (priority, key). Cost follows what matches."""
        wanted = tuple(skus)
        ids = self._unscoped.union(*(self._by_sku.get(sku, ()) for sku in wanted)) if wanted else _NONE
        found = [self._by_id[offer] for offer in ids]
        matching = [
            (offer.live.terms.priority, offer.key, offer)
            for offer in found
            if offer.live is not None and any(map(offer.live.terms.covers, wanted))
        ]
        return [offer for _, _, offer in sorted(matching, key=lambda each: each[:2])]

    def apply(self, records: Iterable[OfferRecord]) -> "Catalogue":
        """The catalogue with these records in place of what had their ids; copied once, however many there are."""
        changed = Catalogue()
        changed._by_id, changed._by_key = self._by_id.copy(), self._by_key.copy()
        changed._by_sku, changed._unscoped = self._by_sku, self._unscoped
        index = _Index(self)
        for record in records:
            before = changed._by_id.get(record.id)
            after = compile_offer(record, before)
            changed._by_id[record.id] = changed._by_key[record.key] = after
            index.replace(before, after)
        changed._by_sku, changed._unscoped = index.finish()
        return changed

    def with_record(self, record: OfferRecord) -> "Catalogue":
        """The catalogue with one record in place of what had its id."""
        return self.apply((record,))

    @staticmethod
    def of(records: Iterable[OfferRecord]) -> "Catalogue":
        """A catalogue of these records."""
        return Catalogue().apply(records)


class _Index:
    """The changes of one batch to the index by SKU, made on sets that are copied only when touched."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._before: dict[str, tuple[str, ...]] = catalogue._by_sku  # noqa: SLF001  one module, one structure
        self._touched: dict[str, set[str]] = {}
        self._unscoped = catalogue._unscoped  # noqa: SLF001

    def replace(self, before: CompiledOffer | None, after: CompiledOffer) -> None:
        old = before.skus if before is not None else _NONE
        if old is not after.skus:
            for sku in old - after.skus:
                self._ids(sku).discard(after.id)
            for sku in after.skus - old:
                self._ids(sku).add(after.id)
        if after.unscoped != (after.id in self._unscoped):
            self._unscoped = self._unscoped ^ {after.id}

    def _ids(self, sku: str) -> set[str]:
        ids = self._touched.get(sku)
        if ids is None:
            ids = self._touched[sku] = set(self._before.get(sku, ()))
        return ids

    def finish(self) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
        if not self._touched:
            return self._before, self._unscoped
        changed = {sku: tuple(sorted(ids)) for sku, ids in self._touched.items()}
        return {**self._before, **changed}, self._unscoped
