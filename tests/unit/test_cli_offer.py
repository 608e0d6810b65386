"""`concord offer`, `promise` and `customer`: what is sent, and what is said."""

from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from unit.cli_services import Services, run

PROMISE = {
    "id": "prm_1",
    "code": "K7M2-9QX4-TB",
    "household": "hh_1",
    "offer": "some-offer",
    "version": 2,
    "channel": "email",
    "honour_until": "2026-06-15T00:00:00Z",
    "state": "open",
}
TERMS = {
    "title": {"en": "Some offer"},
    "validity": {"start": "2026-06-01T00:00:00Z", "end": "2026-06-15T00:00:00Z"},
    "benefits": [{"kind": "fixed_price"}],
    "honour": {"web": {"action": "native"}, "store_pos": {"action": "honour_with_fee"}},
}


@pytest.fixture
def services() -> Services:
    made = Services()
    current = {"version": 2, "terms": TERMS, "content_hash": "7f3a9c21" + "0" * 56}
    offer = {"key": "some-offer", "version": 2, "lifecycle": "draft", "activation": None, "current": current}
    made.on("registry", "GET", "/v1/offers/some-offer", offer)
    return made


def sent(services: Services) -> Any:
    return services.asked[-1]


def test_offer_show_has_the_newest_version(services: Services) -> None:
    out = run(services, "offer", "show", "some-offer").out
    assert "some-offer, version 2, draft" in out
    assert "ends         14 Jun 2026" in out
    assert "store        honour with fee" in out


def test_offer_list_reads_every_page(services: Services) -> None:
    def page(request: httpx.Request) -> dict[str, Any]:
        after = request.url.params.get("after", "")
        item = {"key": f"offer-{after or 'first'}", "version": 1, "lifecycle": "released", "activation": None}
        return {"items": [item], "next": None if after else "second"}

    services.on("registry", "GET", "/v1/offers", page)
    out = run(services, "offer", "list", "--lifecycle", "released").out
    assert ("offer-first" in out, "offer-second" in out, "2 offers." in out) == (True, True, True)


@pytest.mark.parametrize(
    ("verb", "options", "body"),
    [
        ("submit", (), None),
        ("approve", (), None),
        ("reject", ("--reason", "too dear"), {"reason": "too dear"}),
        ("release", ("--effective-at", "2026-06-04T00:00:00Z"), {"effective_at": "2026-06-04T00:00:00Z"}),
    ],
)
def test_offer_verbs_act_on_the_newest_version(
    services: Services, verb: str, options: tuple[str, ...], body: Any
) -> None:
    path = f"/v1/offers/some-offer/versions/2:{verb}"
    services.on("registry", "POST", path, {"state": "done"})
    assert run(services, "offer", verb, "some-offer", *options).status == 0
    assert sent(services) == ("registry", "POST", path, body)


def test_offer_edit_changes_a_draft_under_its_etag(services: Services, tmp_path: Path) -> None:
    seen: list[str] = []

    def save(request: httpx.Request) -> dict[str, Any]:
        seen.append(request.headers["if-match"])
        return {}

    version = "/v1/offers/some-offer/versions/2"
    services.on("registry", "GET", version, httpx.Response(200, json={"version": 2}, headers={"etag": '"3"'}))
    services.on("registry", "PUT", version, save)
    file = tmp_path / "terms.json"
    file.write_bytes(orjson.dumps(TERMS))
    assert run(services, "offer", "edit", "some-offer", "--file", str(file)).status == 0
    assert seen == ['"3"']


def test_offer_new_refuses_a_file_that_is_no_json(services: Services, tmp_path: Path) -> None:
    file = tmp_path / "terms.json"
    file.write_text("{")
    outcome = run(services, "offer", "new", "some-offer", str(file))
    assert outcome.status == 2
    assert "is not JSON" in outcome.err


def test_offer_activation_lists_steps_in_order(services: Services) -> None:
    steps = [
        {
            "version": 1,
            "state": state,
            "revision": n,
            "at": f"2026-06-01T08:00:00.00{n}Z",
            "by": "marta",
            "reason": None,
        }
        for n, state in ((2, "HONOURABLE"), (1, "PREPARING"))
    ]
    services.on("registry", "GET", "/v1/offers/some-offer/activation", {"versions": [{"version": 1, "history": steps}]})
    lines = run(services, "offer", "activation", "some-offer").out.splitlines()
    assert [line.split()[1] for line in lines[1:]] == ["PREPARING", "HONOURABLE"]


def test_promise_make_sends_a_key_and_shows_the_code(services: Services) -> None:
    keys: list[str] = []

    def make(request: httpx.Request) -> dict[str, Any]:
        keys.append(request.headers["idempotency-key"])
        return PROMISE

    services.on("profile", "POST", "/v1/promises", make)
    outcome = run(services, "promise", "make", "some-offer", "--household", "hh_1", "--party", "linda")
    assert "K7M2-9QX4-TB" in outcome.out
    assert len(keys[0]) == 32
    assert sent(services)[3]["evidence"] == {"kind": "message", "channel": "email"}


def test_promise_cancel_needs_yes_and_a_reason(services: Services) -> None:
    services.on("profile", "GET", "/v1/promises/prm_1", PROMISE)
    services.on("profile", "POST", "/v1/promises/prm_1:cancel", PROMISE | {"state": "cancelled"})
    assert run(services, "promise", "cancel", "prm_1").status == 2
    assert run(services, "promise", "cancel", "prm_1", "--reason", "fraud").status == 2
    outcome = run(services, "promise", "cancel", "prm_1", "--reason", "fraud", "--yes")
    assert "some-offer, version 2, promised by e-mail until 14 Jun 2026: cancelled." in outcome.out


def test_customer_lookup_reads_a_number_from_the_input(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    class Typed:
        def isatty(self) -> bool:
            return False

        def readline(self) -> str:
            return "+12025550117\n"

    monkeypatch.setattr("sys.stdin", Typed())
    services.on("store_pos", "POST", "/v1/customers:lookup", {"household": "hh_1", "promises": [PROMISE]})
    out = run(services, "customer", "lookup", "--number", "-", "--channel", "store_pos").out
    assert sent(services)[3] == {"number": "+12025550117"}
    assert "promised: some-offer by e-mail until 14 Jun 2026, code K7M2-9QX4-TB, open" in out


def test_customer_lookup_needs_one_name(services: Services) -> None:
    assert run(services, "customer", "lookup").status == 2
    assert run(services, "customer", "lookup", "--number", "+1", "--party", "pty_1").status == 2
