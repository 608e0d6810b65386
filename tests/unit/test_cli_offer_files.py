"""`concord offer check`, `export`, `import`, `diff` and `history`: golden output, exit statuses, and what is sent."""

from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from concord.cli.offerfiles import yamltext
from concord.decision.terms import Terms
from unit.cli_services import Services, problem, run

KEY = "free-handset-upgrade"
TERMS: dict[str, Any] = {
    "title": {"en": "Free handset upgrade"},
    "benefits": [{"kind": "fixed_price", "price": {"amount": 0, "currency": "USD"}}],
    "validity": {"start": "2026-06-01T00:00:00Z"},
    "honour": {channel: {"action": "native"} for channel in ("web", "store_pos", "call_center", "sms")},
}
SAY = "Yes, the handset is yours for nothing instead of 130.00. I can send it today."
HASH = "5212fe69" + "0" * 56
OTHER = "0b5d11aa" + "0" * 56


def offer(key: str = KEY, version: int = 1, lifecycle: str = "draft", **changes: Any) -> dict[str, Any]:
    """An offer as the registry answers it."""
    terms = Terms.model_validate(TERMS | changes)
    current = {"version": version, "terms": terms.model_dump(mode="json", by_alias=True)}
    head = {"key": key, "version": version, "lifecycle": lifecycle, "content_hash": terms.content_hash()}
    return head | {"current": current | {"content_hash": terms.content_hash()}}


@pytest.fixture
def services() -> Services:
    return Services()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own, so that names of files are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, *offers: tuple[str, dict[str, Any]]) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yamltext.written([{"key": key, "terms": TERMS | changes} for key, changes in offers]))
    return name


def trimmed(out: str) -> str:
    return "".join(line.rstrip() + "\n" for line in out.splitlines())


HISTORY = [
    {
        "version": 2,
        "verb": "withdraw",
        "by": "nora",
        "at": "2026-06-03T10:00:00.123Z",
        "reason": "Priced below cost by mistake.",
        "before": HASH,
        "after": HASH,
        "changes": None,
        "job": None,
        "state": "SUSPENDED",
        "revision": 7,
        "traceparent": None,
    },
    {
        "version": 1,
        "verb": "edit",
        "by": "marta",
        "at": "2026-06-01T09:12:04.000Z",
        "reason": None,
        "before": OTHER,
        "after": HASH,
        "changes": [
            {"op": "added", "pointer": f"/{name}", "before": None, "after": 1} for name in ("a", "b", "c", "d")
        ],
        "job": None,
        "state": None,
        "revision": None,
        "traceparent": None,
    },
    {
        "version": 1,
        "verb": "import",
        "by": "marta",
        "at": "2026-06-01T09:12:03.999Z",
        "reason": None,
        "before": None,
        "after": OTHER,
        "changes": None,
        "job": "job_01jzq7m2r8e4tavk3c5d6f7g8h",
        "state": None,
        "revision": None,
        "traceparent": None,
    },
]

HISTORY_AT_80 = """\
at                   version  what      by     terms     why
2026-06-03 10:00:00  2        withdraw  nora   5212fe69  Priced below cost by
                                                         mistake.
2026-06-01 09:12:04  1        edit      marta  5212fe69  /a, /b, /c and 1 more
2026-06-01 09:12:03  1        import    marta  0b5d11aa  job_01jzq7m2r8e4tavk3c5
                                                         d6f7g8h
"""
HISTORY_AT_120 = """\
at                   version  what      by     terms     why
2026-06-03 10:00:00  2        withdraw  nora   5212fe69  Priced below cost by mistake.
2026-06-01 09:12:04  1        edit      marta  5212fe69  /a, /b, /c and 1 more
2026-06-01 09:12:03  1        import    marta  0b5d11aa  job_01jzq7m2r8e4tavk3c5d6f7g8h
"""


@pytest.mark.parametrize(("columns", "shown"), [(80, HISTORY_AT_80), (120, HISTORY_AT_120)])
def test_history_has_who_did_what_when_and_why(services: Services, columns: int, shown: str) -> None:
    services.on("registry", "GET", f"/v1/offers/{KEY}/history", {"items": HISTORY, "next": None})
    outcome = run(services, "offer", "history", KEY, columns=columns)
    assert trimmed(outcome.out) == shown
    assert (outcome.status, outcome.err) == (0, "")


def test_history_reads_every_page(services: Services) -> None:
    def page(request: httpx.Request) -> dict[str, Any]:
        first = "after" not in request.url.params
        return {"items": HISTORY[:1] if first else HISTORY[1:], "next": "b" if first else None}

    services.on("registry", "GET", f"/v1/offers/{KEY}/history", page)
    assert orjson.loads(run(services, "offer", "history", KEY, "--json").out) == {"items": HISTORY, "next": None}


