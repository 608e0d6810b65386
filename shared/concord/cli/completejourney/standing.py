"""What stands on the days of the data: the mapped offers, all LIVE, and every household with its mailed promises."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from concord.cli.completejourney import mapping
from concord.cli.completejourney.frames import Frames
from concord.contracts.records import ActivationState, OfferRecord, PromiseState, VersionRecord
from concord.decision.catalogue import Catalogue
from concord.decision.facts import HouseholdView, Promise
from concord.decision.question import View
from concord.decision.terms import Terms

CUSTOMER = "customer"  # the one member of each household


@dataclass(frozen=True, slots=True)
class Standing:
    """The catalogue, and the households by their ref."""

    catalogue: Catalogue
    households: Mapping[str, HouseholdView]

    def view(self, household: int) -> View:
        """What a channel would know when the household asks."""
        return View(self.catalogue, 1, 1, self.households[mapping.household_ref(household)])


def standing(frames: Frames, shift_weeks: int) -> Standing:
    """Everything compiled, in 2 s. A promise is made on the first day of its campaign, when the letter arrives."""
    records = {record.key: record for record in offer_records(frames, shift_weeks)}
    promises: dict[str, list[Promise]] = {}
    for number, line in enumerate(mapping.promises(frames)):
        asked = orjson.loads(line)["data"]
        promises.setdefault(asked["household"], []).append(_promise(number, records[asked["offer"]]))
    households = {
        household.id: household
        for household in (_household(orjson.loads(line)["data"], promises) for line in mapping.households(frames))
    }
    return Standing(Catalogue.of(records.values()), households)


def offer_records(frames: Frames, shift_weeks: int) -> Iterator[OfferRecord]:
    """The offers as the log has them once they are LIVE."""
    for number, line in enumerate(mapping.offers(frames, shift_weeks), start=1):
        made = orjson.loads(line)["data"]
        terms = Terms.model_validate(made["terms"])
        version = VersionRecord(
            version=1,
            content_hash=terms.content_hash(),
            state=ActivationState.LIVE,
            state_revision=number,
            terms=terms,
        )
        yield OfferRecord(id=made["key"], key=made["key"], versions=[version])


def _promise(number: int, offer: OfferRecord) -> Promise:
    (version,) = offer.versions
    validity = version.terms.validity
    return Promise(
        id=f"prm_{number}",
        code=f"{number:010}",
        party=CUSTOMER,
        offer=offer.id,
        offer_key=offer.key,
        offer_version=version.version,
        content_hash=version.content_hash,
        channel="mail",
        made_at=validity.start,
        honour_until=validity.end or validity.start,  # every campaign ends
        state=PromiseState.OPEN,
    )


def _household(asked: dict[str, Any], promises: Mapping[str, list[Promise]]) -> HouseholdView:
    ref = asked["ref"]
    return HouseholdView(1, ref, 1, asked["facts"], {CUSTOMER: {}}, {}, tuple(promises.get(ref, ())))
