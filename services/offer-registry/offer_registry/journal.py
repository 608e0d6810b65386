"""Changes of activations, each with its record on the log, in one statement (protocol §2, R10).

A record holds the whole offer and, in `state_revision`, its own revision; both are known before the clock is locked
only if nothing else is committed meanwhile. So: read offers and clock in one snapshot, build the records for the next
revisions, and append them under the condition that the clock still stands there. If it moved, nothing was written and
it is done again. Because every change of an activation moves the clock, that one condition guards all of them, between
processes too; within one process changes queue instead of racing each other.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import asyncpg

from concord.contracts.topics import OFFER_CHANGED, OFFERS
from concord.decision import evaluator
from concord.errors import Bug
from concord.eventlog import crash, outbox
from concord.eventlog.errors import RevisionMoved
from concord.eventlog.outbox import Append, Connection
from concord.storage import postgres
from offer_registry.activation import PREPARING, Activation, ActiveOffer, changed
from offer_registry.domain import OfferVersion
from offer_registry.errors import Contended
from offer_registry.store import Q, activation_of, terms_of

ATTEMPTS = 50  # each loses only to a commit of another process


@dataclass(frozen=True, slots=True)
class Cause:
    """Who asked for a change, by which verb, why, and in which trace; nobody for an automatic step."""

    by: str | None = None
    reason: str | None = None
    traceparent: str | None = None
    verb: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Offers as they stood at a revision of the clock; `at` is the database's time."""

    epoch: int
    clock: int
    at: datetime
    offers: tuple[ActiveOffer, ...]


