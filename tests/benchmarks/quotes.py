"""Quotes: the kernel alone with catalogues of three sizes, and `POST /v1/quotes` beside a bare route.

Every offer is scoped to ten of the products and has three criteria; a basket has ten lines. With 1,000 products and
10,000 offers about a thousand offers are in reach of a basket, with 1,000 offers about a hundred.
"""

import gc
import random
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Final

import orjson

from channel_adapters.main import GARBAGE
from concord.contracts.records import ActivationState, OfferRecord, VersionRecord
from concord.decision.catalogue import Catalogue
from concord.decision.decide import Asking, decide_offer
from concord.decision.question import Question, View, setting_at
from concord.decision.quote import Ordered, automatic
from concord.decision.quoting.basket import Basket
from concord.decision.quoting.price import price_basket
from concord.decision.terms import Terms

from . import beside, load, material, report
from .report import Percentiles, Section
from .stack import started

PRODUCTS: Final = 1_000
REACHED: Final = 10  # products of an offer, and lines of a basket
FACTS: Final[Mapping[str, Any]] = {
    "line.tenure_months": 44,
    "line.barred": False,
    "customer.segment": "loyal",
}
AT: Final = datetime(2026, 6, 3, 10, tzinfo=UTC)
SHARE: Final = 0.60  # of the bare route's rate
LARGE_P99, COMPILE, MEMORY, DECIDE, GROWTH = 10.0, 1.0, 60.0, 10.0, 1.5  # ms, s, MB, µs, times
HTTP_P50, HTTP_P99 = 1.0, 8.0  # ms


@dataclass(frozen=True, slots=True)
class Size:
    """A catalogue: so many offers over so many products."""

    offers: int
    products: int


def terms(which: int, skus: Sequence[str], start: str = "2026-06-01T00:00:00Z") -> dict[str, Any]:
    """Offer number `which`: one of three benefits, three criteria."""
    usd = {"amount": 1 + which % 5, "currency": "USD"}
    benefits = (
        {"kind": "percent_off", "basis_points": 100 + which % 400},
        {"kind": "amount_off", "amount": usd, "per": "line"},
        {"kind": "amount_off", "amount": usd, "per": "unit"},
    )
    criteria = [
        {"attribute": "line.tenure_months", "op": "gte", "value": which % 12},
        {"not": {"attribute": "line.barred", "op": "eq", "value": True}},
        {"attribute": "customer.segment", "op": "in", "value": ["loyal", "gold"]},
    ]
    return {
        "title": {"en": f"Offer {which}"},
        "benefits": [benefits[which % 3]],
        "products": {"skus": list(skus)},
        "criteria": {"all": criteria},
        "validity": {"start": start},
        "shown_in": ["web"],
        "honour": {channel: {"action": "native"} for channel in ("web", "store_pos", "call_center", "sms")},
    }


def records(size: Size, seed: int = 1) -> Iterator[OfferRecord]:
    """The catalogue as the log has it, all LIVE."""
    draw = random.Random(seed)
    for which in range(size.offers):
        of = Terms.model_validate(terms(which, _some(draw, size.products)))
        version = VersionRecord(
            version=1, content_hash=of.content_hash(), state=ActivationState.LIVE, state_revision=which + 1, terms=of
        )
        yield OfferRecord(id=f"ofr_{which:026d}", key=f"offer-{which}", versions=[version])


def _some(draw: random.Random, products: int) -> list[str]:
    return [f"S{number}" for number in draw.sample(range(products), REACHED)]


def basket(draw: random.Random, products: int) -> dict[str, Any]:
    """Ten lines of one to three units."""
    lines = [
        {"id": str(place), "sku": sku, "quantity": 1 + place % 3, "unit_price": 9_999}
        for place, sku in enumerate(_some(draw, products))
    ]
    return {"currency": "USD", "delivery": 499, "lines": lines}


async def measure(*, quick: bool) -> Section:
    """The section."""
    section = Section("quotes", "Quotes: 3 criteria and 10 products each offer, 10 lines each basket")
    _kernel(section, quick=quick)
    await _over_http(section, beside.QUICK if quick else beside.FULL)
    return section


def _kernel(section: Section, *, quick: bool) -> None:
    number = 100 if quick else 1_000
    size = Size(10_000, PRODUCTS)
    made = list(records(size))
    before = gc.get_threshold()
    gc.set_threshold(*GARBAGE)  # as the channels do, and below
    _memory(section, made)
    gc.collect()
    gc.freeze()
    seconds, catalogue = _timed(lambda: Catalogue.of(made))
    report.seconds_row(section, "10,000 offers compiled", seconds, COMPILE)
    gc.freeze()
    times, reach = _priced(catalogue, size.products, number)
    found = Percentiles.of(times)
    report.latency_row(section, f"price_basket p50, 10,000 offers, {reach:,.0f} in reach", found.p50)
    report.latency_row(section, "price_basket p99", found.p99, bar=LARGE_P99)
    section.figures["price_basket_10000"] = found
    _decide(section, catalogue, number * 10)
    if not quick:
        _growth(section, catalogue, number)
    gc.unfreeze()
    gc.set_threshold(*before)


