"""Errors of the log.

Unavailable
└── LogUnavailable    Kafka does not answer
Conflict
└── RevisionMoved     another change took the revision that was guessed
Bug
├── Undecodable       a record is not what its headers say
├── OutboxGap         a revision is missing in the outbox
└── RelayOvertaken    another relay moved the position
"""

from concord.errors import Bug, Conflict, Unavailable


class LogUnavailable(Unavailable):
    """Kafka does not answer."""

    reason = "log_unavailable"


class RevisionMoved(Conflict):
    """Another change took this revision first."""

    reason = "revision_moved"


class Undecodable(Bug):
    """A record of the log cannot be decoded."""


class OutboxGap(Bug):
    """A revision is missing in the outbox."""


class RelayOvertaken(Bug):
    """Another relay moved the position; this one must stop."""
