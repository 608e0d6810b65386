"""How much of a body is read, as plain ASGI middleware."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from concord.web.errors import BodyTooLarge

MEGABYTE: Final = 1 << 20
DEFAULT: Final = 2 * MEGABYTE
KEY: Final = "concord.body_limit"  # in the ASGI scope: the limit of the matched route, bytes
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def body_limit(limit: int) -> Callable[[Endpoint], Endpoint]:
    """Let one route take a body of `limit` bytes, other than the 2 MB of every route; for streamed imports."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.body_limit = limit  # type: ignore[attr-defined]
        return endpoint

    return mark


class BodyLimit:
    """Refuses the rest of a body once it is larger than the route takes; a stated length is believed at once."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] == "GET":
            await self.app(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            limit = scope.get(KEY, DEFAULT)
            if taken == 0:
                refuse_stated(scope, limit)
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise _too_large(limit)
            return message

        await self.app(scope, counted, send)


def refuse_stated(scope: Scope, limit: int) -> None:
    """Raises BodyTooLarge when `Content-Length` says so."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and (len(value) > 18 or int(value) > limit):
            raise _too_large(limit)


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {limit} bytes.")
