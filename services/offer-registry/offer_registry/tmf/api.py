"""Routes of TMF671's promotions, with the sign-in and the roles of the registry's own."""

from typing import Annotated, Any, Final

import orjson
from fastapi import Body, Depends, Query, Request, Response

from concord.storage import postgres
from concord.web.auth import Caller, require
from concord.web.etag import check_if_match, set_etag
from concord.web.routing import Router
from offer_registry.edge import LAST_NUMBER, READING, RUN, OfferName, Parts, Services, set_current, set_written
from offer_registry.journal import Committed
from offer_registry.tmf import examples, store
from offer_registry.tmf.filters import Fields, Paging, Wanted, only
from offer_registry.tmf.handlers import Promotions
from offer_registry.tmf.promotion import Document, Shown, href
from offer_registry.tmf.schemas import PATH, HonouredPromotion, NewPromotion

ONE: Final = PATH + "/{offer}"
TOTAL: Final = "X-Total-Count"
SHOWN: Final = "X-Result-Count"
MERGE_PATCH: Final = "application/merge-patch+json"
COUNTS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "headers": {
            TOTAL: {"schema": {"type": "integer"}, "description": "How many promotions there are in all."},
            SHOWN: {"schema": {"type": "integer"}, "description": "How many of them are in this answer."},
        }
    }
}

router = Router(tags=["tmf671"])
Author = Annotated[Caller, require("offer_author")]
Runner = Annotated[Caller, require(*RUN)]


async def _promotions(parts: Parts) -> Promotions:
    return Promotions(parts.registry)


Verbs = Annotated[Promotions, Depends(_promotions)]


@router.post(PATH, status_code=201, response_model=HonouredPromotion, summary="Create a promotion")
async def create(body: NewPromotion, caller: Author, parts: Parts, verbs: Verbs, response: Response) -> Response:
    """It arrives as a draft. What cannot be translated is refused by name."""
    shown = await verbs.create(body, caller)
    await set_current(parts, response)
    response.headers["Location"] = href(shown.offer)
    return _answer(verbs, shown, response, status=201)


@router.get(
    PATH,
    dependencies=READING,
    response_model=list[HonouredPromotion],
    responses=COUNTS,
    summary="List promotions by key",
)
async def list_promotions(
    request: Request, response: Response, verbs: Verbs, wanted: Wanted, page: Paging, fields: Fields
) -> Response:
    """Each with its newest version."""
    async with postgres.connection(verbs.registry.pool) as connection:
        found, total = await store.list_promotions(connection, wanted, page, verbs.locale)
    response.headers[TOTAL], response.headers[SHOWN] = str(total), str(len(found))
    following = page.offset + len(found)
    if found and following < total:
        url = request.url.include_query_params(offset=following)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return _json([only(verbs.document(shown), fields) for shown in found], response)


@router.get(
    ONE,
    dependencies=READING,
    response_model=HonouredPromotion,
    responses={200: {"content": {"application/json": {"example": examples.example()}}}},
    summary="Read a promotion",
)
async def show(
    offer: OfferName,
    verbs: Verbs,
    response: Response,
    fields: Fields,
    version: Annotated[
        int | None, Query(ge=1, le=LAST_NUMBER, description="Extension: of this version; the newest unless said.")
    ] = None,
) -> Response:
    return _answer(verbs, await verbs.read(offer, version), response, fields)


@router.patch(
    ONE,
    response_model=HonouredPromotion,
    openapi_extra={"requestBody": {"content": {MERGE_PATCH: {"schema": {"type": "object"}}}}},
    summary="Edit a promotion, or move it on",
)
async def patch(
    request: Request,
    offer: OfferName,
    body: Annotated[Document, Body(examples=[examples.PATCH])],
    caller: Runner,
    parts: Parts,
    verbs: Verbs,
    response: Response,
) -> Response:
    """A JSON merge patch (RFC 7396). An edit changes the newest draft, or starts a new one."""
    shown, committed = await verbs.patch(offer, body, caller, _check(request))
    await _set_token(parts, response, committed)
    return _answer(verbs, shown, response)


@router.delete(ONE, status_code=204, summary="Delete a promotion")
async def delete(
    request: Request, offer: OfferName, caller: Runner, parts: Parts, verbs: Verbs, response: Response
) -> Response:
    """What runs is withdrawn, and stays readable as retired. An offer that was never submitted is gone."""
    committed = await verbs.delete(offer, caller, _check(request))
    await _set_token(parts, response, committed)
    return Response(status_code=204, headers=dict(response.headers))


def _check(request: Request) -> Any:
    """TMF671 knows no `If-Match`; whoever sends one is held to it."""

    def check(shown: Shown) -> None:
        if "if-match" in request.headers:
            check_if_match(request, shown.etag)

    return check


async def _set_token(parts: Services, response: Response, committed: Committed | None) -> None:
    if committed is None:
        await set_current(parts, response)
    else:
        set_written(parts, response, committed)


def _answer(
    verbs: Promotions, shown: Shown, response: Response, fields: frozenset[str] | None = None, status: int = 200
) -> Response:
    set_etag(response, shown.etag)
    document = verbs.document(shown)
    return _json(document if fields is None else only(document, fields), response, status)


def _json(document: Any, response: Response, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json", headers=dict(response.headers))
