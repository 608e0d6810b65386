"""Laws of quotes, for whatever authors write and customers buy (terms §1 to §5)."""

import os
from collections.abc import Iterable
from itertools import product
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from concord.contracts.records import ActivationState, OfferRecord
from concord.decision.amounts import in_currency
from concord.decision.catalogue import Catalogue
from concord.decision.question import Question, View, setting_at
from concord.decision.quote import Ordered, quote
from concord.decision.quoting import choice
from concord.decision.quoting.basket import Basket
from concord.decision.quoting.choice import apply_best
from concord.decision.quoting.playing import Candidate, sort_out
from concord.decision.quoting.price import Quote, price_alone
from concord.decision.quoting.sharing import share_out, unit_shares
from concord.decision.quoting.till import Till
from concord.decision.terms import Terms
from unit.decision_samples import AT, HOUSEHOLD, household, offer, offer_id, promise, version
from unit.quote_samples import (
    BASKETS,
    BUY_GET,
    BUY_GET_OF_ONE_KIND,
    LINE_WISE,
    LINES,
    TERMS,
    candidate,
    numbered,
    plain_terms,
    price,
)

EXAMPLES = int(os.environ.get("CONCORD_LAW_EXAMPLES", "1000"))
lawful = settings(max_examples=EXAMPLES, deadline=None)
OFFERS = st.lists(TERMS, max_size=4)
LINE_WISE_TERMS = LINE_WISE.map(plain_terms)


def shape(of: Quote) -> Any:
    """A quote without the identity of its candidates."""
    lines = [
        (each.id, each.gross, each.discount, [(s.candidate.key, s.discount) for s in each.applied]) for each in of.lines
    ]
    shares = [(share.candidate.key, share.discount) for share in of.applied]
    added = [(who.key, what) for who, what in of.added]
    kept = sorted((each.candidate.key, each.code) for each in (*of.kept, *of.idle))
    return lines, of.delivery_discount, shares, added, kept


@lawful
@given(OFFERS, BASKETS, st.randoms())
def test_order_of_offers_and_lines_never_matters(many: list[Terms], of: Basket, random: Any) -> None:
    offers = numbered(many)
    turned = Basket.model_validate({**of.model_dump(), "lines": random.sample(of.model_dump()["lines"], len(of.lines))})
    assert shape(price(random.sample(offers, len(offers)), turned)) == shape(price(offers, of))


@lawful
@given(OFFERS, BASKETS)
def test_sums_agree_to_the_cent_and_nothing_is_below_zero_or_its_floor(many: list[Terms], of: Basket) -> None:
    quoted = price(numbered(many), of)
    lines = sorted(of.lines, key=lambda each: each.id)
    for each, found in zip(lines, quoted.lines, strict=True):
        assert found.gross == each.quantity * each.unit_price
        assert found.discount == sum(share.discount for share in found.applied) >= 0
        assert found.net >= min(found.gross, each.quantity * (each.floor or 0))
        assert all(share.discount > 0 for share in found.applied)
        assert not (each.no_offers and found.discount)
        assert sum(unit_shares(found.discount, each.quantity)) == found.discount
    assert quoted.discount + quoted.delivery_discount == sum(share.discount for share in quoted.applied)
    assert 0 <= quoted.delivery_discount <= (of.delivery or 0)
    assert quoted.to_pay == sum(each.net for each in quoted.lines) + (of.delivery or 0) - quoted.delivery_discount


@lawful
@given(OFFERS, BASKETS)
def test_no_offer_takes_more_than_its_cap(many: list[Terms], of: Basket) -> None:
    offers = numbered(many)
    caps = {each.key: of.max_discount for each, of in zip(offers, many, strict=True)}
    for share in price(offers, of).applied:
        cap = caps[share.candidate.key]
        assert cap is None or share.discount <= (in_currency(cap, "USD") or 0)


@lawful
@given(OFFERS, BASKETS)
def test_terms_read_back_from_their_document_price_alike(many: list[Terms], of: Basket) -> None:
    again = [Terms.read(orjson.loads(orjson.dumps(each.document()))) for each in many]
    assert shape(price(numbered(again), of)) == shape(price(numbered(many), of))


def _bought_in(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "no_offers": False, "floor": None}


@lawful
@given(BUY_GET_OF_ONE_KIND | BUY_GET, st.lists(LINES, min_size=1, max_size=5), LINES)
def test_one_more_item_never_lowers_what_buy_x_get_y_gave(
    benefit: dict[str, Any], lines: list[dict[str, Any]], more: dict[str, Any]
) -> None:
    """To the rounding of a line, half a unit each: discounts of lines are rounded once."""
    offers = [candidate(plain_terms(benefit))]
    few = [{"id": str(n), **_bought_in(body)} for n, body in enumerate(lines)]
    many = [*few, {"id": "9", **_bought_in({**more, "quantity": 1})}]
    before = price(offers, Basket.model_validate({"currency": "USD", "lines": few}))
    after = price(offers, Basket.model_validate({"currency": "USD", "lines": many}))
    whole = benefit["get"]["basis_points"] == 10_000
    assert after.discount >= before.discount - (0 if whole else len(few))


