"""Errors of sign-in.

Unauthenticated
├── TokenMissing
├── TokenInvalid
└── TokenExpired
Invalid
└── PersonUnknown          local runs only
Unavailable
└── IssuerUnreachable
"""

from typing import ClassVar

from concord.errors import Bug, Invalid, Unauthenticated, Unavailable


class TokenMissing(Unauthenticated):
    """The request carries no bearer token."""

    reason = "token_missing"


class TokenInvalid(Unauthenticated):
    """The token is not one this service accepts."""

    reason = "token_invalid"
    next = "Get a new token from the issuer."


class TokenExpired(Unauthenticated):
    """The token has expired."""

    reason = "token_expired"
    next = "Get a new token from the issuer."


class ClientUnknown(Unauthenticated):
    """No client has that id and secret."""

    reason = "client_unknown"
    next = "Check CONCORD_CLIENT_ID and CONCORD_CLIENT_SECRET."


class PersonUnknown(Invalid):
    """There is no person of that name in this local run."""

    status: ClassVar[int] = 404
    reason = "person_unknown"
    next = "GET /v1/people lists them."


class IssuerUnreachable(Unavailable):
    """The issuer cannot be reached, so that this token cannot be checked or obtained now."""

    reason = "issuer_unreachable"


class SigningKeyUnreadable(Bug):
    """The issuer's key file is not one it wrote."""

    reason = "signing_key_unreadable"
