"""Ids: typed by prefix, UUIDv7 inside, in the order of making."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from concord.ids import ALPHABET, LENGTH, PREFIXES, TimeOrderedIds, is_id
from concord.testkit.clock import FakeClock
from concord.testkit.ids import CountingIds, SeededRandomness


def decoded(text: str) -> uuid.UUID:
    value = 0
    for symbol in text.partition("_")[2]:
        value = value << 5 | ALPHABET.index(symbol)
    return uuid.UUID(int=value)


@given(st.lists(st.floats(0, 0.01), max_size=50), st.integers(0, 2**32))
def test_later_ids_sort_after_earlier_ones(pauses: list[float], seed: int) -> None:
    clock = FakeClock()
    ids = TimeOrderedIds(clock, SeededRandomness(seed))
    made = []
    for pause in pauses:
        made.append(ids.new("ofr"))
        clock.advance(pause)
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_sort_also_when_the_wall_clock_goes_back() -> None:
    clock = FakeClock()
    ids = TimeOrderedIds(clock, SeededRandomness(1))
    first = ids.new("prm")
    clock.set_wall(clock.now().replace(year=2020))
    assert ids.new("prm") > first


def test_an_id_is_a_uuid_of_version_seven_with_its_millisecond() -> None:
    clock = FakeClock()
    made = decoded(TimeOrderedIds(clock, SeededRandomness(3)).new("hh"))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == int(clock.now().timestamp() * 1000)


def test_shape_is_recognised() -> None:
    for prefix in PREFIXES:
        made = CountingIds().new(prefix)
        assert is_id(made, prefix)
        assert not is_id(made, "xyz")
    good = "ofr_" + "0" * LENGTH
    assert is_id(good, "ofr")
    for bad in ("ofr_", "ofr", good[:-1], good + "0", good.upper(), good.replace("0", "u"), "ofr_" + "é" * LENGTH):
        assert not is_id(bad, "ofr")
