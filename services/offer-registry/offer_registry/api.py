"""Routes of offers, their versions and activation (api §2)."""

from typing import Annotated

from fastapi import Query, Request, Response

from concord.contracts.records import ActivationState
from concord.decision.scalars import Origin
from concord.errors import FieldError
from concord.storage import postgres
from concord.web.auth import Caller, require
from concord.web.errors import CursorMalformed
from concord.web.etag import check_if_match, set_etag
from concord.web.pagination import Listing, Page, PageRequest, cursor, set_link, split
from concord.web.routing import Router
from offer_registry import schemas, store
from offer_registry.domain import Lifecycle, Offer, OfferVersion
from offer_registry.edge import (
    READING,
    RUN,
    Number,
    OfferName,
    Parts,
    Services,
    cause,
    name_after,
    person,
    set_current,
    set_written,
)
from offer_registry.schemas import ActivationDocument, OfferDocument, OfferSummary, VersionDocument

router = Router(tags=["offers"])
Author = Annotated[Caller, require("offer_author")]
Approver = Annotated[Caller, require("offer_approver")]
Runner = Annotated[Caller, require(*RUN)]


@router.post("/v1/offers", status_code=201, summary="Create an offer with a draft")
async def create(body: schemas.NewOffer, caller: Author, parts: Parts, response: Response) -> OfferDocument:
    """Types, unknown fields and the types of criteria are checked now; what is missing is named at `:submit`."""
    offer, version = await parts.registry.create(body.key, body.terms, person(caller))
    await set_current(parts, response)
    set_etag(response, version.row_version)
    response.headers["Location"] = f"/v1/offers/{offer.id}"
    return OfferDocument.fresh(offer, version)


@router.get("/v1/offers", dependencies=READING, summary="List offers by key")
async def list_offers(
    request: Request,
    response: Response,
    parts: Parts,
    page: Page,
    lifecycle: Annotated[Lifecycle | None, Query(description="Of the newest version.")] = None,
    activation: Annotated[
        ActivationState | None, Query(description="Of the newest version that is not CLOSED.")
    ] = None,
    channel: Annotated[Origin | None, Query(description="Shown there, or promised there.")] = None,
    q: Annotated[str | None, Query(max_length=100, description="Text in the key or a title.")] = None,
) -> Listing[OfferSummary]:
    wanted = store.Filter(lifecycle, activation, channel, q)
    async with postgres.connection(parts.pool) as connection:
        rows = await store.list_offers(connection, wanted, name_after(page), page.limit + 1)
    shown, more = split(rows, page.limit)
    following = cursor(shown[-1].offer.key) if more else None
    set_link(request, response, following)
    return Listing(items=[OfferSummary.of(row) for row in shown], next=following)


@router.get("/v1/offers/{offer}", dependencies=READING, summary="Read an offer with its newest version")
async def show(offer: OfferName, parts: Parts) -> OfferDocument:
    async with postgres.connection(parts.pool) as connection:
        summary = await store.summarise(connection, offer)
        version = await store.fetch_version(connection, summary.offer, summary.offer.newest)
    return OfferDocument.whole(summary, version)


@router.post("/v1/offers/{offer}/versions", status_code=201, summary="Add a draft")
async def add_version(
    offer: OfferName, caller: Author, parts: Parts, response: Response, body: schemas.NewVersion | None = None
) -> VersionDocument:
    """With the terms given, or those of the newest version."""
    terms = body.terms if body else None
    found, version = await parts.registry.add_version(offer, terms, person(caller))
    response.headers["Location"] = f"/v1/offers/{found.id}/versions/{version.number}"
    return await _saved(parts, response, found, version)


@router.get("/v1/offers/{offer}/versions", dependencies=READING, summary="List an offer's versions, oldest first")
async def list_versions(
    request: Request, response: Response, offer: OfferName, parts: Parts, page: Page
) -> Listing[VersionDocument]:
    async with postgres.connection(parts.pool) as connection:
        found = await store.fetch_offer(connection, offer)
        rows = await store.list_versions(connection, found, _number(page), page.limit + 1)
    shown, more = split(rows, page.limit)
    following = cursor(shown[-1].number) if more else None
    set_link(request, response, following)
    return Listing(items=[VersionDocument.of(found, row) for row in shown], next=following)


@router.get("/v1/offers/{offer}/versions/{number:int}", dependencies=READING, summary="Read a version")
async def show_version(offer: OfferName, number: Number, parts: Parts, response: Response) -> VersionDocument:
    async with postgres.connection(parts.pool) as connection:
        found = await store.fetch_offer(connection, offer)
        version = await store.fetch_version(connection, found, number)
    set_etag(response, version.row_version)
    return VersionDocument.of(found, version)


