"""What `make run` loads: Linda's household and one offer, LIVE. The people are known to the local issuer."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import orjson

from concord.cli import authoring
from concord.cli.client import Concord
from concord.cli.errors import AnswerIsNo, SomeoneWasFirst
from concord.cli.importing import HOUSEHOLDS, Importer
from concord.cli.session import Session
from concord.cli.story import material

OFFER = "free-handset-upgrade"
LINDA = "crm-4711"
RENEW_BEFORE = timedelta(days=1)  # of the end; then the same offer gets this week's dates in a new version


async def load(session: Session) -> None:
    """Load the story's household and offer; what is there already is left as it is.

    Raises:
        CommandError: a service refused it or does not answer.
    """
    async with session.client() as concord:
        await _household(concord, session)
        await _offer(concord, session.clock.now())


async def _household(concord: Concord, session: Session) -> None:
    numbers = material.LINDAS
    linda = material.linda(LINDA, numbers.number(0), numbers.number(25), "linda@example.com")
    line = orjson.dumps({"ref": LINDA, "data": linda})
    run = f"story-{session.randomness.bits(64):016x}"
    tally = await Importer(concord, HOUSEHOLDS, run).upload([line], lambda _: None)
    if tally.refusals:
        raise AnswerIsNo(f"Linda's household was refused: {tally.refusals[0].sentence}")


async def _offer(concord: Concord, now: datetime) -> None:
    """Bring the offer to LIVE from wherever an earlier start left it."""
    terms = material.handset_upgrade(material.monday(now))
    offer = await authoring.fetch(concord, OFFER)
    if offer is None:
        await authoring.create(concord, OFFER, terms)
        version = 1
    else:
        version = await _version_to_open(concord, offer, terms, now)
    if version:
        await _bring_live(concord, version)


async def _version_to_open(concord: Concord, offer: dict[str, Any], terms: dict[str, Any], now: datetime) -> int:
    """The version that is to become LIVE, 0 when one is already."""
    newest, ends = int(offer["version"]), offer["current"]["terms"]["validity"]["end"]
    if datetime.fromisoformat(ends) - now < RENEW_BEFORE:
        return await authoring.revise(concord, OFFER, terms)
    return 0 if offer["lifecycle"] == "released" else newest


async def _bring_live(concord: Concord, version: int) -> None:
    """Do what is left to do: each verb is refused when it was done before."""
    steps = (("submit", authoring.AUTHOR), ("approve", authoring.APPROVER), ("release", authoring.AUTHOR))
    for verb, person in steps:
        with suppress(SomeoneWasFirst):
            await authoring.act(concord, OFFER, version, verb, person)
    await authoring.until_state(concord, OFFER, version, "LIVE")