@dataclass(frozen=True, slots=True)
class Committed:
    """What was committed: the offers that changed, and the revision of the last of their records.

    When nothing changed, the revision at which that was found.
    """

    epoch: int
    revision: int
    offers: tuple[ActiveOffer, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """An offer before and after, with the revision its record will have."""

    before: ActiveOffer
    after: ActiveOffer
    revision: int


Verb = Callable[[ActiveOffer, Snapshot, int], ActiveOffer]
"""What happens to an offer, given the snapshot and its record's revision; the same offer when nothing does."""
Write = Callable[[Connection, int, Sequence[Change]], Any]


class Journal:
    """Commits changes of activations; one at a time in this process."""

    def __init__(self, pool: asyncpg.Pool, after_commit: Callable[[], None]) -> None:
        self._pool = pool
        self._after_commit = after_commit
        self._turn = asyncio.Lock()

    async def release(
        self, versions: Sequence[OfferVersion], cause: Cause, effective_at: datetime | None = None
    ) -> Committed:
        """Approved versions of distinct offers become released and PREPARING.

        Raises:
            NewerReleased: an offer has a newer version that was released.
            Contended: other processes commit all the time, or a version is not approved any more.
        """
        chosen = {version.offer: version for version in versions}

        def release(offer: ActiveOffer, _: Snapshot, revision: int) -> ActiveOffer:
            version = chosen[offer.id]
            return offer.release(_prepared(version, effective_at, revision, cause.traceparent), version.terms)

        async def write(connection: Connection, expected: int, changes: Sequence[Change]) -> None:
            await _release(connection, expected, changes, cause)

        return await self._commit(list(chosen), release, write)

    async def move(self, offers: Sequence[str], verb: Verb, cause: Cause) -> Committed:
        """Do something to released versions of offers, given by id; the verb may refuse by raising.

        Raises:
            Contended: other processes commit all the time.
        """

        async def write(connection: Connection, expected: int, changes: Sequence[Change]) -> None:
            await _move(connection, expected, changes, cause)

        return await self._commit(offers, verb, write)

    async def _commit(self, offers: Sequence[str], verb: Verb, write: Write) -> Committed:
        async with self._turn:
            for _ in range(ATTEMPTS):
                async with postgres.connection(self._pool) as connection:
                    snapshot = await load(connection, offers)
                    changes = _changes(snapshot, verb)
                    if not changes:
                        return Committed(snapshot.epoch, snapshot.clock)
                    try:
                        await write(connection, snapshot.clock + 1, changes)
                    except RevisionMoved:
                        continue
                self._after_commit()
                crash.point("registry.after_commit_before_reply")
                return Committed(snapshot.epoch, changes[-1].revision, tuple(change.after for change in changes))
        raise Contended(retry_after=1)


async def load(connection: Connection, offers: Sequence[str]) -> Snapshot:
    """Offers by id, with every version that is not CLOSED, and the clock, in one snapshot.

    Raises:
        Bug: there is no such offer.
    """
    rows = await connection.fetch(Q.load_active, OFFERS.name, list(offers))
    if not rows:
        raise Bug("The offers to be changed do not exist.")
    grouped = groupby(rows, key=itemgetter("id"))
    return Snapshot(
        rows[0]["epoch"], rows[0]["clock"], rows[0]["at"], tuple(_offer(list(group)) for _, group in grouped)
    )


def _offer(rows: Sequence[asyncpg.Record]) -> ActiveOffer:
    versions = [row for row in rows if row["version"] is not None]
    return ActiveOffer(
        id=rows[0]["id"],
        key=rows[0]["key"],
        activations=tuple(activation_of(row) for row in versions),
        terms={row["version"]: terms_of(row["terms"]) for row in versions},
    )


def _changes(snapshot: Snapshot, verb: Verb) -> list[Change]:
    changes: list[Change] = []
    for before in snapshot.offers:
        revision = snapshot.clock + 1 + len(changes)
        after = verb(before, snapshot, revision)
        if after is not before:
            changes.append(Change(before, after, revision))
    return changes


def _prepared(
    version: OfferVersion, effective_at: datetime | None, revision: int, traceparent: str | None
) -> Activation:
    return Activation(
        offer=version.offer,
        version=version.number,
        content_hash=version.content_hash,
        place=PREPARING,
        state_revision=revision,
        effective_at=effective_at,
        honour_until=version.honour_until,
        evaluator_min=evaluator.least(version.terms),
        traceparent=traceparent,
        hours=version.hours,
        attributes=version.attributes,
    )


async def _release(connection: Connection, expected: int, changes: Sequence[Change], cause: Cause) -> None:
    released = [activation for _, activation in _steps(changes)]
    await _fetch(
        connection,
        Q.release,
        *outbox.arguments(OFFERS, [_append(change) for change in changes], expected),
        [activation.offer for activation in released],
        [activation.version for activation in released],
        [activation.state_revision for activation in released],
        [activation.effective_at for activation in released],
        [activation.honour_until for activation in released],
        [activation.evaluator_min for activation in released],
        cause.traceparent,
        cause.by,
    )


async def _move(connection: Connection, expected: int, changes: Sequence[Change], cause: Cause) -> None:
    steps = _steps(changes)
    await _fetch(
        connection,
        Q.move,
        *outbox.arguments(OFFERS, [_append(change, cause.traceparent) for change in changes], expected),
        [activation.offer for _, activation in steps],
        [activation.version for _, activation in steps],
        [activation.state for _, activation in steps],
        [activation.leaving for _, activation in steps],
        [activation.state_revision for _, activation in steps],
        [revision for revision, _ in steps],
        cause.traceparent,
        cause.by,
        cause.reason,
        cause.verb,
    )


async def _fetch(connection: Connection, statement: str, *arguments: Any) -> None:
    """Run a statement that appends.

    Raises:
        RevisionMoved: the clock does not stand where it was read, or a row is not what it was.
    """
    try:
        await connection.fetch(statement, *arguments)
    except asyncpg.PostgresError as error:
        raise outbox.moved(error) from error


def _steps(changes: Sequence[Change]) -> list[tuple[int, Activation]]:
    return [(change.revision, activation) for change in changes for activation in changed(change.before, change.after)]


def _append(change: Change, traceparent: str | None = None) -> Append:
    """The offer's record; an automatic step stays in the trace of the request that brought its newest version here."""
    moved: Mapping[int, Activation] = {step.version: step for step in changed(change.before, change.after)}
    trace = traceparent or moved[max(moved)].traceparent
    return Append(change.after.id, OFFER_CHANGED, change.after.record().to_bytes(), traceparent=trace)
