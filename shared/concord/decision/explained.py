"""Why each offer is had or not, with its reason tree: what staff and authors read beside an answer.

The reasons and the tree know no channel (api §6), so there is one explanation for all of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from concord.decision import reasons
from concord.decision.answer import Answer
from concord.decision.attributes import Attribute
from concord.decision.compile import CompiledVersion, read_criteria
from concord.decision.decide import Asking
from concord.decision.gates import of_lines
from concord.decision.kleene import Facts, Why, blamed, explain
from concord.decision.quote import QuoteAnswer
from concord.decision.quoting.price import Quote
from concord.decision.quoting.till import Till
from concord.decision.reasons import Reason
from concord.decision.shapes import ReasonShape
from concord.decision.terms import Terms
from concord.decision.why import WhyShape, tree

LINES_MOST: Final = 20  # lines of a basket of which it is told why an offer is about them
RUNNING: Final = "basket.running_subtotal"


class LineWhyShape(BaseModel):
    """Whether an offer is about a line of the basket: by its products, and by the criteria that choose lines."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: str
    in_scope: Annotated[bool, Field(description="It takes part in offers, and is among the products of this one.")]
    criteria: Annotated[WhyShape | None, Field(description="Null when any line will do, or none is in scope.")]


class OfferWhyShape(BaseModel):
    """Why an offer is had or not. Facts of the basket are as they are when its turn comes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    offer: str
    version: int
    had: Annotated[bool, Field(description="Whether the customer may have it, or the quote has it.")]
    reasons: Annotated[list[ReasonShape], Field(description="Why not; none when it is had.")]
    criteria: Annotated[WhyShape | None, Field(description="What gates the offer; null is everybody.")]
    lines: Annotated[
        list[LineWhyShape],
        Field(description=f"With a basket: of its first {LINES_MOST} lines in the order of their ids."),
    ] = []


Explained = dict[str, Any]  # an OfferWhyShape as JSON


def explain_answer(asking: Asking, given: Answer) -> list[Explained]:
    """Why each LIVE offer that was asked for is had or not, in the order in which offers apply."""
    said = {decision.offer: decision for decision in given.items}
    found = []
    for version in _live(asking):
        decision = said.get(version.key)
        if decision is not None:
            because = () if decision.script is not None else decision.reasons
            found.append(_told(version, because, asking.facts, _gate(asking, version, asking.facts)))
    return found


def explain_quote(asking: Asking, given: QuoteAnswer, terms: Mapping[str, Terms]) -> list[Explained]:
    """Why each LIVE offer applies to the basket or not. `terms` are those of the offers, by key."""
    till = Till(given.asked.basket, asking.facts)
    applied = {share.candidate.key for share in given.quote.applied}
    found = []
    for version in _live(asking):
        facts = _facts_at_turn(till, given.quote, version)
        why = _gate(asking, version, facts)
        because = () if version.key in applied else _why_not(asking, given, version, why)
        lines = _lines(till, version, terms[version.key], asking.view.catalogue.attributes)
        found.append({**_told(version, because, facts, why), "lines": list(lines)})
    return found


def _live(asking: Asking) -> Iterator[CompiledVersion]:
    return (offer.live for offer in asking.view.catalogue.live() if offer.live is not None)


def _gate(asking: Asking, version: CompiledVersion, facts: Facts) -> Why | None:
    """The reason tree of what gates the offer; None when everybody may have it."""
    gating = version.terms.criteria
    return None if gating is None else explain(read_criteria(gating), facts, asking.view.catalogue.attributes)


def _told(version: CompiledVersion, because: Sequence[Reason], facts: Facts, why: Why | None) -> Explained:
    return {
        "offer": version.key,
        "version": version.version,
        "had": not because,
        "reasons": [_reason(reason) for reason in because],
        "criteria": None if why is None else tree(why, facts),
    }


def _reason(reason: Reason) -> dict[str, str]:
    told = {"code": reason.code, "sentence": reason.sentence}
    return told if reason.attribute is None else {**told, "attribute": reason.attribute}


def _facts_at_turn(till: Till, priced: Quote, version: CompiledVersion) -> Facts:
    """What the offer's criteria were judged by, with what was left to pay when its turn came."""
    own = (version.terms.priority, version.key)
    before = sum(
        share.discount
        for line in priced.lines
        for share in line.applied
        if (share.candidate.terms.priority, share.candidate.key) < own
    )
    return {**till.facts, RUNNING: {"currency": priced.currency, "amount": priced.gross - before}}


def _why_not(asking: Asking, given: QuoteAnswer, version: CompiledVersion, why: Why | None) -> tuple[Reason, ...]:
    """The reasons for which the offer does not apply to the basket."""
    judged = {each.candidate.key: each.code for each in (*given.quote.kept, *given.quote.idle)}
    locale, attributes = asking.setting.locale, asking.view.catalogue.attributes
    code = judged.get(version.key)
    if code is None:
        return (_out_of_play(asking, version, given),)
    if why is None or why.result is True or code in {"code_needed", "currency_not_offered"}:
        return (reasons.say(code, locale),)
    return (reasons.missing if why.result is None else reasons.not_met)(blamed(why), locale, attributes)


def _out_of_play(asking: Asking, version: CompiledVersion, given: QuoteAnswer) -> Reason:
    """Why an offer was not even looked at: by its time, its codes, or because nothing in the basket is part of it."""
    locale, terms, at = asking.setting.locale, version.terms, asking.setting.at
    if at < terms.start:
        return reasons.say("offer_not_started", locale, start=reasons.day_text(terms.start))
    if terms.end is not None and at >= terms.end:
        return reasons.say("offer_ended", locale, end=reasons.until_text(terms.end))
    if not version.window.holds(at):
        return reasons.say("outside_hours", locale)
    needs_code = bool(terms.codes) and terms.codes.isdisjoint(given.asked.folded)
    return reasons.say("code_needed" if needs_code else "scope_empty", locale)


def _lines(
    till: Till, version: CompiledVersion, terms: Terms, attributes: Mapping[str, Attribute]
) -> Iterator[dict[str, Any]]:
    """Of each line, whether the offer is about it."""
    offered = set(till.within(version.terms.reach, till.offered()))
    chooses = of_lines(terms.criteria)
    for place, item in enumerate(till.items[:LINES_MOST]):
        asked = chooses is not None and place in offered
        facts = till.facts_of(place)
        why = tree(explain(chooses, facts, attributes), facts) if asked and chooses is not None else None
        yield {"line": item.id, "in_scope": place in offered, "criteria": why}
