"""One effect for each key (G6): the answer of a request, kept in the transaction of its effect (api §1).

async with postgres.transaction(pool) as connection:
if answer := await idempotency.take(connection, claim):
return answer                      # done before; the effect is not repeated
...                                    # the effect
await idempotency.keep(connection, claim, answer)
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from concord.storage import queries
from concord.storage.errors import KeyReused, RequestInFlight
from concord.storage.migrations import Migration

Connection = asyncpg.Connection | PoolConnectionProxy

KEPT_FOR = timedelta(hours=48)  # api §1 asks for 24 h at least
Q = queries.load(Path(__file__).with_name("idempotency.sql"))

_TABLE = """
CREATE TABLE idempotency_keys (
    caller text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status smallint NOT NULL,
    body bytea NOT NULL,
    headers jsonb NOT NULL DEFAULT '{}',
    kept_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, key)
)
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A caller's key and what it was sent with."""

    caller: str
    key: str
    fingerprint: bytes

    @property
    def lock(self) -> int:
        """A 64-bit name for PostgreSQL's advisory locks; two keys that share one only make each other wait."""
        digest = hashlib.blake2b(f"{self.caller}\x1f{self.key}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, signed=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as it was first given."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def create(op: Migration) -> None:
    """Create the table, in a service's migration."""
    op.execute(_TABLE)
    op.execute("CREATE INDEX idempotency_keys_kept_at ON idempotency_keys (kept_at)")


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    """What tells one request from another: JSON counts by its value, anything else by its bytes."""
    with suppress(orjson.JSONDecodeError):
        body = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(b"%b %b\n%b" % (method.encode(), path.encode(), body)).digest()


async def find(connection: Connection, claim: Claim) -> Answer | None:
    """The answer kept under the key, or none.

    Raises:
        KeyReused: the key was first sent with another request.
    """
    row = await connection.fetchrow(Q.find_answer, claim.caller, claim.key)
    if row is None:
        return None
    if row["fingerprint"] != claim.fingerprint:
        raise KeyReused
    return Answer(row["status"], row["body"], row["headers"])


async def take(connection: Connection, claim: Claim) -> Answer | None:
    """Hold the key until the transaction ends; the answer, when there is one already.

    The look-up is a statement of its own, after the lock: its snapshot then has whatever the holder before committed.

    Raises:
        RequestInFlight: another transaction holds the key.
        KeyReused: the key was first sent with another request.
    """
    if not await connection.fetchval(Q.lock_key, claim.lock):
        raise RequestInFlight(retry_after=1)
    return await find(connection, claim)


async def keep(connection: Connection, claim: Claim, answer: Answer) -> None:
    """Keep the answer; it holds once the transaction commits."""
    await connection.execute(
        Q.keep_answer, claim.caller, claim.key, claim.fingerprint, answer.status, answer.body, answer.headers
    )


async def forget(connection: Connection, now: datetime) -> None:
    """Drop answers older than `KEPT_FOR`."""
    await connection.execute(Q.forget_answers, now - KEPT_FOR)
