"""The token a service shows to other services: fetched when needed, renewed before it ends."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

import httpx
from pydantic import BaseModel, ValidationError

from concord.clock import Clock
from concord.signin.errors import ClientUnknown, IssuerUnreachable
from concord.telemetry import tracing

RENEW_AFTER: Final = 0.8  # of its life
RETRY: Final = 1.0  # s
NOBODY: Final = httpx.Auth()  # sends a request as it is


class _Granted(BaseModel):
    """What an issuer answers."""

    access_token: str
    expires_in: float


class ServiceTokens(httpx.Auth):
    """Tokens of one client; as `auth=` of an httpx.AsyncClient it also sends the `traceparent` on.

    A call that is refused with 401 is tried once more with a new token: the issuer may have changed its key.
    """

    requires_response_body = False

    def __init__(
        self, issuer_url: str, client_id: str, client_secret: str, clock: Clock, http: httpx.AsyncClient
    ) -> None:
        self._url = f"{issuer_url.rstrip('/')}/v1/tokens"
        self._client_id = client_id
        self._secret = client_secret
        self._clock = clock
        self._http = http
        self._token: str | None = None
        self._renew_at = float("-inf")
        self._ends_at = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def token(self) -> str:
        """A token that is valid now. Raises IssuerUnreachable when there is none and none can be had, ClientUnknown."""
        if self._token is None or self._clock.boot() >= self._renew_at:
            async with self._one_at_a_time:
                if self._token is None or self._clock.boot() >= self._renew_at:
                    await self._renew()
        if self._token is None:
            raise IssuerUnreachable(retry_after=RETRY)
        return self._token

    def forget(self) -> None:
        """Somebody refused the token; get another one for the next call."""
        self._token = None

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """What httpx calls around a request."""
        if traceparent := tracing.current_traceparent():
            request.headers["traceparent"] = traceparent
        request.headers["Authorization"] = f"Bearer {await self.token()}"
        answer = yield request
        if answer.status_code == 401:
            self.forget()
            request.headers["Authorization"] = f"Bearer {await self.token()}"
            yield request

    async def _renew(self) -> None:
        """A valid token outlives an issuer that is away."""
        try:
            answer = await self._http.post(
                self._url, json={"client_id": self._client_id, "client_secret": self._secret}, auth=NOBODY, timeout=2.0
            )
        except httpx.HTTPError:
            self._unrenewed()
            return
        if answer.status_code == 401:
            self._token = None
            raise ClientUnknown
        try:
            granted = _Granted.model_validate_json(answer.content) if answer.status_code == 200 else None
        except ValidationError:
            granted = None
        if granted is None:
            self._unrenewed()
        else:
            self._renewed(granted)

    def _renewed(self, granted: _Granted) -> None:
        self._token = granted.access_token
        self._renew_at = self._clock.boot() + granted.expires_in * RENEW_AFTER
        self._ends_at = self._clock.boot() + granted.expires_in

    def _unrenewed(self) -> None:
        self._renew_at = self._clock.boot() + RETRY
        if self._clock.boot() >= self._ends_at:
            self._token = None
