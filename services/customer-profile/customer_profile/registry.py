"""The offer registry as the profile asks it: what changed after a revision (protocol §3, R20)."""

from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from pydantic import BaseModel

from concord.errors import Unavailable
from concord.web.errors import NotUpToBound

PAGE = 1_000  # records of one answer


class Change(BaseModel):
    """A record of the catalogue."""

    revision: int
    key: str
    value: dict[str, Any] | None


class Changes(BaseModel):
    """Records after a revision; `revision` is where the registry is."""

    epoch: int
    revision: int
    items: list[Change]


class Registry(Protocol):
    """Whoever has the catalogue."""

    async def changes(self, after: int, deadline: float) -> Changes:
        """Records after a revision, at most `PAGE`. Raises NotUpToBound without an answer in time (s)."""
        ...


@dataclass(frozen=True, slots=True)
class HttpRegistry:
    """The registry over HTTP."""

    http: httpx.AsyncClient
    url: str

    async def changes(self, after: int, deadline: float) -> Changes:
        try:
            answer = await self.http.get(
                f"{self.url}/v1/catalogue/changes", params={"after": after, "limit": PAGE}, timeout=deadline
            )
            answer.raise_for_status()
            return Changes.model_validate_json(answer.content)
        except (httpx.HTTPError, Unavailable, ValueError) as error:
            raise NotUpToBound("The registry cannot be asked whether this is still so.", retry_after=1) from error
