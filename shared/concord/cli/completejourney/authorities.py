"""Offers and households as their authorities have them now, for the kernel in this process."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from concord.cli.client import Concord
from concord.cli.errors import AnswerIsNo
from concord.cli.importing import HOUSEHOLDS
from concord.contracts.records import HouseholdRecord, OfferRecord, PromiseRecord
from concord.decision.catalogue import Catalogue
from concord.decision.facts import HouseholdView, household_view
from concord.decision.question import View

READER = "web"  # an application may read the records of the log
PAGE = 1_000  # records


@dataclass(frozen=True, slots=True)
class Offers:
    """The catalogue at a position of its log."""

    catalogue: Catalogue
    epoch: int
    revision: int

    def view(self, household: HouseholdView) -> View:
        """What a channel at this position knows when the household asks."""
        return View(self.catalogue, self.epoch, self.revision, household)


async def offers(concord: Concord) -> Offers:
    """All offers. Raises CommandError; `history_gone` when the log no longer has all of it."""
    newest: dict[str, Any] = {}
    after: str | None = "0"
    body: dict[str, Any] = {}
    while after is not None:
        path = f"/v1/catalogue/changes?after={after}&limit={PAGE}"
        body = (await concord.call("registry", "GET", path, person=READER)).body
        newest |= {item["key"]: item["value"] for item in body["items"]}
        after = body["next"]
    return Offers(Catalogue.of(_records(newest.values())), body["epoch"], body["revision"])


def _records(values: Iterable[Any]) -> Iterable[OfferRecord]:
    return (OfferRecord.parse(orjson.dumps(value)) for value in values if value is not None)


async def household(concord: Concord, ref: str) -> HouseholdView:
    """The household that was imported under the ref, with its promises.

    Raises:
        AnswerIsNo: there is none.
        CommandError: the profile does not answer.
    """
    named = {"ref": ref}
    try:
        found = await concord.call("profile", "POST", "/v1/customers:lookup", person=HOUSEHOLDS.person, json=named)
    except AnswerIsNo as error:
        raise AnswerIsNo(
            f"No household was imported as {ref}.", next="Import the data first: concord import completejourney."
        ) from error
    path = f"/v1/households/{found.body['household']}/records"
    return _household((await concord.call("profile", "GET", path, person=READER)).body)


def _household(body: dict[str, Any]) -> HouseholdView:
    of, items = body["household"], {item["key"]: orjson.dumps(item["value"]) for item in body["items"]}
    promises = [PromiseRecord.parse(value) for key, value in sorted(items.items()) if key != of]
    return household_view(HouseholdRecord.parse(items[of]), promises, epoch=body["epoch"])
