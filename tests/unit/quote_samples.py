"""Offers and baskets that tests of quotes are made of."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from concord.decision.compile import compile_terms
from concord.decision.quoting.basket import Basket
from concord.decision.quoting.playing import Candidate
from concord.decision.quoting.price import Quote, price_basket
from concord.decision.terms import Terms
from unit.decision_samples import terms, usd

PLAIN: Mapping[str, Any] = {"products": {}, "criteria": None, "exclusive_group": None, "regular_price": None}
SKUS = ("A", "B", "C", "D")
CATEGORIES = ("mugs", "cups")


def plain_terms(*benefits: dict[str, Any], **changes: Any) -> Terms:
    """Terms that gate nobody and name no products, with these benefits."""
    return terms(**{**PLAIN, "benefits": list(benefits), **changes})


def candidate(of: Terms, key: str = "offer", version: int = 1, **fields: Any) -> Candidate:
    return Candidate(key, version, compile_terms(of), **fields)


def line(number: int, sku: str, quantity: int, unit_price: int, *categories: str, **more: Any) -> dict[str, Any]:
    body = {"id": str(number), "sku": sku, "quantity": quantity, "unit_price": unit_price}
    return {**body, "categories": list(categories), **more}


def basket(*lines: dict[str, Any], delivery: int | None = None, currency: str = "USD") -> Basket:
    return Basket.model_validate({"currency": currency, "delivery": delivery, "lines": list(lines)})


def price(offers: Iterable[Candidate], of: Basket, *, codes: Iterable[str] = (), near: bool = False) -> Quote:
    return price_basket(offers, {}, of, frozenset(codes), near=near)


def one(benefit: dict[str, Any], of: Basket, **changes: Any) -> Quote:
    """A basket with one offer of one benefit."""
    return price([candidate(plain_terms(benefit, **changes))], of)


def discounts(quote: Quote) -> list[int]:
    """What is taken off each line, in the order of ids."""
    return [each.discount for each in quote.lines]


def applied(quote: Quote) -> list[tuple[str, int]]:
    return [(share.candidate.key, share.discount) for share in quote.applied]


AMOUNTS = st.integers(0, 400).map(usd)
POINTS = st.integers(1, 10_000)
FEW = st.integers(1, 4)
SCOPES = st.sampled_from(
    [{}, {"skus": ["A"]}, {"skus": ["A", "B"]}, {"categories": ["mugs"]}, {"exclude": {"skus": ["C"]}}]
)
PICKING = st.fixed_dictionaries(
    {},
    optional={
        "max_units": FEW,
        "skip_reduced": st.booleans(),
        "products": SCOPES,
        "criteria": st.just({"attribute": "line_item.quantity", "op": "gte", "value": 2}),
    },
) | st.fixed_dictionaries({"pick": st.sampled_from(["cheapest", "dearest"]), "units": FEW})
SPREADS = st.sampled_from(["proportional", "even", "by_quantity"])


def _with(picking: st.SearchStrategy[dict[str, Any]], **fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda more, own: {**more, **own}, picking, st.fixed_dictionaries(fields))


LINE_WISE = st.one_of(
    _with(PICKING, kind=st.just("fixed_price"), price=AMOUNTS),
    _with(PICKING, kind=st.just("percent_off"), basis_points=POINTS),
    _with(PICKING, kind=st.just("percent_off"), basis_points=POINTS, cap=AMOUNTS),
    _with(PICKING, kind=st.just("amount_off"), amount=AMOUNTS, per=st.sampled_from(["unit", "line"])),
)


def _buy_get(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "kind": st.just("buy_x_get_y"),
            "buy": st.fixed_dictionaries({"quantity": FEW}, optional=fields),
            "get": st.fixed_dictionaries({"quantity": FEW, "basis_points": POINTS}, optional=fields),
            "select": st.sampled_from(["cheapest", "dearest"]),
            "partial": st.booleans(),
        }
    )


def _steps(starts: Sequence[Any], what: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"from": start, **what} for start in starts]


BUY_GET = _buy_get(products=SCOPES)
BUY_GET_OF_ONE_KIND = _buy_get()
TIERS = st.builds(
    lambda starts, what, mode: {"kind": "tiers", "by": "quantity", "mode": mode, "steps": _steps(starts, what)},
    st.lists(st.integers(1, 8), min_size=1, max_size=3, unique=True).map(sorted),
    st.one_of(POINTS.map(lambda n: {"basis_points": n}), AMOUNTS.map(lambda a: {"amount": a})),
    st.sampled_from(["volume", "graduated"]),
) | st.builds(
    lambda starts, points, mode: {
        "kind": "tiers",
        "by": "spend",
        "mode": mode,
        "steps": _steps([usd(start) for start in starts], {"basis_points": points}),
    },
    st.lists(st.integers(1, 2_000), min_size=1, max_size=3, unique=True).map(sorted),
    POINTS,
    st.sampled_from(["volume", "graduated"]),
)
BUNDLE = st.builds(
    lambda items, price, spread: {"kind": "bundle_price", "items": items, "price": price, "spread": spread},
    st.lists(
        st.builds(lambda scope, n: {"products": scope, "quantity": n}, SCOPES, st.integers(1, 2)),
        min_size=1,
        max_size=3,
    ),
    AMOUNTS,
    SPREADS,
)
BENEFITS = st.one_of(
    LINE_WISE,
    BUY_GET,
    TIERS,
    BUNDLE,
    _with(PICKING, kind=st.just("percent_off"), basis_points=POINTS, of=st.just("basket"), spread=SPREADS),
    _with(PICKING, kind=st.just("amount_off"), amount=AMOUNTS, per=st.just("basket"), spread=SPREADS),
    st.builds(
        lambda a, m: {"kind": "amount_off", "amount": a, "per": "basket", "per_multiple_of": usd(m)},
        AMOUNTS,
        st.integers(1, 500),
    ),
    st.builds(
        lambda sku, n, present: {
            "kind": "free_item",
            "sku": sku,
            "quantity": n,
            "if_present": present,
            "worth": usd(9),
        },
        st.sampled_from([*SKUS, "Z"]),
        FEW,
        st.sampled_from(["make_free", "add"]),
    ),
    st.one_of(POINTS.map(lambda n: {"basis_points": n}), AMOUNTS.map(lambda a: {"price": a})).map(
        lambda what: {"kind": "delivery", **what}
    ),
    st.just({"kind": "grant", "what": "streaming", "quantity": 3, "unit": "month"}),
)
LINES = st.builds(
    lambda sku, quantity, unit_price, categories, more: {
        "sku": sku,
        "quantity": quantity,
        "unit_price": unit_price,
        "categories": categories,
        **more,
    },
    st.sampled_from(SKUS),
    st.integers(1, 5),
    st.integers(0, 400),
    st.lists(st.sampled_from(CATEGORIES), unique=True, max_size=2),
    st.fixed_dictionaries({}, optional={"no_offers": st.booleans(), "floor": st.integers(0, 300)}),
)


def _basket(lines: list[dict[str, Any]], delivery: int | None) -> Basket:
    numbered = [{"id": str(number), **body} for number, body in enumerate(lines, start=1)]
    return basket(*numbered, delivery=delivery)


BASKETS = st.builds(_basket, st.lists(LINES, min_size=1, max_size=6), st.none() | st.integers(0, 900))
GATES = st.sampled_from(
    [
        None,
        None,
        {"attribute": "basket.subtotal", "op": "gte", "value": usd(500)},
        {"attribute": "basket.running_subtotal", "op": "gte", "value": usd(500)},
        {"items": {"categories": ["mugs"]}, "op": "gte", "value": 2},
        {"attribute": "line_item.unit_price", "op": "lt", "value": usd(200)},
    ]
)
TERMS = st.builds(
    lambda benefits, products, criteria, more: plain_terms(*benefits, products=products, criteria=criteria, **more),
    st.lists(BENEFITS, min_size=1, max_size=2),
    SCOPES,
    GATES,
    st.fixed_dictionaries(
        {"priority": st.integers(0, 2)},
        optional={
            "exclusive_group": st.sampled_from(["g", "h"]),
            "combines_with": st.lists(st.sampled_from(["offer-0", "offer-1", "offer-2"]), unique=True),
            "max_discount": st.integers(1, 500).map(usd),
        },
    ),
)


def numbered(many: Sequence[Terms]) -> list[Candidate]:
    return [candidate(of, f"offer-{number}") for number, of in enumerate(many)]
