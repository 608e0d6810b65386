"""Terms of every shape, for tests of the TMF671 facade."""

import json
from typing import Any

import orjson
from hypothesis import strategies as st

from concord.decision.terms import Terms
from offer_registry.activation import PLACES, Place
from offer_registry.domain import Lifecycle, Offer, OfferVersion
from offer_registry.tmf.filters import MEMBERS
from offer_registry.tmf.promotion import Shown, document
from offer_registry.tmf.schemas import EditedPromotion, NewPromotion
from unit.decision_samples import AT

OFFER = Offer("ofr_" + "0" * 26, "an-offer", 3, "marta", AT)
READ_ONLY = ("id", "href", "lastUpdate", "version", "activation")

PLAIN: dict[str, Any] = {
    "name": "Half a mug",
    "validFor": {"startDateTime": "2026-06-01T00:00:00Z"},
    "pattern": [
        {
            "criteriaGroup": [
                {
                    "criteria": [
                        {
                            "criteriaParameter": "household.size",
                            "criteriaOperator": ">=",
                            "criteriaValue": "2",
                        }
                    ]
                }
            ],
            "action": [{"actionType": "percent_off", "actionValue": "50%"}],
        }
    ],
}


def pattern(**changes: Any) -> dict[str, Any]:
    return PLAIN | {"pattern": [PLAIN["pattern"][0] | changes]}


def criterion(parameter: str, operator: str, value: str) -> dict[str, Any]:
    stated = {"criteriaParameter": parameter, "criteriaOperator": operator, "criteriaValue": value}
    return pattern(criteriaGroup=[{"criteria": [stated]}])


def action(kind: str, value: str | None) -> dict[str, Any]:
    return pattern(action=[{"actionType": kind} | ({} if value is None else {"actionValue": value})])


words = st.text(st.characters(min_codepoint=33, exclude_categories=["C", "Z"]), min_size=1, max_size=12)
values = words | st.sampled_from(["12", "true", "null", "1.5", '"x"', "{}", "[1]", "NaN", " 7 ", "not json"])
locales = st.sampled_from(["en", "es", "de-CH"])
channels = st.sampled_from(["web", "store_pos", "call_center", "sms"])
origins = channels | st.sampled_from(["email", "mail"])
currencies = st.sampled_from(["USD", "JPY", "KWD"])
money = st.fixed_dictionaries({"amount": st.integers(0, 10**12), "currency": currencies})
amounts = money | st.lists(money, min_size=1, max_size=3, unique_by=lambda each: each["currency"])

benefits = st.one_of(
    st.fixed_dictionaries({"kind": st.just("fixed_price"), "price": amounts}),
    st.fixed_dictionaries(
        {"kind": st.just("percent_off"), "basis_points": st.integers(1, 10_000)},
        optional={"of": st.sampled_from(["line", "basket"]), "cap": amounts},
    ),
    st.fixed_dictionaries(
        {"kind": st.just("amount_off"), "amount": amounts, "per": st.sampled_from(["unit", "line", "basket"])}
    ),
)
integers = st.integers(-(2**53) + 1, 2**53 - 1)
whole = st.sampled_from(["line.tenure_months", "household.size", "customer.birth_year"])


def _comparison(names: st.SearchStrategy[str], ops: list[str], value: st.SearchStrategy[Any]) -> Any:
    return st.fixed_dictionaries({"attribute": names, "op": st.sampled_from(ops), "value": value})