def change(op: str, pointer: str, before: Any, after: Any) -> dict[str, Any]:
    return {"op": op, "pointer": pointer, "before": before, "after": after}


DIFFERENCE = {
    "offer": "ofr_1",
    "key": KEY,
    "from": 1,
    "to": 2,
    "changes": [
        change("changed", "/cards/sms/en/say", None, {"say": SAY}),
        change("changed", "/description/en", "One\nline", "Line"),
        change("removed", "/honour_for", "P14D", None),
        change("changed", "/products/skus", ["A"], ["B", "C", "D", "E"]),
        change("added", "/shown_in", [], ["sms"]),
        change("added", "/title/es", None, "Gratis"),
    ],
}
DIFFERENCE_AT_80 = """
free-handset-upgrade, version 1 → 2: 6 changes
where              before       after
/cards/sms/en/say  null         {"say":"Yes, the handset is yours for nothing
                                instead of 13…
/description/en    "One\\nline"  Line
/honour_for        P14D         –
/products/skus     − A          + B, C, D and 1 more
/shown_in                       + sms
/title/es          –            Gratis
"""
DIFFERENCE_AT_120 = """
free-handset-upgrade, version 1 → 2: 6 changes
where              before       after
/cards/sms/en/say  null         {"say":"Yes, the handset is yours for nothing instead of 13…
/description/en    "One\\nline"  Line
/honour_for        P14D         –
/products/skus     − A          + B, C, D and 1 more
/shown_in                       + sms
/title/es          –            Gratis
"""


@pytest.mark.parametrize(("columns", "shown"), [(80, DIFFERENCE_AT_80), (120, DIFFERENCE_AT_120)])
def test_diff_has_the_place_and_both_values(services: Services, columns: int, shown: str) -> None:
    services.on("registry", "GET", f"/v1/offers/{KEY}/versions/2/diff", DIFFERENCE)
    outcome = run(services, "offer", "diff", KEY, "2", columns=columns)
    assert trimmed(outcome.out) == shown
    assert (outcome.status, outcome.err) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "version", "query"),
    [
        ((), 3, {}),
        (("2",), 2, {}),
        (("3", "--against", "1"), 3, {"against": "1"}),
        (("--against", "1"), 3, {"against": "1"}),
    ],
)
def test_diff_is_of_the_newest_version_against_the_one_before_unless_told(
    services: Services, arguments: tuple[str, ...], version: int, query: dict[str, str]
) -> None:
    asked: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> dict[str, Any]:
        asked.append(dict(request.url.params))
        return DIFFERENCE | {"changes": []}

    services.on("registry", "GET", f"/v1/offers/{KEY}", offer(version=3))
    services.on("registry", "GET", f"/v1/offers/{KEY}/versions/{version}/diff", answer)
    outcome = run(services, "offer", "diff", KEY, *arguments)
    assert outcome.out == "\nfree-handset-upgrade, version 1 → 2: no changes\n"
    assert asked == [query]


def test_diff_as_json_is_what_the_registry_answered(services: Services) -> None:
    services.on("registry", "GET", f"/v1/offers/{KEY}/versions/2/diff", DIFFERENCE)
    assert orjson.loads(run(services, "offer", "diff", KEY, "2", "--json").out) == DIFFERENCE


CHECKED = """\
✗ offers.yaml:22: bad: 4 things are missing or wrong.
  /honour/web              say what web does when a customer brings this offer
  /honour/store_pos        say what store_pos does when a customer brings this offer
  /honour/call_center      say what call_center does when a customer brings this offer
  /honour/sms              say what sms does when a customer brings this offer
✗ broken.yaml: 1 thing is missing or wrong.
  broken.yaml:2: It is not YAML: did not find expected node content.
✗ terms.json: 2 things are missing or wrong.
  /priority                Input should be a valid integer.
  /more                    There is no such field.
1 of 4 offers complete.
"""


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("columns", [80, 120])
def test_check_names_every_missing_piece_of_every_offer(services: Services, columns: int) -> None:
    write("offers.yaml", ("good", {}), ("bad", {"honour": {}, "cards": {}}))
    Path("broken.yaml").write_text("a: [")
    Path("terms.json").write_bytes(orjson.dumps(TERMS | {"priority": "x", "more": 1}))
    outcome = run(services, "offer", "check", "offers.yaml", "broken.yaml", "terms.json", columns=columns)
    assert (outcome.out, outcome.err, outcome.status) == (CHECKED, "", 1)
    assert services.asked == []


