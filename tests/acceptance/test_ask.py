"""What the README tells a stranger to type, against the whole stack."""

import asyncio
import shutil
from pathlib import Path

import orjson
import pytest

from acceptance.terminal import concord, session
from concord.cli import agreement
from concord.cli.client import CHANNELS
from concord.cli.story import loading
from concord.cli.waiting import until_agreed
from concord.engines.stack import Stack

LINDA = ("--number", "+12025550117")
OFFER = "free-handset-upgrade"


async def test_four_channels_say_the_same_about_lindas_offer(stack: Stack) -> None:
    outcome = await concord(stack, "ask", *LINDA, "--offer", OFFER)
    assert "verdict        available  honour, fee  honour       refer, web" in outcome.out
    assert "= Same terms in 4 of 4 channels." in outcome.out
    assert (outcome.status, outcome.err) == (0, "")


async def test_unknown_offer_is_a_no_that_all_channels_give(stack: Stack) -> None:
    outcome = await concord(stack, "ask", *LINDA, "--offer", "no-such-offer", "--json")
    answers = [one["answer"] for one in orjson.loads(outcome.out)["channels"].values()]
    said = {(answer["items"][0]["verdict"], answer["items"][0]["reasons"][0]["code"]) for answer in answers}
    assert (said, len(answers), outcome.status) == ({("refused", "offer_unknown")}, 4, 1)


async def test_malformed_code_is_refused_by_name(stack: Stack) -> None:
    outcome = await concord(stack, "ask", "--code", "K7M2-9QX4-TC")
    assert outcome.status == 1
    assert outcome.err.splitlines()[-1].startswith("Next: ")


async def test_status_finds_every_view_equal(stack: Stack) -> None:
    async with session(stack).client() as client, asyncio.timeout(20):
        await until_agreed(client)
    outcome = await concord(stack, "status", "--json")
    document = orjson.loads(outcome.out)
    assert [view["channel"] for view in document["views"]] == list(CHANNELS)
    assert all(service["ready"] for service in document["services"].values())


async def test_loading_the_story_again_changes_nothing(stack: Stack) -> None:
    async with session(stack).client() as client:
        before = await agreement.authorities(client)
        await loading.load(session(stack))
        assert await agreement.authorities(client) == before


async def test_import_refuses_bad_lines_and_goes_on_where_it_stopped(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "households.ndjson"
    lines = [{"ref": f"ask-{n}", "data": {"members": [{"ref": "a"}]}} for n in range(50)]
    lines[20] = {"ref": "ask-20", "data": {"members": "nobody"}}
    file.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    first = await concord(stack, "import", "households", str(file))
    assert (first.status, first.out.splitlines()[0]) == (1, "Imported 49, already there 0, refused 1.")
    refused = orjson.loads((tmp_path / "households.refused.ndjson").read_bytes())["refused"]
    assert (refused["line"], refused["reason"]) == (21, "invalid")
    again = await concord(stack, "import", "households", str(file))
    assert again.out.splitlines()[0] == "Imported 0, already there 49, refused 1."


async def test_offer_is_written_approved_and_withdrawn_by_commands(stack: Stack, tmp_path: Path) -> None:
    terms = tmp_path / "terms.json"
    shown = orjson.loads((await concord(stack, "offer", "show", OFFER, "--json")).out)
    complete = shown["current"]["terms"]
    terms.write_bytes(orjson.dumps(complete | {"honour": {}, "cards": {}}))
    assert (await concord(stack, "offer", "new", "by-hand", str(terms))).status == 0
    incomplete = await concord(stack, "offer", "submit", "by-hand")
    assert incomplete.status == 1
    assert "/honour/store_pos" in incomplete.err
    terms.write_bytes(orjson.dumps(complete))
    steps = [("edit", "--file", str(terms)), ("submit",), ("approve", "--as", "nora"), ("release",)]
    for verb, *rest in steps:
        done = await concord(stack, "offer", verb, "by-hand", *rest)
        assert (done.status, done.err) == (0, ""), verb
    gone = await concord(stack, "offer", "withdraw", "by-hand", "--reason", "tried out", "--yes")
    assert gone.status == 0


async def test_nobody_approves_what_they_wrote(stack: Stack, tmp_path: Path) -> None:
    terms = tmp_path / "terms.json"
    shown = orjson.loads((await concord(stack, "offer", "show", OFFER, "--json")).out)
    terms.write_bytes(orjson.dumps(shown["current"]["terms"]))
    for arguments in (("new", "four-eyes", str(terms), "--as", "marta"), ("submit", "four-eyes", "--as", "marta")):
        assert (await concord(stack, "offer", *arguments)).status == 0
    assert (await concord(stack, "offer", "approve", "four-eyes", "--as", "marta")).status == 6


@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not installed (Debian: apt install kcat)")
async def test_kcat_reads_the_log_as_it_is(stack: Stack) -> None:
    topic = ("-t", "concord.offers.v1", "-o", "beginning", "-e", "-q", "-f", "%k %h %s\n")
    kcat = await asyncio.create_subprocess_exec(
        "kcat", "-C", "-b", stack.kafka_bootstrap, *topic, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await kcat.communicate()
    changes = [line for line in out.decode().splitlines() if line.startswith("ofr_")]
    assert all("ce_type=concord.offer.changed.v1" in line and "ce_specversion=1.0" in line for line in changes)
    assert any(f'"key":"{OFFER}"' in line for line in changes)
