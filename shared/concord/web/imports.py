"""`POST /v1/imports` and `GET /v1/jobs/{id}`, the same in every service that imports (api §1).

desk = ImportDesk(pool, importer, ids)
app.include_router(imports.router(lambda: desk, kinds=("households", "promises"), roles=("campaign_tool",)))
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import asyncpg
from fastapi import Query, Request, Response
from pydantic import BaseModel
from starlette.datastructures import Headers

from concord.errors import FieldError, Invalid
from concord.eventlog import outbox
from concord.ids import Ids
from concord.storage import idempotency, jobs, postgres
from concord.storage.errors import RequestInFlight
from concord.storage.idempotency import Answer, Claim, Connection
from concord.storage.importer import BACKLOG, Importer
from concord.storage.jobs import Job, Refusal
from concord.storage.lines import Chunk, Cutter, LineRefused, read_chunk
from concord.telemetry.tracing import current_traceparent
from concord.web.auth import Caller, require
from concord.web.errors import BodyTooLarge, MediaTypeUnsupported
from concord.web.idempotency import IdempotencyKey, checked, replayed, response
from concord.web.limits import body_limit
from concord.web.routing import Router

LARGEST = 512 * 1024 * 1024  # bytes of one upload
ERRORS_SHOWN = 20  # of an upload that has no readable line
MEDIA_TYPES = (
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/octet-stream",
    "text/plain",
)


class ImportUnreadable(Invalid):
    """No line of this import could be read, so nothing was taken in."""

    reason = "import_unreadable"
    next = "Send one JSON object {ref, data} on each line."


class LineError(BaseModel):
    """A refused line: its number in the upload from 1, the caller's ref when it could be read, why."""

    line: int
    ref: str | None
    reason: str
    sentence: str
    errors: list[dict[str, str]] = []


class JobDocument(BaseModel):
    """An import job. Counts are lines; `done` is accepted, already there and refused; `errors` are refused lines."""

    id: str
    kind: str
    state: str
    lines: int
    done: int
    accepted: int
    already_there: int
    refused: int
    waiting_for: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    errors: list[LineError] = []
    next: str | None = None


@dataclass(slots=True)
class Upload:
    """What was received of an upload so far."""

    job: str
    lines: int = 0
    readable: bool = False
    errors: list[FieldError] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)

    def take(self, chunk: Chunk) -> None:
        """Count the chunk's lines; look into them until one can be read."""
        self.lines += sum(1 for raw in chunk.data.split(b"\n") if raw and not raw.isspace())
        if self.readable:
            return
        for number, line in read_chunk(chunk):
            if not isinstance(line, LineRefused):
                self.readable = True
                return
            if len(self.errors) < ERRORS_SHOWN:
                self.errors.append(FieldError(f"/lines/{number}", line.sentence, line.reason))


class ImportDesk:
    """Takes uploads in and says how far they are."""

    def __init__(self, pool: asyncpg.Pool, importer: Importer, ids: Ids) -> None:
        self._pool = pool
        self._importer = importer
        self._ids = ids
        self._uploading: set[tuple[str, str]] = set()

    async def take_in(self, request: Request, caller: Caller, kind: str, key: str | None) -> Response:
        """Store an upload as it streams in, then acknowledge it with a job; from then on it survives any crash.

        Raises:
            KeyMissing, KeyReused, RequestInFlight: as every POST with an Idempotency-Key.
            ImportUnreadable: no line can be read.
            BodyTooLarge: more than `LARGEST` bytes.
        """
        place = (caller.subject, checked(key))
        if place in self._uploading:
            raise RequestInFlight(retry_after=1)
        self._uploading.add(place)
        try:
            return await self._take_in(request, place, kind)
        finally:
            self._uploading.discard(place)

    async def _take_in(self, request: Request, place: tuple[str, str], kind: str) -> Response:
        upload = Upload(self._ids.new("job"))
        upload.digest.update(f"{request.method} {request.url.path}?{kind}\n".encode())
        async with postgres.connection(self._pool) as connection:
            await jobs.begin(connection, upload.job, place[0], kind, current_traceparent())
        kept = False
        try:
            await self._receive(request, upload)
            answer, kept = await self._acknowledge(Claim(*place, upload.digest.digest()), upload)
        finally:
            if not kept:
                await self._drop(upload.job)
        if not kept:
            return replayed(answer)
        self._importer.wake()
        return response(answer)

    async def _receive(self, request: Request, upload: Upload) -> None:
        cutter, received = Cutter(), 0
        async for data in request.stream():
            received += len(data)
            if received > LARGEST:
                raise BodyTooLarge(next="Split it into several imports; refs keep lines from being imported twice.")
            upload.digest.update(data)
            await self._store(upload, cutter.feed(data))
        await self._store(upload, cutter.rest())
        if not upload.readable:
            raise ImportUnreadable(errors=upload.errors)

    async def _store(self, upload: Upload, chunks: Iterator[Chunk]) -> None:
        for chunk in chunks:
            upload.take(chunk)
            async with postgres.connection(self._pool) as connection:
                await jobs.add(connection, upload.job, chunk)

    async def _acknowledge(self, claim: Claim, upload: Upload) -> tuple[Answer, bool]:
        """The answer, and whether the upload became the job it names (else it was sent before)."""
        async with postgres.transaction(self._pool) as connection:
            if before := await idempotency.take(connection, claim):
                return before, False
            job = await jobs.queue(connection, upload.job, upload.lines)
            body = document(job, waiting=False).model_dump_json().encode()
            answer = Answer(202, body, {"Location": f"/v1/jobs/{job.id}"})
            await idempotency.keep(connection, claim, answer)
        return answer, True

    async def _drop(self, job: str) -> None:
        async with postgres.connection(self._pool) as connection:
            await jobs.drop(connection, job)

    async def show(self, job: str, after: int, limit: int) -> JobDocument:
        """A job with its refused lines after a line number.

        Raises:
            JobUnknown: there is none of that id.
        """
        async with postgres.connection(self._pool) as connection:
            found = await jobs.fetch(connection, job)
            refused = await jobs.refusals(connection, job, after, limit + 1)
            return document(found, refused, limit, waiting=await self._waiting(connection, found))

    @staticmethod
    async def _waiting(connection: Connection, job: Job) -> bool:
        return job.state != "done" and await outbox.oldest_unsent_age(connection) >= BACKLOG


