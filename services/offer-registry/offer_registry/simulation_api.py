"""The route of simulations (api §2, §6): every channel's answer about terms, released or not, stored or not."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

from fastapi import Response

from concord.errors import FieldError, Invalid
from concord.eventlog.outbox import Connection
from concord.storage import postgres
from concord.web.routing import Router
from offer_registry import attributes, store
from offer_registry.domain import savable
from offer_registry.edge import LAST_NUMBER, READING, Parts, Services
from offer_registry.errors import OfferUnknown, TermsInvalid, VersionUnknown
from offer_registry.simulation import Stated, Trial, simulate, stated, stated_version, wrong_facts
from offer_registry.simulation_schemas import DraftTerms, SimulationAsked, SimulationShape
from offer_registry.vocabulary import AttributeRegistry

router = Router(tags=["simulations"])


@router.post(
    "/v1/simulations",
    dependencies=READING,
    responses={200: {"model": SimulationShape}},
    summary="What each channel would answer, with the reason tree",
)
async def simulate_offers(body: SimulationAsked, parts: Parts, response: Response) -> Response:
    """Decisions of the offers, or with a basket its quote. Nothing is stored, no limit is touched.

    Draft terms are checked as when they are saved; they need not be complete. Versions may be in any state: all are
    answered as if they were LIVE at the instant.
    """
    _refuse(_unfit(body))
    answered = await asyncio.to_thread(_answered, await _trial(body, parts))
    return Response(answered, media_type="application/json", headers=dict(response.headers))


def _answered(trial: Trial) -> bytes:
    _refuse(wrong_facts(trial))
    return simulate(trial)


def _refuse(errors: Sequence[FieldError]) -> None:
    if errors:
        raise Invalid(errors=errors)


def _unfit(body: SimulationAsked) -> list[FieldError]:
    """What does not go together in the request."""
    errors = []
    if not body.terms and not body.offers:
        errors.append(FieldError("", "Give terms, or name offers.", "nothing_named"))
    if body.basket is None:
        given = {"codes": bool(body.codes), "order": body.order is not None}
        errors += [FieldError(f"/{name}", "It goes with a basket.", "basket_missing") for name in given if given[name]]
    return errors


async def _trial(body: SimulationAsked, parts: Services) -> Trial:
    """The offers that are tried out.

    Raises:
        TermsInvalid: draft terms could not be saved.
        Invalid: a stored version is unknown, or an offer there twice.
    """
    async with postgres.connection(parts.pool) as connection:
        registry = await attributes.registry(connection)
        drafts = _drafts(body.terms, registry)
        found = [await _stored(connection, place, name, registry) for place, name in enumerate(body.offers)]
    _refuse([each for each in found if isinstance(each, FieldError)])
    offers = [*drafts, *(each for each in found if isinstance(each, Stated))]
    _refuse(list(_repeated(offers, len(drafts))))
    return Trial(offers, body.facts, body.at or parts.registry.clock.now(), body.ordered, registry)


def _drafts(given: Sequence[DraftTerms], registry: AttributeRegistry) -> list[Stated]:
    errors: list[FieldError] = []
    for place, draft in enumerate(given):
        try:
            savable(draft.terms, registry)
        except TermsInvalid as refused:
            errors += [replace(each, pointer=f"/terms/{place}{each.pointer}") for each in refused.errors]
    if errors:
        raise TermsInvalid(errors=errors)
    return [stated(draft.key, draft.version, draft.terms, registry) for draft in given]


async def _stored(connection: Connection, place: int, name: str, registry: AttributeRegistry) -> Stated | FieldError:
    """A stored version; the newest unless the name has a number."""
    key, _, number = name.partition("@")
    try:
        offer = await store.fetch_offer(connection, key)
        wanted = int(number) if number else offer.newest
        version = await store.fetch_version(connection, offer, min(wanted, LAST_NUMBER))
    except (OfferUnknown, VersionUnknown) as unknown:
        return FieldError(f"/offers/{place}", unknown.detail, unknown.reason)
    return stated_version(offer, version, registry)


def _repeated(offers: Sequence[Stated], drafts: int) -> Iterator[FieldError]:
    """Offers that are there twice: one offer has one LIVE version."""
    known: set[str] = set()
    for place, each in enumerate(offers):
        if each.key in known:
            pointer = f"/terms/{place}/key" if place < drafts else f"/offers/{place - drafts}"
            yield FieldError(pointer, f"{each.key} is there twice; an offer has one live version.", "repeated")
        known.add(each.key)
