"""What callers can have the registry do: one method a verb, one transaction each."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg

from concord.clock import Clock
from concord.decision.terms import Terms
from concord.errors import FieldError
from concord.eventlog import crash
from concord.eventlog.outbox import Connection
from concord.ids import Ids
from concord.storage import postgres
from offer_registry import attributes, budgets, history, references, store, vocabulary
from offer_registry.activation import ActiveOffer
from offer_registry.domain import Offer, OfferVersion, Verb, draft
from offer_registry.errors import ActivationConflict, KeyTaken
from offer_registry.history import Act, Person
from offer_registry.journal import Cause, Committed, Journal, Snapshot

Edit = Callable[[OfferVersion], OfferVersion]
RunVerb = Callable[[ActiveOffer, int], ActiveOffer]


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry's verbs; refusals are those of `domain` and `activation`, and `OfferUnknown`, `VersionUnknown`."""

    pool: asyncpg.Pool
    journal: Journal
    clock: Clock
    ids: Ids
    required_locales: tuple[str, ...]

    async def create(self, key: str, terms: Terms, by: Person) -> tuple[Offer, OfferVersion]:
        """A new offer with a draft.

        Raises:
            KeyTaken: another offer has that key.
            TermsInvalid: the terms cannot be saved.
        """
        at = self.clock.now()
        offer = Offer(self.ids.new("ofr"), key, 1, by.subject, at)
        async with postgres.transaction(self.pool) as connection:
            version = draft(offer.id, 1, terms, by.subject, at, await attributes.registry_for(connection, terms))
            if not await store.insert(connection, [offer], [version]):
                raise KeyTaken
            await history.note(connection, [(offer.id, history.entry(Act.CREATE, by, None, version))])
        crash.point("registry.after_commit_before_reply")
        return offer, version

    async def add_version(
        self, name: str, terms: Terms | None, by: Person, check: Callable[[Offer], None] | None = None
    ) -> tuple[Offer, OfferVersion]:
        """A new draft, with these terms or those of the newest version; `check` may refuse the offer as it stands."""
        async with postgres.transaction(self.pool) as connection:
            offer = await store.fetch_offer(connection, name, lock=True)
            if check is not None:
                check(offer)
            newest = await store.fetch_version(connection, offer, offer.newest)
            said = terms or newest.terms
            registry = await attributes.registry_for(connection, said)
            version = draft(offer.id, offer.newest + 1, said, by.subject, self.clock.now(), registry)
            await store.insert_versions(connection, [version])
            await store.set_newest(connection, offer, version.number)
            await history.note(connection, [(offer.id, history.entry(Act.ADD_VERSION, by, newest, version))])
        crash.point("registry.after_commit_before_reply")
        return offer, version

    async def edit(
        self, name: str, number: int, terms: Terms, by: Person, check: Callable[[OfferVersion], None]
    ) -> tuple[Offer, OfferVersion]:
        """A draft with other terms; `check` refuses when it is not the one the caller read."""
        async with postgres.connection(self.pool) as connection:
            registry = await attributes.registry_for(connection, terms)

        def change(version: OfferVersion) -> OfferVersion:
            check(version)
            return version.edit(terms, by.subject, self.clock.now(), registry)

        return await self._change(name, number, change, Act.EDIT, by)

    async def discard(self, name: str, by: Person) -> Offer:
        """An offer taken away that is nothing but drafts; its history stays.

        Raises:
            OfferSubmitted: a version was submitted once.
            OfferNamed: another offer names it as its alternative.
        """
        async with postgres.transaction(self.pool) as connection:
            offer = await store.fetch_offer(connection, name, lock=True)
            newest = await store.fetch_version(connection, offer, offer.newest)
            await store.discard(connection, offer)
            gone = replace(newest, changed_at=self.clock.now())
            await history.note(connection, [(offer.id, history.entry(Act.DISCARD, by, newest, gone))])
        crash.point("registry.after_commit_before_reply")
        return offer

    async def submit(self, name: str, number: int, by: Person) -> tuple[Offer, OfferVersion]:
        """A draft sent to review, if nothing is missing."""
        async with postgres.transaction(self.pool) as connection:
            offer = await store.fetch_offer(connection, name)
            version = await store.fetch_version(connection, offer, number, lock=True)
            broken = await broken_references(connection, version)
            registry = await attributes.registry_for(connection, version.terms)
            submitted = version.submit(by.subject, self.clock.now(), self.required_locales, broken, registry)
            await store.save(connection, submitted)
            await history.note(connection, [(offer.id, history.entry(Act.SUBMIT, by, version, submitted))])
        crash.point("registry.after_commit_before_reply")
        return offer, submitted

    async def approve(self, name: str, number: int, by: Person) -> tuple[Offer, OfferVersion]:
        def change(version: OfferVersion) -> OfferVersion:
            return version.approve(by.subject, self.clock.now())

        return await self._change(name, number, change, Act.APPROVE, by)

    async def reject(self, name: str, number: int, by: Person, reason: str) -> tuple[Offer, OfferVersion]:
        def change(version: OfferVersion) -> OfferVersion:
            return version.reject(self.clock.now(), reason)

        return await self._change(name, number, change, Act.REJECT, by, reason)

    async def release(
        self, name: str, number: int, effective_at: datetime | None, cause: Cause
    ) -> tuple[Offer, Committed]:
        """An approved version becomes PREPARING; the rest of the way it goes by itself."""
        async with postgres.connection(self.pool) as connection:
            offer = await store.fetch_offer(connection, name)
            version = await store.fetch_version(connection, offer, number)
        version.require(Verb.RELEASE)
        return offer, await self.journal.release([version], cause, effective_at)

    async def suspend(self, name: str, cause: Cause) -> tuple[Offer, Committed]:
        """No longer shown, still honoured on request, until it is resumed (R3)."""
        return await self._run_side(name, ActiveOffer.suspend, replace(cause, verb=Act.SUSPEND))

    async def resume(self, name: str, cause: Cause) -> tuple[Offer, Committed]:
        """Shown again."""
        return await self._run_side(name, ActiveOffer.resume, replace(cause, verb=Act.RESUME))

    async def withdraw(self, name: str, cause: Cause) -> tuple[Offer, Committed]:
        """No longer shown from now on, and after W2 honoured for promises alone (protocol §2)."""
        return await self._run_side(name, ActiveOffer.withdraw, replace(cause, verb=Act.WITHDRAW))

    async def _change(
        self, name: str, number: int, change: Edit, verb: Act, by: Person, reason: str | None = None
    ) -> tuple[Offer, OfferVersion]:
        async with postgres.transaction(self.pool) as connection:
            offer = await store.fetch_offer(connection, name)
            before = await store.fetch_version(connection, offer, number, lock=True)
            after = change(before)
            await store.save(connection, after)
            await history.note(connection, [(offer.id, history.entry(verb, by, before, after, reason=reason))])
        crash.point("registry.after_commit_before_reply")
        return offer, after

    async def _run_side(self, name: str, verb: RunVerb, cause: Cause) -> tuple[Offer, Committed]:
        async with postgres.connection(self.pool) as connection:
            offer = await store.fetch_offer(connection, name)

        def change(active: ActiveOffer, _: Snapshot, revision: int) -> ActiveOffer:
            if not active.activations:
                raise ActivationConflict(f"No version of {offer.key} is released.")
            return verb(active, revision)

        return offer, await self.journal.move([offer.id], change, cause)


async def broken_references(connection: Connection, version: OfferVersion) -> list[FieldError]:
    """Other offers and budgets that a version names and that do not hold; pointers are below the terms."""
    graph = await store.fetch_references(connection, references.named(version.terms).values())
    known = await budgets.fetch(connection, vocabulary.budgets(version.terms).values())
    return [*references.broken(version.offer, version.terms, graph), *budgets.broken(version.terms, known)]
