"""Reads the authorities for one request whose token, or whose code, the view has not reached (protocol R20).

Nothing read here is written to the view. Whoever is down, slow or behind gives None: the caller then says so.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

import httpx
import orjson
from pydantic import ValidationError

from channel_adapters.view.households import Household, from_items
from concord.contracts.records import OfferRecord
from concord.errors import ConcordError

log = logging.getLogger(__name__)

MOST: Final = 1_000  # records of one read-through
PATIENCE: Final = 0.5  # s for one read-through

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Changes:
    """What the registry has after a revision: the newest record of each offer, and the revision they reach."""

    epoch: int
    revision: int
    offers: tuple[OfferRecord, ...]


class Authorities(Protocol):
    """The registry and the profile, as a replica asks them."""

    async def changes(self, after: int) -> Changes | None:
        """The catalogue's records after a revision; None when the registry does not say in time."""
        ...

    async def household(self, household: str) -> Household | None:
        """A household with its promises; None when the profile does not say in time, or knows none."""
        ...

    async def household_of(self, code: str) -> str | None:
        """The household of a folded promise code; None when the profile does not say in time, or knows none."""
        ...


class HttpAuthorities:
    """The authorities over HTTP, asked as a service."""

    def __init__(self, registry: httpx.AsyncClient, profile: httpx.AsyncClient) -> None:
        self._registry = registry
        self._profile = profile

    async def changes(self, after: int) -> Changes | None:
        return await _in_time("registry", lambda: self._changes(after))

    async def household(self, household: str) -> Household | None:
        return await _in_time("profile", lambda: self._household(household))

    async def household_of(self, code: str) -> str | None:
        return await _in_time("profile", lambda: self._household_of(code))

    async def _changes(self, after: int) -> Changes | None:
        body = _body(await self._registry.get("/v1/catalogue/changes", params={"after": after, "limit": MOST}))
        if body is None:
            return None
        newest = {item["key"]: item["value"] for item in body["items"] if item["value"] is not None}
        offers = tuple(OfferRecord.parse(orjson.dumps(value)) for value in newest.values())
        reached = body["items"][-1]["revision"] if body["items"] else min(after, body["revision"])
        return Changes(body["epoch"], reached, offers)

    async def _household(self, household: str) -> Household | None:
        body = _body(await self._profile.get(f"/v1/households/{household}/records"))
        if body is None:
            return None
        items = [(item["key"], orjson.dumps(item["value"])) for item in body["items"] if item["value"] is not None]
        return from_items(household, body["epoch"], items)

    async def _household_of(self, code: str) -> str | None:
        body = _body(await self._profile.post("/v1/customers:lookup", json={"code": code}))
        return None if body is None else str(body["household"])


async def _in_time(authority: str, ask: Callable[[], Awaitable[T | None]]) -> T | None:
    try:
        async with asyncio.timeout(PATIENCE):
            return await ask()
    except (httpx.HTTPError, TimeoutError, ConcordError, ValidationError, ValueError, LookupError, TypeError) as error:
        fields = {"action": "read_through", "component": authority, "error": error}
        log.warning("authority did not answer", extra=fields)
        return None


def _body(answer: httpx.Response) -> Any:
    """The document of a 200; None of a 4xx, which says that there is no such thing."""
    if 400 <= answer.status_code < 500:
        return None
    answer.raise_for_status()
    return orjson.loads(answer.content)
