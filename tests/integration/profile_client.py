"""A profile in this process, on a database of the test's own, with callers by name and a registry the test holds."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import orjson

from concord.clock import SystemClock
from concord.contracts.records import ActivationState
from concord.decision.attributes import BUILT_IN, Attribute
from concord.decision.terms import EXAMPLE, Terms
from concord.engines.postgres import database_url
from concord.ids import SystemRandomness, TimeOrderedIds
from concord.testkit.signin import LocalSignin
from concord.web.errors import NotUpToBound
from customer_profile.main import Parts, Service
from customer_profile.registry import Change, Changes
from customer_profile.settings import ProfileSettings

NOWHERE = "127.0.0.1:1"  # nobody listens there: a broker that is down
DEADLINE = 20.0  # s
OFFER = "free-handset-upgrade"

LINDA: dict[str, Any] = {
    "ref": "crm-4711",
    "members": [
        {
            "ref": "linda",
            "given_name": "Linda",
            "family_name": "Example",
            "postcode": "20001",
            "born": "1978",
            "language": "en",
            "facts": {"customer.segment": "loyal"},
        },
        {"ref": "daughter", "given_name": "Daughter", "family_name": "Example", "born": "2013"},
    ],
    "relations": [{"kind": "guardian_of", "from": "linda", "to": "daughter", "since": "2013-05-01"}],
    "lines": [
        {
            "ref": "L1",
            "number": "+12025550117",
            "holder": "linda",
            "user": "linda",
            "payer": "linda",
            "facts": {"line.tenure_months": 44, "line.barred": False},
        },
        {
            "ref": "L2",
            "number": "+12025550142",
            "holder": "linda",
            "user": "daughter",
            "payer": "linda",
            "facts": {"line.tenure_months": 14},
        },
    ],
    "contact_points": [
        {
            "ref": "mail",
            "kind": "email",
            "address": "linda@example.com",
            "party": "linda",
            "zone": "America/New_York",
            "verified_at": "2026-01-05T10:00:00Z",
        }
    ],
    "facts": {"household.size": 2},
}
EVIDENCE = {
    "kind": "message",
    "channel": "email",
    "subject": "Your upgrade",
    "words": "A new handset for nothing.",
    "sent_at": "2026-06-01T09:00:00Z",
    "reference": "campaign-2026-06",
}


def new_key() -> dict[str, str]:
    """A header nobody sent before."""
    return {"Idempotency-Key": uuid.uuid4().hex}


def terms(**changes: Any) -> dict[str, Any]:
    """The example's terms, valid for two weeks from yesterday."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    validity = {"start": start.isoformat(), "end": (start + timedelta(days=14)).isoformat()}
    return EXAMPLE | {"validity": validity} | changes


@dataclass(slots=True)
class FakeRegistry:
    """The catalogue as the registry would tell it; `down` is a registry that does not answer."""

    records: list[Change] = field(default_factory=list)
    declared: list[Attribute] = field(default_factory=list)
    down: bool = False
    asked: int = 0

    async def changes(self, after: int, deadline: float) -> Changes:
        self.asked += 1
        if self.down:
            raise NotUpToBound(retry_after=1)
        items = [record for record in self.records if record.revision > after]
        return Changes(epoch=1, revision=len(self.records), items=items[:1_000])

    async def attributes(self, deadline: float) -> list[Attribute]:
        self.asked += 1
        if self.down:
            raise NotUpToBound(retry_after=1)
        return [*BUILT_IN.values(), *self.declared]

    def publish(self, state: str, key: str = OFFER, version: int = 1, **changes: Any) -> int:
        """A new record of the offer with one version; its revision."""
        document = Terms.model_validate(terms(**changes))
        revision = len(self.records) + 1
        shown = {
            "version": version,
            "content_hash": document.content_hash(),
            "state": ActivationState(state),
            "state_revision": revision,
            "terms": document.document(),
        }
        value = {"id": f"ofr_{key}", "key": key, "versions": [shown]}
        self.records.append(Change(revision=revision, key=value["id"], value=orjson.loads(orjson.dumps(value))))
        return revision


