"""The issuer's public keys, fetched without blocking and kept.

- The first token fetches them; a service starts while the issuer is down.
- An unknown kid fetches them again, at most once in 30 s: a storm of invented kids costs the issuer nothing.
- After five minutes they are fetched again in the background, so that a key taken back is noticed.
- A failed fetch keeps the last good set. Only a verifier that never had one says that the issuer is unreachable.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import httpx
import orjson
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from concord.clock import Clock
from concord.signin.errors import IssuerUnreachable
from concord.signin.keys import public_keys
from concord.telemetry import metrics
from concord.web.trust import trust

log = logging.getLogger(__name__)

Fetch = Callable[[str], Awaitable[bytes]]
BETWEEN_FETCHES: Final = 30.0  # s
UNTIL_RETRY: Final = 1.0  # s, while there is no key at all
FRESH_FOR: Final = 300.0  # s
LARGEST: Final = 65_536  # bytes
TIMEOUT: Final = 2.0  # s


async def fetch(url: str) -> bytes:
    """GET without following redirects: the address comes from the settings and from nowhere else."""
    async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False, verify=trust(url)) as client:
        answer = await client.get(url)
        answer.raise_for_status()
        return answer.content


class Jwks:
    """The public keys at one address."""

    def __init__(self, url: str, clock: Clock, fetch: Fetch = fetch) -> None:
        self._url = url
        self._clock = clock
        self._fetch = fetch
        self._keys: Mapping[str, OKPKey] = {}
        self._next_fetch = float("-inf")
        self._stale_at = float("inf")
        self._one_at_a_time = asyncio.Lock()
        self._background: asyncio.Task[None] | None = None
        self.generation = 0  # counts changes of the set, for whoever caches what follows from it

    async def key(self, kid: str) -> OKPKey | None:
        """The key of that id; None when the issuer has none. Raises IssuerUnreachable when no set was ever fetched."""
        if kid not in self._keys:
            async with self._one_at_a_time:
                if kid not in self._keys and self._clock.boot() >= self._next_fetch:
                    await self._refresh()
        if not self._keys:
            raise IssuerUnreachable(retry_after=UNTIL_RETRY)
        return self._keys.get(kid)

    def refresh_when_stale(self) -> None:
        """Begin a fetch in the background when the set is older than `FRESH_FOR`."""
        if self._clock.boot() >= self._stale_at:
            self._stale_at = self._clock.boot() + BETWEEN_FETCHES
            self._background = asyncio.get_running_loop().create_task(self._refresh_in_turn())

    async def _refresh_in_turn(self) -> None:
        async with self._one_at_a_time:
            await self._refresh()

    async def _refresh(self) -> None:
        try:
            raw = await self._fetch(self._url)
            found = public_keys(orjson.loads(raw[: LARGEST + 1]))
        except (httpx.HTTPError, OSError, ValueError, JoseError) as error:
            self._failed(error)
            return
        metrics.jwks_fetches.labels(outcome="fetched").inc()
        self._next_fetch = self._clock.boot() + BETWEEN_FETCHES
        self._stale_at = self._clock.boot() + FRESH_FOR
        if {kid: key.thumbprint() for kid, key in found.items()} != {
            kid: key.thumbprint() for kid, key in self._keys.items()
        }:
            self._keys = found
            self.generation += 1

    def _failed(self, error: Exception) -> None:
        metrics.jwks_fetches.labels(outcome="failed").inc()
        wait = BETWEEN_FETCHES if self._keys else UNTIL_RETRY
        self._next_fetch = self._clock.boot() + wait
        log.warning("public keys not fetched", extra={"action": "fetch_keys", "error": error, "retry_in": wait})
