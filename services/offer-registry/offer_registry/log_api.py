"""Routes of the catalogue's log and of approving an import (api §1, §2)."""

import asyncio
from typing import Annotated, Final

import orjson
from fastapi import Query, Response

from concord.contracts.topics import OFFERS
from concord.eventlog import outbox
from concord.eventlog.outbox import Change, LogPosition
from concord.storage import postgres
from concord.storage.errors import JobUnknown
from concord.telemetry.tracing import current_traceparent
from concord.web.auth import Caller, require
from concord.web.routing import Router
from offer_registry.approvals import Approval
from offer_registry.edge import READING, Parts, Services, set_current
from offer_registry.errors import HistoryGone
from offer_registry.schemas import (
    ApprovalDocument,
    CatalogueDocument,
    ChangesDocument,
    JobApproval,
    LogDocument,
    TopicPosition,
)

SETTLE: Final = 4.0  # s that `:approve` waits for what it released, so that a small import is done when it answers
SETTLE_POLL: Final = 0.05  # s
CHANGES_MOST: Final = 1_000
LAST_REVISION: Final = 2**62

router = Router(tags=["log"])
Approver = Annotated[Caller, require("offer_approver")]


@router.get("/v1/catalogue", dependencies=READING, summary="Where the catalogue is")
async def catalogue(parts: Parts) -> CatalogueDocument:
    position = await _position(parts)
    return CatalogueDocument.model_validate(position, from_attributes=True)


@router.get(
    "/v1/catalogue/changes",
    dependencies=READING,
    response_model=ChangesDocument,
    summary="Records of the catalogue after a revision",
)
async def changes(
    parts: Parts,
    response: Response,
    after: Annotated[int, Query(ge=0, le=LAST_REVISION, description="A revision; 0 for all.")] = 0,
    limit: Annotated[int, Query(ge=1, le=CHANGES_MOST)] = 200,
) -> Response:
    """Every revision is one record. Records older than the history kept (7 days): 410 `history_gone`."""
    position = await _position(parts)
    async with postgres.connection(parts.pool) as connection:
        found = await outbox.changes(connection, OFFERS, 0, after, limit)
    _refuse_gap(found, after, position)
    return Response(_changes(position, found), media_type="application/json", headers=dict(response.headers))


@router.get("/v1/log", dependencies=READING, summary="Where each partition of the log is")
async def log(parts: Parts) -> LogDocument:
    async with postgres.connection(parts.pool) as connection:
        found = await outbox.positions(connection)
    return LogDocument(topics=[TopicPosition.model_validate(position, from_attributes=True) for position in found])


@router.post("/v1/jobs/{job}:approve", tags=["imports"], summary="Approve what an import brought")
async def approve_job(
    job: str, caller: Approver, parts: Parts, response: Response, body: JobApproval | None = None
) -> ApprovalDocument:
    """By somebody else than who sent it. With `release`, all is released too; `GET …/approval` says how far that is."""
    release = body.release if body else False
    await parts.approvals.approve(job, caller.subject, release=release, traceparent=current_traceparent())
    answer = ApprovalDocument.of(job, await _settled(parts, job))
    await set_current(parts, response)
    return answer


@router.get(
    "/v1/jobs/{job}/approval",
    dependencies=READING,
    tags=["imports"],
    summary="Who approved an import, and how far its release is",
)
async def show_approval(job: str, parts: Parts) -> ApprovalDocument:
    return ApprovalDocument.of(job, await _approval(parts, job))


async def _settled(parts: Services, job: str) -> Approval:
    """The approval once it is done, or as it is after `SETTLE`."""
    approval = await _approval(parts, job)
    try:
        async with asyncio.timeout(SETTLE):
            while not approval.done:
                await asyncio.sleep(SETTLE_POLL)
                approval = await _approval(parts, job)
    except TimeoutError:
        pass
    return approval


async def _approval(parts: Services, job: str) -> Approval:
    approval = await parts.approvals.progress(job)
    if approval is None:
        raise JobUnknown("Nobody approved a job of that id.")
    return approval


async def _position(parts: Services) -> LogPosition:
    async with postgres.connection(parts.pool) as connection:
        (position,) = await outbox.positions(connection, OFFERS)
    return position


def _refuse_gap(found: list[Change], after: int, position: LogPosition) -> None:
    """Revisions are gapless, so a first record that is not the next one means that those between were deleted."""
    first = found[0].revision if found else position.revision + 1
    if after < position.revision and first != after + 1:
        raise HistoryGone


def _changes(position: LogPosition, found: list[Change]) -> bytes:
    """The values go out as the very bytes that were published."""
    more = bool(found) and found[-1].revision < position.revision
    return orjson.dumps(
        {
            "log": position.log,
            "epoch": position.epoch,
            "revision": position.revision,
            "items": [
                {"revision": change.revision, "key": change.key, "value": orjson.Fragment(change.value or b"null")}
                for change in found
            ],
            "next": str(found[-1].revision) if more else None,
        }
    )
