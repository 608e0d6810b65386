"""Scenes 3, 4, 7 and 9 of the story as exchanges with the services. Each checks what it tells."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from concord import codes
from concord.cli import authoring, comparison
from concord.cli.asking import Question
from concord.cli.comparison import Heard
from concord.cli.story.material import CHANGED, FEE, REGULAR
from concord.cli.story.stage import AUDIENCE, Stage
from concord.cli.story.steps import Step, step
from concord.cli.words import day, money

Telling = Callable[[Stage], AsyncIterator[Step]]


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene of story.md that this release can tell."""

    number: int
    title: str
    tell: Telling


async def mailed(stage: Stage) -> AsyncIterator[Step]:
    await stage.on_sale()
    tally = await stage.send_promises()
    yield step(
        f"The campaign tool sends the e-mail's audience, {AUDIENCE} addressees, as one import.",
        tally.sentence(),
        ("every addressee has a promise, none was dropped", tally.accepted == AUDIENCE),
    )
    promise, terms = stage.promise, stage.terms()
    code = promise.get("code", "")
    yield step(
        "It reads Linda's household from the profile.",
        f"Promised by e-mail: {terms['title']['en']}, code {code}, until the end of {day(terms['validity']['end'])}.",
        ("the code has its check symbol", _well_formed(code)),
        ("the deadline is the end of the offer's last day", promise.get("honour_until") == terms["validity"]["end"]),
        ("the promise is open", promise.get("state") == "open"),
    )
    again = await stage.send_promises()
    yield step(
        "It sends the same audience again, after a power cut.",
        again.sentence(),
        ("nobody is promised anything twice", (again.accepted, again.already_there) == (0, AUDIENCE)),
    )
    heard = await stage.ask_about(Question({"code": code}, (stage.offer,)))
    yield step(
        f"All four channels are asked by the code alone, {code}.",
        _said(heard),
        ("every channel knows the promise", _all(heard, lambda item: _promised(item, stage))),
        ("every channel says the same terms", comparison.same_terms(heard)),
        heard=heard,
    )


async def called(stage: Stage) -> AsyncIterator[Step]:
    await stage.with_promise()
    headers = {"concord-at-least": ", ".join(sorted(stage.tokens))}
    caller = {"number": stage.lindas_number}
    card = (
        await stage.concord.call(
            "call_center", "POST", "/v1/customers:lookup", person="ana", json=caller, headers=headers
        )
    ).body
    first = (card.get("promises") or [{}])[0]
    yield step(
        f"Linda calls. Ana types the number {stage.lindas_number} and nothing else.",
        f"First on the card: promised {first.get('offer')}, code {first.get('code')}.",
        ("the promise is the first thing on the card", first.get("offer") == stage.offer),
    )
    answer = await stage.concord.call(
        "call_center", "POST", "/v1/decisions", person="ana", json={"customer": caller}, headers=headers
    )
    item = (answer.body["items"] or [{}])[0]
    yield step(
        "Ana's screen asks what is owed; no offer is named, no proof is asked.",
        _owed(item),
        ("the promise comes first", _promised(item, stage)),
        ("honour now, without a fee", item.get("verdict") == "honour" and not item.get("fee")),
        ("0.00, not 130.00", _pays(item) == 0 and (item.get("instead_of") or {}).get("amount") == REGULAR),
    )
    card_said = item.get("card") or {}
    yield step(
        "What does Ana say and do?",
        f"“{item.get('say_this', '')}” {' · '.join(card_said.get('steps', []))}",
        ("there is a sentence to say, with the price in it", "0.00" in (item.get("say_this") or "")),
        ("and there are steps", bool(card_said.get("steps"))),
    )


