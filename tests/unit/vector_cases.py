"""Reads `tests/vectors/decisions.json`; `tests/vectors/README.md` describes the file for other implementations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from concord.contracts.records import HouseholdRecord, OfferRecord, PromiseRecord
from concord.decision.answer import Answer, answer
from concord.decision.catalogue import Catalogue
from concord.decision.facts import HouseholdView, household_view
from concord.decision.question import Question, View, setting_at
from concord.decision.scalars import CHANNELS
from unit.vector_records import FOLDER, by_channel, offers, promises

FILE = FOLDER / "decisions.json"


@dataclass(frozen=True)
class Case:
    """One vector: the records as they stand on the log, the question, and what each channel must answer."""

    name: str
    rule: str
    offers: tuple[OfferRecord, ...]
    household: HouseholdRecord | None
    promises: tuple[PromiseRecord, ...]
    question: dict[str, Any]
    at: datetime
    expect: dict[str, list[dict[str, Any]]]
    say: dict[str, str]
    terms_digest: str

    def answer(self, channel: str) -> Answer:
        """What this implementation answers."""
        view = View(Catalogue.of(self.offers), 1, len(self.offers), self.view())
        return answer(self.asked(), view, setting_at(channel, self.at))

    def view(self) -> HouseholdView | None:
        return None if self.household is None else household_view(self.household, self.promises, epoch=1)

    def asked(self) -> Question:
        asked = self.question
        return Question(
            household=self.household.id if self.household else None,
            party=asked.get("party"),
            line=asked.get("line"),
            code=asked.get("code"),
            offers=tuple(asked.get("offers", ())),
            products=tuple(asked.get("products", ())),
            facts=asked.get("facts", {}),
        )


def load() -> list[Case]:
    """Every vector of the file."""
    file = orjson.loads(FILE.read_bytes())
    return [read(file, vector) for vector in file["vectors"]]


def read(file: dict[str, Any], vector: dict[str, Any]) -> Case:
    """One vector of the file."""
    name = vector["household"]
    household = None if name is None else HouseholdRecord.model_validate(file["households"][name])
    on = offers(file["terms"], vector["offers"])
    return Case(
        name=vector["name"],
        rule=vector["rule"],
        offers=on,
        household=household,
        promises=tuple(promises(file, vector["promises"], household, on)),
        question=vector["question"],
        at=datetime.fromisoformat(vector["at"]),
        expect=by_channel(vector["expect"]),
        say=by_channel(vector["say"]),
        terms_digest=vector["terms_digest"],
    )


def told(item: dict[str, Any]) -> dict[str, Any]:
    """An item of an answer, as a vector states it: without what is null."""
    stated = {
        "offer": item["offer"],
        "version": item["version"],
        "verdict": item["verdict"],
        "reasons": [":".join(filter(None, (reason["code"], reason.get("attribute")))) for reason in item["reasons"]],
        "customer_pays": item["customer_pays"],
        "fee": item["fee"],
        "instead_of": item["instead_of"],
        "promise": item["promise"] and item["promise"]["id"],
        "alternative": item["alternative"] and item["alternative"]["offer"],
        "refer_to": item.get("refer_to"),
        "escalate_to": item.get("escalate_to"),
    }
    return {name: value for name, value in stated.items() if value is not None}


__all__ = ["CHANNELS", "Case", "load", "told"]
