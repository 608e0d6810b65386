"""Errors of storage.

Unavailable
└── DatabaseUnavailable   PostgreSQL does not answer
Invalid
├── NotStorable           a value does not fit its column
└── KeyReused             an Idempotency-Key with another request
Conflict
└── RequestInFlight       the first request under an Idempotency-Key still runs
NotFound
└── JobUnknown            no import job has that id
Bug
└── QueryUnknown          queries.sql has no statement of that name
"""

from concord.errors import Bug, Conflict, Invalid, NotFound, Unavailable


class DatabaseUnavailable(Unavailable):
    """The database does not answer."""

    reason = "database_unavailable"


class NotStorable(Invalid):
    """A value of the request is beyond what can be stored."""

    reason = "not_storable"
    next = "Send smaller numbers and text without control characters."


class KeyReused(Invalid):
    """This Idempotency-Key was already used with another request."""

    reason = "idempotency_key_reused"
    next = "Send a new key with a new request; send the old key only with the very same request."


class RequestInFlight(Conflict):
    """The first request with this Idempotency-Key is still running."""

    reason = "request_in_flight"
    next = "Send the same request again after Retry-After; it is answered once."


class JobUnknown(NotFound):
    """No import job has that id."""

    reason = "job_unknown"


class QueryUnknown(Bug):
    """queries.sql has no statement of that name."""
