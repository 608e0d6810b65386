"""The routes of a channel, answered from this replica's own view (api §4). Bodies are written once, as bytes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from channel_adapters import cards, listing
from channel_adapters.answers import Answers, Ground
from channel_adapters.customers import NOBODY, Customers, Met
from channel_adapters.errors import CustomerUnknown, NotYourself, ViewNotBuilt
from channel_adapters.questions import CustomerNamed, DecisionAsked, QuoteAsked
from channel_adapters.shapes import CustomerCard, Rebuilding, ViewShown
from channel_adapters.view.applier import Applier
from channel_adapters.view.bound import Bound
from channel_adapters.view.freshness import NEVER_MS
from channel_adapters.view.live import LiveView
from channel_adapters.view.positions import Position
from concord.clock import Clock, rfc3339
from concord.decision.quoting.shapes import QuoteShape
from concord.decision.shapes import AnswerShape, ShownShape
from concord.eventlog.digest import to_hex
from concord.web.auth import Caller, require
from concord.web.pagination import LARGEST, Listing, PageRequest, read_cursor, set_link
from concord.web.routing import Router
from concord.web.tokens import AGE, AT_LEAST, VIEW, parse_at_least

ASK: Final = ("agent", "supervisor", "clerk", "customer", "service", "operator", "auditor")
STAFF: Final = frozenset(ASK) - {"customer"}  # and applications: they answer for whom they ask
LOOK_UP: Final = ("agent", "supervisor", "clerk", "service")
SEE_VIEW: Final = (
    "agent",
    "supervisor",
    "clerk",
    "service",
    "operator",
    "auditor",
    "offer_author",
    "offer_approver",
    "campaign_tool",
)
AT_LEAST_PARAMETER: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": AT_LEAST,
            "in": "header",
            "required": False,
            "description": "Tokens of earlier answers' `Concord-View`: as fresh as they are, or 503 `not_up_to_bound`.",
            "schema": {"type": "string"},
        }
    ]
}

router = Router(tags=["channel"])


@dataclass(frozen=True, slots=True)
class Replica:
    """What the routes of one process call."""

    channel: str
    name: str
    boot: str
    clock: Clock
    live: LiveView
    bound: Bound
    customers: Customers
    answers: Answers
    applier: Applier


@router.post(
    "/v1/decisions",
    responses={200: {"model": AnswerShape}},
    openapi_extra=AT_LEAST_PARAMETER,
    summary="What this channel does for a customer",
)
async def decide(body: DecisionAsked, caller: Annotated[Caller, require(*ASK)], request: Request) -> Response:
    """Promises first, then the offers and products asked about, with the certificate. A customer asks by her code."""
    replica = _built(request)
    _only_herself(caller, body.customer)
    met = await _meet(replica, request, body.customer)
    asked = _of_her_own(replica, body, met) if caller.roles.isdisjoint(STAFF) else body
    decided, ground = replica.answers.decide(asked, met, caller)
    return _response(ground, decided.to_bytes())


@router.post(
    "/v1/quotes",
    responses={200: {"model": QuoteShape}},
    openapi_extra=AT_LEAST_PARAMETER,
    summary="What a basket costs for a customer",
)
async def quote(body: QuoteAsked, caller: Annotated[Caller, require(*ASK)], request: Request) -> Response:
    """Sums are the same in every channel; `here` says what this one does with each offer that applies."""
    replica = _built(request)
    _only_herself(caller, body.customer)
    met = await _meet(replica, request, body.customer)
    own = _of_the_code(replica, met) if caller.roles.isdisjoint(STAFF) else ()
    quoted, ground = replica.answers.quote(body, met, caller, own)
    return _response(ground, quoted.to_bytes())


@router.get(
    "/v1/offers",
    responses={200: {"model": Listing[ShownShape]}},
    openapi_extra=AT_LEAST_PARAMETER,
    summary="What this channel shows now",
)
async def offers(
    caller: Annotated[Caller, require(*ASK)],
    request: Request,
    limit: Annotated[int, Query(ge=1, le=LARGEST, description="Items at most.")] = LARGEST,
    after: Annotated[str | None, Query(max_length=1_000, description="`next` of the page before.")] = None,
) -> Response:
    """Not to be kept: it also changes with time and freshness."""
    page = PageRequest(limit, None if after is None else read_cursor(after))
    replica = _built(request)
    ground = replica.answers.ground(await _meet(replica, request, None))
    body, following = listing.shown(ground, replica.answers.setting(ground, None, caller), page)
    response = _response(ground, body)
    set_link(request, response, following)
    return response


@router.post(
    "/v1/customers:lookup",
    responses={200: {"model": CustomerCard}},
    openapi_extra=AT_LEAST_PARAMETER,
    summary="The customer card, promises first",
)
async def look_up(body: CustomerNamed, caller: Annotated[Caller, require(*LOOK_UP)], request: Request) -> Response:
    """404 `customer_unknown` when nobody known here matches, with how old this view is in `Concord-Age`."""
    replica = _built(request)
    met = await _meet(replica, request, body)
    household = replica.customers.household(met.household, met.fetched) if met.household is not None else None
    if household is None:
        raise CustomerUnknown
    decided, ground = replica.answers.decide(DecisionAsked(), met, caller)
    return _response(ground, cards.card(body, met, household, decided, ground))


@router.get(
    "/v1/view",
    dependencies=[require(*SEE_VIEW)],
    responses={200: {"model": ViewShown}},
    openapi_extra=AT_LEAST_PARAMETER,
    summary="How fresh this replica is, and what it holds",
)
async def view(request: Request) -> Response:
    """Revision, count and digest of every partition, to be compared with `GET /v1/log` of the authorities."""
    replica = _replica(request)
    await replica.bound.reach(parse_at_least(request.headers.get(AT_LEAST)))
    ground = replica.answers.ground(NOBODY)
    fresh = ground.freshness
    body = {
        "channel": replica.channel,
        "replica": replica.name,
        "boot": replica.boot,
        "state": fresh.state.value,
        "age_ms": None if fresh.age_ms >= NEVER_MS else fresh.age_ms,
        "built": ground.snapshot.built,
        "topics": [_topic(position) for position in ground.snapshot.positions.values()],
        "pending": replica.live.reader.count_pending(),
        "verified_at": None,
    }
    return _response(ground, orjson.dumps(body))


@router.post(
    "/v1/view:rebuild",
    status_code=202,
    dependencies=[require("operator")],
    responses={202: {"model": Rebuilding}},
    summary="Build the view anew from the log",
)
async def rebuild(request: Request) -> Response:
    """The present view answers until the new one is confirmed by the authorities' heartbeats."""
    replica = _replica(request)
    replica.applier.rebuild()
    response = _response(replica.answers.ground(NOBODY), b'{"state":"rebuilding"}')
    response.status_code = 202
    return response


