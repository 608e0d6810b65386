"""Offers tried out as if they were LIVE (api §6): the functions that channels answer with, on these offers alone.

Nothing is read, stored or counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from concord.contracts.records import ActivationState, OfferRecord, VersionRecord
from concord.decision.answer import Answer, answer
from concord.decision.attributes import check_facts
from concord.decision.catalogue import Catalogue
from concord.decision.decide import Asking
from concord.decision.explained import Explained, explain_answer, explain_quote
from concord.decision.question import Question, Setting, View, setting_at
from concord.decision.quote import Ordered, QuoteAnswer, quote
from concord.decision.scalars import CHANNELS
from concord.decision.terms import Terms
from concord.errors import FieldError

OFFERS_MOST: Final = 20  # drafts, and stored versions, of one simulation
NOWHERE: Final = 0  # epoch and revision in the certificate: no log has this catalogue


@dataclass(frozen=True, slots=True)
class Stated:
    """Terms under the key and number they have, or would have."""

    key: str
    number: int
    terms: Terms
    id: str | None = None  # of a stored offer

    def record(self) -> OfferRecord:
        """The offer as the log would have it, LIVE."""
        version = VersionRecord(
            version=self.number,
            content_hash=self.terms.content_hash(),
            state=ActivationState.LIVE,
            state_revision=NOWHERE,
            terms=self.terms,
        )
        return OfferRecord(id=self.id or self.key, key=self.key, versions=[version])


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried out, for whom and when; with a basket it is quoted, else decided."""

    offers: Sequence[Stated]
    facts: Mapping[str, Any]
    at: datetime
    ordered: Ordered | None = None

    def view(self) -> View:
        return View(Catalogue.of(each.record() for each in self.offers), NOWHERE, NOWHERE)


def wrong_facts(trial: Trial) -> list[FieldError]:
    """Facts that no channel would take, under `/facts`."""
    return check_facts(trial.facts, registry=trial.view().catalogue.attributes)


def simulate(trial: Trial) -> bytes:
    """`{"channels": {channel: answer or quote}, "why": [...]}`, the body of `POST /v1/simulations`. Pure, and total."""
    view = trial.view()
    answers = {channel: orjson.Fragment(_answer(trial, view, channel).to_bytes()) for channel in CHANNELS}
    return orjson.dumps({"channels": answers, "why": explained(trial)})


def explained(trial: Trial) -> list[Explained]:
    """Why each of the offers is had or not, in the order in which they apply; the same in every channel."""
    view, channel = trial.view(), CHANNELS[0]
    asking = Asking(_question(trial), view, _setting(trial, channel))
    given = _answer(trial, view, channel)
    if isinstance(given, QuoteAnswer):
        return explain_quote(asking, given, {each.key: each.terms for each in trial.offers})
    return explain_answer(asking, given)


def _answer(trial: Trial, view: View, channel: str) -> Answer | QuoteAnswer:
    question, setting = _question(trial), _setting(trial, channel)
    if trial.ordered is None:
        return answer(question, view, setting)
    return quote(question, trial.ordered, view, setting)


def _question(trial: Trial) -> Question:
    """Decisions are asked by name; a quote looks at every offer there is."""
    names = tuple(each.key for each in trial.offers) if trial.ordered is None else ()
    return Question(offers=names, facts=trial.facts)


def _setting(trial: Trial, channel: str) -> Setting:
    return setting_at(channel, trial.at, hypothetical=True)
