"""Errors every part of Concord shares. Each is a sentence, with a stable `reason` and what to do next.

    ConcordError
    ├── Refused            the answer is no, and stays no until the request changes      4xx
    │   ├── Invalid        the request does not say what it must                         422
    │   ├── NotFound       nothing has that name                                         404
    │   ├── Forbidden      somebody else may, this caller may not                        403
    │   ├── Unauthenticated  who is asking is not known                                  401
    │   └── Conflict       the request is well formed, the state says no                 409
    ├── Unavailable        the same request may succeed later                            503
    └── Bug                cannot happen; the outermost loop reports it                  500

A package adds its own leaves in its own `errors.py`. Only `concord.web.problems` turns them into HTTP answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with a request: a JSON Pointer (RFC 6901) and a sentence."""

    pointer: str
    detail: str
    reason: str | None = None


class ConcordError(Exception):
    """Something went wrong in Concord."""

    status: ClassVar[int] = 500
    reason: str = "internal_error"
    next: str = "Try again; if it stays, tell the operators the trace id."

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        next: str | None = None,  # noqa: A002  the field's name in a problem document
        say_this: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.errors = tuple(errors)
        self.say_this = say_this
        self.retry_after = retry_after  # seconds
        if next is not None:
            self.next = next
        super().__init__(self.detail)


class Refused(ConcordError):
    """The request was refused."""

    status = 400
    reason = "refused"
    next = "Change the request as the detail says."


class Invalid(Refused):
    """The request does not say what it must."""

    status = 422
    reason = "invalid"
    next = "Mend the fields named in errors and send it again."


class NotFound(Refused):
    """Nothing has that name."""

    status = 404
    reason = "not_found"
    next = "Check the id or key."


class Unauthenticated(Refused):
    """Who is asking is not known: the request carries no valid token."""

    status = 401
    reason = "token_missing"
    next = "Sign in and send the token as `Authorization: Bearer`."


class Forbidden(Refused):
    """The caller's roles do not allow this."""

    status = 403
    reason = "role_missing"
    next = "Ask somebody who has one of the roles named."


class Conflict(Refused):
    """The present state does not allow this."""

    status = 409
    reason = "conflict"
    next = "Read the resource again and decide anew."


class Unavailable(ConcordError):
    """This cannot be answered now; the same request may succeed later."""

    status = 503
    reason = "unavailable"
    next = "Send the same request again after Retry-After."


class Bug(ConcordError):
    """This should not be possible."""
