"""The story told by the command line against the whole stack: every claim of every scene holds."""

import re

import orjson
import pytest

from acceptance.terminal import concord, session
from concord.cli.errors import AnswerIsNo
from concord.engines.stack import Stack

# Numbers for fiction, people and addresses of the story, promise codes.
PERSONAL = re.compile(r"1?\d{3}55501\d\d|Linda|Sample\b|@example|\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}\b")


async def test_story_holds_in_every_claim(stack: Stack) -> None:
    outcome = await concord(stack, "story", "play", "all", "--json")
    document = orjson.loads(outcome.out)
    claims = [claim for steps in document["scenes"].values() for step in steps for claim in step["claims"]]
    assert [claim["sentence"] for claim in claims if not claim["holds"]] == []
    assert (list(document["scenes"]), outcome.status) == (["3", "4", "7", "9"], 0)


async def test_story_scenes_stand_alone_and_in_any_order(stack: Stack) -> None:
    outcome = await concord(stack, "story", "play", "9", "4", "--json")
    assert (outcome.status, outcome.err) == (0, "")


async def test_story_tells_what_was_asked_answered_and_proved(stack: Stack) -> None:
    outcome = await concord(stack, "story", "play", "4")
    assert "asked     Linda calls. Ana types the number" in outcome.out
    assert "✓ the promise is the first thing on the card" in outcome.out
    assert outcome.out.rstrip().endswith("claims in 1 scenes.")


async def test_nothing_personal_is_in_any_log(stack: Stack) -> None:
    """Whatever the story, a malformed question and a path with a number in it leave behind, in nine logs."""
    assert (await concord(stack, "story", "play", "all", "--json")).status == 0
    await concord(stack, "ask", "--number", "+12025550199x", "--offer", "free-handset-upgrade")
    await concord(stack, "ask", "--code", "K7M2-9QX4-TC")
    async with session(stack).client() as client:
        with pytest.raises(AnswerIsNo):
            await client.call("web", "GET", "/v1/customers/+12025550117?email=linda@example.com", person="web")
    logs = {path.name: path.read_text(errors="replace") for path in stack.folder.logs.glob("*.log")}
    assert len(logs) == 9
    found = {(name, match[0]) for name, text in logs.items() for match in PERSONAL.finditer(text)}
    assert found == set()


async def test_unknown_scene_is_a_usage_error(stack: Stack) -> None:
    outcome = await concord(stack, "story", "play", "13")
    assert (outcome.status, outcome.err) == (2, "Scene 13 cannot be told here.\nNext: Choose of 3, 4, 7, 9, or all.\n")