@router.put("/v1/offers/{offer}/versions/{number:int}", summary="Edit a draft")
async def edit(
    request: Request,
    offer: OfferName,
    number: Number,
    body: schemas.EditedVersion,
    caller: Author,
    parts: Parts,
    response: Response,
) -> VersionDocument:
    """Needs `If-Match` with the ETag that was read."""

    def check(version: OfferVersion) -> None:
        check_if_match(request, version.row_version)

    found, version = await parts.registry.edit(offer, number, body.terms, person(caller), check)
    return await _saved(parts, response, found, version)


@router.post("/v1/offers/{offer}/versions/{number:int}:submit", summary="Send a draft to review")
async def submit(offer: OfferName, number: Number, caller: Author, parts: Parts, response: Response) -> VersionDocument:
    """Refused with every missing piece at once; pointers are into the terms."""
    return await _saved(parts, response, *await parts.registry.submit(offer, number, person(caller)))


@router.post("/v1/offers/{offer}/versions/{number:int}:approve", summary="Approve a version somebody else wrote")
async def approve(
    offer: OfferName, number: Number, caller: Approver, parts: Parts, response: Response
) -> VersionDocument:
    return await _saved(parts, response, *await parts.registry.approve(offer, number, person(caller)))


@router.post("/v1/offers/{offer}/versions/{number:int}:reject", summary="Send a version back")
async def reject(
    offer: OfferName, number: Number, body: schemas.Rejection, caller: Approver, parts: Parts, response: Response
) -> VersionDocument:
    """It stays as it is; a new version can take up its terms."""
    return await _saved(parts, response, *await parts.registry.reject(offer, number, person(caller), body.reason))


@router.post("/v1/offers/{offer}/versions/{number:int}:release", summary="Release an approved version to the channels")
async def release(
    offer: OfferName,
    number: Number,
    caller: Runner,
    parts: Parts,
    response: Response,
    body: schemas.Release | None = None,
) -> ActivationDocument:
    """It is PREPARING when this answers; the rest of the way it goes by itself. `effective_at` only delays showing."""
    effective_at = body.effective_at if body else None
    found, committed = await parts.registry.release(offer, number, effective_at, cause(caller))
    set_written(parts, response, committed)
    return await _activation(parts, found)


@router.get("/v1/offers/{offer}/activation", dependencies=READING, summary="Where each released version stands")
async def show_activation(offer: OfferName, parts: Parts) -> ActivationDocument:
    async with postgres.connection(parts.pool) as connection:
        found = await store.fetch_offer(connection, offer)
    return await _activation(parts, found)


@router.post("/v1/offers/{offer}/activation:suspend", summary="Stop showing an offer, for now")
async def suspend(
    offer: OfferName, caller: Runner, parts: Parts, response: Response, body: schemas.Pause | None = None
) -> ActivationDocument:
    """Every channel still honours it on request."""
    found, committed = await parts.registry.suspend(offer, cause(caller, body.reason if body else None))
    set_written(parts, response, committed)
    return await _activation(parts, found)


@router.post("/v1/offers/{offer}/activation:resume", summary="Show a suspended offer again")
async def resume(
    offer: OfferName, caller: Runner, parts: Parts, response: Response, body: schemas.Pause | None = None
) -> ActivationDocument:
    found, committed = await parts.registry.resume(offer, cause(caller, body.reason if body else None))
    set_written(parts, response, committed)
    return await _activation(parts, found)


@router.post("/v1/offers/{offer}/activation:withdraw", summary="Withdraw an offer")
async def withdraw(
    offer: OfferName, body: schemas.Withdrawal, caller: Runner, parts: Parts, response: Response
) -> ActivationDocument:
    """No channel shows it from now on; promises keep their terms to their deadline."""
    found, committed = await parts.registry.withdraw(offer, cause(caller, body.reason))
    set_written(parts, response, committed)
    return await _activation(parts, found)


async def _saved(parts: Services, response: Response, offer: Offer, version: OfferVersion) -> VersionDocument:
    await set_current(parts, response)
    set_etag(response, version.row_version)
    return VersionDocument.of(offer, version)


async def _activation(parts: Services, offer: Offer) -> ActivationDocument:
    async with postgres.connection(parts.pool) as connection:
        return ActivationDocument.of(offer, await store.list_activations(connection, offer))


def _number(page: PageRequest) -> int:
    place = page.after or (0,)
    if len(place) != 1 or not isinstance(place[0], int) or not 0 <= place[0] < 2**31:
        raise CursorMalformed(errors=[FieldError("/query/after", "It is not a cursor of this list.")])
    return place[0]