@pytest.mark.usefixtures("here")
def test_check_of_what_is_complete_ends_with_0(services: Services) -> None:
    outcome = run(services, "offer", "check", write("offers/good.yaml", (KEY, {})))
    assert (outcome.out, outcome.status) == ("1 of 1 offer complete.\n", 0)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"criteria": {"attribute": "line.barred", "op": "gt", "value": True}}, "/criteria/op"),
        ({"criteria": {"attribute": "line.age", "op": "eq", "value": 1}}, "/criteria/attribute"),
        ({"validity": {"start": "2026-06-02T00:00:00Z", "end": "2026-06-01T00:00:00Z"}}, "/validity/end"),
        ({"validity": {"start": "2026-06-02"}}, "/validity/start"),
        ({"title": {"en": "a", "n o": "b"}}, "/title/n o"),
        ({"products": {"skus": ["A", "A"]}}, "/products/skus"),
    ],
)
def test_check_finds_what_the_registry_would_refuse(services: Services, changes: dict[str, Any], pointer: str) -> None:
    outcome = run(services, "offer", "check", write("offer.yaml", (KEY, changes)), "--json")
    (item,) = orjson.loads(outcome.out)["items"]
    assert pointer in [error["pointer"] for error in item["errors"]]
    assert (item["key"], item["place"], outcome.status) == (KEY, "offer.yaml", 1)


@pytest.mark.usefixtures("here")
def test_check_wants_cards_in_the_locales_that_are_required(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"honour": TERMS["honour"] | {"sms": {"action": "honour"}}, "cards": {"sms": {"en": {"say": SAY}}}}
    file = write("offer.yaml", (KEY, said))
    assert run(services, "offer", "check", file).status == 0
    assert "/cards/sms/es" in run(services, "offer", "check", file, "--locales", "en, es").out
    monkeypatch.setenv("CONCORD_REQUIRED_LOCALES", "es")
    assert run(services, "offer", "check", file).status == 1


@pytest.mark.usefixtures("here")
def test_check_takes_a_key_that_is_none_for_wrong(services: Services) -> None:
    assert "/key" in run(services, "offer", "check", write("offer.yaml", ("Not A Slug", {}))).out


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("verb", ["check", "import"])
def test_one_key_in_two_places_is_refused(services: Services, verb: str) -> None:
    write("offers/a.yaml", (KEY, {}))
    write("offers/b.yaml", ("other", {}), (KEY, {"priority": 7}))
    outcome = run(services, "offer", verb, "offers")
    assert "free-handset-upgrade is in offers/a.yaml and in offers/b.yaml:22." in outcome.err
    assert outcome.status == 2


@pytest.mark.usefixtures("here")
def test_folder_stands_for_its_files_but_not_for_hidden_or_other_ones(services: Services) -> None:
    write("offers/june/a.yaml", ("a", {}))
    write("offers/b.yml", ("b", {}))
    write("offers/.github/workflow.yaml", ("c", {}))
    Path("offers/README.md").write_text("# Offers")
    Path("offers/lines.ndjson").write_bytes(orjson.dumps({"ref": "d", "data": {"key": "d", "terms": TERMS}}) + b"\n\n")
    found = orjson.loads(run(services, "offer", "check", "offers", "--json").out)["items"]
    assert [item["key"] for item in found] == ["b", "a", "d"]


IMPORTED = """\
offer    version  lifecycle
fresh    1        draft
changed  3        draft
✗ taken: Another offer has that key.
✗ odd: The terms cannot be saved as they are.
  /criteria/op             There is no such operator.
Created 1, new drafts 1, unchanged 1, refused 2.
"""


@pytest.fixture
def registry(services: Services) -> Services:
    """Offers that are there, and what becomes of others."""

    def create(request: httpx.Request) -> Any:
        key = orjson.loads(request.content)["key"]
        if key == "taken":
            return problem(409, "key_taken", "Another offer has that key.")
        if key == "odd":
            wrong = {"pointer": "/criteria/op", "detail": "There is no such operator."}
            return problem(422, "terms_invalid", "The terms cannot be saved as they are.", errors=[wrong])
        return offer(key)

    for key in ("fresh", "taken", "odd"):
        services.on("registry", "GET", f"/v1/offers/{key}", problem(404, "offer_unknown", "There is none."))
    services.on("registry", "GET", "/v1/offers/same", offer("same", lifecycle="released"))
    services.on("registry", "GET", "/v1/offers/changed", offer("changed", 2, "released", priority=7))
    services.on("registry", "POST", "/v1/offers", create)
    services.on("registry", "POST", "/v1/offers/changed/versions", {"version": 3})
    return services


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("columns", [80, 120])
def test_import_says_what_became_of_each(registry: Services, columns: int) -> None:
    file = write("offers.yaml", *((key, {}) for key in ("fresh", "changed", "same", "taken", "odd")))
    outcome = run(registry, "offer", "import", file, columns=columns)
    assert (trimmed(outcome.out), outcome.status) == (IMPORTED, 1)


