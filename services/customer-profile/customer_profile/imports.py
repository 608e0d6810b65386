"""Import lines of the kinds `households` and `promises`: a batch of lines, one transaction, one append (api §1)."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from concord.clock import Clock, milliseconds
from concord.contracts.topics import HOUSEHOLD_CHANGED, HOUSEHOLDS
from concord.decision.attributes import Attribute
from concord.errors import ConcordError, Invalid, Refused
from concord.eventlog import outbox
from concord.eventlog.outbox import Append
from concord.ids import Ids, Randomness, is_id
from concord.lookup import LookupKey
from concord.storage import jobs
from concord.storage.idempotency import Connection
from concord.storage.jobs import Accepted, Applied, Job, Outcome
from concord.storage.lines import Line, LineRefused
from concord.web.validation import body_errors
from customer_profile import domain, store
from customer_profile.attributes import Attributes
from customer_profile.documents import NewHousehold, NewPromise, Part
from customer_profile.domain import Household
from customer_profile.errors import HouseholdUnknown, NotPromisable, OfferUnknown
from customer_profile.offers import CATCH_UP, Offers
from customer_profile.promises import Maker, Promise

PIECE = 100  # lines decided at a time; between pieces the loop serves other requests
_HOUSEHOLD = TypeAdapter(NewHousehold)
_PROMISE = TypeAdapter(NewPromise)
Item = TypeVar("Item")
Body = TypeVar("Body", bound=Part)


@dataclass(frozen=True, slots=True)
class HouseholdLines:
    """Lines whose data is a household."""

    ids: Ids
    clock: Clock
    lookup: LookupKey
    attributes: Attributes

    async def apply(self, connection: Connection, job: Job, lines: Sequence[Line]) -> Applied:
        read: list[NewHousehold | LineRefused] = [_read(line, _HOUSEHOLD) async for line in _paced(lines)]
        registry = await self.attributes.learn(
            name for posted in read if isinstance(posted, NewHousehold) for name in domain.fact_names(posted)
        )
        built = [self._build(*each, registry) async for each in _paced(list(zip(lines, read, strict=True)))]
        made = [one for one in built if isinstance(one, Household)]
        if made:
            await store.insert_households(connection, made, job.caller, self.clock.now())
            rows = [
                (one.kind, one.value, household.id, one.subject)
                for household in made
                for one in domain.identifiers(household, self.lookup)
            ]
            await store.insert_all_identifiers(connection, rows)
        outcomes = [Accepted(one.id) if isinstance(one, Household) else one for one in built]
        return Applied(outcomes, lambda last: self._log(last, made, job.traceparent))

    def _build(
        self, line: Line, posted: NewHousehold | LineRefused, registry: Mapping[str, Attribute]
    ) -> Household | LineRefused:
        if isinstance(posted, LineRefused):
            return posted
        try:
            return domain.new_household(posted, self.ids, ref=line.ref, registry=registry)
        except Refused as error:
            return _refused(error, line.data)

    async def _log(self, connection: Connection, made: Sequence[Household], traceparent: str | None) -> None:
        appends = [
            Append(
                household.id,
                HOUSEHOLD_CHANGED,
                domain.record(household, 1, self.lookup).to_bytes(),
                store.partition(household.id),
                traceparent,
            )
            for household in made
        ]
        if appends:
            await outbox.append(connection, HOUSEHOLDS, appends)


@dataclass(frozen=True, slots=True)
class PromiseLines:
    """Lines whose data is a promise; a household may be named by the ref of its line."""

    ids: Ids
    randomness: Randomness
    clock: Clock
    offers: Offers
    attributes: Attributes

    async def apply(self, connection: Connection, job: Job, lines: Sequence[Line]) -> Applied:
        read: list[NewPromise | LineRefused] = [_read(line, _PROMISE) async for line in _paced(lines)]
        asked = [promise for promise in read if isinstance(promise, NewPromise)]
        households = await _households(connection, job.caller, asked)
        registry = await self.attributes.learn(name for promise in asked for name in promise.facts)
        maker = Maker(job.caller, milliseconds(self.clock.now()), self.ids, self.randomness, registry)
        decided = await self._decide(maker, read, households)
        made = [one for one in decided if isinstance(one, Promise)]
        if not made:
            return Applied(_outcomes(decided))
        versions = await _versions(connection, made)
        await store.insert_promises(connection, made, versions)
        return Applied(_outcomes(decided), lambda last: store.log_promises(last, made, versions, job.traceparent))

    async def _decide(
        self, maker: Maker, read: Sequence[NewPromise | LineRefused], households: dict[str, Household]
    ) -> list[Promise | LineRefused]:
        """Each promise, or why not; before one is refused because of an offer, the registry is asked (protocol §3)."""
        asked_registry = False
        decided: list[Promise | LineRefused] = []
        async for asked in _paced(read):
            if isinstance(asked, LineRefused):
                decided.append(asked)
                continue
            made = self._make(maker, asked, households)
            if isinstance(made, OfferUnknown | NotPromisable) and not asked_registry:
                await self.offers.read_through(CATCH_UP)
                asked_registry = True
                made = self._make(maker, asked, households)
            decided.append(_refused(made) if isinstance(made, ConcordError) else made)
        return decided

    def _make(self, maker: Maker, asked: NewPromise, households: dict[str, Household]) -> Promise | Refused:
        household = households.get(asked.household)
        if household is None:
            return HouseholdUnknown("No household has that id, and this caller imported none under that ref.")
        try:
            return maker.make(asked, household, self.offers.catalogue.offer(asked.offer))
        except Refused as error:
            return error


def _read(line: Line, kind: TypeAdapter[Body]) -> Body | LineRefused:
    try:
        return kind.validate_json(line.data, strict=True)
    except ValidationError as error:
        return _refused(error, line.data)


async def _households(connection: Connection, caller: str, asked: Sequence[NewPromise]) -> dict[str, Household]:
    """Households by the names that lines give them."""
    names = {promise.household for promise in asked}
    ids = {name: name for name in names if is_id(name, "hh")}
    ids |= await jobs.resolve(connection, caller, "households", list(names - ids.keys()))
    found = await store.fetch_households(connection, list(set(ids.values())))
    return {name: found[household] for name, household in ids.items() if household in found}


async def _versions(connection: Connection, made: Sequence[Promise]) -> list[int]:
    """For each promise its own value of its household's counter, in the order of the lines."""
    counters = await store.raise_counters(connection, (promise.household for promise in made))
    versions = []
    for promise in made:
        counters[promise.household] += 1
        versions.append(counters[promise.household])
    return versions


def _outcomes(decided: Sequence[Promise | LineRefused]) -> list[Outcome]:
    return [Accepted(one.id) if isinstance(one, Promise) else one for one in decided]


def _refused(error: ValidationError | ConcordError, data: bytes = b"{}") -> LineRefused:
    if isinstance(error, ConcordError):
        return LineRefused(error.reason, error.detail, error.errors)
    findings = error.errors(include_url=False, include_context=False, include_input=False)
    return LineRefused(Invalid.reason, Invalid().detail, tuple(body_errors(findings, orjson.loads(data))))


async def _paced(items: Sequence[Item]) -> AsyncIterator[Item]:
    """The items, with the loop's other work between pieces."""
    for index, item in enumerate(items):
        if index % PIECE == PIECE - 1:
            await asyncio.sleep(0)
        yield item