async def changed(stage: Stage) -> AsyncIterator[Step]:
    await stage.on_sale()
    await stage.with_promise()
    version = await authoring.revise(stage.concord, stage.offer, stage.terms(CHANGED))
    stage.note(await authoring.bring_live(stage.concord, stage.offer, version))
    stage.note(await authoring.until_state(stage.concord, stage.offer, version - 1, "CLOSING", "CLOSED"))
    sam = await stage.ask(stage.sams_number)
    yield step(
        f"Marta changes the offer to {money(_usd(CHANGED))}, Nora approves. Sam, who has no promise, asks.",
        f"Web: {comparison.pays(_in(sam, 'web'))} instead of {money((_in(sam, 'web') or {}).get('instead_of'))}.",
        ("Sam pays the new price", _pays(_in(sam, "web")) == CHANGED),
        ("every channel says the same terms", comparison.same_terms(sam)),
        heard=sam,
    )
    linda = await stage.ask(stage.lindas_number)
    yield step("Linda asks in all four channels.", _said(linda), *_still_owed(linda), heard=linda)
    await stage.withdraw()
    linda = await stage.ask(stage.lindas_number)
    yield step(
        "Marta withdraws the offer. Linda asks again.",
        _said(linda),
        *_still_owed(linda),
        ("until the same deadline", _all(linda, lambda item: _deadline(item) == stage.promise.get("honour_until"))),
        heard=linda,
    )


async def refused(stage: Stage) -> AsyncIterator[Step]:
    await stage.withdraw()
    heard = await stage.ask(stage.sams_number)
    items = [item for answer in heard for item in answer.items]
    reasons = {tuple(reason["code"] for reason in item["reasons"]) for item in items}
    sentences = {item["say_this"] for item in items}
    alternatives = {(item.get("alternative") or {}).get("offer") for item in items}
    said = next(iter(sentences), "")
    yield step(
        "The offer is withdrawn. Sam, who has no promise, asks for it in all four channels.",
        f"“{said}” Instead: {', '.join(sorted(filter(None, alternatives))) or 'nothing'}.",
        ("no channel gives it", len(items) == len(heard) and {item["verdict"] for item in items} == {"refused"}),
        ("every channel gives the same reason", len(reasons) == 1),
        ("in the same sentence", len(sentences) == 1 and bool(said)),
        ("and the same alternative", alternatives == {stage.saver}),
        heard=heard,
    )


SCENES = {
    scene.number: scene
    for scene in (
        Scene(3, "Promised by e-mail", mailed),
        Scene(4, "Linda calls", called),
        Scene(7, "The offer changes, the promise does not", changed),
        Scene(9, "Sam asks too late", refused),
    )
}


def _still_owed(heard: list[Heard]) -> tuple[tuple[str, bool], ...]:
    pays = {answer.channel: _pays(_first(answer)) for answer in heard}
    return (
        ("0.00 as promised on the web and on the phone", pays["web"] == pays["call_center"] == 0),
        ("0.00 and the handling fee of 5.00 in the store", pays["store_pos"] == FEE),
        ("every channel says the same terms", comparison.same_terms(heard)),
    )


def _said(heard: list[Heard]) -> str:
    """What is spoken of: the offer, its version, and the promise."""
    return ", ".join(comparison.heading(heard, subject) for subject in comparison.subjects(heard)[:1])


def _all(heard: list[Heard], holds: Callable[[dict[str, Any]], bool]) -> bool:
    return all(answer.items and holds(answer.items[0]) for answer in heard)


def _first(answer: Heard) -> dict[str, Any] | None:
    return answer.items[0] if answer.items else None


def _in(heard: list[Heard], channel: str) -> dict[str, Any] | None:
    return next((_first(answer) for answer in heard if answer.channel == channel), None)


def _pays(item: dict[str, Any] | None) -> int | None:
    return (item or {}).get("customer_pays", {}).get("amount") if item and item.get("customer_pays") else None


def _promised(item: dict[str, Any], stage: Stage) -> bool:
    return bool(stage.promise) and (item.get("promise") or {}).get("id") == stage.promise["id"]


def _deadline(item: dict[str, Any]) -> str | None:
    return (item.get("promise") or {}).get("honour_until")


def _usd(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "USD"}


def _owed(item: dict[str, Any]) -> str:
    if not item:
        return "Nothing."
    promise = item.get("promise") or {}
    until = f", until {day(promise['honour_until'])}" if promise else ""
    return (
        f"{comparison.verdict(item)}: {money(item.get('customer_pays'))}, not {money(item.get('instead_of'))}{until}."
    )


def _well_formed(code: str) -> bool:
    try:
        codes.fold(code)
    except codes.CodeMalformed:
        return False
    return True
