"""`concord ask`: golden output at 80 and 120 columns, what counts as different, and its exit statuses."""

from typing import Any

import httpx
import orjson
import pytest

from concord.cli.client import CHANNELS
from unit.cli_services import OTHER_TERMS, TERMS, Services, problem, run

QUESTION = ("ask", "--party", "pty_7f", "--offer", "free-handset-upgrade")
USD = "USD"


def decision(verdict: str, pays: int | None, **more: Any) -> dict[str, Any]:
    return {
        "offer": "free-handset-upgrade",
        "version": 1,
        "verdict": verdict,
        "reasons": [{"code": "promised_by_email", "sentence": "It was promised by e-mail."}],
        "customer_pays": None if pays is None else {"amount": pays, "currency": USD},
        "instead_of": {"amount": 13000, "currency": USD},
        "promise": {
            "id": "prm_1",
            "code": "K7M2-9QX4-TB",
            "channel": "email",
            "made_at": "2026-06-01T09:00:00Z",
            "honour_until": "2026-06-15T00:00:00Z",
            "state": "open",
        },
        "say_this": "Yes.",
        **more,
    }


def answer(*items: dict[str, Any], terms: str = TERMS, revision: int = 1042) -> httpx.Response:
    certificate = {
        "catalogue": {"epoch": 1, "revision": revision},
        "household": {"epoch": 1, "id": "hh_1", "version": 3},
        "evaluator": 1,
        "at": "2026-06-03T10:00:00Z",
        "request_digest": "aa",
        "terms_digest": terms,
        "policy_digest": "bb",
    }
    headers = {"concord-view": f"v1.1.{revision}, h1.1.hh_1.3", "concord-age": "210"}
    return httpx.Response(200, json={"certificate": certificate, "items": list(items)}, headers=headers)


@pytest.fixture
def services() -> Services:
    made = Services()
    said = {
        "web": decision("honour", 0),
        "store_pos": decision("honour_with_fee", 500),
        "call_center": decision("honour", 0),
        "sms": decision("refer", 0, refer_to="web"),
    }
    for channel, item in said.items():
        made.on(channel, "POST", "/v1/decisions", answer(item))
    return made


TABLE = """\

free-handset-upgrade, version 1, promised by e-mail until 14 Jun 2026, code K7M2-9QX4-TB
               Web       Store        Call centre  SMS
verdict        honour    honour, fee  honour       refer, web
customer pays  0.00      5.00         0.00         0.00
instead of     130.00    130.00       130.00       130.00
terms          7f3a9c21  7f3a9c21     7f3a9c21     7f3a9c21
age            0.2 s     0.2 s        0.2 s        0.2 s
= Same terms in 4 of 4 channels.
"""


def unpadded(text: str) -> str:
    return "".join(line.rstrip() + "\n" for line in text.splitlines())


@pytest.mark.parametrize("columns", [80, 120])
def test_ask_shows_the_channels_side_by_side(services: Services, columns: int) -> None:
    outcome = run(services, *QUESTION, columns=columns)
    assert unpadded(outcome.out) == TABLE
    assert (outcome.status, outcome.err) == (0, "")


@pytest.mark.parametrize(("columns", "environ"), [(79, {}), (120, {"NO_COLOR": "1"})])
def test_ask_gives_a_plain_list_without_room_or_colour(
    services: Services, columns: int, environ: dict[str, str]
) -> None:
    out = run(services, *QUESTION, columns=columns, environ=environ).out
    assert "customer pays\n  Web: 0.00\n  Store: 5.00\n  Call centre: 0.00\n  SMS: 0.00\n" in out
    assert "\x1b" not in out


def test_ask_sends_one_instant_and_no_personal_data_in_paths(services: Services) -> None:
    run(services, *QUESTION)
    bodies = [body for _, method, path, body in services.asked if (method, path) == ("POST", "/v1/decisions")]
    expected = {"customer": {"party": "pty_7f"}, "offers": ["free-handset-upgrade"], "at": "2026-06-03T10:00:00Z"}
    assert bodies == [expected] * 4


def test_ask_marks_what_differs_and_ends_with_1(services: Services) -> None:
    services.on("sms", "POST", "/v1/decisions", answer(decision("refer", 0, refer_to="web"), terms=OTHER_TERMS))
    outcome = run(services, *QUESTION)
    assert "≠ 0b5d11aa" in outcome.out
    assert "≠ Same terms in 3 of 4 channels, from equal inputs." in outcome.out
    assert outcome.status == 1