@pytest.mark.usefixtures("here")
def test_import_as_json_has_every_offer(registry: Services) -> None:
    file = write("offers.yaml", *((key, {}) for key in ("fresh", "same", "odd")))
    found = orjson.loads(run(registry, "offer", "import", file, "--json").out)
    assert [(item["key"], item["outcome"], item["version"]) for item in found["items"]] == [
        ("fresh", "created", 1),
        ("same", "unchanged", 1),
        ("odd", "refused", None),
    ]
    assert (found["created"], found["added"], found["unchanged"], found["refused"]) == (1, 0, 1, 1)


@pytest.mark.usefixtures("here")
def test_import_sends_nothing_when_anything_is_malformed(registry: Services) -> None:
    file = write("offers.yaml", ("fresh", {}), ("odd", {"priority": "high"}))
    outcome = run(registry, "offer", "import", file)
    assert "/priority" in outcome.out
    assert (outcome.err, outcome.status, registry.asked) == ("Nothing was imported.\n", 1, [])
    as_json = run(registry, "offer", "import", file, "--json")
    (error,) = orjson.loads(as_json.err)["errors"]
    assert (error["pointer"], error["place"], as_json.status) == ("/priority", "offers.yaml:22", 1)


@pytest.mark.usefixtures("here")
def test_import_that_is_only_tried_sends_nothing(registry: Services) -> None:
    file = write("offers.yaml", *((key, {}) for key in ("fresh", "changed", "same")))
    outcome = run(registry, "offer", "import", file, "--dry-run")
    assert outcome.out.endswith("Would create 1, add drafts to 1, leave 1 as they are. Nothing was done.\n")
    assert {method for _, method, _, _ in registry.asked} == {"GET"}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("offer.yaml", "title: {en: x}", "offer.yaml says something else than key and terms."),
        ("offer.yaml", "key: a\nterms: {}\nmore: 1", "offer.yaml says something else than key and terms."),
        ("offer.yaml", "key: a\nkey: b", "offer.yaml:2: The field key is there twice."),
        ("offer.yaml", "key: a\nterms: {x: 99999999999999999999999}", "offer.yaml: Integer exceeds 64-bit range."),
        ("offer.yaml", 'key: a\nterms: {x: "\\u0000"}', "NUL"),
        ("offer.json", "{", "offer.json: It is not JSON"),
        ("offer.json", '{"key": "a", "key": "b"}', "The field key is there twice."),
        ("offers.ndjson", '\n{"ref": "a"}', "offers.ndjson:2 says something else than key and terms."),
        ("offers.ndjson", "\n\n{", "offers.ndjson:3: It is not JSON"),
    ],
)
def test_import_refuses_files_it_cannot_read(services: Services, name: str, text: str, sentence: str) -> None:
    Path(name).write_text(text)
    outcome = run(services, "offer", "import", name, environ={"COLUMNS": "400"}, columns=400)
    assert sentence in outcome.err
    assert outcome.status == 2


@pytest.mark.usefixtures("here")
def test_import_refuses_a_file_that_is_no_utf8(services: Services) -> None:
    Path("offer.yaml").write_bytes(b"key: \xff")
    assert "offer.yaml is not UTF-8 at byte 5." in run(services, "offer", "import", "offer.yaml").err


def test_import_that_nobody_answers_ends_with_3(services: Services, here: Path) -> None:
    services.down.add("registry")
    assert run(services, "offer", "import", write(str(here / "offer.yaml"), (KEY, {}))).status == 3


def test_import_by_somebody_who_may_not_ends_with_6(registry: Services, here: Path) -> None:
    registry.on("registry", "POST", "/v1/offers", problem(403, "role_missing", "offer_author is needed."))
    assert run(registry, "offer", "import", write(str(here / "offer.yaml"), ("fresh", {}))).status == 6


