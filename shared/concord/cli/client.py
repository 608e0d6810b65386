"""Concord's HTTP API as the command line calls it: signed in as a person, problems raised as `cli.errors`."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from concord import ports
from concord.cli.errors import ServiceFault, Unreachable, of_problem
from concord.web.trust import trust

CHANNELS = ("web", "store_pos", "call_center", "sms")
SERVICES = ("registry", "profile", *CHANNELS)
ASKS_IN = {"web": "web", "store_pos": "tom", "call_center": "ana", "sms": "sms"}  # who may ask for any customer there
TIMEOUT = httpx.Timeout(30.0, connect=2.0)  # seconds; a large import body is read whole before it is answered


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said: the body, the tokens of `Concord-View`, and the age of its view in ms."""

    status: int
    body: Any
    view: str
    age_ms: int | None
    headers: Mapping[str, str]


class Concord:
    """A client of all services of one installation. Use as an async context manager."""

    def __init__(self, base: int, *, traceparent: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._base = base
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=TIMEOUT,
            headers={"traceparent": traceparent},
            trust_env=False,
            verify=trust(ports.url("issuer", base)),
        )
        self._tokens: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def token(self, person: str) -> str:
        """The person's JWT from the local issuer.

        Raises:
            AnswerIsNo: the issuer knows nobody of that name.
        """
        if person not in self._tokens:
            answer = await self.call("issuer", "POST", "/v1/tokens", json={"person": person})
            self._tokens[person] = answer.body["access_token"]
        return self._tokens[person]

    async def call(
        self,
        service: str,
        method: str,
        path: str,
        *,
        person: str | None = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, as the person if one is named.

        Raises:
            Unreachable: nothing answers at the service's port.
            CommandError: the service answered with a problem (`of_problem`).
        """
        sent = dict(headers or {})
        if person is not None:
            sent["authorization"] = f"Bearer {await self.token(person)}"
        url = ports.url(service, self._base) + path
        try:
            response = await self._http.request(method, url, json=json, content=content, headers=sent)
        except httpx.TransportError as error:
            raise Unreachable(f"{service} does not answer at {ports.url(service, self._base)}.") from error
        return _answer(response)


def _answer(response: httpx.Response) -> Answer:
    body = _body(response)
    if response.is_error:
        problem = (
            body if isinstance(body, dict) else {"detail": f"HTTP {response.status_code} without a problem document."}
        )
        raise of_problem(response.status_code, problem)
    age = response.headers.get("concord-age")
    return Answer(
        status=response.status_code,
        body=body,
        view=response.headers.get("concord-view", ""),
        age_ms=int(age) if age else None,
        headers=response.headers,
    )


def _body(response: httpx.Response) -> Any:
    if "json" not in response.headers.get("content-type", ""):
        return response.text
    try:
        return response.json()
    except ValueError as error:
        raise ServiceFault(f"{response.request.url.path} answered with broken JSON.") from error
