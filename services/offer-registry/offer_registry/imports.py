"""Offers of an import job: each line the body of a single POST, arriving in review (api §1)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import orjson
from pydantic import TypeAdapter, ValidationError

from concord.clock import Clock
from concord.errors import Invalid
from concord.eventlog.outbox import Connection
from concord.ids import Ids
from concord.storage.jobs import Accepted, Applied, Job, Outcome
from concord.storage.lines import Line, LineRefused
from concord.web.validation import body_errors
from offer_registry import attributes, budgets, history, references, store, vocabulary
from offer_registry.budgets import Budget
from offer_registry.domain import Offer, OfferVersion, draft
from offer_registry.errors import Incomplete, KeyTaken
from offer_registry.history import Act, Person
from offer_registry.references import Graph, Node
from offer_registry.schemas import NewOffer
from offer_registry.vocabulary import AttributeRegistry

AT_ONCE = 25  # lines read without letting anything else run
_NEW_OFFER = TypeAdapter(NewOffer)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer that a line asks for, submitted."""

    offer: Offer
    version: OfferVersion


class OfferLines:
    """Gives lines of kind `offers` their effect."""

    def __init__(self, clock: Clock, ids: Ids, required_locales: Sequence[str]) -> None:
        self._clock = clock
        self._ids = ids
        self._locales = tuple(required_locales)

    async def apply(self, connection: Connection, job: Job, lines: Sequence[Line]) -> Applied:
        """Write the lines' offers, in review. Drafts make no records, so nothing is appended to the log."""
        at = self._clock.now()
        registry = await attributes.registry(connection)
        outcomes: dict[int, Outcome] = {}
        candidates: dict[int, Candidate] = {}
        for place, line in enumerate(lines):
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)  # a batch takes half a second of computing; others get their turn in between
            made = self._read(line, job.caller, at, registry)
            if isinstance(made, LineRefused):
                outcomes[place] = made
            else:
                candidates[place] = made
        await self._refuse_broken(connection, candidates, outcomes)
        await _insert(connection, candidates, outcomes, job)
        return Applied([outcomes[place] for place in range(len(lines))])

    def _read(self, line: Line, by: str, at: datetime, registry: AttributeRegistry) -> Candidate | LineRefused:
        """The line as an offer in review; references are checked once the whole batch is known."""
        try:
            body = _NEW_OFFER.validate_json(line.data, strict=True)
            offer = Offer(self._ids.new("ofr"), body.key, 1, by, at)
            drafted = draft(offer.id, 1, body.terms, by, at, registry)
            return Candidate(offer, drafted.submit(by, at, self._locales, (), registry))
        except ValidationError as error:
            findings = error.errors(include_url=False, include_context=False, include_input=False)
            return _refused(Invalid(errors=body_errors(findings, orjson.loads(line.data))))
        except Incomplete as error:
            return _below_terms(error)
        except Invalid as error:
            return _refused(error)

    @staticmethod
    async def _refuse_broken(
        connection: Connection, candidates: dict[int, Candidate], outcomes: dict[int, Outcome]
    ) -> None:
        """Lines that name a budget that does not exist, or an offer that neither exists nor comes with the batch; one
        refused may take others along.
        """
        every = [each.version.terms for each in candidates.values()]
        shared = {name for terms in every for name in vocabulary.budgets(terms).values()}
        names = {name for terms in every for name in references.named(terms).values()}
        if not names and not shared:
            return
        known = await store.fetch_references(connection, names)
        declared = await budgets.fetch(connection, shared)
        while broken := _broken(candidates, known, declared):
            outcomes |= broken
            for place in broken:
                del candidates[place]


def _broken(
    candidates: Mapping[int, Candidate], known: Graph, declared: Mapping[str, Budget]
) -> dict[int, LineRefused]:
    graph = dict(known)
    for each in candidates.values():
        terms = each.version.terms
        names = tuple(references.named(terms).values())
        graph.setdefault(each.offer.key, Node(each.offer.id, names, terms.validity.end))
    found = {
        place: [
            *references.broken(each.offer.id, each.version.terms, graph),
            *budgets.broken(each.version.terms, declared),
        ]
        for place, each in candidates.items()
    }
    return {place: _below_terms(Incomplete(errors=errors)) for place, errors in found.items() if errors}


async def _insert(
    connection: Connection, candidates: Mapping[int, Candidate], outcomes: dict[int, Outcome], job: Job
) -> None:
    first: dict[str, Candidate] = {}
    for each in candidates.values():
        first.setdefault(each.offer.key, each)
    chosen = list(first.values())
    made = await store.insert(connection, [each.offer for each in chosen], [each.version for each in chosen])
    by = Person(job.caller, job.traceparent)
    entries = [(each.offer.id, history.entry(Act.IMPORT, by, None, each.version, job=job.id)) for each in chosen]
    await history.note(connection, [(offer, entry) for offer, entry in entries if offer in made])
    for place, each in candidates.items():
        outcomes[place] = Accepted(each.offer.id) if each.offer.id in made else _refused(KeyTaken())


def _refused(error: Invalid | KeyTaken) -> LineRefused:
    return LineRefused(error.reason, error.detail, error.errors)


def _below_terms(error: Incomplete) -> LineRefused:
    """What is missing stands in the terms, which stand in the line's data."""
    errors = tuple(replace(each, pointer=f"/terms{each.pointer}") for each in error.errors)
    return LineRefused(error.reason, error.detail, errors)