def _timed(act: Callable[[], Catalogue]) -> tuple[float, Catalogue]:
    began = perf_counter()
    made = act()
    return perf_counter() - began, made


def _memory(section: Section, made: Sequence[OfferRecord]) -> None:
    tracemalloc.start()
    catalogue = Catalogue.of(made)
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    section.row(f"{len(catalogue):,} offers hold", f"{held:.0f} MB", bar=f"≤ {MEMORY:g} MB", met=held <= MEMORY)
    section.figures["memory_mb"] = held


def _priced(catalogue: Catalogue, products: int, number: int) -> tuple[list[float], float]:
    """Seconds of each `price_basket`, finding what is in reach included; and how many that is on average."""
    draw, times, reached = random.Random(2), [], 0
    view, setting = View(catalogue, 1, 1), setting_at("web", AT)
    for turn in range(number + 20):
        of = Basket.model_validate(basket(draw, products))
        asking, asked = Asking(Question(facts=FACTS), view, setting), Ordered(of)
        began = perf_counter()
        offers = list(automatic(asking, asked))
        price_basket(offers, asking.facts, of)
        if turn >= 20:
            times.append(perf_counter() - began)
            reached += len(offers)
    return times, reached / number


def _decide(section: Section, catalogue: Catalogue, number: int) -> None:
    view, setting = View(catalogue, 1, 1), setting_at("web", AT)
    offer, times = catalogue.find("offer-0"), []
    for _ in range(number):
        asking = Asking(Question(facts=FACTS, offers=("offer-0",)), view, setting)
        began = perf_counter()
        decide_offer(asking, "offer-0", offer)
        times.append(perf_counter() - began)
    p50 = Percentiles.of(times).p50 * 1_000
    section.row("decide, one offer, one customer, p50", f"{p50:.1f} µs", bar=f"≤ {DECIDE:g} µs", met=p50 <= DECIDE)
    section.figures["decide_us"] = p50


def _growth(section: Section, small: Catalogue, number: int) -> None:
    """Ten times the offers over ten times the products: as many match. The two are measured in turns."""
    large = Catalogue.of(records(Size(100_000, PRODUCTS * 10), seed=3))
    gc.collect()
    gc.freeze()
    ratios, tenth = [], max(20, number // 10)
    for _ in range(10):
        less = Percentiles.of(_priced(small, PRODUCTS, tenth)[0]).p50
        more = Percentiles.of(_priced(large, PRODUCTS * 10, tenth)[0]).p50
        ratios.append(more / less)
    ratio = report.Spread.of(ratios)
    section.row(
        "100,000 offers, as many in reach", ratio.text() + " ×", bar=f"≤ {GROWTH:g} ×", met=ratio.median <= GROWTH
    )
    section.figures["growth"] = ratio


def _lines(number: int, start: str) -> Iterator[bytes]:
    draw = random.Random(1)
    for which in range(number):
        key = material.offer_key(which)
        yield orjson.dumps({"ref": key, "data": {"key": key, "terms": terms(which, _some(draw, PRODUCTS), start)}})


async def _over_http(section: Section, scale: beside.Scale) -> None:
    start = material.monday_text()
    async with started() as site:
        await material.load_lines(site, _lines(scale.offers, start))
        await material.settle(site)
        draw = random.Random(5)
        many = {"basket": basket(draw, PRODUCTS), "facts": dict(FACTS)}
        few = {"basket": {**many["basket"], "lines": many["basket"]["lines"][:1]}, "facts": dict(FACTS)}
        async with beside.pair(site, beside.Asked("/v1/quotes", many, _some_applied)) as both:
            await beside.capacity(section, both, scale, SHARE, "10 lines, some 100 offers apply")
            await beside.latency(section, both, scale, 100, (HTTP_P50, HTTP_P99))
        async with beside.pair(site, beside.Asked("/v1/quotes", few, _some_applied)) as both:
            await beside.capacity(section, both, scale, SHARE, "1 line, some 10 offers apply")
    section.notes += beside.notes(scale)


def _some_applied(answer: Any) -> None:
    if not answer["applied"] or answer["totals"]["discount"] <= 0:
        raise load.Broken("No offer applies.")
