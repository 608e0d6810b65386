"""The offer registry as the profile asks it: what changed after a revision (protocol §3, R20), and the attributes."""

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import httpx
from pydantic import BaseModel

from concord.decision.attributes import Attribute, Kind
from concord.errors import Unavailable
from concord.web.errors import NotUpToBound

PAGE = 1_000  # records of one answer
ATTRIBUTES_PAGE = 200  # the most of one answer
SILENT = "The registry cannot be asked whether this is still so."
Answer = TypeVar("Answer", bound=BaseModel)


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


class DeclaredAttribute(BaseModel):
    """An attribute of the registry."""

    name: str
    kind: Kind
    noun: str
    question: str
    adjective: str | None = None

    def attribute(self) -> Attribute:
        return Attribute(self.name, self.kind, self.noun, self.question, self.adjective or "")


class AttributePage(BaseModel):
    """Attributes by name; `next` goes into `after`."""

    items: list[DeclaredAttribute]
    next: str | None = None


class Registry(Protocol):
    """Whoever has the catalogue and the attributes."""

    async def changes(self, after: int, deadline: float) -> Changes:
        """Records after a revision, at most `PAGE`. Raises NotUpToBound without an answer in time (s)."""
        ...

    async def attributes(self, deadline: float) -> list[Attribute]:
        """Every attribute. Raises NotUpToBound without an answer in time (s)."""
        ...


@dataclass(frozen=True, slots=True)
class HttpRegistry:
    """The registry over HTTP."""

    http: httpx.AsyncClient
    url: str

    async def changes(self, after: int, deadline: float) -> Changes:
        return await self._get("/v1/catalogue/changes", {"after": after, "limit": PAGE}, deadline, Changes)

    async def attributes(self, deadline: float) -> list[Attribute]:
        found: list[Attribute] = []
        params: dict[str, str | int] = {"limit": ATTRIBUTES_PAGE}
        try:
            async with asyncio.timeout(deadline):
                while True:
                    page = await self._get("/v1/attributes", params, deadline, AttributePage)
                    found += [item.attribute() for item in page.items]
                    if page.next is None:
                        return found
                    params["after"] = page.next
        except TimeoutError as error:
            raise NotUpToBound(SILENT, retry_after=1) from error

    async def _get(self, path: str, params: dict[str, str | int], deadline: float, model: type[Answer]) -> Answer:
        try:
            answer = await self.http.get(f"{self.url}{path}", params=params, timeout=deadline)
            answer.raise_for_status()
            return model.model_validate_json(answer.content)
        except (httpx.HTTPError, Unavailable, ValueError) as error:
            raise NotUpToBound(SILENT, retry_after=1) from error
