"""Simulated answers are the channels' own, with why each offer is had or not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from concord.decision.attributes import BUILT_IN, Attribute, Kind
from concord.decision.catalogue import Catalogue
from concord.decision.question import Question, View, setting_at
from concord.decision.quote import Ordered, quote
from concord.decision.quoting.basket import Basket
from concord.decision.scalars import CHANNELS
from concord.decision.terms import EXAMPLE, Terms
from offer_registry import examples
from offer_registry.review_schemas import ReviewDocument
from offer_registry.simulation import Stated, Trial, simulate, stated, wrong_facts
from offer_registry.simulation_schemas import SimulationAsked, SimulationShape
from unit.decision_samples import AT, KEY, ask, fixed, offer, plain, terms, usd, version

FACTS = {"line.tenure_months": 44, "line.barred": False}
TWO_MUGS = [{"id": "1", "sku": "MUG", "categories": ["mugs"], "quantity": 2, "unit_price": 1000}]


def basket(*lines: dict[str, Any], **more: Any) -> Basket:
    return Basket.model_validate({"currency": "USD", "lines": list(lines) or TWO_MUGS, **more})


def mugs(**changes: Any) -> Terms:
    """Ten per cent off mugs, for everybody."""
    own = {
        "benefits": [{"kind": "percent_off", "basis_points": 1000}],
        "products": {"categories": ["mugs"]},
        "regular_price": None,
        "criteria": None,
        "cards": {},
        "exclusive_group": None,
    }
    return terms(**{**own, **changes})


def tried(*offers: Stated, codes: tuple[str, ...] = (), of: Basket | None = None, **more: Any) -> Any:
    """The answer as a client reads it."""
    ordered = None if of is None else Ordered(of, codes)
    written = simulate(Trial(offers, more.pop("facts", {}), more.pop("at", AT), ordered))
    SimulationShape.model_validate_json(written)
    return orjson.loads(written)


def why(answered: Any, key: str = "mugs") -> Any:
    (found,) = (each for each in answered["why"] if each["offer"] == key)
    return found


def codes_of(explained: Any) -> list[str]:
    return [reason["code"] for reason in explained["reasons"]]


@pytest.mark.parametrize("facts", [FACTS, {}, {"line.tenure_months": 11, "line.barred": False}])
def test_simulated_decisions_are_those_of_the_channel(facts: dict[str, Any]) -> None:
    answered = tried(stated(KEY, 3, terms()), facts=facts)
    for channel in CHANNELS:
        real = plain(ask(Question(offers=(KEY,), facts=facts), [offer(version(number=3))], None, channel))
        simulated = answered["channels"][channel]
        assert simulated["items"] == real["items"]
        for digest in ("request_digest", "terms_digest", "policy_digest"):
            assert simulated["certificate"][digest] == real["certificate"][digest]
        assert simulated["hypothetical"] is True
        assert simulated["certificate"]["catalogue"] == {"epoch": 0, "revision": 0}


def test_simulated_quote_is_that_of_the_channel() -> None:
    answered = tried(stated("mugs", 2, mugs()), of=basket())
    record = offer(version(mugs(), 2), key="mugs")
    view = View(Catalogue.of([record]), 1, 1)
    for channel in CHANNELS:
        real = orjson.loads(quote(Question(), Ordered(basket()), view, setting_at(channel, AT)).to_bytes())
        simulated = answered["channels"][channel]
        assert {**simulated, "hypothetical": None, "certificate": None} == {
            **real,
            "hypothetical": None,
            "certificate": None,
        }
        assert simulated["certificate"]["terms_digest"] == real["certificate"]["terms_digest"]


def test_simulation_considers_only_the_offers_it_names() -> None:
    answered = tried(stated("a", 1, terms()), stated("b", 1, terms(benefits=fixed(500))), facts=FACTS)
    assert [item["offer"] for item in answered["channels"]["web"]["items"]] == ["a", "b"]
    assert [each["offer"] for each in answered["why"]] == ["a", "b"]


def test_why_has_the_tree_and_the_reasons_of_a_decision() -> None:
    told = tried(stated(KEY, 1, terms()), facts={"line.tenure_months": 11, "line.barred": False})["why"][0]
    assert (told["had"], codes_of(told)) == (False, ["criterion_not_met"])
    assert [part["result"] for part in told["criteria"]["parts"]] == [False, True]
    had = tried(stated(KEY, 1, terms()), facts=FACTS)["why"][0]
    assert (had["had"], had["reasons"], had["criteria"]["result"]) == (True, [], True)


def test_why_of_an_offer_for_everybody_has_no_tree() -> None:
    told = why(tried(stated("mugs", 1, mugs()), of=basket()))
    assert (told["had"], told["criteria"]) == (True, None)
    assert told["lines"] == [{"line": "1", "in_scope": True, "criteria": None}]


SUBTOTAL = {"attribute": "basket.subtotal", "op": "gte", "value": usd(5000)}
MONDAYS = [{"days": ["mon"], "from": "09:00", "to": "17:00", "zone": "Europe/Berlin"}]
SEGMENT = {"attribute": "customer.segment", "op": "eq", "value": "gold"}


@pytest.mark.parametrize(
    ("changes", "more", "codes"),
    [
        ({}, {"of": basket({"id": "1", "sku": "PEN", "quantity": 1, "unit_price": 100})}, ["scope_empty"]),
        ({"criteria": SUBTOTAL}, {"of": basket()}, ["criterion_not_met"]),
        ({"criteria": SEGMENT}, {"of": basket()}, ["fact_missing"]),
        ({"codes": ["SUMMER"]}, {"of": basket()}, ["code_needed"]),
        ({"benefits": fixed(2000)}, {"of": basket()}, ["nothing_to_reduce"]),
        ({"benefits": fixed(1)}, {"of": basket(currency="EUR")}, ["currency_not_offered"]),
        ({"windows": MONDAYS}, {"of": basket()}, ["outside_hours"]),
        ({}, {"of": basket(), "at": datetime(2026, 5, 1, tzinfo=UTC)}, ["offer_not_started"]),
        ({}, {"of": basket(), "at": datetime(2026, 6, 15, tzinfo=UTC)}, ["offer_ended"]),
    ],
)
def test_why_of_a_quote_says_why_not(changes: dict[str, Any], more: dict[str, Any], codes: list[str]) -> None:
    told = why(tried(stated("mugs", 1, mugs(**changes)), **more))
    assert (told["had"], codes_of(told)) == (False, codes)


def test_why_of_a_quote_says_which_lines_it_is_about() -> None:
    chosen = mugs(criteria={"attribute": "line_item.unit_price", "op": "gte", "value": usd(2000)})
    pen = {"id": "2", "sku": "PEN", "quantity": 1, "unit_price": 5000}
    dear = {"id": "3", "sku": "MUG-L", "categories": ["mugs"], "quantity": 1, "unit_price": 2500}
    told = why(tried(stated("mugs", 1, chosen), of=basket(*TWO_MUGS, pen, dear)))
    assert [(line["line"], line["in_scope"]) for line in told["lines"]] == [("1", True), ("2", False), ("3", True)]
    assert [line["criteria"] and line["criteria"]["result"] for line in told["lines"]] == [False, None, True]


def test_why_of_a_quote_has_what_was_left_to_pay_at_the_offers_turn() -> None:
    running = {"attribute": "basket.running_subtotal", "op": "gte", "value": usd(2000)}
    first = stated("first", 1, mugs(priority=1))
    told = why(tried(first, stated("mugs", 1, mugs(priority=2, criteria=running)), of=basket()))
    assert (told["criteria"]["actual"], told["criteria"]["result"]) == (usd(1800), False)
    assert codes_of(told) == ["criterion_not_met"]


def test_why_of_a_quote_names_the_better_offer_of_a_group() -> None:
    offers = [
        stated(key, 1, mugs(exclusive_group="mugs", benefits=[{"kind": "percent_off", "basis_points": off}]))
        for key, off in (("more", 2000), ("less", 1000))
    ]
    answered = tried(*offers, of=basket())
    assert (why(answered, "more")["had"], codes_of(why(answered, "less"))) == (True, ["better_offer_applied"])


def test_codes_are_presented_with_the_basket() -> None:
    answered = tried(stated("mugs", 1, mugs(codes=["SUMMER"])), of=basket(), codes=("summer", "WINTER"))
    assert why(answered)["had"] is True
    assert [each["code"] for each in answered["channels"]["sms"]["refused"]] == ["WINTER"]


@pytest.mark.parametrize(
    ("at", "verdict"), [("2026-06-08T06:59:59Z", "refused"), ("2026-06-08T07:00:00Z", "available")]
)
def test_weekly_hours_are_those_that_submit_would_work_out(at: str, verdict: str) -> None:
    answered = tried(stated("mugs", 1, mugs(windows=MONDAYS)), at=datetime.fromisoformat(at))
    assert answered["channels"]["web"]["items"][0]["verdict"] == verdict


def test_attributes_that_authors_declared_are_known() -> None:
    orders = Attribute("customer.orders", Kind.INT, "the number of orders", "how often the customer orders")
    registry = {**BUILT_IN, orders.name: orders}
    said = mugs(criteria={"attribute": orders.name, "op": "gte", "value": 3})
    trial = Trial([stated("mugs", 1, said, registry)], {orders.name: 2}, AT, registry=registry)
    assert wrong_facts(trial) == []
    assert [error.pointer for error in wrong_facts(replace(trial, facts={orders.name: "2"}))] == [
        "/facts/customer.orders"
    ]
    told = orjson.loads(simulate(trial))["why"][0]
    assert told["reasons"][0]["sentence"] == "This offer needs the number of orders to be at least 3."
    assert (told["criteria"]["actual"], told["criteria"]["result"]) == (2, False)


def test_facts_are_checked_as_in_a_channel() -> None:
    trial = Trial([stated(KEY, 1, terms())], {"line.tenure_months": "12", "line.age": 1}, AT)
    assert [error.pointer for error in wrong_facts(trial)] == ["/facts/line.tenure_months", "/facts/line.age"]


EXTREMES = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-06-01T00:00:00Z"]


@pytest.mark.parametrize("end", [None, *EXTREMES])
@pytest.mark.parametrize("start", EXTREMES)
@pytest.mark.parametrize("at", EXTREMES)
@pytest.mark.parametrize("of", [None, basket()])
def test_any_instant_there_is_can_be_asked_of_any_validity(
    start: str, end: str | None, at: str, of: Basket | None
) -> None:
    said = mugs(validity={"start": start, "end": end})
    assert set(tried(stated("mugs", 1, said), at=datetime.fromisoformat(at), of=of)["channels"]) == set(CHANNELS)


def test_draft_that_is_not_complete_can_be_tried_out() -> None:
    said = Terms.model_validate({name: EXAMPLE[name] for name in ("title", "benefits", "validity")})
    answered = tried(stated("draft", 1, said), at=AT + timedelta(days=1))
    assert {channel: given["items"][0]["verdict"] for channel, given in answered["channels"].items()} == dict.fromkeys(
        CHANNELS, "escalate"
    )


def test_documented_examples_are_what_the_routes_take_and_answer() -> None:
    assert ReviewDocument.model_validate(examples.REVIEW).counter_example is not None
    for example in SimulationAsked.model_json_schema()["examples"]:
        asked = SimulationAsked.model_validate_json(orjson.dumps(example))
        assert asked.facts == example["facts"]
