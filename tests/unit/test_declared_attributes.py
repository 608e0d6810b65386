"""Attributes that authors declare, in decisions: compared by their kind, spoken of as the version says."""

from typing import Any

import pytest

from concord.contracts.records import ActivationState, AttributeRecord
from concord.decision.attributes import Kind
from unit.decision_samples import ask, codes_of, household, linda, offer, only, terms, version

IS_VIP = {"attribute": "customer.vip", "op": "eq", "value": True}


def vip(**texts: str) -> dict[str, AttributeRecord]:
    said = {"noun": "the customer", "question": "whether the customer is a VIP", "adjective": "a VIP"}
    return {"customer.vip": AttributeRecord(kind=Kind.BOOL, **{**said, **texts})}


def asked(facts: dict[str, Any], criteria: Any = IS_VIP, **declared: Any) -> Any:
    made = offer(version(terms(criteria=criteria), **{"attributes": vip(), **declared}))
    return only(ask(linda(facts=facts), [made], household()))


def test_fact_of_a_declared_attribute_decides() -> None:
    assert asked({"customer.vip": True}).verdict == "available"
    refused = asked({"customer.vip": False})
    assert (refused.verdict, codes_of(refused)) == ("refused", ["criterion_not_met"])
    assert refused.reasons[0].sentence == "This offer needs the customer to be a VIP."


def test_missing_fact_of_a_declared_attribute_is_asked_for() -> None:
    missing = asked({})
    assert (missing.verdict, missing.reasons[0].attribute) == ("unknown", "customer.vip")
    assert "whether the customer is a VIP" in missing.reasons[0].sentence


def test_bool_without_an_adjective_has_a_sentence_that_ends() -> None:
    refused = asked({"customer.vip": False}, attributes=vip(adjective="", noun="the VIP mark"))
    assert refused.reasons[0].sentence == "This offer needs the VIP mark to be true."


@pytest.mark.parametrize(
    ("kind", "value", "fits", "fails"),
    [
        ("decimal", "10.50", "10.5", "10.51"),
        ("date", "2026-01-31", "2026-01-31", "2026-02-01"),
        ("instant", "2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00", "2026-01-31T13:00:00Z"),
        ("money", {"amount": 5, "currency": "USD"}, {"amount": 5, "currency": "USD"}, {"amount": 6, "currency": "USD"}),
        ("int", 5, 5, 6),
    ],
)
def test_declared_kind_says_how_values_compare(kind: str, value: Any, fits: Any, fails: Any) -> None:
    attribute = AttributeRecord(kind=Kind(kind), noun="the thing", question="what the thing is")
    criteria = {"attribute": "line.thing", "op": "lte", "value": value}
    for fact, verdict in ((fits, "available"), (fails, "refused")):
        assert asked({"line.thing": fact}, criteria, attributes={"line.thing": attribute}).verdict == verdict


def test_each_version_speaks_of_an_attribute_as_it_was_when_submitted() -> None:
    """Whatever a replica applied before, and in whatever order: the record alone says it."""
    older = offer(version(terms(criteria=IS_VIP), attributes=vip(adjective="a gold member")), number=1, key="older")
    newer = offer(version(terms(criteria=IS_VIP), attributes=vip(adjective="a VIP")), number=2, key="newer")
    for records in ([older, newer], [newer, older]):
        said = {
            key: only(ask(linda(key, facts={"customer.vip": False}), records, household())).reasons[0].sentence
            for key in ("older", "newer")
        }
        assert said == {
            "older": "This offer needs the customer to be a gold member.",
            "newer": "This offer needs the customer to be a VIP.",
        }


def test_same_terms_submitted_again_speak_with_their_own_words() -> None:
    """Both versions have one content hash, and the one that is LIVE is the one that is asked."""
    said = terms(criteria=IS_VIP)
    gold = vip(adjective="a gold member")
    before = offer(version(said, 1, attributes=gold))
    after = offer(version(said, 1, ActivationState.CLOSING, attributes=gold), version(said, 2, attributes=vip()))
    refused = only(ask(linda(facts={"customer.vip": False}), [before, after], household()))
    assert refused.reasons[0].sentence == "This offer needs the customer to be a VIP."
