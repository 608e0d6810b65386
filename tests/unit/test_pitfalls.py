"""What other engines' users suffered from, each as a test that this one does not (research: offers, pitfalls).

Those that concern redemptions (compensation, an order counting itself, limits of automatic offers, one lock per limit)
come with redemptions.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from concord.contracts.records import ActivationState
from concord.decision.catalogue import Catalogue
from concord.decision.decide import Asking
from concord.decision.listing import is_shown
from concord.decision.question import Question, View, setting_at
from concord.decision.quote import Ordered, quote
from concord.decision.reasons import Verdict
from unit.decision_samples import AT, KEY, ask, items, offer, terms, version
from unit.quote_samples import basket, line, plain_terms

MILLISECOND = timedelta(milliseconds=1)
START, END = datetime.fromisoformat("2026-06-01T00:00:00Z"), datetime.fromisoformat("2026-06-15T00:00:00Z")
TEN_PER_CENT = {"kind": "percent_off", "basis_points": 1000}
OFFER = plain_terms(TEN_PER_CENT, products={"skus": ["A"]})
BASKET = basket(line(1, "A", 1, 1000))


def discount(catalogue: Catalogue, at: datetime) -> int:
    return quote(Question(), Ordered(BASKET), View(catalogue, 1, 1), setting_at("web", at)).quote.discount


def listed(catalogue: Catalogue, at: datetime) -> bool:
    asking = Asking(Question(), View(catalogue, 1, 1), setting_at("web", at))
    return any(each.live is not None and is_shown(asking, each.live) for each in catalogue.live())


def had_by_product(at: datetime) -> bool:
    given = ask(Question(products=("A",)), [offer(version(OFFER))], None, setting=setting_at("web", at))
    return [item.verdict for item in items(given)] == [Verdict.AVAILABLE]


@pytest.mark.parametrize(
    ("at", "open_now"), [(START - MILLISECOND, False), (START, True), (END - MILLISECOND, True), (END, False)]
)
def test_listing_product_and_basket_change_at_the_same_instant(at: datetime, open_now: bool) -> None:  # noqa: FBT001
    """Magento 13325: the listing had the old price, the cart the new one, until a cache was flushed."""
    catalogue = Catalogue.of([offer(version(OFFER))])
    assert (listed(catalogue, at), had_by_product(at), discount(catalogue, at) > 0) == (open_now,) * 3


def test_an_offer_ends_without_anybody_saving_anything() -> None:
    """Sylius 16206: the discount stayed after its end until somebody saved the promotion again."""
    catalogue = Catalogue.of([offer(version(OFFER))])
    assert (discount(catalogue, END - MILLISECOND), discount(catalogue, END)) == (100, 0)


def test_changing_one_offer_leaves_every_other_one_as_it_was() -> None:
    """Magento 9906: discounts vanished from the shop while the index was rebuilt."""
    others = [offer(version(OFFER), number=number, key=f"offer-{number}") for number in range(2, 6)]
    before = Catalogue.of([offer(), *others])
    after = before.with_record(offer(version(terms(), state=ActivationState.SUSPENDED)))
    assert all(after.find(other.key) is before.find(other.key) for other in others)
    assert discount(before, AT) == discount(after, AT) > 0


def test_what_is_not_given_is_named_never_skipped_in_silence() -> None:
    """Medusa 15396: a code that did not apply was left out without a word."""
    gated = plain_terms(
        TEN_PER_CENT, codes=["SUMMER26"], criteria={"attribute": "customer.segment", "op": "eq", "value": "gold"}
    )
    view = View(Catalogue.of([offer(version(gated))]), 1, 1)
    answered = quote(Question(), Ordered(BASKET, ("SUMMER26", "NOPE")), view, setting_at("web", AT))
    assert {refused.code: refused.reason.code for refused in answered.refused} == {
        "NOPE": "code_unknown",
        "SUMMER26": "fact_missing",
    }


@pytest.mark.parametrize("state", list(ActivationState))
def test_what_is_shown_as_live_is_what_the_kernel_gives(state: ActivationState) -> None:
    """Medusa 15960 and 16206: a badge said "expired" on an offer that was given."""
    catalogue = Catalogue.of([offer(version(OFFER, state=state))])
    assert listed(catalogue, AT) is (discount(catalogue, AT) > 0) is (state is ActivationState.LIVE)


def test_the_order_in_which_codes_are_given_changes_nothing() -> None:
    """Voucherify applies in the order of the request: two clients, two totals."""
    codes = ("ONE", "TWO")
    records = [
        offer(version(plain_terms(benefit, codes=[code])), number=number, key=f"offer-{number}")
        for number, (code, benefit) in enumerate(zip(codes, (TEN_PER_CENT, _fifty_off()), strict=True), start=1)
    ]
    view = View(Catalogue.of(records), 1, 1)
    answers = [
        quote(Question(), Ordered(BASKET, given), view, setting_at("web", AT)).to_bytes()
        for given in (codes, codes[::-1])
    ]
    assert answers[0] == answers[1]


def _fifty_off() -> dict[str, Any]:
    return {"kind": "amount_off", "amount": {"amount": 50, "currency": "USD"}, "per": "basket"}


def test_a_text_is_never_compared_with_a_number() -> None:
    """Medusa compared "9" > "10" as texts. Here a fact of another type counts as missing, and the offer says so."""
    gated = terms(criteria={"attribute": "line.tenure_months", "op": "gte", "value": 10})
    given = ask(Question(offers=(KEY,), facts={"line.tenure_months": "9"}), [offer(version(gated))], None)
    assert [item.verdict for item in items(given)] == [Verdict.UNKNOWN]
