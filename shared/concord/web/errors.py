"""Errors of the HTTP edge.

Refused ├── JsonMalformed 400 · BodyTooLarge 413 · MediaTypeUnsupported 415 · TokenMalformed 400 · BodyUnexpected
422 ├── IfMatchMissing 428 · EtagStale 412 └── Invalid: FieldRepeated · NumberNotFinite · NumberTooLarge ·
CharacterRefused · StringTooLong · NestedTooDeep · CursorMalformed Forbidden ├── RoleMissing └── WrongChannel
Conflict └── LostWrite Unavailable ├── NotUpToBound └── NotReady
"""

from typing import ClassVar

from concord.errors import Bug, Conflict, Forbidden, Invalid, NotFound, Refused, Unavailable


class BadRequest(Refused):
    """The request cannot be read."""

    reason = "bad_request"


class JsonMalformed(Refused):
    """The body is not JSON."""

    reason = "json_malformed"
    next = "Send one JSON document, encoded in UTF-8."


class BodyTooLarge(Refused):
    """The body is larger than this route takes."""

    status: ClassVar[int] = 413
    reason = "body_too_large"
    next = "Send less at once; large loads are for POST /v1/imports."


class MediaTypeUnsupported(Refused):
    """The body's content type is not one this route takes."""

    status: ClassVar[int] = 415
    reason = "media_type_unsupported"
    next = "Send `Content-Type: application/json`."


class BodyUnexpected(Invalid):
    """This route takes no body."""

    reason = "body_unexpected"
    next = "Leave out the body."


class FieldRepeated(Invalid):
    """An object has the same field twice."""

    reason = "field_repeated"


class NumberNotFinite(Invalid):
    """A number is not finite."""

    reason = "number_not_finite"


class NumberTooLarge(Invalid):
    """A whole number does not fit into 64 bits."""

    reason = "number_too_large"


class CharacterRefused(Invalid):
    """A text holds a NUL character or half of a surrogate pair."""

    reason = "character_refused"


class StringTooLong(Invalid):
    """A text is longer than any field takes."""

    reason = "string_too_long"


class NestedTooDeep(Invalid):
    """The document is nested deeper than any request needs."""

    reason = "nested_too_deep"


class CursorMalformed(Invalid):
    """`after` is not a cursor this list gave out."""

    reason = "cursor_malformed"
    next = "Use `next` of the page before as it is, or leave `after` out."


class RouteUnknown(NotFound):
    """There is no such route."""

    reason = "route_unknown"
    next = "GET /openapi.json lists the routes."


class MethodNotAllowed(Refused):
    """The route does not know this method."""

    status: ClassVar[int] = 405
    reason = "method_not_allowed"
    next = "Use one of the methods in `Allow`."


class RoleMissing(Forbidden):
    """The caller has none of the roles this route asks for."""

    reason = "role_missing"


class WrongChannel(Forbidden):
    """The token belongs to another channel."""

    reason = "wrong_channel"
    next = "Ask the channel that the token names."


class TokenMalformed(Refused):
    """`Concord-At-Least` holds something that is no view token."""

    reason = "token_malformed"
    next = "Copy the tokens of `Concord-View` as they are."


class NotUpToBound(Unavailable):
    """The view has not reached what `Concord-At-Least` asks for."""

    reason = "not_up_to_bound"


class LostWrite(Conflict):
    """The write that the token proves was lost when a backup was restored."""

    reason = "lost_write"
    next = "Read the resource again and repeat the write."


class NotReady(Unavailable):
    """The service is not ready."""

    reason = "not_ready"


class IfMatchMissing(Refused):
    """An edit must say which state it edits."""

    status: ClassVar[int] = 428
    reason = "if_match_missing"
    next = "Read the resource and send its `ETag` as `If-Match`."


class EtagStale(Refused):
    """Somebody changed the resource since it was read."""

    status: ClassVar[int] = 412
    reason = "etag_stale"
    next = "Read the resource again and repeat the edit on what it says now."


class RouteUnprotected(Bug):
    """A route neither requires a role nor says that it needs none."""
