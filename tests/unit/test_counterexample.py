"""The search for somebody worse off: what it finds is true, and it finds what there plainly is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from concord.decision.attributes import BUILT_IN, Attribute, Kind
from concord.decision.hours import DAYS
from concord.decision.scalars import CHANNELS
from concord.decision.terms import EXAMPLE, Terms
from offer_registry.counterexample import wording
from offer_registry.counterexample.instants import instants
from offer_registry.counterexample.search import (
    PAIRS_MOST,
    WORK_MOST,
    Searched,
    _Search,
    disagreement,
    search,
)
from offer_registry.counterexample.sides import side
from offer_registry.simulation import stated
from unit import rich_terms
from unit.counterexample_samples import (
    BOGO,
    BUNDLE,
    EURO,
    GRANT,
    MUG,
    MUGS,
    OF_LINE,
    SPEND,
    STEPS,
    SUBTOTAL,
    either,
    found,
    items,
    paid,
    plain,
    quoted,
    searched,
    tenure,
)
from unit.decision_samples import AT, fixed, terms, usd


@pytest.mark.parametrize(
    ("live", "new"),
    [
        (terms(), terms(benefits=fixed(500))),
        (terms(), terms(criteria=tenure(24))),
        (plain(), plain(benefits=[{"kind": "percent_off", "basis_points": 999}])),
        (plain(), plain(benefits=[{"kind": "percent_off", "basis_points": 1000, "cap": usd(5000)}])),
        (plain(), plain(max_discount=usd(700))),
        (plain(), plain(criteria=tenure(1))),
        (plain(), plain(products=MUGS)),
        (plain(products=MUGS), plain(products={"categories": ["mugs"], "exclude": {"skus": ["MUG-7"]}})),
        (plain(products=MUGS), plain(products={"categories": ["mugs"], "exclude": {"categories": ["sale"]}})),
        (plain(products={"skus": ["A", "B"]}), plain(products={"skus": ["B", "C"]})),
        (plain(criteria=items(2, **MUGS)), plain(criteria=items(3, **MUGS))),
        (plain(criteria=items(usd(2000), "sum", **MUGS)), plain(criteria=items(usd(2001), "sum", **MUGS))),
        (plain(criteria=items(1, "distinct", **MUGS)), plain(criteria=items(2, "distinct", **MUGS))),
        (plain(), plain(criteria=SUBTOTAL)),
        (plain(), plain(criteria={"attribute": "line_item.quantity", "op": "gte", "value": 2})),
        (plain(), plain(criteria={"attribute": "line_item.categories", "op": "contains_any", "value": ["mugs"]})),
        (plain(), plain(criteria={"not": {"attribute": "line_item.sku", "op": "in", "value": ["MUG-7"]}})),
        (plain(criteria=either(12, SUBTOTAL)), plain(criteria=either(24, SUBTOTAL))),
        (plain(criteria=either(12, OF_LINE)), plain(criteria=either(24, OF_LINE))),
        (plain(criteria=either(12, OF_LINE)), plain(criteria=OF_LINE)),
        (plain(benefits=[BOGO]), plain(benefits=[{**BOGO, "buy": {"quantity": 3}}])),
        (plain(benefits=[BOGO]), plain(benefits=[{**BOGO, "repeat": False}])),
        (plain(benefits=[BOGO]), plain(benefits=[{**BOGO, "get": {"quantity": 1, "basis_points": 5000}}])),
        (plain(benefits=[BUNDLE]), plain(benefits=[{**BUNDLE, "price": usd(1501)}])),
        (plain(benefits=[BUNDLE]), plain(benefits=[{**BUNDLE, "items": [*BUNDLE["items"], {"products": MUGS}]}])),
        (plain(benefits=[STEPS]), plain(benefits=[{**STEPS, "steps": [{"from": 4, "basis_points": 1000}]}])),
        (plain(benefits=[SPEND]), plain(benefits=[{**SPEND, "steps": [{"from": usd(5001), "amount": usd(500)}]}])),
        (plain(benefits=[GRANT]), plain(benefits=[{**GRANT, "quantity": 2}])),
        (plain(benefits=[MUG]), plain(benefits=[{**MUG, "sku": "CUP"}])),
        (
            plain(benefits=[{"kind": "delivery", "basis_points": 10_000}]),
            plain(benefits=[{"kind": "delivery", "price": usd(100)}]),
        ),
        (plain(), plain(codes=["SUMMER"])),
        (plain(codes=["SUMMER", "WINTER"]), plain(codes=["SUMMER"])),
        (plain(), plain(benefits=[{"kind": "amount_off", "amount": usd(1), "per": "basket"}])),
        (
            plain(benefits=[{"kind": "amount_off", "amount": [usd(1), EURO], "per": "unit"}]),
            plain(benefits=[{"kind": "amount_off", "amount": usd(1), "per": "unit"}]),
        ),
        (plain(), plain(validity={"start": "2026-06-01T00:00:00Z", "end": "2026-06-14T00:00:00Z"})),
        (plain(), plain(validity={"start": "2026-06-04T00:00:00Z", "end": "2026-06-15T00:00:00Z"})),
        (plain(), plain(criteria={"attribute": "now", "op": "lt", "value": "2026-06-10T12:00:00Z"})),
    ],
)  # fmt: skip
def test_change_for_the_worse_has_a_counter_example(live: Terms, new: Terms) -> None:
    given = found(live, new)
    assert given.channel is None
    assert "version 1" in (said := wording.worse_off(given, stated("offer", 1, live), stated("offer", 2, new)))
    assert said.endswith(".")
    assert searched(new, new).found is None


@pytest.mark.parametrize(
    ("live", "new"),
    [
        (terms(benefits=fixed(500)), terms()),
        (terms(criteria=tenure(24)), terms(criteria=tenure(12))),
        (plain(criteria=tenure(1)), plain()),
        (plain(products=MUGS), plain()),
        (plain(codes=["SUMMER"]), plain()),
        (plain(max_discount=usd(700)), plain()),
        (plain(benefits=[{**BOGO, "repeat": False}]), plain(benefits=[BOGO])),
        (plain(), plain(title={"en": "Another title"}, priority=7, shown_in=[])),
    ],
)
def test_change_for_the_better_has_none(live: Terms, new: Terms) -> None:
    outcome = searched(live, new)
    assert outcome.found is None
    assert 0 < outcome.pairs <= PAIRS_MOST


def honouring(cell: dict[str, Any]) -> Terms:
    return plain(honour={**{channel: {"action": "native"} for channel in CHANNELS}, "store_pos": cell})


FEE = {"action": "honour_with_fee", "fee": usd(500)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"action": "honour"}, FEE),
        (FEE, {"action": "honour_with_fee", "fee": usd(501)}),
        (FEE, {"action": "refer", "to": "web"}),
        ({"action": "escalate"}, {"action": "refer", "to": "web"}),
    ],
)
def test_channel_that_does_less_is_a_counter_example_there(before: dict[str, Any], after: dict[str, Any]) -> None:
    live, new = honouring(before), honouring(after)
    given = found(live, new)
    assert given.channel == "store_pos"
    assert "store_pos" in wording.worse_off(given, stated("offer", 1, live), stated("offer", 2, new))
    assert searched(new, live).found is None


def test_counter_example_is_made_small() -> None:
    criteria = {"all": [tenure(12), {"any": [{"attribute": "household.size", "op": "gte", "value": 2}, tenure(1)]}]}
    given = found(terms(criteria=criteria), terms(criteria=criteria, benefits=fixed(500)))
    assert given.example.facts == {"line.tenure_months": 12}
    (line,) = given.example.basket.lines
    assert (line.quantity, line.sku, given.example.basket.delivery, given.example.codes) == (1, "HANDSET-X", None, ())


def test_counter_example_says_who_buys_what_and_why() -> None:
    new = terms(criteria={"all": [tenure(24), EXAMPLE["criteria"]["all"][1]]})
    said = wording.worse_off(found(terms(), new), stated("offer", 1, terms()), stated("offer", 2, new))
    assert said == (
        "Somebody with line.barred false and line.tenure_months 12 who buys 1 × HANDSET-X at 130.00 USD pays 0.00 USD "
        "with version 1 and 130.00 USD with version 2. This offer needs the months the line has been with us to be at "
        "least 24."
    )


def test_search_gives_the_same_answer_each_time_and_for_any_order_of_names() -> None:
    skus = [f"SKU-{number}" for number in range(40)]
    segments = ["gold", "silver", "loyal", "new"]
    some = {"attribute": "customer.segment", "op": "in"}
    one, other = (
        searched(plain(products={"skus": names}, criteria={**some, "value": values}), plain(products=MUGS))
        for names, values in ((skus, segments), (skus[::-1], segments[::-1]))
    )
    assert one.found is not None
    assert other.found is not None
    assert (one.found.example, one.pairs) == (other.found.example, other.pairs)


def test_search_against_a_version_that_is_over_finds_nobody() -> None:
    over = plain(validity={"start": "2026-05-01T00:00:00Z", "end": "2026-06-01T00:00:00Z"})
    assert searched(over, plain(criteria=tenure(1))) == Searched(None, 0)


def test_channels_that_charge_differently_are_named() -> None:
    given = disagreement(stated("offer", 1, honouring(FEE)), AT)
    assert given is not None
    quotes = quoted(honouring(FEE), 1, given.example)
    assert given.fees == {"web": 0, "store_pos": 500, "call_center": 0, "sms": 0}
    assert {name: paid(quote) for name, quote in quotes.items()} == {
        name: given.quote.to_pay + fee for name, fee in given.fees.items()
    }
    assert wording.differing(given).startswith("Somebody who buys 1 × ARTICLE-1 at ")


@pytest.mark.parametrize("cell", [{"action": "honour"}, {"action": "refer", "to": "web"}, {"action": "escalate"}])
def test_channels_that_charge_alike_or_do_not_give_it_do_not_disagree(cell: dict[str, Any]) -> None:
    assert disagreement(stated("offer", 1, honouring(cell)), AT) is None


def test_hours_that_are_cut_have_a_counter_example_in_them() -> None:
    week = {"days": list(DAYS), "from": "09:00", "to": "17:00"}
    live, new = plain(windows=[week]), plain(windows=[{**week, "to": "16:00"}])
    moments = instants(side(stated("offer", 1, live)), side(stated("offer", 2, new)), AT)
    assert moments[:2] == [AT, AT.replace(hour=16)]
    assert found(live, new).example.at == AT.replace(hour=16)
    assert searched(new, live).found is None


def test_attribute_that_authors_declared_is_searched_by_its_type() -> None:
    share = Attribute("customer.share", Kind.DECIMAL, "the share", "how large the share is")
    registry = {**BUILT_IN, share.name: share}
    live, new = (
        stated("offer", number, plain(criteria={"attribute": share.name, "op": "gte", "value": least}), registry)
        for number, least in ((1, "0.5"), (2, "0.75"))
    )
    given = search(live, new, AT).found
    assert given is not None
    assert given.example.facts == {share.name: "0.5"}


def test_search_of_costly_terms_does_less_of_it() -> None:
    bundles = [
        {
            "kind": "bundle_price",
            "items": [{"products": {"skus": [f"S{n}", f"S{n + 1}"]}, "quantity": 300 * step + n} for n in range(1, 11)],
            "price": usd(1000 + step),
        }
        for step in range(5)
    ]
    doing = _Search(*(side(stated("offer", number, plain(benefits=bundles))) for number in (1, 2)), AT)
    assert doing.run().found is None
    dearest = 1 + 10 * 2 * 5 * 10  # ten lines, the items of five bundles of both versions
    assert WORK_MOST // 10 < doing._work < WORK_MOST + dearest
    assert 0 < doing._pairs < PAIRS_MOST // 4


RICH = [Terms.model_validate(said) for said in (rich_terms.ONE, rich_terms.OTHER, EXAMPLE)]


@pytest.mark.parametrize(("live", "new"), [(live, new) for live in RICH for new in RICH])
def test_rich_terms_against_each_other_give_what_is_true(live: Terms, new: Terms) -> None:
    assert (searched(live, new).found is None) is (live == new)
    if live != new:
        found(live, new)


@pytest.mark.parametrize("place", range(5))
def test_benefit_that_is_left_out_is_missed(place: int) -> None:
    benefits = [benefit for number, benefit in enumerate(rich_terms.ONE["benefits"]) if number != place]
    live = {**rich_terms.ONE, "max_discount": None}
    found(Terms.model_validate(live), Terms.model_validate({**live, "benefits": benefits}))


def test_instants_stay_within_what_a_date_can_be() -> None:
    last = plain(validity={"start": "0001-01-01T00:00:00Z", "end": "9999-12-31T23:59:59Z"})
    now = datetime(9999, 12, 31, 23, 59, 58, tzinfo=UTC)
    assert searched(last, plain(criteria=tenure(1), validity={"start": "0001-01-01T00:00:00Z", "end": None}), now).found
    assert searched(last, last, datetime(1, 1, 1, tzinfo=UTC) + timedelta(seconds=1)).found is None
