"""What a simulation says is what the channels say, against the whole stack."""

from pathlib import Path
from typing import Any

import orjson

from acceptance.terminal import concord, session
from concord.cli import authoring
from concord.engines.stack import Stack

LINDA = ("--number", "+12025550117")
OFFER = "free-handset-upgrade"
FACTS = {"line.tenure_months": 44, "line.barred": False}


def digests(document: Any, answer: str | None = None) -> set[str]:
    bodies = [one[answer] if answer else one for one in document["channels"].values()]
    return {body["certificate"]["terms_digest"] for body in bodies}


async def test_simulated_and_real_answers_have_one_digest(stack: Stack, tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    facts.write_bytes(orjson.dumps(FACTS))
    asked = orjson.loads((await concord(stack, "ask", *LINDA, "--offer", OFFER, "--json")).out)
    version = asked["channels"]["web"]["answer"]["items"][0]["version"]
    name = ("--offer", f"{OFFER}@{version}")
    simulated = await concord(stack, "offer", "simulate", *name, "--facts", str(facts), "--json")
    document = orjson.loads(simulated.out)
    assert digests(document) == digests(asked, "answer")
    assert simulated.status == 0
    for channel, one in asked["channels"].items():
        assert document["channels"][channel]["items"] == one["answer"]["items"]


async def test_draft_is_tried_out_from_its_file_and_by_its_key(stack: Stack, tmp_path: Path) -> None:
    shown = orjson.loads((await concord(stack, "offer", "show", OFFER, "--json")).out)
    terms, facts = tmp_path / "tried-out.json", tmp_path / "facts.json"
    terms.write_bytes(orjson.dumps(shown["current"]["terms"] | {"priority": 7}))
    facts.write_bytes(orjson.dumps(FACTS | {"line.tenure_months": 3}))
    from_file = await concord(stack, "offer", "simulate", str(terms), "--facts", str(facts))
    assert from_file.status == 1
    assert "✗ line.tenure_months ≥ 12; is 3" in from_file.out
    assert (await concord(stack, "offer", "new", "tried-out", str(terms))).status == 0
    by_key = await concord(stack, "offer", "simulate", "--offer", "tried-out", "--facts", str(facts))
    assert (by_key.status, by_key.out) == (1, from_file.out)


async def test_review_names_somebody_who_would_lose(stack: Stack) -> None:
    shown = orjson.loads((await concord(stack, "offer", "show", OFFER, "--json")).out)
    terms = shown["current"]["terms"] | {"shown_in": []}
    dearer = [{"kind": "fixed_price", "price": {"amount": 4900, "currency": "USD"}}]
    async with session(stack).client() as client:
        await authoring.create(client, "reviewed", terms)
        await authoring.bring_live(client, "reviewed", 1)
        number = await authoring.revise(client, "reviewed", terms | {"benefits": dearer})
        path = f"/v1/offers/reviewed/versions/{number}/review"
        review = (await client.call("registry", "GET", path, person=authoring.APPROVER)).body
        await authoring.withdraw(client, "reviewed", "tried out")
    found = review["counter_example"]
    assert (found["live"]["version"], found["live"]["to_pay"], found["new"]["to_pay"]) == (1, 0, 4900)
    assert [conflict["offer"] for conflict in review["conflicts"] if conflict["offer"] == OFFER] == [OFFER]