def test_ask_asks_again_with_the_newest_tokens_when_revisions_differ(services: Services) -> None:
    seen: list[str] = []

    def older_first(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("concord-at-least", ""))
        return answer(decision("honour", 0), revision=1043 if seen[-1] else 1041)

    services.on("web", "POST", "/v1/decisions", older_first)
    run(services, *QUESTION)
    assert seen == ["", "h1.1.hh_1.3, v1.1.1041, v1.1.1042"]


def test_ask_ends_with_1_when_the_answer_is_no(services: Services) -> None:
    refused = decision("refused", None, promise=None, reasons=[{"code": "offer_closed", "sentence": "It is over."}])
    for channel in CHANNELS:
        services.on(channel, "POST", "/v1/decisions", answer(refused))
    outcome = run(services, *QUESTION)
    assert "free-handset-upgrade, version 1. It is over." in outcome.out
    assert "customer pays" not in outcome.out
    assert outcome.status == 1


def test_ask_about_a_code_that_nobody_knows_says_that_it_is_noted(services: Services) -> None:
    noted = {"code": "code_not_known_yet", "sentence": "We do not see this code yet; it is noted."}
    pending = decision("pending", None, offer=None, version=None, promise=None, instead_of=None, reasons=[noted])
    for channel in CHANNELS:
        services.on(channel, "POST", "/v1/decisions", answer(pending))
    outcome = run(services, "ask", "--code", "K7M2-9QX4-TB")
    assert "\nThis code. We do not see this code yet; it is noted.\n" in outcome.out
    assert outcome.out.count("pending") == 4
    assert outcome.status == 1


@pytest.mark.parametrize(("arguments", "told"), [((), 5), (("--offer", "offer-1"), 12)])
def test_ask_for_nothing_by_name_shows_all_promises_and_the_first_offers(
    services: Services, arguments: tuple[str, ...], told: int
) -> None:
    offers = [decision("available", None, offer=f"offer-{number}", promise=None) for number in range(12)]
    for channel in CHANNELS:
        services.on(channel, "POST", "/v1/decisions", answer(decision("honour", 0), *offers))
    outcome = run(services, "ask", "--party", "pty_7f", *arguments)
    assert outcome.out.count("\noffer-") == told
    assert "\nfree-handset-upgrade, version 1, promised" in outcome.out
    assert outcome.out.count("age ") == 1
    assert ("Other offers that channels show: 7. Name one" in outcome.out) is (told == 5)
    assert outcome.status == 0


def test_ask_marks_a_reason_that_differs(services: Services) -> None:
    for channel, code in zip(CHANNELS, ["offer_closed"] * 3 + ["offer_ended"], strict=True):
        refused = decision("refused", None, promise=None, reasons=[{"code": code, "sentence": "It is over."}])
        services.on(channel, "POST", "/v1/decisions", answer(refused))
    assert "≠ offer ended" in run(services, *QUESTION, columns=120).out


def test_ask_shows_the_rest_when_a_channel_is_down(services: Services) -> None:
    services.down.add("web")
    outcome = run(services, *QUESTION)
    assert "✗ unreachable" in outcome.out
    assert "≠ Only 3 of 4 channels answered" in outcome.out
    assert "Web: web does not answer at http://127.0.0.1:8301." in outcome.err
    assert outcome.status == 3


def test_ask_without_any_channel_ends_with_3(services: Services) -> None:
    services.down |= set(CHANNELS)
    outcome = run(services, *QUESTION)
    assert outcome.out == ""
    assert outcome.err.splitlines()[-1].startswith("Next: ")
    assert outcome.status == 3


def test_ask_ends_with_4_when_a_view_is_not_up_to_bound(services: Services) -> None:
    services.on("sms", "POST", "/v1/decisions", problem(503, "not_up_to_bound", "The view is older than asked."))
    assert run(services, *QUESTION).status == 4


def test_ask_prints_one_document_with_json(services: Services) -> None:
    outcome = run(services, *QUESTION, "--json")
    document = orjson.loads(outcome.out)
    assert document["same_terms"] is True
    assert set(document["channels"]) == set(CHANNELS)
    assert document["channels"]["web"]["answer"]["items"][0]["verdict"] == "honour"


@pytest.mark.parametrize("arguments", [(), ("--party", "pty_1", "--code", "K7M29QX4TB"), ("--nonsense",)])
def test_ask_refuses_what_makes_no_sense_with_2(services: Services, arguments: tuple[str, ...]) -> None:
    assert run(services, "ask", *arguments).status == 2
    assert services.asked == []


def test_ask_writes_a_picture(services: Services, tmp_path: Any) -> None:
    picture = tmp_path / "ask.svg"
    run(services, *QUESTION, "--svg", str(picture))
    text = picture.read_text()
    assert text.startswith("<svg")
    assert "7f3a9c21" in text