segments = st.just("customer.segment")
comparisons = st.one_of(
    _comparison(whole, ["eq", "ne", "lt", "lte", "gt", "gte"], integers),
    _comparison(whole, ["in", "not_in"], st.lists(integers, min_size=1, max_size=4, unique=True)),
    _comparison(whole, ["between"], st.lists(integers, min_size=2, max_size=2).map(sorted)),
    _comparison(st.just("line.barred"), ["eq", "ne"], st.booleans()),
    _comparison(segments, ["eq", "ne"], values),
    _comparison(segments, ["in", "not_in"], st.lists(values, min_size=1, max_size=4, unique=True)),
    _comparison(whole | segments, ["exists"], st.booleans()),
    st.fixed_dictionaries({"attribute": segments, "op": st.just("exists")}),
)
criteria = st.recursive(
    comparisons,
    lambda inner: (
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)})
        | st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)})
        | st.fixed_dictionaries({"not": inner})
    ),
    max_leaves=8,
)
cells = st.one_of(
    st.sampled_from(["native", "honour", "escalate"]).map(lambda action: {"action": action}),
    st.fixed_dictionaries({"action": st.just("honour_with_fee"), "fee": money}),
    st.fixed_dictionaries({"action": st.just("refer"), "to": channels}),
    st.fixed_dictionaries({"action": st.just("alternative"), "offer": st.just("another")}),
    st.just({"action": "escalate", "role": "operator"}),
)
cards = st.fixed_dictionaries(
    {"say": words},
    optional={
        "steps": st.lists(words, max_size=3),
        "verify": st.lists(words, max_size=2),
        "next_question": st.fixed_dictionaries({"asks": words, "answer": words}),
    },
)
skus = st.lists(words, max_size=3, unique=True)
scopes = st.fixed_dictionaries(
    {},
    optional={
        "skus": skus,
        "categories": skus,
        "exclude": st.fixed_dictionaries({}, optional={"skus": skus, "categories": skus}),
    },
)
starts = st.sampled_from(["2026-06-01T00:00:00Z", "2026-06-01T02:00:00.123456+02:00", "2020-02-29T23:59:59Z"])
documents = st.fixed_dictionaries(
    {
        "title": st.dictionaries(locales, words, min_size=1),
        "benefits": st.lists(benefits, min_size=1, max_size=5),
        "validity": st.fixed_dictionaries(
            {"start": starts}, optional={"end": st.sampled_from([None, "2026-07-01T00:00:00Z"])}
        ),
    },
    optional={
        "description": st.dictionaries(locales, words),
        "regular_price": money,
        "products": scopes | st.fixed_dictionaries({"skus": st.lists(words, min_size=1, max_size=1)}),
        "criteria": criteria,
        "honour_for": st.just("P14D"),
        "promised_in": st.lists(origins, unique=True),
        "shown_in": st.lists(channels, unique=True),
        "honour": st.dictionaries(channels, cells),
        "cards": st.dictionaries(channels, st.dictionaries(locales, cards, min_size=1)),
        "priority": st.integers(0, 10_000),
        "exclusive_group": st.just("handset"),
        "combines_with": st.just([]),
        "alternative": st.just("another"),
    },
)
terms = documents.map(lambda each: Terms.model_validate_json(orjson.dumps(each), strict=True))
places = st.sampled_from(PLACES)


def shown(of: Terms, lifecycle: Lifecycle = Lifecycle.DRAFT, place: Place | None = None) -> Shown:
    """An offer with these terms."""
    version = OfferVersion(OFFER.id, 3, of, of.content_hash(), lifecycle, ("marta",), 2, AT, AT)
    return Shown(OFFER, version, place, None if place is None else (3, place), 7, AT)


def promotion(of: Terms, locale: str = "en") -> dict[str, Any]:
    """The promotion of a draft with these terms."""
    return document(shown(of), locale)


def new(body: dict[str, Any]) -> NewPromotion:
    """A promotion to be created, as a route reads it."""
    return NewPromotion.model_validate_json(orjson.dumps(body), strict=True, extra="forbid")


def edited(merged: dict[str, Any]) -> EditedPromotion:
    """A promotion as a patch left it, as the facade reads it."""
    return EditedPromotion.model_validate_json(orjson.dumps(merged), strict=True, extra="forbid")


def writable(of: dict[str, Any], *without: str) -> dict[str, Any]:
    """A promotion that was read, as it could be sent to create another."""
    return {name: value for name, value in of.items() if name not in {*READ_ONLY, *without}}


texts = st.text(max_size=20) | st.sampled_from(
    ["12", "12.5%", "5.00 USD per line", "{", '{"kind":"x"}', "NaN", "\\ud800", "2026-06-01T00:00:00Z"]
)
parts = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
criteria_like = st.fixed_dictionaries(
    {
        "criteriaParameter": texts | st.sampled_from(["household.size", "criteria", "everybody"]),
        "criteriaOperator": texts | st.sampled_from(["=", "not =", "json", "in", "between"]),
        "criteriaValue": texts | parts.map(json.dumps),
    }
)
promotions_like = st.builds(
    lambda criteria, kind, value, more: (
        pattern(criteriaGroup=[{"criteria": criteria}], action=[{"actionType": kind, "actionValue": value}]) | more
    ),
    st.lists(criteria_like, min_size=1, max_size=3),
    st.sampled_from(["percent_off", "amount_off", "fixed_price", "grant"]) | texts,
    texts | st.dictionaries(st.sampled_from(["kind", "basis_points"]) | texts, parts, max_size=3).map(json.dumps),
    st.fixed_dictionaries(
        {},
        optional={
            "productScope": st.dictionaries(texts | st.just("skus"), parts, max_size=2),
            "honourPolicy": st.lists(
                st.dictionaries(texts | st.sampled_from(["channel", "action"]), parts), max_size=2
            ),
            "attachment": st.lists(
                st.fixed_dictionaries({"id": st.just("web.en"), "content": texts | st.just("e30=")}), max_size=2
            ),
        },
    ),
)
patches = promotions_like | st.dictionaries(
    st.sampled_from([*MEMBERS, "statusReason", "surprise"]), parts | st.dictionaries(st.sampled_from(MEMBERS), parts)
)
