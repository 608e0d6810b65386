"""Lists: `?limit=` (≤ 200) `&after=` (opaque) → `{"items": […], "next": "…" | null}` and `Link` (api §1)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar

import orjson
from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from concord.errors import FieldError
from concord.web.errors import CursorMalformed

LARGEST: Final = 200
USUAL: Final = 50
Item = TypeVar("Item")
Scalar = str | int


class Listing(BaseModel, Generic[Item]):
    """A page of a list; `next` goes into `after`, null at the end."""

    model_config = ConfigDict(frozen=True)

    items: list[Item]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for: at most `limit` items behind the place `after` (None: from the start)."""

    limit: int
    after: tuple[Scalar, ...] | None


async def _page(
    limit: Annotated[int, Query(ge=1, le=LARGEST, description="Items at most.")] = USUAL,
    after: Annotated[str | None, Query(max_length=1_000, description="`next` of the page before.")] = None,
) -> PageRequest:
    return PageRequest(limit, None if after is None else read_cursor(after))


Page = Annotated[PageRequest, Depends(_page)]  # a handler's parameter: `page: Page`


def cursor(*place: Scalar) -> str:
    """An opaque cursor for the place of the last item given: the values the list is sorted by."""
    return urlsafe_b64encode(orjson.dumps(place)).rstrip(b"=").decode()


def read_cursor(text: str) -> tuple[Scalar, ...]:
    """The place in a cursor. Raises CursorMalformed; whether the values suit the list is the list's to check."""
    try:
        place = orjson.loads(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
    except ValueError:
        place = None
    if not isinstance(place, list) or not all(_scalar(value) for value in place):
        raise CursorMalformed(errors=[FieldError("/query/after", "It is not a cursor of this list.")])
    return tuple(place)


def _scalar(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" not in value
    return isinstance(value, int) and not isinstance(value, bool) and -(1 << 63) <= value < 1 << 63


def set_link(request: Request, response: Response, following: str | None) -> None:
    """`Link: <…>; rel="next"`, when there is a next page."""
    if following is not None:
        url = request.url.include_query_params(after=following)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'


def split(rows: Sequence[Item], limit: int) -> tuple[Sequence[Item], bool]:
    """The page of rows fetched with `LIMIT limit + 1`, and whether there are more."""
    return rows[:limit], len(rows) > limit
