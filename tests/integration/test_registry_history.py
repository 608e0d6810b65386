"""What people did to an offer, and what changed between its versions, over HTTP on a real database."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from alembic.runtime.environment import EnvironmentContext

from concord.decision.terms import Terms
from concord.storage import appendonly, postgres, revisions
from integration.registry_client import KEY, TERMS, Client, sent_at_once, serving
from integration.test_registry_imports import approved, imported, offer

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
VERSIONS = f"/v1/offers/{KEY}/versions"
HISTORY = f"/v1/offers/{KEY}/history"


@pytest.fixture
async def registry(postgres_url: str) -> AsyncIterator[Client]:
    async with serving(postgres_url) as client:
        yield client


def hash_of(**changes: Any) -> str:
    return Terms.model_validate(TERMS | changes).content_hash()


async def history(registry: Client, key: str = KEY) -> list[dict[str, Any]]:
    return list((await registry.get(f"/v1/offers/{key}/history"))["items"])


async def edit(registry: Client, number: int = 1, **changes: Any) -> None:
    body = {"terms": TERMS | changes}
    answer = await registry.send("marta", "PUT", f"{VERSIONS}/{number}", body, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text


async def difference(registry: Client, path: str) -> list[tuple[Any, ...]]:
    found = await registry.get(f"{VERSIONS}/{path}")
    return [(each["op"], each["pointer"], each["before"], each["after"]) for each in found["changes"]]


async def test_diff_names_what_changed_from_the_version_before(registry: Client) -> None:
    offer_id = await registry.draft()
    changed = TERMS | {"priority": 7, "shown_in": ["sms", "web"]}
    await registry.post("marta", VERSIONS, {"terms": changed}, status=201)
    found = await registry.get(f"{VERSIONS}/2/diff")
    assert {name: found[name] for name in ("offer", "key", "from", "to")} == {
        "offer": offer_id,
        "key": KEY,
        "from": 1,
        "to": 2,
    }
    # The priority was at its default, which is not stored.
    assert await difference(registry, "2/diff") == [
        ("added", "/priority", None, 7),
        ("added", "/shown_in", [], ["sms"]),
    ]
    assert await difference(registry, "1/diff?against=2") == [
        ("removed", "/priority", 7, None),
        ("removed", "/shown_in", ["sms"], []),
    ]
    assert await difference(registry, "2/diff?against=2") == []


async def test_diff_of_many_skus_with_one_other_is_one_change(registry: Client) -> None:
    skus = [f"SKU-{number}" for number in range(1_500)]
    await registry.draft(products={"skus": skus})
    body = {"terms": TERMS | {"products": {"skus": [*reversed(skus[1:]), "NEW"]}}}
    await registry.post("marta", VERSIONS, body, status=201)
    assert await difference(registry, "2/diff") == [("changed", "/products/skus", ["SKU-0"], ["NEW"])]


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("1/diff", 422, "invalid"),
        ("1/diff?against=0", 422, "invalid"),
        ("1/diff?against=x", 422, "invalid"),
        ("1/diff?against=99999999999", 422, "invalid"),
        ("2/diff", 404, "version_unknown"),
        ("1/diff?against=2", 404, "version_unknown"),
    ],
)
async def test_diff_refuses_versions_that_are_not_there(registry: Client, path: str, status: int, reason: str) -> None:
    await registry.draft()
    answer = await registry.send("auditor", "GET", f"{VERSIONS}/{path}")
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)


async def test_history_has_who_did_what_why_and_from_what_to_what(registry: Client) -> None:
    await registry.draft()
    await edit(registry, priority=7)
    await registry.post("marta", f"{VERSIONS}/1:submit")
    await registry.post("nora", f"{VERSIONS}/1:reject", {"reason": "Too dear."})
    await registry.post("marta", VERSIONS, status=201)
    await registry.release(KEY, 2)
    await registry.until(KEY, "LIVE", 2)
    await registry.post("nora", f"/v1/offers/{KEY}/activation:suspend", {"reason": "Out of stock."})
    await registry.post("marta", f"/v1/offers/{KEY}/activation:resume")
    await registry.post("marta", f"/v1/offers/{KEY}/activation:withdraw", {"reason": "Over."})
    first, second = hash_of(), hash_of(priority=7)
    found = [
        tuple(each[name] for name in ("verb", "version", "by", "reason", "before", "after", "state"))
        for each in reversed(await history(registry))
    ]
    assert found == [
        ("create", 1, "marta", None, None, first, None),
        ("edit", 1, "marta", None, first, second, None),
        ("submit", 1, "marta", None, second, second, None),
        ("reject", 1, "nora", "Too dear.", second, second, None),
        ("add_version", 2, "marta", None, second, second, None),
        ("submit", 2, "marta", None, second, second, None),
        ("approve", 2, "nora", None, second, second, None),
        ("release", 2, "nora", None, second, second, "PREPARING"),
        ("suspend", 2, "nora", "Out of stock.", second, second, "SUSPENDED"),
        ("resume", 2, "marta", None, second, second, "LIVE"),
        ("withdraw", 2, "marta", "Over.", second, second, "SUSPENDED"),
    ]


async def test_history_keeps_what_an_edit_changed(registry: Client) -> None:
    await registry.draft()
    await edit(registry, shown_in=["sms"])
    await edit(registry, shown_in=["sms"])
    same, changed, created = await history(registry)
    assert changed["changes"] == [{"op": "changed", "pointer": "/shown_in", "before": ["web"], "after": ["sms"]}]
    assert (same["changes"], created["changes"]) == ([], None)


async def test_history_has_the_trace_of_the_request(registry: Client) -> None:
    await registry.draft()
    headers = {"traceparent": TRACE}
    await registry.send("marta", "POST", f"{VERSIONS}/1:submit", headers=headers)
    await registry.post("nora", f"{VERSIONS}/1:approve")
    await registry.send("nora", "POST", f"{VERSIONS}/1:release", headers=headers)
    traces = {each["verb"]: each["traceparent"].split("-")[1] for each in await history(registry)}
    wanted = TRACE.split("-")[1]
    assert (traces["submit"], traces["release"]) == (wanted, wanted)
    assert traces["approve"] != wanted


async def test_history_has_imports_with_their_job_and_its_approval(registry: Client) -> None:
    job = (await imported(registry, [offer("a"), offer("b"), offer("c", cards={})]))["id"]
    async with sent_at_once(registry.pool):
        await approved(registry, job, release=True)
    for key in ("a", "b"):
        found = [(each["verb"], each["by"], each["job"]) for each in await history(registry, key)]
        assert found == [("release", "nora", None), ("approve", "nora", job), ("import", "marta", job)]


async def test_history_has_no_row_of_what_was_refused(registry: Client) -> None:
    await registry.draft(cards={})
    for method, path, body in (
        ("POST", "/v1/offers", {"key": KEY, "terms": TERMS}),
        ("POST", f"{VERSIONS}/1:submit", None),
        ("PUT", f"{VERSIONS}/1", {"terms": TERMS}),  # without If-Match
        ("POST", f"/v1/offers/{KEY}/activation:suspend", None),
    ):
        assert (await registry.send("marta", method, path, body)).status_code >= 400
    assert [each["verb"] for each in await history(registry)] == ["create"]


async def test_history_has_a_row_for_each_of_many_acts_at_once(registry: Client) -> None:
    await registry.draft()
    await asyncio.gather(*(edit(registry, priority=number) for number in range(8)))
    found = await history(registry)
    assert [each["verb"] for each in found] == ["edit"] * 8 + ["create"]
    hashes = [each["after"] for each in reversed(found)]
    assert [each["before"] for each in reversed(found)] == [None, *hashes[:-1]]


async def test_history_is_paged_newest_first(registry: Client) -> None:
    await registry.live()
    whole = await history(registry)
    seen: list[dict[str, Any]] = []
    path: str | None = f"{HISTORY}?limit=1"
    while path:
        answer = await registry.send("auditor", "GET", path)
        seen += answer.json()["items"]
        path = answer.links["next"]["url"] if "next" in answer.links else None
    assert [each["verb"] for each in seen] == ["release", "approve", "submit", "create"]
    assert seen == whole


@pytest.mark.parametrize("after", ["%%%", "WyJhIl0", "W10", "WzEsMl0"])
async def test_history_refuses_a_cursor_of_another_list(registry: Client, after: str) -> None:
    await registry.draft()
    answer = await registry.send("auditor", "GET", f"{HISTORY}?after={after}")
    assert (answer.status_code, answer.json()["reason"]) == (422, "cursor_malformed")


async def test_history_is_for_whoever_may_read(registry: Client) -> None:
    await registry.draft()
    statuses = {who: (await registry.send(who, "GET", HISTORY)).status_code for who in ("auditor", "ana", "linda")}
    assert statuses == {"auditor": 200, "ana": 200, "linda": 403}
    unknown = await registry.send("auditor", "GET", "/v1/offers/nothing/history")
    assert (unknown.status_code, unknown.json()["reason"]) == (404, "offer_unknown")


@pytest.mark.parametrize("table", ["offer_history", "activation_history"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET by = 'nobody'", "DELETE FROM {}", "DELETE FROM {} WHERE false", "TRUNCATE {}"],
)
@pytest.mark.parametrize("session", ["origin", "replica"])
async def test_history_is_append_only_whoever_asks(registry: Client, table: str, statement: str, session: str) -> None:
    await registry.live()
    before = await history(registry)
    async with registry.pool.acquire() as connection, connection.transaction():
        await connection.execute(f"SET LOCAL session_replication_role = {session}")
        with pytest.raises(asyncpg.PostgresError, match="is append-only") as refused:
            async with connection.transaction():
                await connection.execute(statement.format(table))
    assert refused.value.sqlstate == appendonly.REFUSED
    assert await history(registry) == before


async def test_history_of_steps_before_the_migration_says_what_was_done(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    up_to = EnvironmentContext.configure

    def first(self: EnvironmentContext, connection: Any, **_: Any) -> None:
        up_to(self, connection=connection, fn=lambda rev, _: self.script._upgrade_revs("0001", rev))

    with monkeypatch.context() as patched:
        patched.setattr(EnvironmentContext, "configure", first)
        await revisions.upgrade(postgres_url, "offer_registry")
    pool = await postgres.open_pool(postgres_url, application="test")
    await pool.execute(OLD)
    await pool.close()
    async with serving(postgres_url) as registry:
        found = [(each["verb"], each["version"], each["by"], each["state"]) for each in await history(registry)]
    assert found == [
        ("withdraw", 1, "nora", "SUSPENDED"),
        ("resume", 1, "marta", "LIVE"),
        ("suspend", 1, "nora", "SUSPENDED"),
        ("release", 1, "nora", "PREPARING"),
    ]


OLD = """
INSERT INTO offers VALUES ('ofr_1', 'free-handset', 1, 'marta', now());
INSERT INTO offer_versions (offer, number, terms, content_hash, lifecycle, authors, row_version, created_at, changed_at,
    required_locales)
VALUES ('ofr_1', 1, '{}', 'hash', 'released', '{marta}', 1, now(), now(), '{}');
INSERT INTO activation_history (offer, revision, version, state, leaving, at, by) VALUES
    ('ofr_1', 3, 1, 'LIVE', false, '2026-06-01T08:00:03Z', NULL),
    ('ofr_1', 1, 1, 'PREPARING', false, '2026-06-01T08:00:01Z', 'nora'),
    ('ofr_1', 4, 1, 'SUSPENDED', false, '2026-06-01T08:00:04Z', 'nora'),
    ('ofr_1', 5, 1, 'LIVE', false, '2026-06-01T08:00:05Z', 'marta'),
    ('ofr_1', 6, 1, 'SUSPENDED', true, '2026-06-01T08:00:06Z', 'nora')
"""
