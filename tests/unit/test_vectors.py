"""The vectors, run through the function; `tests/integration` runs them through each channel's HTTP API."""

import orjson
import pytest

from unit.vector_cases import CHANNELS, Case, load, told

CASES = load()


def test_there_are_enough_vectors_and_each_has_a_name_of_its_own() -> None:
    assert len(CASES) >= 100
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_vector_is_answered_alike(case: Case) -> None:
    assert set(case.expect) == set(CHANNELS)
    for channel in CHANNELS:
        found = orjson.loads(case.answer(channel).to_bytes())
        assert [told(item) for item in found["items"]] == case.expect[channel], channel
        if channel in case.say:
            assert found["items"][0]["say_this"] == case.say[channel]
        assert found["certificate"]["terms_digest"] == case.terms_digest


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_vector_states_the_hash_of_its_terms(case: Case) -> None:
    for offer in case.offers:
        for version in offer.versions:
            assert version.terms.content_hash() == version.content_hash
