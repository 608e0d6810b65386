"""Optimistic concurrency: `ETag` on what can be edited, `If-Match` to edit it (api §1)."""

from starlette.requests import Request
from starlette.responses import Response

from concord.web.errors import EtagStale, IfMatchMissing


def format_etag(version: int | str) -> str:
    """A strong entity tag, `"7"`."""
    return f'"{version}"'


def set_etag(response: Response, version: int | str) -> None:
    response.headers["ETag"] = format_etag(version)


def require_if_match(request: Request) -> frozenset[str]:
    """The tags of `If-Match`, without their quotes; `*` for any. Raises IfMatchMissing (428)."""
    header = request.headers.get("if-match", "").strip()
    if not header:
        raise IfMatchMissing
    return frozenset(part.strip().strip('"') for part in header.split(","))


def check_if_match(request: Request, version: int | str) -> None:
    """Raises IfMatchMissing (428), or EtagStale (412) when another state is edited. A weak tag never matches."""
    tags = require_if_match(request)
    if "*" not in tags and str(version) not in tags:
        raise EtagStale(f"The resource is at {format_etag(version)} now.")
