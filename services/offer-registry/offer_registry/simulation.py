"""Offers tried out as if they were LIVE (api §6): the functions that channels answer with, on these offers alone.

Nothing is read, stored or counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from concord.contracts.records import ActivationState, AttributeRecord, OfferRecord, VersionRecord
from concord.decision.answer import Answer, answer
from concord.decision.attributes import BUILT_IN, check_facts
from concord.decision.catalogue import Catalogue
from concord.decision.decide import Asking
from concord.decision.explained import Explained, explain_answer, explain_quote
from concord.decision.hours import Intervals
from concord.decision.question import Question, Setting, View, setting_at
from concord.decision.quote import Ordered, QuoteAnswer, quote
from concord.decision.scalars import CHANNELS
from concord.decision.terms import Terms
from concord.errors import FieldError
from offer_registry import hours, vocabulary
from offer_registry.domain import Lifecycle, Offer, OfferVersion
from offer_registry.vocabulary import AttributeRegistry

OFFERS_MOST: Final = 20  # drafts, and stored versions, of one simulation
NOWHERE: Final = 0  # epoch and revision in the certificate: no log has this catalogue


@dataclass(frozen=True, slots=True)
class Stated:
    """Terms under the key and number they have, or would have, with what submit works out of them."""

    key: str
    number: int
    terms: Terms
    id: str | None = None  # of a stored offer
    hours: Intervals | None = None
    attributes: Mapping[str, AttributeRecord] | None = None

    def record(self) -> OfferRecord:
        """The offer as the log would have it, LIVE."""
        version = VersionRecord(
            version=self.number,
            content_hash=self.terms.content_hash(),
            state=ActivationState.LIVE,
            state_revision=NOWHERE,
            hours=None if self.hours is None else list(self.hours),
            attributes=None if self.attributes is None else dict(self.attributes),
            terms=self.terms,
        )
        return OfferRecord(id=self.id or self.key, key=self.key, versions=[version])


def stated(
    key: str,
    number: int,
    terms: Terms,
    registry: AttributeRegistry = BUILT_IN,
    id: str | None = None,  # noqa: A002  the field's name
) -> Stated:
    """Terms that can be saved, as if they were submitted now; `registry` has every attribute there is."""
    start, end = terms.validity.start, terms.validity.end
    opened = hours.expand(terms.windows, start, end) if terms.windows else None
    return Stated(key, number, terms, id, opened, vocabulary.carried(terms, registry))


def stated_version(offer: Offer, version: OfferVersion, registry: AttributeRegistry = BUILT_IN) -> Stated:
    """A stored version as channels have it, or would once it is submitted."""
    if version.lifecycle is Lifecycle.DRAFT:
        return stated(offer.key, version.number, version.terms, registry, offer.id)
    return Stated(offer.key, version.number, version.terms, offer.id, version.hours, version.attributes)


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried out, for whom and when; with a basket it is quoted, else decided."""

    offers: Sequence[Stated]
    facts: Mapping[str, Any]
    at: datetime
    ordered: Ordered | None = None
    registry: AttributeRegistry = field(default_factory=lambda: BUILT_IN)  # what facts may name

    def view(self) -> View:
        return View(Catalogue.of(each.record() for each in self.offers), NOWHERE, NOWHERE)


def wrong_facts(trial: Trial) -> list[FieldError]:
    """Facts that no channel would take, under `/facts`."""
    return check_facts(trial.facts, registry=trial.registry)


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
