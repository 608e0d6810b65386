"""Refusals in another standard's shape, for the paths that speak that standard; everywhere else they are problems."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from starlette.types import Scope

from concord.errors import ConcordError

Render = Callable[[ConcordError, str], tuple[int, dict[str, Any]]]
"""Status and body of an error; the text is the request's path."""


class Dialect(NamedTuple):
    """How refusals read below `prefix`; `name` and `schema` describe them in the OpenAPI document."""

    prefix: str
    media_type: str
    name: str
    schema: dict[str, Any]
    render: Render


def spoken_at(path: str, dialects: Iterable[Dialect]) -> Dialect | None:
    """The dialect of a path, if it has one."""
    return next((dialect for dialect in dialects if path.startswith(dialect.prefix)), None)


def of_request(scope: Scope) -> Dialect | None:
    """The dialect in which a request is answered, if it is not the usual one."""
    return spoken_at(str(scope["path"]), scope["app"].state.dialects)
