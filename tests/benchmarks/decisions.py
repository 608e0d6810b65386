"""`POST /v1/decisions` with 1,000 offers loaded, beside a bare route that returns the same bytes ready-made."""

from typing import Any, Final

from . import beside, load, material
from .report import Section
from .stack import started

SHARE: Final = 0.60  # of the bare route's rate


async def measure(*, quick: bool) -> Section:
    """The section."""
    scale = beside.QUICK if quick else beside.FULL
    title = f"POST /v1/decisions, {scale.offers:,} offers loaded, one customer by number, one promise, one offer asked"
    section = Section("decisions", title)
    async with started() as site:
        await material.load_offers(site, scale.offers)
        await material.make_customer(site)
        await material.settle(site)
        body = {"customer": {"number": material.NUMBER}, "offers": [material.OFFER]}
        async with beside.pair(site, beside.Asked("/v1/decisions", body, _check)) as both:
            rate = await beside.capacity(section, both, scale, SHARE)
            await beside.latency(section, both, scale, rate / 2)
    section.notes += beside.notes(scale)
    return section


def _check(answer: Any) -> None:
    verdicts = [item["verdict"] for item in answer["items"]]
    if verdicts != ["honour_with_fee"]:
        raise load.Broken(f"The channel does not honour the promise: {verdicts}")