def test_export_writes_what_is_hashed(services: Services) -> None:
    services.on("registry", "GET", f"/v1/offers/{KEY}", offer(priority=7))
    out = run(services, "offer", "export", KEY).out
    (document,) = yamltext.documents(out)
    terms = Terms.model_validate(TERMS | {"priority": 7})
    assert document.value == {"key": KEY, "terms": terms.document()}
    as_json = run(services, "offer", "export", KEY, "--json").out
    assert orjson.loads(as_json)["items"] == [document.value]
    as_lines = run(services, "offer", "export", KEY, "--format", "ndjson").out
    assert orjson.loads(as_lines) == {"ref": KEY, "data": document.value}


@pytest.mark.usefixtures("here")
def test_export_into_a_folder_says_where_each_offer_is(services: Services) -> None:
    services.on("registry", "GET", "/v1/offers/a", offer("a"))
    services.on("registry", "GET", "/v1/offers/b", offer("b", 4))
    found = orjson.loads(run(services, "offer", "export", "b", "a", "b", "--out", "offers", "--json").out)
    assert [(item["key"], item["version"], item["file"]) for item in found["items"]] == [
        ("a", 1, "offers/a.yaml"),
        ("b", 4, "offers/b.yaml"),
    ]
    assert {file.name for file in Path("offers").iterdir()} == {"a.yaml", "b.yaml"}


@pytest.mark.parametrize("wrong", [{"surprise": 1}, {"priority": 8}])
def test_export_refuses_terms_that_it_would_not_write_whole(services: Services, wrong: dict[str, Any]) -> None:
    answered = offer()
    answered["current"]["terms"] |= wrong
    services.on("registry", "GET", f"/v1/offers/{KEY}", answered)
    outcome = run(services, "offer", "export", KEY)
    assert (outcome.out, outcome.status) == ("", 1)
    assert "Use the command line of the registry's release." in outcome.err


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "arguments",
    [(), (KEY, "--all"), ("--all", "--format", "csv"), ("--all", "--format", "yaml", "--out", "offers.ndjson")],
)
def test_export_that_makes_no_sense_ends_with_2(services: Services, arguments: tuple[str, ...]) -> None:
    assert run(services, "offer", "export", *arguments).status == 2
    assert services.asked == []


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("out", "status"), [("new/folder", 0), ("new/all.yaml", 0), ("file", 2), ("file/x.yaml", 2)])
def test_export_makes_the_folders_it_needs_or_says_that_it_cannot(services: Services, out: str, status: int) -> None:
    services.on("registry", "GET", "/v1/offers/a", offer("a"))
    Path("file").write_text("in the way")
    outcome = run(services, "offer", "export", "a", "--out", out)
    assert (outcome.status, "cannot be written" in outcome.err) == (status, status == 2)


@pytest.mark.usefixtures("here")
def test_export_of_an_unknown_offer_writes_nothing(services: Services) -> None:
    services.on("registry", "GET", "/v1/offers/a", offer("a"))
    services.on("registry", "GET", "/v1/offers/b", problem(404, "offer_unknown", "No offer has that key."))
    assert run(services, "offer", "export", "a", "b", "--out", "offers").status == 1
    assert not Path("offers").exists()


@pytest.mark.usefixtures("here")
def test_new_and_edit_take_the_file_of_the_offer_and_no_other(services: Services) -> None:
    services.on("registry", "POST", "/v1/offers", offer())
    services.on("registry", "GET", f"/v1/offers/{KEY}", offer(lifecycle="released"))
    services.on("registry", "POST", f"/v1/offers/{KEY}/versions", {"version": 2})
    own, other = write("own.yaml", (KEY, {})), write("other.yaml", ("other", {}))
    assert run(services, "offer", "new", KEY, own).status == 0
    assert services.asked[-1][3] == {"key": KEY, "terms": TERMS}
    assert run(services, "offer", "edit", KEY, "--file", own).status == 0
    assert services.asked[-1][3] == {"terms": TERMS}
    for arguments in (("new", KEY, other), ("edit", KEY, "--file", other)):
        outcome = run(services, "offer", *arguments)
        assert "other.yaml holds other, not free-handset-upgrade." in outcome.err
        assert outcome.status == 2


def test_edit_needs_a_terminal_or_an_editor_or_a_file(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    services.on("registry", "GET", f"/v1/offers/{KEY}", offer(lifecycle="released"))
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    outcome = run(services, "offer", "edit", KEY)
    assert "Next: Give the terms with --file." in outcome.err
    assert outcome.status == 2
    monkeypatch.setenv("EDITOR", "/nowhere/editor --wait")
    outcome = run(services, "offer", "edit", KEY)
    assert "/nowhere/editor does not start" in outcome.err
    assert outcome.status == 2
