"""`concord status` and `concord view`: readiness, equality with the authorities, and the age of the outbox."""

from typing import Any

import orjson
import pytest

from concord.cli import status
from concord.cli.client import CHANNELS
from unit.cli_services import Services, problem, run

OFFERS = {"topic": "concord.offers.v1", "partition": 0, "log": 1, "epoch": 1, "closed_at": "2026-06-03T10:00:00Z"}
HOUSEHOLDS = OFFERS | {"topic": "concord.households.v1"}
METRICS = (
    '# HELP concord_outbox_backlog_age_seconds x\nconcord_outbox_backlog_age_seconds{service="offer-registry"} 0.0\n'
)


def place(base: dict[str, Any], revision: int, digest: str = "aa") -> dict[str, Any]:
    return base | {"revision": revision, "count": revision, "digest": digest * 32}


def view(channel: str, *topics: dict[str, Any]) -> dict[str, Any]:
    return {"channel": channel, "replica": f"{channel}-1", "state": "READY", "age_ms": 300, "topics": list(topics)}


@pytest.fixture
def services() -> Services:
    made = Services()
    offers, households = place(OFFERS, 1042), place(HOUSEHOLDS, 7)
    for service in status.SERVICES:
        made.on(service, "GET", "/healthz/ready", {"status": "ready"})
    for authority, topic in (("registry", offers), ("profile", households)):
        made.on(authority, "GET", "/v1/log", {"topics": [topic]})
        made.on(authority, "GET", "/metrics", lambda _: METRICS)
    for channel in CHANNELS:
        made.on(channel, "GET", "/v1/view", view(channel, offers, households))
    return made


TABLE = """\
= All four channels have what the authorities have.
outbox empty
             state  age    records  equal
Web          READY  0.3 s  1,049    = yes
Store        READY  0.3 s  1,049    = yes
Call centre  READY  0.3 s  1,049    = yes
SMS          READY  0.3 s  1,049    = yes
"""


@pytest.mark.parametrize("columns", [80, 120])
def test_status_of_a_good_day(services: Services, columns: int) -> None:
    outcome = run(services, "status", columns=columns)
    assert "".join(line.rstrip() + "\n" for line in outcome.out.splitlines()) == TABLE
    assert (outcome.status, outcome.err) == (0, "")


def test_status_says_how_far_a_view_is_behind(services: Services) -> None:
    services.on("sms", "GET", "/v1/view", view("sms", place(OFFERS, 1040), place(HOUSEHOLDS, 7)))
    outcome = run(services, "status")
    assert outcome.out.startswith("≠ Not every channel has what the authorities have yet.")
    assert "≠ 2 revisions behind" in outcome.out
    assert outcome.status == 1


def test_status_finds_a_view_of_the_same_revision_that_differs(services: Services) -> None:
    services.on("web", "GET", "/v1/view", view("web", place(OFFERS, 1042, digest="bb"), place(HOUSEHOLDS, 7)))
    outcome = run(services, "status")
    assert "≠ no, at the same revision" in outcome.out
    assert outcome.status == 1


def test_status_says_why_a_service_is_not_ready(services: Services) -> None:
    waiting = problem(503, "not_ready", "Not ready: the view is FENCED.", reasons=["the view is FENCED"])
    services.on("web", "GET", "/healthz/ready", waiting)
    outcome = run(services, "status")
    assert "✗ web: the view is FENCED" in outcome.out
    assert outcome.status == 1


def test_status_ends_with_3_when_a_service_does_not_answer(services: Services) -> None:
    services.down.add("profile")
    outcome = run(services, "status")
    assert outcome.out.startswith("✗ profile: does not answer\n             state")
    assert outcome.out.count("READY  0.3 s  1,049    –") == 4
    assert outcome.status == 3


def test_status_shows_the_other_channels_when_one_is_down(services: Services) -> None:
    services.down.add("web")
    outcome = run(services, "status")
    assert outcome.out.startswith(
        "≠ Only 3 of 4 channels answer; these have what the authorities have.\n✗ web: does not"
    )
    assert outcome.out.count("= yes") == 3
    assert outcome.status == 3


def test_status_shows_the_channels_while_the_database_is_away(services: Services) -> None:
    away = problem(503, "database_unavailable", "The database does not answer.")
    for authority in ("registry", "profile"):
        services.on(authority, "GET", "/healthz/ready", away)
        services.on(authority, "GET", "/v1/log", away)
    outcome = run(services, "status")
    assert "✗ registry: The database does not answer." in outcome.out
    assert outcome.out.count("READY  0.3 s  1,049    –") == 4
    assert outcome.status == 1


def test_status_without_the_issuer_says_so(services: Services) -> None:
    services.down.add("issuer")
    outcome = run(services, "status")
    assert "✗ views: issuer does not answer at http://127.0.0.1:8400." in outcome.out
    assert outcome.status == 3


def test_status_says_how_old_the_oldest_unsent_change_is(services: Services) -> None:
    services.on("profile", "GET", "/metrics", lambda _: METRICS.replace("} 0.0", "} 1.5"))
    assert "outbox 1.5 s behind" in run(services, "status").out


def test_status_is_one_document_with_json(services: Services) -> None:
    document = orjson.loads(run(services, "status", "--json").out)
    assert (document["good"], document["outbox_age_s"]) == (True, 0.0)
    assert [one["equal"] for one in document["views"]] == [True] * 4


def test_status_watches_until_it_is_interrupted(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([None])

    def sleep(_: float) -> None:
        if next(seen, "over"):
            raise KeyboardInterrupt

    monkeypatch.setattr(status.time, "sleep", sleep)
    outcome = run(services, "status", "--watch", "--json")
    assert [orjson.loads(line)["good"] for line in outcome.out.splitlines()] == [True, True]
    assert outcome.status == 130


def test_view_list_has_a_row_for_each_channel(services: Services) -> None:
    assert run(services, "view", "list").out.count("= yes") == 4


def test_view_show_has_a_row_for_each_partition(services: Services) -> None:
    out = run(services, "view", "show", "store_pos").out
    assert "Store: READY, age 0.3 s" in out
    assert "concord.offers.v1      0          1,042     1,042    aaaaaaaa" in out
