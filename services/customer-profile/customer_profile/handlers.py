"""What each route does: one transaction a request, refusals as errors, answers as bytes (api §3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import orjson
from fastapi import Request, Response
from pydantic import BaseModel

from concord.clock import Clock, milliseconds
from concord.contracts.records import PromiseState
from concord.decision.attributes import Attribute
from concord.eventlog import crash, outbox
from concord.eventlog.relay import Relay
from concord.ids import Ids, Randomness
from concord.lookup import LookupKey
from concord.storage import idempotency, postgres
from concord.storage.errors import KeyReused, RequestInFlight
from concord.storage.idempotency import Answer, Claim, Connection
from concord.telemetry.tracing import current_traceparent
from concord.web.auth import Caller
from concord.web.errors import NotUpToBound, WrongChannel
from concord.web.etag import check_if_match, format_etag
from concord.web.idempotency import Effect, once, replayed, response
from concord.web.tokens import AGE, VIEW, AtLeast, CatalogueToken, HouseholdToken, LostWrite, ViewToken, format_view
from customer_profile import domain, promises, store
from customer_profile.attributes import Attributes
from customer_profile.documents import Cancellation, HouseholdChange, NewHousehold, NewPromise, Question
from customer_profile.domain import Household
from customer_profile.errors import HouseholdUnknown, NotPromisable, OfferUnknown, PartyPromised, PromiseClosed
from customer_profile.lookups import Lookups
from customer_profile.offers import Offers
from customer_profile.promises import Maker, Promise
from customer_profile.store import Kept

CODE_TRIES = 3  # a new code meets an old one once in some 10¹³ / promises


@dataclass(frozen=True, slots=True)
class Profile:
    """The profile's collaborators, and what they do together."""

    pool: asyncpg.Pool
    clock: Clock
    ids: Ids
    randomness: Randomness
    lookup: LookupKey
    offers: Offers
    attributes: Attributes
    relay: Relay
    epoch: int

    # Households

    async def create(self, posted: NewHousehold, caller: Caller, claim: Claim | None) -> Response:
        """A new household.

        Raises:
            HouseholdInvalid: it contradicts itself, or has facts of no attribute.
            NotUpToBound: it has facts of an attribute not known here, and the registry cannot be asked.
            KeyReused, RequestInFlight: it was sent with a key, as every POST with an Idempotency-Key.
        """
        registry = await self.attributes.learn(domain.fact_names(posted))
        household = domain.new_household(posted, self.ids, registry=registry)

        async def effect(connection: Connection) -> Effect:
            await store.insert_households(connection, [household], caller.subject, self.clock.now())
            await store.insert_identifiers(connection, household.id, domain.identifiers(household, self.lookup))
            answer = self._household_answer(Kept(household, 1), (), 201)
            return Effect(answer, lambda last: self._log_household(last, Kept(household, 1)))

        if claim is not None:
            return self._committed(await once(self.pool, claim, effect))
        async with postgres.transaction(self.pool) as connection:
            done = await effect(connection)
            await self._log_household(connection, Kept(household, 1))
        return self._committed(response(done.answer))

    async def change(self, household: str, change: HouseholdChange, request: Request) -> Response:
        """A changed household.

        Raises:
            HouseholdUnknown, HouseholdInvalid, PartyPromised, IfMatchMissing, EtagStale: as their names say.
            NotUpToBound: it has facts of an attribute not known here, and the registry cannot be asked.
        """
        registry = await self._registry_for(household, change)
        async with postgres.transaction(self.pool) as connection:
            before = await store.lock_household(connection, household)
            check_if_match(request, before.version)
            after = Kept(domain.changed_household(before.household, change, self.ids, registry), before.version + 1)
            made = await store.promises_of(connection, household)
            if {promise.party for promise in made} - {member.id for member in after.household.members}:
                raise PartyPromised
            if after.household == before.household:
                return response(self._household_answer(before, made, 200))
            await store.update_household(connection, after.household, domain.identifiers(after.household, self.lookup))
            await self._log_household(connection, after)
        return self._committed(response(self._household_answer(after, made, 200)))

    async def _registry_for(self, household: str, change: HouseholdChange) -> Mapping[str, Attribute]:
        """The attributes of what the household has and gets; asked for before anything is held."""
        async with postgres.connection(self.pool) as connection:
            kept = await store.fetch_household(connection, household)
        return await self.attributes.learn([*domain.fact_names(kept.household), *domain.fact_names(change)])

    async def household(self, household: str) -> Response:
        """A household with its promises, in one snapshot. Raises HouseholdUnknown."""
        async with postgres.connection(self.pool) as connection, connection.transaction(isolation="repeatable_read"):
            kept = await store.fetch_household(connection, household)
            made = await store.promises_of(connection, household)
        answer = self._household_answer(kept, made, 200)
        return self._stamped(response(answer), [kept])

    async def records(self, household: str) -> Response:
        """A household's records as the log has them, for an adapter's read-through (R20). Raises HouseholdUnknown."""
        async with postgres.connection(self.pool) as connection:
            version, items = await store.fetch_records(connection, household)
        body = {
            "epoch": self.epoch,
            "household": household,
            "version": version,
            "items": [{"key": key, "value": orjson.Fragment(value)} for key, value in items],
        }
        return self._stamped(_json(body), [HouseholdToken(self.epoch, household, version)])

    async def find(self, question: Question, caller: Caller) -> Response:
        """Whom a name stands for. Raises CustomerUnknown, CodeMalformed, NumberMalformed, Invalid."""
        async with postgres.connection(self.pool) as connection:
            found = await Lookups(connection, self.lookup, caller.subject).find(question)
        return self._stamped(_json(found), [HouseholdToken(self.epoch, found.household, found.version)])

    # Promises

    async def promise(self, asked: NewPromise, caller: Caller, claim: Claim) -> Response:
        """A promise made, once for the claim.

        Raises:
            HouseholdUnknown, OfferUnknown, NotPromisable, Invalid: as `Maker.make`.
            NotUpToBound: it would be refused because of the offer or a fact, and the registry cannot be asked.
            KeyReused, RequestInFlight: as every POST with an Idempotency-Key.
        """
        if caller.channel is not None and caller.channel != asked.channel:
            raise WrongChannel
        for _ in range(CODE_TRIES):
            async with postgres.connection(self.pool) as connection:
                prepared = await store.prepare_promise(connection, claim, asked.household)
                if prepared.answer is not None:
                    if prepared.fingerprint != claim.fingerprint:
                        raise KeyReused
                    return await self._replayed(connection, prepared.answer)
            made = await self._decide(asked, caller, prepared.household)
            body = promises.shown(made, made.made_at).model_dump_json(exclude_none=True).encode()
            try:
                async with postgres.connection(self.pool) as connection:
                    written = await store.make_promise(connection, claim, made, body, current_traceparent())
            except asyncpg.UniqueViolationError:
                continue
            if written is not None:
                token = HouseholdToken(written.epoch, written.household, written.version)
                answer = Answer(201, body, {"Location": f"/v1/promises/{made.id}", **self._view([token])})
                return self._committed(response(answer))
        return await self._already(claim)

    async def _decide(self, asked: NewPromise, caller: Caller, household: Household | None) -> Promise:
        if household is None:
            raise HouseholdUnknown
        registry = await self.attributes.learn(asked.facts)
        maker = Maker(caller.subject, milliseconds(self.clock.now()), self.ids, self.randomness, registry)
        try:
            return maker.make(asked, household, self.offers.catalogue.offer(asked.offer))
        except (OfferUnknown, NotPromisable):
            await self.offers.read_through()
            return maker.make(asked, household, self.offers.catalogue.offer(asked.offer))

    async def _already(self, claim: Claim) -> Response:
        """Another request has the key: its answer, once it has one."""
        async with postgres.transaction(self.pool) as connection:
            answer = await idempotency.take(connection, claim)
            if answer is None:
                raise RequestInFlight(retry_after=1)
            return await self._replayed(connection, answer)

    async def _replayed(self, connection: Connection, answer: Answer) -> Response:
        """A promise's first answer, with the token of where the promise is now, which is no older."""
        promise = await store.find_promise(connection, orjson.loads(answer.body)["id"])
        token = HouseholdToken(self.epoch, promise.household, promise.version)
        return replayed(
            Answer(answer.status, answer.body, {"Location": f"/v1/promises/{promise.id}", **self._view([token])})
        )

    async def read_promise(self, promise: str) -> Response:
        """A promise. Raises PromiseUnknown."""
        async with postgres.connection(self.pool) as connection:
            found = await store.find_promise(connection, promise)
        answer = _json(promises.shown(found, self.clock.now()))
        return self._stamped(answer, [HouseholdToken(self.epoch, found.household, found.version)])

    async def cancel(self, promise: str, wanted: Cancellation, caller: Caller, claim: Claim) -> Response:
        """A promise cancelled, for a reason that stays on record. Raises PromiseUnknown, PromiseClosed."""

        async def effect(connection: Connection) -> Effect:
            found, counter = await store.lock_promise(connection, promise)
            if found.state is not PromiseState.OPEN:
                raise PromiseClosed(f"The promise is {found.state.value} already.")
            after = replace(found, state=PromiseState.CANCELLED, cancelled=wanted.reason, version=counter + 1)
            token = HouseholdToken(self.epoch, after.household, after.version)
            body = promises.shown(after, self.clock.now()).model_dump_json(exclude_none=True).encode()
            trace = current_traceparent()
            return Effect(
                Answer(200, body, self._view([token])),
                lambda last: store.cancel_promise(last, after, caller.subject, trace),
            )

        return self._committed(await once(self.pool, claim, effect))

    # What every answer has

    async def satisfy(self, bound: AtLeast) -> None:
        """Be as fresh as the tokens ask, or say that it cannot be done (protocol R20).

        Raises:
            NotUpToBound: a household's counter is not there yet, or the catalogue's revision is not.
            LostWrite: a token is of an epoch before this one's.
        """
        if bound.older or any(token.epoch < self.epoch for token in bound.households.values()):
            raise LostWrite
        if bound.catalogue is not None:
            await self.offers.satisfy(bound.catalogue)
        if bound.households:
            async with postgres.connection(self.pool) as connection:
                known = await store.counters(connection, list(bound.households))
            # This is the authority: a version it does not have was not committed, and waiting brings nothing.
            if any(
                known.get(name, -1) < token.version or token.epoch > self.epoch
                for name, token in bound.households.items()
            ):
                raise NotUpToBound(retry_after=1)

    def view(self) -> tuple[str, int]:
        """`Concord-View` and `Concord-Age` of answers that name no household."""
        return str(self._catalogue()), 0

    def _catalogue(self) -> CatalogueToken:
        return CatalogueToken(self.offers.catalogue.epoch, self.offers.catalogue.revision)

    def _view(self, tokens: Sequence[ViewToken]) -> dict[str, str]:
        return {VIEW: format_view(tokens), AGE: "0"}

    def _stamped(self, answer: Response, read: Sequence[Kept | HouseholdToken]) -> Response:
        """The tokens of a read: the catalogue, and each household in the answer."""
        tokens = [
            HouseholdToken(self.epoch, one.household.id, one.version) if isinstance(one, Kept) else one for one in read
        ]
        answer.headers.update(self._view([self._catalogue(), *tokens]))
        return answer

    def _household_answer(self, kept: Kept, made: Sequence[Promise], status: int) -> Answer:
        now = self.clock.now()
        shown = [promises.shown(promise, now).model_dump(mode="json", exclude_none=True) for promise in made]
        body = orjson.dumps({**domain.document(kept.household), "version": kept.version, "promises": shown})
        headers = {"ETag": format_etag(kept.version)}
        if status == 201:
            headers["Location"] = f"/v1/households/{kept.household.id}"
        return Answer(status, body, headers | self._view([HouseholdToken(self.epoch, kept.household.id, kept.version)]))

    async def _log_household(self, connection: Connection, kept: Kept) -> None:
        value = domain.record(kept.household, kept.version, self.lookup).to_bytes()
        await store.log_household(connection, value, kept.household.id, current_traceparent())

    def _committed(self, answer: Response) -> Response:
        crash.point("profile.after_commit_before_reply")
        self.relay.poke()
        return answer

    async def log(self) -> Response:
        """Where every partition of the households log is."""
        async with postgres.connection(self.pool) as connection:
            positions = await outbox.positions(connection)
        return _json({"topics": positions})


def _json(body: Any) -> Response:
    if isinstance(body, BaseModel):
        return Response(body.model_dump_json(exclude_none=True), media_type="application/json")
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), media_type="application/json")
