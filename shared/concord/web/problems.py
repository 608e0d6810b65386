"""Every refusal and failure as a problem document (RFC 9457). Nothing else renders errors.

Members beside the standard's five: `reason` (stable), `errors` (pointer, sentence, reason), `next` (what to do),
`say_this` where staff read it, `trace_id`. A fault of our own is `internal_error` with the trace id; what happened
is in the log, not in the answer. Paths that speak another standard have its shape (`concord.web.dialects`).
"""

import logging
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from concord.errors import ConcordError, FieldError, Invalid, NotFound, Unauthenticated, Unavailable
from concord.telemetry import tracing
from concord.web import dialects, errors
from concord.web.validation import parameter_errors

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
TYPE: Final = "urn:concord:problem:"
INTERNAL: Final = "internal_error"
BY_STATUS: Final[Mapping[int, type[ConcordError]]] = {
    404: errors.RouteUnknown,
    405: errors.MethodNotAllowed,
    413: errors.BodyTooLarge,
    415: errors.MediaTypeUnsupported,
}


def document(error: ConcordError, instance: str) -> dict[str, Any]:
    """The problem document of an error; `instance` is the request's path."""
    shown: dict[str, Any] = {
        "type": TYPE + error.reason,
        "title": _title(error),
        "status": error.status,
        "detail": error.detail,
        "instance": instance,
        "reason": error.reason,
        "next": error.next,
    }
    if error.errors:
        shown["errors"] = [_field(found) for found in error.errors]
    if error.say_this is not None:
        shown["say_this"] = error.say_this
    if trace_id := tracing.current_trace_id():
        shown["trace_id"] = trace_id
    return shown


def _title(error: ConcordError) -> str:
    return (type(error).__doc__ or "").strip().splitlines()[0]


def _field(found: FieldError) -> dict[str, str]:
    shown = {"pointer": found.pointer, "detail": found.detail}
    return shown if found.reason is None else {**shown, "reason": found.reason}


def response(error: ConcordError, scope: Scope, **extra: Any) -> Response:
    """The HTTP answer to an error, with `Retry-After` and `WWW-Authenticate` where they belong."""
    dialect = dialects.of_request(scope)
    if dialect is None:
        body = _bytes({**document(error, instance(scope)), **extra})
        return Response(body, error.status, headers=_headers(error), media_type=MEDIA_TYPE)
    status, shown = dialect.render(error, instance(scope))
    return Response(_bytes(shown), status, headers=_headers(error), media_type=dialect.media_type)


def _bytes(shown: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(shown)
    except orjson.JSONEncodeError:  # half a surrogate pair in a text somebody sent
        return orjson.dumps(_encodable(shown))


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_encodable(name): _encodable(item) for name, item in value.items()}
    return [_encodable(item) for item in value] if isinstance(value, list) else value


def _headers(error: ConcordError) -> dict[str, str]:
    if isinstance(error, Unauthenticated):
        return {"www-authenticate": "Bearer" if error.reason == "token_missing" else 'Bearer error="invalid_token"'}
    wait = error.retry_after
    if wait is None and isinstance(error, Unavailable):
        wait = 1
    return {} if wait is None else {"retry-after": str(max(1, math.ceil(wait)))}


def instance(scope: Scope) -> str:
    """The path of the request, percent-encoded and at most 200 characters; never its query."""
    return quote(str(scope["path"])[:200], safe="/:@!$&'()*+,;=~-._", errors="replace")[:200]


async def _concord(request: Request, error: Exception) -> Response:
    if not isinstance(error, ConcordError):
        raise error
    if error.status >= 500 and not isinstance(error, Unavailable):
        return _unexpected(request.scope, error)
    return response(error, request.scope)


async def _parameters(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return response(Invalid(errors=parameter_errors(error.errors())), request.scope)


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code >= 500:
        return _unexpected(request.scope, error)
    refused = BY_STATUS.get(error.status_code, errors.BadRequest)()
    answer = response(refused, request.scope)
    if isinstance(refused, errors.MethodNotAllowed):
        answer.headers["allow"] = ", ".join(allowed_methods(request))
    return answer


def allowed_methods(request: Request) -> list[str]:
    """Every method some route knows for this path."""
    contexts = iter_route_contexts(request.app.routes)
    found = [context.methods or set() for context in contexts if context.path_regex.match(request.scope["path"])]
    return sorted(set().union(*found))


async def _group(request: Request, error: Exception) -> Response:
    """A task group that failed for one reason of ours answers as that reason alone would."""
    leaves = list(_leaves(error))
    known = [leaf for leaf in leaves if isinstance(leaf, ConcordError)]
    if len(known) < len(leaves):
        raise error
    return await _concord(request, known[0])


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


async def _gone(_: Request, __: Exception) -> Response:
    return Response(status_code=400)  # nobody is there to read it


def _unexpected(scope: Scope, error: BaseException) -> Response:
    log.error("request failed", exc_info=error, extra={"action": "request", "method": scope["method"], "error": error})
    return response(ConcordError("Something went wrong in Concord; the trace id finds it in the log."), scope)


class LastResort:
    """Turns what nobody expected into `internal_error`; an answer under way is broken off, not ended."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            if started:
                raise
            answer = (
                response(error, scope)
                if isinstance(error, Unavailable | Invalid | NotFound)
                else _unexpected(scope, error)
            )
            await answer(scope, receive, send)


def install(app: FastAPI) -> None:
    """Let this module render whatever the application raises."""
    app.add_exception_handler(ConcordError, _concord)
    app.add_exception_handler(RequestValidationError, _parameters)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ExceptionGroup, _group)
    app.add_exception_handler(ClientDisconnect, _gone)
