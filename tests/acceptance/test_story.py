"""The story told by the command line against the whole stack: every claim of every scene holds."""

import orjson

from acceptance.terminal import concord
from concord.engines.stack import Stack


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


async def test_unknown_scene_is_a_usage_error(stack: Stack) -> None:
    outcome = await concord(stack, "story", "play", "13")
    assert (outcome.status, outcome.err) == (2, "Scene 13 cannot be told here.\nNext: Choose of 3, 4, 7, 9, or all.\n")
