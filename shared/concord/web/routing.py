"""Routes that check first and read strictly.

A route of `Router` admits the caller, refuses query parameters it does not have, reads its body as strict JSON
(`concord.web.strict`) and validates the bytes with the route's model: types exact (no `"5"` for 5), unknown fields
refused. Handlers are written as in any FastAPI application.
"""

import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from concord.errors import FieldError, Invalid
from concord.web import auth, errors, limits, strict
from concord.web.validation import body_errors

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
JSON: Final = re.compile(r"application/(json|[a-z0-9.-]+\+json)\s*(;.*)?", re.ASCII | re.IGNORECASE)
DIGITS: Final = re.compile(r"[+-]?\d{19,}", re.ASCII)


class StrictRequest(Request):
    """A request whose body the route has read and validated already."""

    validated: Any = None

    async def json(self) -> Any:
        return self.validated


class Route(APIRoute):
    """A route with the checks above, in the order: caller, parameters, body."""

    requirements: Sequence[auth.Require] | None = None  # what the caller must have; known once the handler is made

    def get_route_handler(self) -> Handler:
        if self.requirements is None:
            self.requirements = tuple(auth.requirements(self.dependant))
            auth.pass_caller(self.dependant)
        handle = super().get_route_handler()
        admit = [found.admit for found in self.requirements]
        parameters = frozenset(
            field.alias for field in get_flat_params(self.dependant) if isinstance(field.field_info, params.Query)
        )
        body = _Body.of(self)
        limit = getattr(self.endpoint, "body_limit", limits.DEFAULT)

        async def checked(request: Request) -> Response:
            scope = request.scope
            for check in admit:
                await check(scope)
            scope[limits.KEY] = limit
            _check_parameters(request, parameters)
            if body is None:
                return await handle(request)
            strict_request = StrictRequest(scope, request.receive, request._send)  # noqa: SLF001  as in FastAPI's guide
            await body.read(strict_request)
            return await handle(strict_request)

        return checked


class Router(APIRouter):
    """A router of such routes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=Route, redirect_slashes=False, **options)


class _Body:
    """How a route takes its body."""

    def __init__(self, annotation: Any) -> None:
        self.adapter: TypeAdapter[Any] | None = None if annotation is None else TypeAdapter(annotation)

    @classmethod
    def of(cls, route: APIRoute) -> "_Body | None":
        """None for a route that reads nothing, or reads the stream itself."""
        field = route.body_field
        if field is not None:
            if route._embed_body_fields:  # noqa: SLF001  two body models, or one asked for by name
                raise TypeError(f"{route.path}: a route takes one body model")
            return cls(Annotated[field.field_info.annotation, field.field_info])
        takes_stream = route.dependant.request_param_name not in {None, auth.REQUEST}
        return None if takes_stream or (route.methods or set()) <= {"GET", "HEAD", "DELETE"} else cls(None)

    async def read(self, request: StrictRequest) -> None:
        """Raises JsonMalformed, BodyTooLarge, MediaTypeUnsupported or Invalid."""
        raw = await request.body()
        if not raw:
            return
        if JSON.fullmatch(request.headers.get("content-type", "")) is None:
            raise errors.MediaTypeUnsupported
        document = strict.loads(raw)
        if self.adapter is not None:
            request.validated = validated(self.adapter, raw, document)
        elif document not in ({}, None):
            raise errors.BodyUnexpected


def validated(adapter: TypeAdapter[Any], raw: bytes, document: Any) -> Any:
    """The value of `raw`, which was read as `document`. Raises Invalid with the pointer of everything that is wrong."""
    try:
        return adapter.validate_json(raw, strict=True, extra="forbid")
    except ValidationError as error:
        findings = error.errors(include_url=False, include_context=False, include_input=False)
        raise Invalid(errors=body_errors(findings, document)) from None


def _check_parameters(request: Request, known: frozenset[str]) -> None:
    for name, value in request.path_params.items():
        _check_value(str(value), f"/path/{name}")
    if not request.scope["query_string"]:
        return
    given = request.query_params
    if unknown := [name for name in given if name not in known]:
        raise Invalid(
            errors=[
                FieldError(strict.pointer(("query", name)), "There is no such parameter.", "extra_forbidden")
                for name in unknown
            ]
        )
    if repeated := sorted({name for name in given if len(given.getlist(name)) > 1}):
        raise errors.FieldRepeated(errors=[FieldError(f"/query/{name}", "It is there twice.") for name in repeated])
    for name, value in given.items():
        _check_value(value, f"/query/{name}")


def _check_value(value: str, where: str) -> None:
    strict.check_text(value, where)
    if DIGITS.fullmatch(value) and not -strict.WIDEST <= int(value[:100]) < strict.WIDEST:
        raise errors.NumberTooLarge(errors=[FieldError(where, "It does not fit into 64 bits.")])
