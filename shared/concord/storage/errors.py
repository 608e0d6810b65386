"""Errors of storage.

    Unavailable
    └── DatabaseUnavailable   PostgreSQL does not answer
    Bug
    └── QueryUnknown          queries.sql has no statement of that name
"""

from concord.errors import Bug, Unavailable


class DatabaseUnavailable(Unavailable):
    """The database does not answer."""

    reason = "database_unavailable"


class QueryUnknown(Bug):
    """queries.sql has no statement of that name."""
