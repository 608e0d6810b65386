"""The catalogue: any way of applying the same records gives the same catalogue, and the index misses nothing."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from concord.contracts.records import ActivationState, AttributeRecord, OfferRecord
from concord.decision.attributes import BUILT_IN, Kind
from concord.decision.catalogue import Catalogue
from unit.decision_samples import offer, terms, version

SKUS = ["A", "B", "C"]
DECLARED = {
    name: AttributeRecord(kind=Kind.INT, noun=f"the {name}", question=f"how many {name} there are")
    for name in ("customer.cats", "customer.dogs")
}


@st.composite
def records(draw: st.DrawFn) -> OfferRecord:
    number = draw(st.integers(1, 4))
    versions = [
        version(
            terms(
                products={
                    "skus": draw(st.lists(st.sampled_from(SKUS), max_size=2, unique=True)),
                    "categories": draw(st.sampled_from([[], ["mugs"]])),
                    "exclude": {"skus": draw(st.sampled_from([[], ["A"]]))},
                },
                priority=draw(st.integers(1, 2)),
            ),
            n + 1,
            draw(st.sampled_from(ActivationState)),
            attributes={name: DECLARED[name] for name in draw(st.sets(st.sampled_from([*DECLARED])))} or None,
        )
        for n in range(draw(st.integers(0, 2)))
    ]
    return OfferRecord(id=f"ofr_{number:026d}", key=f"offer-{number}", versions=versions)


histories = st.lists(records(), max_size=8)


def picture(catalogue: Catalogue) -> dict[str, Any]:
    """Everything a catalogue answers."""
    return {
        "held": {offer.id: [(v.version, v.content_hash, v.state) for v in offer.versions] for offer in catalogue},
        "live": [offer.key for offer in catalogue.live()],
        "by_sku": {sku: [offer.key for offer in catalogue.live_with([sku])] for sku in [*SKUS, "D"]},
        "attributes": catalogue.attributes,
        "found": {f"offer-{n}": getattr(catalogue.find(f"offer-{n}"), "id", None) for n in range(1, 5)},
    }


@given(histories, st.integers(1, 8))
def test_batches_of_any_size_give_the_same_catalogue(history: list[OfferRecord], size: int) -> None:
    last = {record.id: record for record in history}
    at_once = picture(Catalogue.of(last.values()))
    stepwise = Catalogue()
    for start in range(0, len(history), size):
        stepwise = stepwise.apply(history[start : start + size])
    assert picture(stepwise) == at_once
    assert picture(Catalogue.of(history)) == at_once


@given(histories, st.lists(st.sampled_from([*SKUS, "D"]), min_size=1, max_size=2))
def test_the_index_finds_what_evaluating_everything_finds(history: list[OfferRecord], skus: list[str]) -> None:
    catalogue = Catalogue.of(history)
    everything = [
        offer.key
        for offer in catalogue.live()
        if offer.live is not None and any(map(offer.live.terms.reach.covers, skus))
    ]
    assert [offer.key for offer in catalogue.live_with(skus)] == everything


@given(histories, histories)
def test_a_catalogue_never_changes(history: list[OfferRecord], more: list[OfferRecord]) -> None:
    catalogue = Catalogue.of(history)
    before = picture(catalogue)
    catalogue.apply(more)
    assert picture(catalogue) == before


def test_live_offers_stand_in_order_of_priority_then_key() -> None:
    """terms §3: smaller first, ties by offer key."""
    numbered = [(1, "b", 2), (2, "a", 2), (3, "c", 1)]
    records = [offer(version(terms(priority=priority)), number=number, key=key) for number, key, priority in numbered]
    catalogue = Catalogue.of(records)
    assert [each.key for each in catalogue.live()] == ["c", "a", "b"]
    assert [each.key for each in catalogue.live_with(["HANDSET-X"])] == ["c", "a", "b"]


def test_a_change_of_state_keeps_what_was_compiled() -> None:
    first = Catalogue.of([offer(version(state=ActivationState.HONOURABLE))])
    second = first.with_record(offer(version(state=ActivationState.LIVE)))
    before, after = (catalogue.find("free-handset-upgrade") for catalogue in (first, second))
    assert before is not None
    assert after is not None
    assert after.versions[0].terms is before.versions[0].terms
    assert (before.live, after.live) == (None, after.versions[0])


def test_a_closed_offer_stays_known_as_a_short_record() -> None:
    catalogue = Catalogue.of([offer(version())]).with_record(OfferRecord(id=offer().id, key=offer().key, versions=[]))
    found = catalogue.find("free-handset-upgrade")
    assert found is not None
    assert (found.versions, len(catalogue), catalogue.live_with(["HANDSET-X"])) == ((), 1, [])


def test_attributes_are_those_that_offers_declare_now() -> None:
    declaring = offer(version(attributes=DECLARED), number=1)
    catalogue = Catalogue.of([declaring])
    assert catalogue.attributes.keys() == BUILT_IN.keys() | DECLARED.keys()
    one_left = catalogue.with_record(offer(version(attributes={"customer.dogs": DECLARED["customer.dogs"]}), number=1))
    assert one_left.attributes.keys() == {*BUILT_IN, "customer.dogs"}
    assert one_left.with_record(offer(version(), number=1)).attributes == BUILT_IN
