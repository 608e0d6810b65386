"""What is loaded before anything is measured: offers, one household, one promise, all like the story's."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from concord.cli import authoring
from concord.cli.importing import HOUSEHOLDS, OFFERS, Importer, Tally
from concord.cli.story import material
from concord.cli.waiting import until_agreed

from .stack import Site

OFFER: Final = "bench-0000"
NUMBER: Final = "+12025550117"
OTHER_NUMBER: Final = "+12025550142"
HOUSEHOLD: Final = "bench"


def offer_key(which: int) -> str:
    return f"bench-{which:04d}"


def household_ref(which: int) -> str:
    return f"bench-{which:05d}"


def offer_lines(number: int) -> Iterator[bytes]:
    """Offers with criteria, a price, a honour map and cards, each on a product of its own."""
    start = material.monday(datetime.now(UTC))
    for which in range(number):
        terms = material.handset_upgrade(start) | {
            "products": {"skus": [f"BENCH-{which:04d}"]},
            "exclusive_group": None,
        }
        key = offer_key(which)
        yield orjson.dumps({"ref": key, "data": {"key": key, "terms": terms}})


def household_lines(number: int) -> Iterator[bytes]:
    """Households of one member with one line."""
    for which in range(number):
        ref, line = household_ref(which), f"+1{300 + which // 100}55501{which % 100:02d}"
        yield orjson.dumps({"ref": ref, "data": material.addressee(ref, line)})


def promise_lines(number: int, offers: int, households: int) -> Iterator[bytes]:
    """Promises by mail, spread over households and offers; no two of one household on one offer."""
    for which in range(number):
        yield orjson.dumps({"ref": f"bench-{which}", "data": promise(which, offers, households)})


def promise(which: int, offers: int, households: int) -> dict[str, Any]:
    """Promise number `which`."""
    offer = offer_key(which // households % offers)
    return material.promise(offer, household_ref(which % households), "addressee")


def monday_text() -> str:
    """The start of this week, as terms state it."""
    return f"{material.monday(datetime.now(UTC)):%Y-%m-%dT%H:%M:%SZ}"


async def load_offers(site: Site, number: int) -> None:
    """So many offers, LIVE."""
    await load_lines(site, offer_lines(number))


async def load_lines(site: Site, lines: Iterator[bytes]) -> None:
    """The offers of these lines, LIVE."""
    tally = await Importer(site.concord, OFFERS, "bench").upload(lines, _quiet)
    refuse_refusals(tally)
    await authoring.release_jobs(site.concord, tally.jobs)


async def load_households(site: Site, number: int) -> None:
    """So many households of one member."""
    refuse_refusals(await Importer(site.concord, HOUSEHOLDS, "bench").upload(household_lines(number), _quiet))


async def make_customer(site: Site) -> dict[str, Any]:
    """The story's family with two lines, and its promise on the first offer; the household as answered."""
    asked = material.linda(HOUSEHOLD, NUMBER, OTHER_NUMBER, "linda@example.com")
    made: dict[str, Any] = await call(site, "/v1/households", asked)
    members = {member["ref"]: member["id"] for member in made["members"]}
    await call(site, "/v1/promises", material.promise(OFFER, made["id"], members["linda"]))
    return made


async def call(site: Site, path: str, body: Any) -> Any:
    """POST to the profile as the campaign tool."""
    headers = {"idempotency-key": f"bench-{hash(orjson.dumps(body)) & 0xFFFFFFFF:08x}-key"}
    answer = await site.concord.call("profile", "POST", path, person="campaign", json=body, headers=headers)
    return answer.body


async def settle(site: Site) -> None:
    """Wait until every view equals the authorities."""
    await until_agreed(site.concord)


def refuse_refusals(tally: Tally) -> None:
    """Raises ValueError when a line was refused: what is measured would not be what is meant."""
    if tally.refusals:
        raise ValueError(f"{len(tally.refusals)} lines were refused, the first: {tally.refusals[0]}")


def _quiet(_: int) -> None:
    """No progress bar."""
