"""Headers of every answer, as plain ASGI middleware: which view gave it, how old that is, that nobody may keep it."""

from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

View = Callable[[], tuple[str, int]]  # the value of Concord-View and the age in ms
FIXED: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


class StandardHeaders:
    """Adds `Concord-View` and `Concord-Age` (api §1) to every answer that has none, from `view`, and the fixed ones."""

    def __init__(self, app: ASGIApp, view: View | None = None) -> None:
        self.app = app
        self.view = view

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._complete(message)
            await send(message)

        await self.app(scope, receive, add)

    def _complete(self, message: Message) -> None:
        headers = message["headers"] = list(message.get("headers", ()))
        present = {name.lower() for name, _ in headers}
        headers.extend(fixed for fixed in FIXED if fixed[0] not in present)
        if self.view is not None and b"concord-view" not in present:
            token, age = self.view()
            headers.append((b"concord-view", token.encode("latin-1")))
            headers.append((b"concord-age", str(age).encode()))
