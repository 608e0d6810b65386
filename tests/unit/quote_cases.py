"""Reads `tests/vectors/quotes.json`; `tests/vectors/README.md` describes the file for other implementations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from concord.contracts.records import HouseholdRecord, OfferRecord, PromiseRecord
from concord.decision.catalogue import Catalogue
from concord.decision.facts import household_view
from concord.decision.question import Question, View, setting_at
from concord.decision.quote import Ordered, QuoteAnswer, quote
from concord.decision.quoting.basket import Basket
from unit.vector_records import FOLDER, by_channel, offers, promises

FILE = FOLDER / "quotes.json"
SUMS = ("gross", "discount", "net")
NONE: tuple[str, ...] = ("added", "refused", "near_misses", "promises")  # empty where a vector does not state them


@dataclass(frozen=True)
class Case:
    """One vector: the records as they stand on the log, the basket, and what every channel must answer."""

    name: str
    offers: tuple[OfferRecord, ...]
    household: HouseholdRecord | None
    promises: tuple[PromiseRecord, ...]
    question: dict[str, Any]
    basket: dict[str, Any]
    codes: list[str]
    order: str | None
    at: datetime
    expect: dict[str, Any]
    here: dict[str, list[dict[str, Any]]]
    terms_digest: str

    def quote(self, channel: str, *, backwards: bool = False) -> QuoteAnswer:
        """What this implementation answers; `backwards` turns every order round that must not matter."""
        turn = -1 if backwards else 1
        known = None if self.household is None else household_view(self.household, self.promises[::turn], epoch=1)
        view = View(Catalogue.of(self.offers[::turn]), 1, len(self.offers), known)
        basket = Basket.model_validate({**self.basket, "lines": self.basket["lines"][::turn]})
        ordered = Ordered(basket, tuple(self.codes[::turn]), self.order)
        return quote(self.asked(), ordered, view, setting_at(channel, self.at))

    def asked(self) -> Question:
        asked = self.question
        return Question(
            household=self.household.id if self.household else None,
            party=asked.get("party"),
            line=asked.get("line"),
            code=asked.get("code"),
            facts=asked.get("facts", {}),
        )


def load() -> list[Case]:
    """Every vector of the file."""
    file = orjson.loads(FILE.read_bytes())
    return [read(file, vector) for vector in file["vectors"]]


def read(file: dict[str, Any], vector: dict[str, Any]) -> Case:
    """One vector of the file."""
    name = vector.get("household")
    household = None if name is None else HouseholdRecord.model_validate(file["households"][name])
    on = offers(file["terms"], vector["offers"])
    return Case(
        name=vector["name"],
        offers=on,
        household=household,
        promises=tuple(promises(file, vector.get("promises", ()), household, on)),
        question=vector.get("question", {}),
        basket=vector["basket"],
        codes=vector.get("codes", []),
        order=vector.get("order"),
        at=datetime.fromisoformat(vector.get("at", file["at"])),
        expect=vector["expect"],
        here=by_channel(vector.get("here", {})),
        terms_digest=vector["terms_digest"],
    )


def stated(expect: dict[str, Any]) -> dict[str, Any]:
    """What a vector expects, with what it leaves out because there is nothing."""
    return {"delivery": None, **{name: [] for name in NONE}, **expect}


def told(answer: dict[str, Any], expect: dict[str, Any]) -> dict[str, Any]:
    """An answer, as a vector states it: sums as lists, without sentences and what is null."""
    told: dict[str, Any] = {
        "lines": [[line["id"], *_sums(line)] for line in answer["lines"]],
        "delivery": answer["delivery"] and _sums(answer["delivery"]),
        "totals": _sums(answer["totals"]),
        "to_pay": answer["to_pay"],
        "applied": _shares(answer["applied"]),
        "added": answer["added"],
        "refused": [_without(refused, "sentence") for refused in answer["refused"]],
        "near_misses": [_near(near) for near in answer["near_misses"]],
        "promises": [_without(promise, "code", "honour_until") for promise in answer["promises"]],
    }
    by_id = {line["id"]: line for line in answer["lines"]}
    if "units" in expect:
        told["units"] = {line: by_id[line]["unit_discounts"] for line in expect["units"]}
    if "shares" in expect:
        told["shares"] = {line: _shares(by_id[line]["applied"]) for line in expect["shares"]}
    return told


def _sums(of: dict[str, Any]) -> list[int]:
    return [of[name] for name in SUMS]


def _shares(applied: list[dict[str, Any]]) -> list[list[Any]]:
    return [[each["offer"], each["version"], each["discount"]] for each in applied]


def _near(near: dict[str, Any]) -> dict[str, Any]:
    missing = [{name: value for name, value in each.items() if value != []} for each in near["missing"]]
    return _without({**near, "missing": missing}, "sentence")


def _without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names and value is not None}


def told_here(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """What the asking channel does, without what it says and what is null."""
    return [_without(each, "say_this") for each in answer["here"]]