def _replica(request: Request) -> Replica:
    replica: Replica = request.app.state.replica
    return replica


def _built(request: Request) -> Replica:
    """The replica, once its ignorance means something. Raises ViewNotBuilt."""
    replica = _replica(request)
    if not replica.live.snapshot.built:
        raise ViewNotBuilt
    return replica


def _only_herself(caller: Caller, named: CustomerNamed | None) -> None:
    """A customer may name herself by a code only: nothing else proves who she is. Raises NotYourself."""
    if named is not None and named.code is None and caller.roles.isdisjoint(STAFF):
        raise NotYourself


def _of_her_own(replica: Replica, asked: DecisionAsked, met: Met) -> DecisionAsked:
    """Without offers or products the question is the offer of the code. Said in the question, so that it stands in the
    certificate's request digest.
    """
    own = () if asked.offers or asked.products else _of_the_code(replica, met)
    return asked.model_copy(update={"offers": list(own)}) if own else asked


def _of_the_code(replica: Replica, met: Met) -> tuple[str, ...]:
    """The offer of the promise whose code was presented: a code opens the promise it names, not the household."""
    household = replica.customers.household(met.household, met.fetched) if met.household is not None else None
    if household is None or met.question.code is None:
        return ()
    return (household.promise(met.question.code).offer_key,)


async def _meet(replica: Replica, request: Request, named: CustomerNamed | None) -> Met:
    """Who is meant, on a view as fresh as the request's tokens ask for."""
    fetched = await replica.bound.reach(parse_at_least(request.headers.get(AT_LEAST)))
    return await replica.customers.meet(named, fetched)


def _response(ground: Ground, body: bytes) -> Response:
    headers = {VIEW: ground.tokens, AGE: str(ground.freshness.age_ms)}
    return Response(body, headers=headers, media_type="application/json")


def _topic(position: Position) -> dict[str, Any]:
    return {
        "topic": position.topic,
        "partition": position.partition,
        "log": position.log,
        "epoch": position.epoch,
        "revision": position.revision,
        "closed_at": _instant(position.closed_at),
        "count": position.count,
        "digest": to_hex(position.digest),
    }


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)