@lawful
@given(st.lists(TERMS, max_size=4), BASKETS, st.data())
def test_the_index_never_hides_an_offer(many: list[Terms], of: Basket, data: st.DataObject) -> None:
    """Index, then evaluate: the same as judging every live offer."""
    states = data.draw(st.lists(st.sampled_from(ActivationState), min_size=len(many), max_size=len(many)))
    records = [
        offer(version(each, state=state), number=number, key=f"offer-{number}")
        for number, (each, state) in enumerate(zip(many, states, strict=True))
    ]
    live = [each for each in Catalogue.of(records) if each.live is not None]
    everything = [Candidate(each.key, 1, each.live.terms, rank=1) for each in live if each.live is not None]
    answered = quote(Question(), Ordered(of), View(_built_up(records), 1, 1), setting_at("web", AT))
    mine, theirs = answered.quote, price(everything, of)
    assert shape(mine)[:4] == shape(theirs)[:4]


@lawful
@given(st.lists(TERMS, min_size=1, max_size=4), BASKETS, st.data())
def test_the_index_never_hides_what_was_promised(many: list[Terms], of: Basket, data: st.DataObject) -> None:
    """Lines of promised terms come from the index where it knows them: the same as judging every line."""
    standing = st.sampled_from([ActivationState.LIVE, ActivationState.CLOSING])
    states = data.draw(st.lists(standing, min_size=len(many), max_size=len(many)))
    records = [
        offer(version(each, state=state), number=number, key=f"offer-{number}")
        for number, (each, state) in enumerate(zip(many, states, strict=True))
    ]
    held = household(
        *(
            promise(each, number, offer=offer_id(number), offer_key=f"offer-{number}")
            for number, each in enumerate(many)
        )
    )
    promised = [
        candidate(each, f"offer-{number}", promises=(one.id,))
        for number, (each, one) in enumerate(zip(many, held.promises, strict=True))
    ]
    view = View(_built_up(records), 1, 1, held)
    answered = quote(Question(household=HOUSEHOLD), Ordered(of), view, setting_at("web", AT))
    assert shape(answered.quote) == shape(price(promised, of, near=True))
    alone = [sum(share.discount for share in price([each], of).applied) for each in promised]
    by_offer = {each["offer"]: each["discount"] for each in orjson.loads(answered.core)["promises"]}
    assert by_offer == {each.key: discount for each, discount in zip(promised, alone, strict=True)}


@lawful
@given(TERMS, BASKETS)
def test_an_offer_alone_takes_off_what_a_quote_of_it_alone_does(of: Terms, bought: Basket) -> None:
    till = Till(bought, {})
    before = till.mark()
    quoted = price([candidate(of)], bought)
    alone = price_alone(till, candidate(of), frozenset())
    assert (alone or 0) == sum(each.discount for each in quoted.applied)
    assert alone is not None or not quoted.applied
    assert till.mark() == before


def _built_up(records: Iterable[OfferRecord]) -> Catalogue:
    """A catalogue that came to what it is one record at a time."""
    catalogue = Catalogue()
    for record in records:
        catalogue = catalogue.apply([record])
    return catalogue


@lawful
@given(st.lists(TERMS, max_size=5), BASKETS)
def test_the_choice_is_the_best_of_all(many: list[Terms], of: Basket) -> None:
    """Against trying every set of offers that go together, one of a group at most."""
    found = sort_out(Till(of, {}), numbered(many), frozenset())
    choices = list(choice._choices(found.playing))
    bound = {id(each) for group in choices for each in group}
    free = [each for each in found.playing if id(each) not in bound]
    best = 0
    for chosen in product(*([*group, None] for group in choices)):
        taken = [each for each in chosen if each is not None]
        if all(choice._combine(a, b) for a in taken for b in taken if a is not b):
            rest = [each for each in free if all(choice._combine(each, other) for other in taken)]
            outcome = choice._run(Till(of, {}), sorted([*taken, *rest], key=lambda each: each.order))
            best = max(best, outcome.worth)
    assert sum(each.taken.worth for each in apply_best(Till(of, {}), found.playing)) == best


@lawful
@given(
    st.lists(LINE_WISE.map(plain_terms), max_size=2), LINE_WISE.map(plain_terms), LINE_WISE.map(plain_terms), BASKETS
)
def test_a_promise_is_never_worse_than_its_terms_or_than_none(
    others: list[Terms], pinned: Terms, today: Terms, of: Basket
) -> None:
    records = [offer(version(each), number=n, key=f"offer-{n}") for n, each in enumerate(others, start=2)]
    closing = version(pinned, number=1, state=ActivationState.CLOSING)
    record = offer(closing, version(today, number=2), number=1, key="free-handset-upgrade")
    view = View(Catalogue.of([record, *records]), 1, 1, household(promise(pinned)))
    nobody = View(view.catalogue, 1, 1)
    question = Question(household=HOUSEHOLD)
    with_promise = quote(question, Ordered(of), view, setting_at("web", AT)).quote
    without = quote(Question(), Ordered(of), nobody, setting_at("web", AT)).quote
    alone = price([candidate(pinned)], of)
    assert with_promise.to_pay <= without.to_pay
    assert with_promise.to_pay <= alone.to_pay


@given(st.integers(0, 500), st.lists(st.tuples(st.integers(0, 50), st.integers(0, 90)), max_size=6))
def test_a_shared_amount_is_given_whole_or_fills_all_room(amount: int, lines: list[tuple[int, int]]) -> None:
    weights, room = [weight for weight, _ in lines], [space for _, space in lines]
    parts = share_out(amount, weights, room)
    able = sum(space for weight, space in lines if weight)
    assert sum(parts) == min(amount, able)
    assert all(0 <= part <= space for part, space in zip(parts, room, strict=True))
