"""The table of the run side, exhaustively, and what any sequence of events keeps true."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concord.contracts.records import ActivationState, OfferRecord
from concord.decision.terms import EXAMPLE, Terms
from offer_registry.activation import (
    AUTOMATIC,
    CLOSED,
    CLOSING,
    HONOURABLE,
    LEAVING,
    LIVE,
    PLACES,
    PREPARING,
    SUSPENDED,
    TABLE,
    Activation,
    ActiveOffer,
    Event,
    Guards,
    Place,
    changed,
    due,
)
from offer_registry.errors import ActivationConflict, NewerReleased

TERMS = Terms.model_validate(EXAMPLE)
HASH = TERMS.content_hash()
OPEN_PLACES = tuple(place for place in PLACES if place not in {None, CLOSED})
ALWAYS: Guards = dict.fromkeys(Event, lambda _: True)
NEVER: Guards = dict.fromkeys(Event, lambda _: False)
# Protocol §2: every other pair of states may coexist in two channels.
REFUSING = {None, PREPARING, CLOSING, CLOSED}


def version(number: int, place: Place, state_revision: int = 1) -> Activation:
    return Activation("ofr_1", number, HASH, place, state_revision)


def offer(*places: Place) -> ActiveOffer:
    activations = tuple(version(number, place, number) for number, place in enumerate(places, start=1))
    return ActiveOffer("ofr_1", "free-handset", activations, dict.fromkeys(range(1, len(places) + 1), TERMS))


def places(active: ActiveOffer) -> list[Place]:
    return [activation.place for activation in active.activations]


@pytest.mark.parametrize(("place", "event"), list(itertools.product((*OPEN_PLACES, CLOSED), Event)))
def test_activation_follows_the_table_and_refuses_everything_else(place: Place, event: Event) -> None:
    activation = version(1, place, 7)
    if (place, event) in TABLE:
        after = activation.after(event, 9)
        assert after.place == TABLE[place, event]
        assert after.state_revision == (7 if after.state is activation.state else 9)
    else:
        with pytest.raises(ActivationConflict):
            activation.after(event, 9)


def test_activation_table_never_puts_live_beside_a_state_that_refuses() -> None:
    for (source, _), target in TABLE.items():
        assert not (source == LIVE and target in REFUSING)
        assert not (source in REFUSING and target == LIVE)


def test_activation_table_reaches_every_place_and_leaves_each_but_closed() -> None:
    assert set(TABLE.values()) == set(PLACES) - {None}
    assert {source for source, _ in TABLE} == set(PLACES) - {CLOSED}


def test_activation_table_has_a_step_for_each_automatic_event() -> None:
    assert all((place, event) in TABLE for place, event in AUTOMATIC.items())


def test_activation_table_passes_every_shown_version_through_suspended() -> None:
    assert {target.state for (source, _), target in TABLE.items() if source == LIVE} == {ActivationState.SUSPENDED}


@pytest.mark.parametrize("place", OPEN_PLACES)
def test_activation_is_due_only_when_its_guard_says_so(place: Place) -> None:
    assert due(version(1, place), ALWAYS) == AUTOMATIC.get(place)
    assert due(version(1, place), NEVER) is None


def test_offer_released_goes_live_in_two_steps() -> None:
    released = offer().release(version(1, PREPARING, 5), TERMS)
    honourable = released.advance(ALWAYS, 6)
    live = honourable.advance(ALWAYS, 7)
    assert [places(each) for each in (released, honourable, live)] == [[PREPARING], [HONOURABLE], [LIVE]]
    assert live.activations[0].state_revision == 7
    assert live.advance(ALWAYS, 8) is live


def test_offer_takes_one_step_at_a_time() -> None:
    before = offer(LEAVING, PREPARING)
    after = before.advance(ALWAYS, 9)
    assert len(list(changed(before, after))) == 1


def test_newer_version_takes_the_place_of_the_older_in_one_step() -> None:
    after = offer(LIVE, HONOURABLE).advance(ALWAYS, 9)
    assert places(after) == [LEAVING, LIVE]
    assert [activation.state_revision for activation in after.activations] == [9, 9]


def test_newer_version_ends_every_older_one() -> None:
    after = offer(CLOSING, LEAVING, SUSPENDED, PREPARING, HONOURABLE, HONOURABLE).advance(
        {**NEVER, Event.ACKNOWLEDGED: lambda activation: activation.version == 6}, 9
    )
    assert places(after) == [CLOSING, LEAVING, LEAVING, CLOSED, CLOSING, LIVE]


def test_suspended_version_that_a_newer_one_replaced_is_not_resumed() -> None:
    after = offer(SUSPENDED, HONOURABLE).advance(ALWAYS, 9)
    assert places(after.resume(10)) == [LEAVING, LIVE]


def test_withdrawal_acts_on_every_open_version() -> None:
    after = offer(CLOSING, LEAVING, LIVE, HONOURABLE, PREPARING).withdraw(9)
    assert places(after) == [CLOSING, LEAVING, LEAVING, CLOSING, CLOSED]


def test_withdrawal_of_a_suspended_version_keeps_the_revision_its_wait_is_counted_from() -> None:
    (activation,) = offer(SUSPENDED).withdraw(9).activations
    assert (activation.place, activation.state_revision) == (LEAVING, 1)


@pytest.mark.parametrize(
    ("verb", "done"),
    [("suspend", SUSPENDED), ("resume", LIVE), ("withdraw", LEAVING), ("withdraw", CLOSING)],
)
def test_verb_done_before_changes_nothing(verb: str, done: Place) -> None:
    before = offer(done)
    assert list(changed(before, getattr(before, verb)(9))) == []


@pytest.mark.parametrize(
    ("verb", "place"),
    [("suspend", LEAVING), ("suspend", PREPARING), ("suspend", CLOSING), ("resume", LEAVING), ("resume", HONOURABLE)],
)
def test_verb_that_applies_to_no_version_is_refused(verb: str, place: Place) -> None:
    with pytest.raises(ActivationConflict):
        getattr(offer(place), verb)(9)


def test_release_of_an_older_version_is_refused() -> None:
    with pytest.raises(NewerReleased):
        offer(CLOSING, LIVE).release(version(1, PREPARING), TERMS)


def test_record_leaves_closed_versions_out() -> None:
    record = offer(CLOSED, LEAVING, LIVE).record()
    assert [(each.version, each.state, each.leaving) for each in record.versions] == [
        (2, ActivationState.SUSPENDED, True),
        (3, ActivationState.LIVE, False),
    ]


def test_record_of_an_offer_without_open_versions_is_short() -> None:
    assert offer(CLOSED).record().to_bytes() == b'{"id":"ofr_1","key":"free-handset","versions":[]}'


def test_record_bytes_are_reproducible_and_read_back() -> None:
    active = offer(LEAVING, LIVE)
    data = active.record().to_bytes()
    assert data == offer(LEAVING, LIVE).record().to_bytes()
    assert OfferRecord.parse(data) == active.record()


steps = st.lists(
    st.one_of(
        st.sampled_from(["suspend", "resume", "withdraw", "release"]),
        st.frozensets(st.sampled_from(list(AUTOMATIC.values()))),
    ),
    max_size=40,
)


@given(steps)
def test_any_sequence_of_events_keeps_the_offer_lawful(taken: list[str | frozenset[Event]]) -> None:
    active, released = offer(), 0
    for revision, step in enumerate(taken, start=1):
        before = active
        try:
            if step == "release":
                active = active.release(version(released + 1, PREPARING, revision), TERMS)
                released += 1
            elif isinstance(step, str):
                active = getattr(active, step)(revision)
            else:
                active = active.advance({**NEVER, **{event: ALWAYS[event] for event in step}}, revision)
        except ActivationConflict:
            continue
        live = [activation for activation in active.activations if activation.place == LIVE]
        assert len(live) <= 1
        for activation in live:
            older = [each for each in active.activations if each.version < activation.version]
            assert all(each.place in {LEAVING, CLOSING, CLOSED} for each in older)
        _check_steps(before, active)


def _check_steps(before: ActiveOffer, after: ActiveOffer) -> None:
    """Each version took one step of the table at most, and one that leaves never comes back."""
    old = {activation.version: activation.place for activation in before.activations}
    allowed = {(source, target) for (source, _), target in TABLE.items()}
    for activation in changed(before, after):
        source = old.get(activation.version)
        assert (source, activation.place) in allowed
        assert not (source is not None and source.leaving and not activation.leaving)
