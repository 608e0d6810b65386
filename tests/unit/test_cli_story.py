"""What the story is made of, and how its steps are told; `tests/acceptance/test_story.py` tells it for real."""

from datetime import UTC, datetime

import orjson
import phonenumbers
import pytest

from concord.cli.story import material
from concord.cli.story.material import Numbers
from concord.cli.story.steps import step
from concord.decision.terms import Terms
from concord.lookup import e164
from concord.testkit.ids import SeededRandomness

START = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize("day", [1, 3, 7])
def test_validity_starts_on_monday_of_the_week(day: int) -> None:
    assert material.monday(datetime(2026, 6, day, 23, 59, tzinfo=UTC)) == START


def test_validity_lasts_fourteen_days() -> None:
    assert material.validity(START) == {"start": "2026-06-01T00:00:00Z", "end": "2026-06-15T00:00:00Z"}


@pytest.mark.parametrize("price", [0, material.CHANGED])
def test_offers_of_the_story_are_terms(price: int) -> None:
    for terms in (material.handset_upgrade(START, price, "handset-saver"), material.handset_saver(START)):
        assert Terms.model_validate_json(orjson.dumps(terms)).honour.keys() >= {"web", "sms"}


def test_numbers_are_from_the_range_for_fiction() -> None:
    randomness = SeededRandomness()
    for _ in range(200):
        numbers = Numbers.drawn(randomness)
        national = [str(phonenumbers.parse(numbers.number(which)).national_number) for which in range(5)]
        assert len(set(national)) == 5
        assert all(number[3:8] == "55501" and len(number) == 10 for number in national)
        assert e164(numbers.number(0)) == numbers.number(0)


def test_lindas_numbers_are_those_of_the_documents() -> None:
    assert (material.LINDAS.number(0), material.LINDAS.number(25)) == ("+12025550117", "+12025550142")


def test_run_names_are_keys() -> None:
    randomness = SeededRandomness()
    names = {material.run_name(randomness) for _ in range(500)}
    assert len(names) == 500
    assert all(len(name) == 5 and set(name) <= set(material.ALPHABET) for name in names)


def test_step_holds_when_every_claim_does() -> None:
    assert step("a", "b", ("it is", True)).holds
    assert not step("a", "b", ("it is", True), ("it is not", False)).holds
