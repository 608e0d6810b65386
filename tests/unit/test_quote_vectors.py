"""The vectors of quotes, run through the function; `test_channel_quote_vectors` runs them through each channel."""

import hashlib

import orjson
import pytest

from concord.canonical import canonical_bytes
from unit.quote_cases import Case, load, stated, told, told_here
from unit.vector_cases import CHANNELS

CASES = load()
OWED = ("added", "applied", "delivery", "lines", "promises", "to_pay", "totals")


def test_there_are_enough_vectors_and_each_has_a_name_of_its_own() -> None:
    assert len(CASES) >= 300
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_vector_adds_up(case: Case) -> None:
    """What a hand wrote: sums of lines are the totals, and what offers took off is the discount."""
    expect = stated(case.expect)
    delivery = expect["delivery"] or [0, 0, 0]
    prices = {line["id"]: line["quantity"] * line["unit_price"] for line in case.basket["lines"]}
    assert [line[0] for line in expect["lines"]] == sorted(prices)
    assert all(gross == prices[line] and gross - discount == net for line, gross, discount, net in expect["lines"])
    assert [sum(line[place] for line in expect["lines"]) for place in (1, 2, 3)] == expect["totals"]
    assert expect["to_pay"] == expect["totals"][2] + delivery[2]
    assert sum(discount for *_, discount in expect["applied"]) == expect["totals"][1] + delivery[1]
    discounts = {line: discount for line, _, discount, _ in expect["lines"]}
    for line, shares in expect.get("shares", {}).items():
        assert sum(discount for *_, discount in shares) == discounts[line]
    for line, units in expect.get("units", {}).items():
        assert sum(units) == discounts[line]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_vector_is_quoted_alike(case: Case) -> None:
    for channel in CHANNELS:
        found = orjson.loads(case.quote(channel).to_bytes())
        assert told(found, case.expect) == stated(case.expect), channel
        if channel in case.here:
            assert told_here(found) == case.here[channel], channel
        assert found["certificate"]["terms_digest"] == case.terms_digest


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_digest_covers_what_is_owed(case: Case) -> None:
    """As `tests/vectors/README.md` says it, from the answer alone."""
    found = orjson.loads(case.quote("sms").to_bytes())
    owed = canonical_bytes([{name: found[name] for name in OWED}])
    assert hashlib.sha256(owed).hexdigest() == case.terms_digest


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_vector_is_quoted_alike_backwards(case: Case) -> None:
    """The order of offers, lines, codes and promises never matters (terms §3)."""
    assert case.quote("web", backwards=True).to_bytes() == case.quote("web").to_bytes()
