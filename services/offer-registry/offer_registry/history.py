"""What people did to an offer: who, when, why, from what to what, and in which trace.

What happens on the author's side is written here, in the transaction that does it. Steps of the run side are kept by
`activation_history` in any case, those that nobody asked for too; a history reads both. One sequence numbers the rows
of both tables, so that they have one order. PostgreSQL refuses to change or delete a row of either.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import orjson

from concord.eventlog.outbox import Connection
from offer_registry import differences
from offer_registry.domain import Offer, OfferVersion
from offer_registry.store import Q

NEWEST: Final = 2**63 - 1  # a place after every row


class Act(StrEnum):
    """What a person did."""

    CREATE = "create"
    ADD_VERSION = "add_version"
    EDIT = "edit"
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    DISCARD = "discard"
    IMPORT = "import"
    RELEASE = "release"
    SUSPEND = "suspend"
    RESUME = "resume"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks for something, by `sub`, and in which trace."""

    subject: str
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One act on one version. `before` and `after` are content hashes; only an edit loses what was, so it has changes.

    `job` is the import that brought the version or under which it was approved; `state` and `revision` are where the
    act brought an activation.
    """

    version: int
    verb: Act
    by: str
    at: datetime
    reason: str | None
    before: str | None
    after: str
    changes: Sequence[dict[str, Any]] | None = None
    job: str | None = None
    state: str | None = None
    revision: int | None = None
    traceparent: str | None = None
    place: int = 0  # in the order of all entries, once it is written


def entry(
    verb: Act,
    by: Person,
    before: OfferVersion | None,
    after: OfferVersion,
    *,
    reason: str | None = None,
    job: str | None = None,
) -> Entry:
    """What a person did to a version, which was `before` and is `after` now; `before` None when nothing was."""
    return Entry(
        version=after.number,
        verb=verb,
        by=by.subject,
        at=after.changed_at,
        reason=reason,
        before=before.content_hash if before else None,
        after=after.content_hash,
        changes=_changes(before, after) if verb is Act.EDIT and before else None,
        job=job,
        traceparent=by.traceparent,
    )


def _changes(before: OfferVersion, after: OfferVersion) -> list[dict[str, Any]]:
    return [asdict(change) for change in differences.of_terms(before.terms.document(), after.terms.document())]


async def note(connection: Connection, entries: Sequence[tuple[str, Entry]]) -> None:
    """Write what was done to offers, given by id, in the transaction that does it."""
    if not entries:
        return
    offers, done = zip(*entries, strict=True)
    await connection.execute(
        Q.note_history,
        offers,
        [each.version for each in done],
        [each.verb for each in done],
        [each.by for each in done],
        [each.at for each in done],
        [each.reason for each in done],
        [each.before for each in done],
        [each.after for each in done],
        # As text: asyncpg would take a list of lists of changes for an array of two dimensions.
        [None if each.changes is None else orjson.dumps(each.changes).decode() for each in done],
        [each.job for each in done],
        [each.traceparent for each in done],
    )


async def read(connection: Connection, offer: Offer, before: int, limit: int) -> list[Entry]:
    """What people did to an offer, newest first, before a place."""
    return [
        Entry(**dict(row) | {"verb": Act(row["verb"])})
        for row in await connection.fetch(Q.list_history, offer.id, before, limit)
    ]
