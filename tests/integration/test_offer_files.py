"""`concord offer` on files, against a registry on a real database: what goes out comes back in, to the byte."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from concord.cli import importing
from integration.registry_client import KEY, TERMS, Client, serving
from unit.cli_services import NAMES, Outcome, run_over


class Way(httpx.AsyncBaseTransport):
    """From a command, which runs in a thread with a loop of its own, to the registry of the test."""

    def __init__(self, registry: Client) -> None:
        self._registry = registry
        self._loop = asyncio.get_running_loop()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if NAMES[request.url.port or 0] == "issuer":
            token = self._registry.signin.headers(orjson.loads(request.content)["person"])["Authorization"]
            return httpx.Response(200, json={"access_token": token.removeprefix("Bearer ")})
        sent = asyncio.run_coroutine_threadsafe(self._forward(request, await request.aread()), self._loop)
        return await asyncio.wrap_future(sent)

    async def _forward(self, request: httpx.Request, body: bytes) -> httpx.Response:
        path = request.url.raw_path.decode()
        answer = await self._registry.http.request(request.method, path, headers=request.headers, content=body)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "POLL", 0.01)


@pytest.fixture
async def registry(postgres_url: str) -> AsyncIterator[Client]:
    async with serving(postgres_url) as client:
        yield client


@pytest.fixture
async def empty(other_postgres_url: str) -> AsyncIterator[Client]:
    async with serving(other_postgres_url) as client:
        yield client


async def concord(registry: Client, *arguments: str, status: int = 0) -> Outcome:
    """A command run to its end."""
    outcome = await asyncio.to_thread(run_over, Way(registry), "offer", *arguments)
    assert outcome.status == status, (outcome.out, outcome.err)
    return outcome


ODD: tuple[dict[str, Any], ...] = (
    {},
    {"title": {"no": "No", "en": "2026-06-01", "nb-NO": "yes"}},
    {"description": {"no": "Line one\n\n\tand: two # not three\n"}},
    {"products": {"skus": ["010", "no", "1e3", "2026-06-01", "12:30", "~", "null", "true", "0x1F", "a:b"]}},
    {"products": {"skus": ["é", "😀", "'", '"', "-", "?", "&a", "*a", "!x", "%x", "@x", "`x", "#x", "x#", "<<"]}},
    {"products": {"skus": [f"{number:07}" for number in range(3_000)], "categories": ["yes", "{mugs}", "- a", "# b"]}},
    {"criteria": {"not": {"any": [{"attribute": "line.tenure_months", "op": "in", "value": [1, 2]}]}}},
    {"validity": {"start": "2026-06-01T02:00:00+02:00", "end": None}, "honour_for": "P1DT30M", "combines_with": []},
    {"description": {"en": "\u2028 and \u0085 and \u00a0 and \ufeff", "es": " leading", "de": "trailing "}},
    {"priority": 0, "alternative": "offer-0", "exclusive_group": None},
)  # fmt: skip


async def filled(registry: Client) -> dict[str, str]:
    """Offers with everything that could come back as something else; their content hashes by key."""
    for number, changes in enumerate(ODD):
        await registry.draft(f"offer-{number}", **changes)
    await registry.post("marta", "/v1/offers/offer-0/versions", {"terms": TERMS | {"priority": 7}}, status=201)
    return await hashes(registry)


async def hashes(registry: Client) -> dict[str, str]:
    return {item["key"]: item["content_hash"] for item in (await registry.get("/v1/offers"))["items"]}


def content(path: Path) -> dict[str, bytes]:
    files = [path] if path.is_file() else path.iterdir()
    return {file.name: file.read_bytes() for file in files}


@pytest.mark.parametrize("out", ["offers", "offers.yaml", "offers.ndjson"])
@pytest.mark.parametrize("options", [(), ("--submit",)])
async def test_offers_exported_imported_and_exported_are_the_same_bytes(
    registry: Client, empty: Client, tmp_path: Path, out: str, options: tuple[str, ...]
) -> None:
    before = await filled(registry)
    first, second = tmp_path / "first" / out, tmp_path / "second" / out
    first.parent.mkdir()
    second.parent.mkdir()
    await concord(registry, "export", "--all", "--out", str(first))
    told = await concord(empty, "import", str(first), *options)
    assert told.out.endswith(f"Created {len(ODD)}, new drafts 0, unchanged 0, refused 0.\n")
    await concord(empty, "export", "--all", "--out", str(second))
    assert await hashes(empty) == before
    assert content(second) == content(first)
    lifecycles = {item["lifecycle"] for item in (await empty.get("/v1/offers"))["items"]}
    assert lifecycles == {"in_review" if options else "draft"}
    assert (await empty.get("/v1/catalogue"))["revision"] == 0


async def test_offer_exported_to_the_terminal_is_what_is_written_to_a_file(registry: Client, tmp_path: Path) -> None:
    await filled(registry)
    for form in ("yaml", "ndjson"):
        file = tmp_path / f"all.{form}"
        await concord(registry, "export", "--all", "--out", str(file))
        assert (await concord(registry, "export", "--all", "--format", form)).out.encode() == file.read_bytes()
    one = (await concord(registry, "export", "offer-3", "offer-1")).out
    assert one.startswith("key: offer-1\n")
    assert one.count("\n---\n") == 1


async def test_offers_exported_again_change_only_the_files_of_changed_offers(registry: Client, tmp_path: Path) -> None:
    await filled(registry)
    arguments = ("export", "--all", "--out", str(tmp_path / "offers"))
    assert (await concord(registry, *arguments)).out == f"10 offers in {tmp_path}/offers, 10 files changed.\n"
    await registry.post("marta", "/v1/offers/offer-1/versions", {"terms": TERMS}, status=201)
    assert (await concord(registry, *arguments)).out == f"10 offers in {tmp_path}/offers, 1 file changed.\n"


async def test_import_of_what_is_there_does_nothing_and_says_so(registry: Client, tmp_path: Path) -> None:
    await filled(registry)
    await concord(registry, "export", "--all", "--out", str(tmp_path))
    before = await registry.pool.fetchval("SELECT count(*) FROM offer_history")
    told = await concord(registry, "import", str(tmp_path))
    assert told.out == "Created 0, new drafts 0, unchanged 10, refused 0.\n"
    assert await registry.pool.fetchval("SELECT count(*) FROM offer_history") == before


async def test_import_of_other_terms_adds_a_draft_and_releases_nothing(registry: Client, tmp_path: Path) -> None:
    await registry.live()
    file = tmp_path / "free-handset.yaml"
    await concord(registry, "export", KEY, "--out", str(file))
    file.write_text(file.read_text() + "  priority: 7\n")
    dry = await concord(registry, "import", str(file), "--dry-run")
    assert dry.out.endswith("Would create 0, add drafts to 1, leave 0 as they are. Nothing was done.\n")
    revision = (await registry.get("/v1/catalogue"))["revision"]
    told = await concord(registry, "import", str(file))
    assert told.out.endswith("Created 0, new drafts 1, unchanged 0, refused 0.\n")
    shown = await registry.get(f"/v1/offers/{KEY}")
    assert (shown["version"], shown["lifecycle"], shown["current"]["terms"]["priority"]) == (2, "draft", 7)
    assert (shown["activation"]["version"], (await registry.get("/v1/catalogue"))["revision"]) == (1, revision)
    again = await concord(registry, "import", str(file), "--submit")
    assert again.out == "Created 0, new drafts 0, unchanged 1, refused 0.\n"
    assert (await registry.get(f"/v1/offers/{KEY}"))["lifecycle"] == "in_review"


async def test_import_with_submit_keeps_drafts_that_lack_something(registry: Client, tmp_path: Path) -> None:
    await registry.draft("there")
    lines = [("there", {"cards": {}}), ("fresh", {}), ("dangling", {"alternative": "nowhere"}), ("bare", {"cards": {}})]
    file = tmp_path / "offers.ndjson"
    file.write_bytes(b"".join(orjson.dumps({"key": key, "terms": TERMS | more}) + b"\n" for key, more in lines))
    told = await concord(registry, "import", str(file), "--submit", status=1)
    assert told.out.endswith("Created 1, new drafts 0, unchanged 0, refused 3.\n")
    assert "✗ there: The version is not complete; errors names every missing piece. (draft 2 is kept)" in told.out
    assert "/terms/alternative" in told.out
    assert {
        item["key"]: (item["version"], item["lifecycle"]) for item in (await registry.get("/v1/offers"))["items"]
    } == {
        "there": (2, "draft"),
        "fresh": (1, "in_review"),
    }
    (entry,) = (await registry.get("/v1/offers/fresh/history"))["items"]
    assert (entry["verb"], entry["by"]) == ("import", "marta")


async def test_import_of_many_asks_for_the_list_once(
    registry: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("concord.cli.offerfiles.taking.LOOKED_UP", 2)
    await filled(registry)
    await concord(registry, "export", "--all", "--out", str(tmp_path))
    asked: list[str] = []
    way = Way._forward

    async def counted(self: Way, request: httpx.Request, body: bytes) -> httpx.Response:
        asked.append(request.url.path)
        return await way(self, request, body)

    monkeypatch.setattr(Way, "_forward", counted)
    assert "unchanged 10" in (await concord(registry, "import", str(tmp_path))).out
    assert asked == ["/v1/offers"]


async def test_export_in_lines_is_what_the_import_of_jobs_takes(
    registry: Client, empty: Client, tmp_path: Path
) -> None:
    before = await filled(registry)
    file = tmp_path / "offers.ndjson"
    await concord(registry, "export", "--all", "--out", str(file))
    outcome = await asyncio.to_thread(run_over, Way(empty), "import", "offers", str(file))
    assert outcome.out == "Imported 10, already there 0, refused 0.\n"
    assert await hashes(empty) == before


Editor = Callable[..., None]
OPENED = """
import pathlib, sys
steps, file = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
step, _, rest = steps.read_text().partition("\\n")
steps.write_text(rest)
scope = {"text": file.read_text()}
exec(step, scope)
file.write_text(scope["text"])
"""


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editor:
    """Says what the editor does each time it is opened: a line of Python with `text` in and out."""
    steps, program = tmp_path / "steps", tmp_path / "editor.py"
    program.write_text(OPENED)
    monkeypatch.setenv("VISUAL", f"{sys.executable} {program} {steps}")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return lambda *lines: steps.write_text("\n".join(lines))


def left(tmp_path: Path) -> list[Path]:
    return list(tmp_path.glob("concord-*/*"))


async def test_edit_saves_what_the_editor_left(registry: Client, editor: Editor, tmp_path: Path) -> None:
    await registry.draft()
    editor("text += 'priority: 7\\n'")
    assert "Draft 1 of free-handset." in (await concord(registry, "edit", KEY)).out
    shown = await registry.get(f"/v1/offers/{KEY}")
    assert (shown["version"], shown["current"]["terms"]["priority"]) == (1, 7)
    assert left(tmp_path) == []


async def test_edit_of_a_version_in_review_adds_a_draft(registry: Client, editor: Editor) -> None:
    await registry.draft()
    await registry.post("marta", f"/v1/offers/{KEY}/versions/1:submit")
    editor("assert 'a new draft after version 1' in text; text += 'priority: 7\\n'")
    assert "Draft 2 of free-handset." in (await concord(registry, "edit", KEY)).out


@pytest.mark.parametrize("step", ["", "text = ''", "text = text.replace('# ', '#  ')"])
async def test_edit_left_as_it_was_changes_nothing(registry: Client, editor: Editor, tmp_path: Path, step: str) -> None:
    await registry.draft()
    editor(step)
    assert (await concord(registry, "edit", KEY)).out == "Nothing was changed.\n"
    assert len((await registry.get(f"/v1/offers/{KEY}/history"))["items"]) == 1
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("text += 'prioriti: 7\\n'", "/prioriti There is no such field."),
        ("text += 'priority: seven\\n'", "/priority Input should be a valid integer"),
        ("text += 'priority: [\\n'", "It is not YAML"),
        ("text += 'priority: 1\\npriority: 2\\n'", "The field priority is there twice."),
    ],
)
async def test_edit_opens_again_with_what_is_wrong(registry: Client, editor: Editor, wrong: str, told: str) -> None:
    await registry.draft()
    mended = f"assert {told!r} in text, text; text = text.split('\\nprior')[0] + '\\npriority: 8\\n'"
    editor(wrong, mended)
    await concord(registry, "edit", KEY)
    assert (await registry.get(f"/v1/offers/{KEY}"))["current"]["terms"]["priority"] == 8


async def test_edit_refused_twice_keeps_what_was_written(registry: Client, editor: Editor, tmp_path: Path) -> None:
    await registry.draft()
    editor("text += 'prioriti: 7\\n'")
    outcome = await concord(registry, "edit", KEY, status=1)
    (kept,) = left(tmp_path)
    assert f"concord offer edit free-handset --file {kept}" in outcome.err.replace("\n", " ")
    kept.write_text(kept.read_text().replace("prioriti", "priority"))
    await concord(registry, "edit", KEY, "--file", str(kept))
    assert (await registry.get(f"/v1/offers/{KEY}"))["current"]["terms"]["priority"] == 7


async def test_edit_loses_against_whoever_was_first_and_keeps_what_was_written(
    registry: Client, editor: Editor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await registry.draft()
    editor("text += 'priority: 7\\n'")
    way = Way._forward

    async def late(self: Way, request: httpx.Request, body: bytes) -> httpx.Response:
        if request.method == "PUT":
            other = {"terms": TERMS | {"priority": 9}}
            await registry.send("marta", "PUT", f"/v1/offers/{KEY}/versions/1", other, headers={"If-Match": "*"})
        return await way(self, request, body)

    monkeypatch.setattr(Way, "_forward", late)
    await concord(registry, "edit", KEY, status=5)
    assert (await registry.get(f"/v1/offers/{KEY}"))["current"]["terms"]["priority"] == 9
    (kept,) = left(tmp_path)
    assert "priority: 7" in kept.read_text()


async def test_edit_ends_when_the_editor_fails(registry: Client, editor: Editor) -> None:
    await registry.draft()
    editor("raise SystemExit(3)")
    assert "The editor ended with 3." in (await concord(registry, "edit", KEY, status=1)).err


async def test_diff_and_history_say_what_was_done(registry: Client) -> None:
    await registry.draft()
    await registry.post("marta", f"/v1/offers/{KEY}/versions", {"terms": TERMS | {"shown_in": ["sms"]}}, status=201)
    shown = (await concord(registry, "diff", KEY)).out
    assert "free-handset, version 1 → 2: 1 change" in shown
    assert "/shown_in  − web   + sms" in shown
    assert "no changes" in (await concord(registry, "diff", KEY, "1", "--against", "1")).out
    assert [line.split()[2:6] for line in (await concord(registry, "history", KEY)).out.splitlines()[1:]] == [
        ["2", "add", "version", "marta"],
        ["1", "create", "marta", (await registry.get(f"/v1/offers/{KEY}/versions/1"))["content_hash"][:8]],
    ]