@dataclass(slots=True)
class Client:
    """Requests to the profile as one of the story's people."""

    parts: Parts
    http: httpx.AsyncClient
    signin: LocalSignin
    registry: FakeRegistry

    async def send(self, who: str, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        headers = self.signin.headers(who) | more.pop("headers", {})
        content = {} if body is None else {"json": body}
        return await self.http.request(method, path, headers=headers, **content, **more)

    async def get(self, path: str, who: str = "ana", **more: Any) -> Any:
        answer = await self.send(who, "GET", path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def household(self, body: Any = LINDA) -> Any:
        """A new household; as it was answered."""
        answer = await self.send("campaign", "POST", "/v1/households", body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def promise(
        self, of: Any, who: str = "campaign", key: dict[str, str] | None = None, **changes: Any
    ) -> httpx.Response:
        """Ask for a promise to the household's first member."""
        body = promise_to(of["id"], of["members"][0]["id"]) | changes
        return await self.send(who, "POST", "/v1/promises", body, headers=key or new_key())

    async def upload(self, kind: str, lines: list[Any], key: str | None = None) -> httpx.Response:
        """Send lines; bytes are sent as they are."""
        content = b"\n".join(line if isinstance(line, bytes) else orjson.dumps(line) for line in lines)
        headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": key or uuid.uuid4().hex}
        headers |= self.signin.headers("campaign")
        return await self.http.post(f"/v1/imports?kind={kind}", content=content, headers=headers)

    async def imported(self, kind: str, lines: list[Any]) -> Any:
        """Send lines and wait until they are done; the job."""
        answer = await self.upload(kind, lines)
        assert answer.status_code == 202, answer.text
        return await self.done(answer.json()["id"])

    async def done(self, job: str) -> Any:
        """The job, once it is done."""
        return await self.until(f"/v1/jobs/{job}", lambda seen: seen["state"] == "done", who="campaign")

    async def until(self, path: str, wanted: Callable[[Any], bool], **more: Any) -> Any:
        """What a path answers once it is as wanted."""
        async with asyncio.timeout(DEADLINE):
            while not wanted(seen := await self.get(path, **more)):  # noqa: ASYNC110  nothing tells of it
                await asyncio.sleep(0.02)
        return seen


def promise_to(household: str, party: str) -> dict[str, Any]:
    """The body of a promise made by e-mail."""
    return {
        "household": household,
        "party": party,
        "offer": OFFER,
        "channel": "email",
        "evidence": EVIDENCE,
    }


@asynccontextmanager
async def serving(url: str, *, bootstrap: str = NOWHERE, registry: FakeRegistry | None = None) -> AsyncIterator[Client]:
    """A running profile with its background loops."""
    signin, clock, randomness = LocalSignin(), SystemClock(), SystemRandomness()
    settings = ProfileSettings(database_url=url, kafka_bootstrap=bootstrap, local=True)  # type: ignore[arg-type]
    told = registry or FakeRegistry()
    service = Service(
        settings,
        clock=clock,
        ids=TimeOrderedIds(clock, randomness),
        randomness=randomness,
        signin=signin.verifier,
        registry=told,
    )
    app = service.app()
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://profile") as http:
            yield Client(service.running(), http, signin, told)


@asynccontextmanager
async def own_database(server: str) -> AsyncIterator[str]:
    """A database that several tests of a module may share; none of them may rely on it being empty."""
    name = f"test_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        yield database_url(server, name)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


async def acknowledge_at_once(url: str) -> None:
    """Stand in for relay and broker: whatever is appended counts as sent, so that imports need not wait for them."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        """
        CREATE FUNCTION acknowledged() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE relay_position p SET revision = c.revision FROM log_clock c
            WHERE c.topic = p.topic AND c.partition = p.partition;
            RETURN NULL;
        END $$"""
    )
    await connection.execute(
        "CREATE TRIGGER acknowledged AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION acknowledged()"
    )
    await connection.close()
