"""Routes of an offer's past: what people did to it, and what changed from one version to another (api §2)."""

from typing import Annotated

from fastapi import Query, Request, Response

from concord.errors import FieldError, Invalid
from concord.storage import postgres
from concord.web.errors import CursorMalformed
from concord.web.pagination import Listing, Page, PageRequest, cursor, set_link, split
from concord.web.routing import Router
from offer_registry import differences, history, store
from offer_registry.edge import LAST_NUMBER, READING, Number, OfferName, Parts
from offer_registry.history_schemas import DifferenceDocument, HistoryEntry

router = Router(tags=["offers"])


@router.get(
    "/v1/offers/{offer}/versions/{number:int}/diff",
    dependencies=READING,
    summary="What changed in the terms since another version",
)
async def diff(
    offer: OfferName,
    number: Number,
    parts: Parts,
    against: Annotated[
        int | None, Query(ge=1, le=LAST_NUMBER, description="The version to start from; by default the one before.")
    ] = None,
) -> DifferenceDocument:
    """By JSON Pointer, between the terms as they are stored and hashed: fields at their default are left out.

    Lists whose order means nothing, such as SKUs and channels, are compared as sets: one change each.
    """
    base = number - 1 if against is None else against
    if base == 0:
        raise Invalid(errors=[FieldError("/query/against", "Before version 1 there is none; name another version.")])
    async with postgres.connection(parts.pool) as connection:
        found = await store.fetch_offer(connection, offer)
        before, after = await store.fetch_documents(connection, found, base, number)
    return DifferenceDocument.of(found, base, number, differences.of_terms(before, after))


@router.get("/v1/offers/{offer}/history", dependencies=READING, summary="What people did to an offer, newest first")
async def show_history(
    request: Request, response: Response, offer: OfferName, parts: Parts, page: Page
) -> Listing[HistoryEntry]:
    """Append-only. Steps that nobody asked for stand in `GET …/activation`."""
    async with postgres.connection(parts.pool) as connection:
        found = await store.fetch_offer(connection, offer)
        rows = await history.read(connection, found, _place(page), page.limit + 1)
    shown, more = split(rows, page.limit)
    following = cursor(shown[-1].place) if more else None
    set_link(request, response, following)
    return Listing(items=[HistoryEntry.of(row) for row in shown], next=following)


def _place(page: PageRequest) -> int:
    place = (history.NEWEST,) if page.after is None else page.after
    if len(place) != 1 or not isinstance(place[0], int):
        raise CursorMalformed(errors=[FieldError("/query/after", "It is not a cursor of this list.")])
    return place[0]
