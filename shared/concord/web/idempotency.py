"""`Idempotency-Key` at the edge: one effect and one answer for each key of a caller (G6, api §1)."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

import asyncpg
from fastapi import Header, Request, Response

from concord.errors import Refused
from concord.storage import idempotency, postgres
from concord.storage.idempotency import Answer, Claim, Connection

REPLAYED = "Idempotency-Replayed"
_WELL_FORMED = re.compile(r"[\x21-\x7e]{1,255}")

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Names this request. Sent again with the same body it has no second effect and gets the first"
        " answer, for 48 h. Missing: 400 `idempotency_key_missing`.",
    ),
]


class KeyMissing(Refused):
    """This request needs an Idempotency-Key header."""

    reason = "idempotency_key_missing"
    next = "Send an Idempotency-Key of your own making, such as a UUID, and the same one when you try again."


class KeyMalformed(Refused):
    """An Idempotency-Key has 1 to 255 visible ASCII characters."""

    reason = "idempotency_key_malformed"
    next = "Send a key such as a UUID."


def checked(key: str | None) -> str:
    """The key.

    Raises:
        KeyMissing: there is none.
        KeyMalformed: it is empty, too long or not visible ASCII.
    """
    if key is None:
        raise KeyMissing
    if not _WELL_FORMED.fullmatch(key):
        raise KeyMalformed
    return key


async def claim(request: Request, caller: str, key: str | None) -> Claim:
    """What the request claims: its key, scoped by the caller's `sub`, and a fingerprint of method, path and body.

    Raises:
        KeyMissing, KeyMalformed: as `checked`.
    """
    key = checked(key)
    return Claim(caller, key, idempotency.fingerprint(request.method, request.url.path, await request.body()))


@dataclass(frozen=True, slots=True)
class Effect:
    """What to answer, and what must be written after everything else (the log)."""

    answer: Answer
    last: Callable[[Connection], Awaitable[object]] | None = None


async def once(pool: asyncpg.Pool, claim: Claim, effect: Callable[[Connection], Awaitable[Effect]]) -> Response:
    """The answer of the effect, which happens once for the claim; a refusal leaves nothing behind and is not kept.

    Raises:
        RequestInFlight, KeyReused: as `concord.storage.idempotency.take`.
        DatabaseUnavailable: PostgreSQL does not answer.
    """
    async with postgres.transaction(pool) as connection:
        if kept := await idempotency.take(connection, claim):
            return replayed(kept)
        done = await effect(connection)
        await idempotency.keep(connection, claim, done.answer)
        if done.last is not None:
            await done.last(connection)
    return response(done.answer)


def response(answer: Answer) -> Response:
    """The answer, for the first time."""
    return Response(answer.body, answer.status, answer.headers, media_type="application/json")


def replayed(answer: Answer) -> Response:
    """The answer again."""
    return Response(answer.body, answer.status, {**answer.headers, REPLAYED: "true"}, media_type="application/json")