def document(job: Job, refused: Sequence[Refusal] = (), limit: int = 0, *, waiting: bool) -> JobDocument:
    """The job as the API shows it; one refusal more than `limit` says that there is a next page."""
    shown = refused[:limit]
    return JobDocument(
        id=job.id,
        kind=job.kind,
        state=job.state,
        lines=job.lines,
        done=job.done,
        accepted=job.accepted,
        already_there=job.already_there,
        refused=job.refused,
        waiting_for="log" if waiting else None,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        errors=[
            LineError(line=one.line, ref=one.ref, reason=one.reason, sentence=one.sentence, errors=list(one.errors))
            for one in shown
        ],
        next=str(shown[-1].line) if len(refused) > limit else None,
    )


def router(
    desk: Callable[[], ImportDesk],
    *,
    kinds: Sequence[str],
    roles: Sequence[str],
    readers: Sequence[str] = (),
    dependencies: Sequence[Any] = (),
) -> Router:
    """The two routes, for callers with one of the roles; `kind` may be left out where there is one only.

    Callers with a role of `readers` see jobs as well. `dependencies` are checked first, such as `Concord-At-Least`.
    """
    routes = Router(tags=["imports"], dependencies=list(dependencies))
    allowed = require(*roles)
    default_kind: Any = kinds[0] if len(kinds) == 1 else ...
    kind_query = Query(
        pattern=f"^({'|'.join(kinds)})$",
        description=f"What the lines are: {', '.join(kinds)}.",
        json_schema_extra={"enum": list(kinds)},
    )

    @routes.post(
        "/v1/imports",
        status_code=202,
        response_model=JobDocument,
        openapi_extra={"requestBody": {"required": True, "content": {MEDIA_TYPES[0]: {"schema": {"type": "string"}}}}},
        summary="Import NDJSON lines {ref, data}; answers with a job at once",
    )
    @body_limit(LARGEST)
    async def import_lines(
        request: Request,
        caller: Annotated[Caller, allowed],
        kind: Annotated[str, kind_query] = default_kind,
        key: IdempotencyKey = None,
    ) -> Response:
        """`ref` is the caller's own id of the line, unique for caller and kind; `data` is the body of the single POST.

        Lines are numbered from 1. A line sent again with the same data is counted as already there, with other data
        refused as `ref_reused`. A line may name what other lines made by their ref.
        """
        _check_media_type(request.headers)
        return await desk().take_in(request, caller, kind, key)

    @routes.get(
        "/v1/jobs/{job}",
        response_model=JobDocument,
        dependencies=[require(*roles, *readers)],
        summary="How far an import is, and which lines were refused",
    )
    async def show_job(
        job: str,
        response: Response,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        after: Annotated[int, Query(ge=0, description="`next` of the page before.")] = 0,
    ) -> JobDocument:
        shown = await desk().show(job, after, limit)
        if shown.next is not None:
            response.headers["Link"] = f'</v1/jobs/{shown.id}?limit={limit}&after={shown.next}>; rel="next"'
        return shown

    return routes


def _check_media_type(headers: Headers) -> None:
    given = headers.get("content-type", MEDIA_TYPES[0]).partition(";")[0].strip().lower()
    if given not in MEDIA_TYPES:
        raise MediaTypeUnsupported(next=f"Send it as {MEDIA_TYPES[0]}.")
