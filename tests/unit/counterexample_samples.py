"""Terms, searches and what is true of a counter-example, for its tests."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from pydantic import TypeAdapter

from concord.decision.criteria import Criterion
from concord.decision.quote import Ordered
from concord.decision.scalars import CHANNELS
from concord.decision.terms import Terms
from offer_registry.counterexample.search import (
    CounterExample,
    Searched,
    search,
)
from offer_registry.counterexample.sides import Example
from offer_registry.simulation import Trial, simulate, stated
from unit.decision_samples import AT, terms, usd

CRITERIA: TypeAdapter[Criterion] = TypeAdapter(Criterion)


def plain(**changes: Any) -> Terms:
    """Ten per cent off everything, for everybody."""
    own: dict[str, Any] = {
        "benefits": [{"kind": "percent_off", "basis_points": 1000}],
        "products": {},
        "regular_price": None,
        "criteria": None,
        "cards": {},
        "exclusive_group": None,
        "honour": {channel: {"action": "native"} for channel in CHANNELS},
    }
    return terms(**{**own, **changes})


def searched(live: Terms, new: Terms, at: datetime = AT) -> Searched:
    return search(stated("offer", 1, live), stated("offer", 2, new), at)


def found(live: Terms, new: Terms, at: datetime = AT) -> CounterExample:
    """What the search finds, priced again by a simulation of each version."""
    given = searched(live, new, at).found
    assert given is not None
    assert_true(given, live, new)
    return given


def assert_true(given: CounterExample, live: Terms, new: Terms) -> None:
    """The customer is worse off by the channels' own quotes."""
    before, after = (quoted(said, number, given.example) for number, said in ((1, live), (2, new)))
    assert {name: quote["to_pay"] for name, quote in before.items()} == dict.fromkeys(CHANNELS, given.live.to_pay)
    assert {name: quote["to_pay"] for name, quote in after.items()} == dict.fromkeys(CHANNELS, given.new.to_pay)
    if given.channel is None:
        assert worse(before["web"], after["web"])
    else:
        (had,), (has,) = before[given.channel]["here"], after[given.channel]["here"]
        assert has["verdict"] != had["verdict"] or paid(after[given.channel]) > paid(before[given.channel])


def quoted(said: Terms, number: int, example: Example) -> Mapping[str, Any]:
    """What each channel quotes with this version alone; facts and basket as a caller sends them."""
    basket = type(example.basket).model_validate_json(example.basket.model_dump_json())
    facts = orjson.loads(orjson.dumps(example.facts))
    trial = Trial([stated("offer", number, said)], facts, example.at, Ordered(basket, example.codes))
    channels: Mapping[str, Any] = orjson.loads(simulate(trial))["channels"]
    return channels


def worse(before: Any, after: Any) -> bool:
    """Whether the customer pays more, or gets less besides."""
    given, had = added(after), added(before)
    return bool(after["to_pay"] > before["to_pay"]) or any(given[name] < many for name, many in had.items())


def added(quote: Any) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in quote["added"]:
        found[each.get("sku") or f"{each['what']}, {each['unit']}"] += each["quantity"]
    return found


def paid(quote: Any) -> int:
    return int(quote["to_pay"] + sum((each["fee"] or {"amount": 0})["amount"] for each in quote["here"]))


def tenure(months: int) -> dict[str, Any]:
    return {"attribute": "line.tenure_months", "op": "gte", "value": months}


def either(months: int, other: dict[str, Any]) -> dict[str, Any]:
    """A criterion that joins the customer with what is bought."""
    return {"any": [tenure(months), other]}


def items(value: Any, measure: str = "quantity", **where: list[str]) -> dict[str, Any]:
    return {"items": where, "measure": measure, "op": "gte", "value": value}


MUGS, HATS = {"categories": ["mugs"]}, {"categories": ["hats"]}
SUBTOTAL = {"attribute": "basket.subtotal", "op": "gte", "value": usd(5000)}
OF_LINE = {"attribute": "line_item.quantity", "op": "gte", "value": 3}
EURO = {"amount": 1, "currency": "EUR"}
GRANT = {"kind": "grant", "what": "streaming", "quantity": 3, "unit": "month"}
MUG = {"kind": "free_item", "sku": "MUG", "if_present": "add"}
BOGO = {"kind": "buy_x_get_y", "buy": {"quantity": 2}, "get": {"quantity": 1}}
BUNDLE = {"kind": "bundle_price", "items": [{"products": MUGS}, {"products": HATS}], "price": usd(1500)}
STEPS = {"kind": "tiers", "by": "quantity", "steps": [{"from": 3, "basis_points": 1000}]}
SPEND = {"kind": "tiers", "by": "spend", "steps": [{"from": usd(5000), "amount": usd(500)}]}
