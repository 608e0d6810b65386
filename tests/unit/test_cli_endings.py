"""How commands end: one exit status for each kind of end, on stderr a sentence and what to do next (pages §8)."""

import subprocess
import sys

import orjson
import pytest

from concord.cli import errors, main
from concord.errors import Bug, Forbidden, NotFound, Unavailable
from unit.cli_services import Services, problem, run

REASONS = [
    (422, "incomplete", 1),
    (404, "offer_unknown", 1),
    (409, "not_promisable", 1),
    (409, "lifecycle_conflict", 5),
    (412, "etag_stale", 5),
    (401, "token_expired", 6),
    (403, "own_version", 6),
    (503, "not_up_to_bound", 4),
    (503, "database_unavailable", 3),
    (500, "internal_error", 70),
]


@pytest.mark.parametrize(("status", "reason", "expected"), REASONS)
def test_problem_becomes_an_exit_status(status: int, reason: str, expected: int) -> None:
    services = Services()
    services.on("registry", "GET", "/v1/offers/some-offer", problem(status, reason, "It is like this."))
    outcome = run(services, "offer", "show", "some-offer")
    assert outcome.status == expected
    assert outcome.err.splitlines()[0] == "It is like this."
    assert outcome.err.splitlines()[-1] == "Next: Do otherwise."


def test_problem_names_each_thing_that_is_missing() -> None:
    services = Services()
    missing = [
        {"pointer": "/honour/store_pos", "detail": "say what the store does with it"},
        {"pointer": "/cards/call_center/en", "detail": "write what to say"},
    ]
    refused = problem(422, "incomplete", "Not sent to review, 2 things are missing.", errors=missing)
    services.on("registry", "GET", "/v1/offers/some-offer", {"version": 1})
    services.on("registry", "POST", "/v1/offers/some-offer/versions/1:submit", refused)
    outcome = run(services, "offer", "submit", "some-offer")
    assert outcome.err == (
        "Not sent to review, 2 things are missing.\n"
        "  /honour/store_pos        say what the store does with it\n"
        "  /cards/call_center/en    write what to say\n"
        "Next: Do otherwise.\n"
    )
    assert outcome.status == 1


def test_problem_is_json_on_stderr_with_json() -> None:
    services = Services()
    services.on("registry", "GET", "/v1/offers/some-offer", problem(404, "offer_unknown", "No offer has that key."))
    outcome = run(services, "offer", "show", "some-offer", "--json")
    assert (outcome.out, orjson.loads(outcome.err)["reason"]) == ("", "offer_unknown")


def test_unreachable_service_ends_with_3_and_says_how_to_start_it() -> None:
    services = Services(down={"registry"})
    outcome = run(services, "offer", "list")
    assert outcome.status == 3
    assert outcome.err == (
        "registry does not answer at http://127.0.0.1:8100.\nNext: Start it with `make run`, or see `concord status`.\n"
    )


def test_bug_of_a_service_says_the_trace_id() -> None:
    services = Services()
    services.on("registry", "GET", "/v1/offers/some-offer", problem(500, "internal_error", "Something went wrong."))
    assert "Trace id 4bf92f3577b34da6a3ce929d0e0e4736" in run(services, "offer", "show", "some-offer").err


def test_bug_of_the_command_ends_with_70_and_the_trace_id() -> None:
    services = Services()
    services.on("registry", "GET", "/v1/offers/some-offer", {"no": "offer"})
    outcome = run(services, "offer", "show", "some-offer")
    assert outcome.status == 70
    assert outcome.err.startswith("This is a bug in Concord: KeyError")
    assert "Trace id 4bf92f3577b34da6a3ce929d0e0e4736" in outcome.err


def test_all_requests_of_a_command_share_its_trace() -> None:
    services, traces = Services(), set[str]()

    def answer(request: object) -> dict[str, object]:
        traces.add(request.headers["traceparent"].split("-")[1])  # type: ignore[attr-defined]
        return {"items": [], "next": None}

    services.on("registry", "GET", "/v1/offers", answer)
    run(services, "offer", "list")
    assert traces == {"4bf92f3577b34da6a3ce929d0e0e4736"}


def test_interruption_ends_with_130_and_the_command_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["concord", "import", "promises", "june sale.ndjson"])
    services = Services()
    services.on("registry", "GET", "/v1/offers", interrupt)
    outcome = run(services, "offer", "list")
    assert outcome.status == 130
    assert outcome.err == "Interrupted. Go on with: concord import promises 'june sale.ndjson'\n"


@pytest.mark.parametrize("command", main.COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Services(), command, "--help").status == 0
    assert "Usage: concord " + command in capsys.readouterr().out


def test_mistyped_verb_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Services(), "oferr").status == 2
    assert "Did you mean 'offer'?" in capsys.readouterr().err


def test_mistyped_second_verb_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Services(), "offer", "relese", "x").status == 2
    assert "Did you mean 'release'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "expected"),
    [(Unavailable(), 3), (Forbidden(), 6), (Bug(), 70), (NotFound(), 1), (errors.SomeoneWasFirst(), 5)],
)
def test_errors_of_concord_have_statuses(error: Exception, expected: int) -> None:
    assert errors.exit_status(error) == expected  # type: ignore[arg-type]


def test_token_prints_the_token_alone() -> None:
    assert run(Services(), "token", "marta").out == "token-of-marta\n"


def test_help_loads_neither_the_client_nor_the_data() -> None:
    code = (
        "import sys, contextlib, io\n"
        "from concord.cli import main\n"
        "sys.argv = ['concord', '--help']\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    main.run()\n"
        "print([name for name in ('httpx', 'pandas', 'pydantic', 'concord.engines.stack') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  our own
    assert done.stdout == "[]\n"


def test_port_base_that_is_no_number_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONCORD_PORT_BASE", "many")
    assert main.run() == 2
    assert "CONCORD_PORT_BASE is 'many'" in capsys.readouterr().err


def test_destructive_verb_stops_without_a_terminal_and_yes() -> None:
    services = _withdrawable()
    outcome = run(services, "offer", "withdraw", "some-offer", "--reason", "mistake")
    assert outcome.status == 2
    assert not any(path.endswith(":withdraw") for _, _, path, _ in services.asked)


def test_destructive_verb_does_nothing_on_a_dry_run() -> None:
    services = _withdrawable()
    outcome = run(services, "offer", "withdraw", "some-offer", "--reason", "mistake", "--dry-run")
    assert (outcome.status, outcome.out) == (0, "some-offer is LIVE. Withdraw it for good? Nothing was done.\n")
    assert not any(path.endswith(":withdraw") for _, _, path, _ in services.asked)


def test_destructive_verb_goes_on_with_yes() -> None:
    services = _withdrawable()
    assert run(services, "offer", "withdraw", "some-offer", "--reason", "mistake", "--yes").status == 0
    assert services.asked[-1][3] == {"reason": "mistake"}


def _withdrawable() -> Services:
    services = Services()
    services.on("registry", "GET", "/v1/offers/some-offer", {"key": "some-offer", "activation": {"state": "LIVE"}})
    services.on("registry", "POST", "/v1/offers/some-offer/activation:withdraw", {"state": "SUSPENDED"})
    return services
