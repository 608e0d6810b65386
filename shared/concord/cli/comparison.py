"""What four channels said to one question, side by side: pure functions from their answers to rows (pages §8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from concord.cli.errors import CommandError
from concord.cli.words import age, channel, day, money

Decision = dict[str, Any]  # as api §4 has it

INPUTS = ("catalogue", "household", "evaluator", "at", "request_digest")  # of a certificate (protocol R21)
NOT_A_YES = frozenset({"refused", "unknown", "withheld", "pending"})
DIFFERS = "≠ "


@dataclass(frozen=True, slots=True)
class Heard:
    """One channel's answer to the question: the body and the age of its view in ms, or why there is none."""

    channel: str
    body: dict[str, Any] | None = None
    view: str = ""
    age_ms: int | None = None
    error: CommandError | None = None

    @property
    def items(self) -> list[Decision]:
        return self.body["items"] if self.body else []

    @property
    def certificate(self) -> dict[str, Any]:
        return self.body["certificate"] if self.body else {}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a row of decisions is about: an offer, one promise on it, or neither: a code that nobody knows yet."""

    offer: str | None
    promise: str | None


def subjects(heard: Sequence[Heard]) -> list[Subject]:
    """Everything that any channel spoke of, in the order it was first named."""
    found = [Subject(item["offer"], (item.get("promise") or {}).get("id")) for answer in heard for item in answer.items]
    return list(dict.fromkeys(found))


def shortened(found: Sequence[Subject], most: int) -> list[Subject]:
    """Every promise, and of the offers that are merely shown the first `most`."""
    merely_shown = [subject for subject in found if subject.offer and not subject.promise]
    left_out = set(merely_shown[most:])
    return [subject for subject in found if subject not in left_out]


def decision(answer: Heard, subject: Subject) -> Decision | None:
    """What the channel said of the subject; None when it did not speak of it."""
    for item in answer.items:
        if item["offer"] == subject.offer and (item.get("promise") or {}).get("id") == subject.promise:
            return item
    return None


def same_inputs(heard: Sequence[Heard]) -> bool:
    """Whether all answers were decided from equal certificate inputs, so that G1 demands equal terms."""
    inputs = [tuple(repr(answer.certificate.get(name)) for name in INPUTS) for answer in heard if answer.body]
    return len(set(inputs)) <= 1


def same_terms(heard: Sequence[Heard]) -> bool:
    """Whether every channel answered, and all with one digest of the terms."""
    digests = {answer.certificate.get("terms_digest") for answer in heard}
    return len(digests) == 1 and None not in digests


def is_yes(heard: Sequence[Heard]) -> bool:
    """Whether the question was answered with terms everywhere: nothing refused, unknown, withheld or pending."""
    return all(item["verdict"] not in NOT_A_YES for answer in heard for item in answer.items)


def verdict(item: Decision | None) -> str:
    """`honour`, `honour, fee`, `refer, web`; a dash where the channel does not speak of it."""
    if item is None:
        return "–"
    said = str(item["verdict"])
    words = "honour, fee" if said == "honour_with_fee" else said.replace("_", " ")
    return f"{words}, {channel(item['refer_to'])}" if item.get("refer_to") else words


def pays(item: Decision | None) -> str:
    """The amount, or why there is none yet."""
    if item is None:
        return "–"
    codes = {reason["code"] for reason in item.get("reasons", [])}
    return (
        "by basket"
        if not item.get("customer_pays") and "price_needs_basket" in codes
        else money(item.get("customer_pays"))
    )


def rows(heard: Sequence[Heard], subject: Subject) -> list[list[str]]:
    """Verdict, customer pays, instead of; for a no also its reason."""
    items = [decision(answer, subject) for answer in heard]
    table = [
        ["verdict", *(verdict(item) for item in items)],
        ["customer pays", *(pays(item) for item in items)],
        ["instead of", *marked([money(item.get("instead_of")) if item else "–" for item in items])],
    ]
    table = [row for row in table if set(row[1:]) != {"–"}]
    reasons = [first_reason(item) for item in items]
    if len(set(reasons)) > 1:
        table.append(["reason", *marked([reason.replace("_", " ") for reason in reasons])])
    return table


def first_reason(item: Decision | None) -> str:
    """Why not; a dash for a yes."""
    if item is None or item["verdict"] not in NOT_A_YES or not item["reasons"]:
        return "–"
    return str(item["reasons"][0]["code"])


def common_no(heard: Sequence[Heard], subject: Subject) -> str:
    """The sentence of a no that every channel gives for the same reason, else nothing."""
    items = [decision(answer, subject) for answer in heard]
    sentences = {item["reasons"][0]["sentence"] for item in items if item and first_reason(item) != "–"}
    return sentences.pop() if len({first_reason(item) for item in items}) == len(sentences) == 1 else ""


def closing_rows(heard: Sequence[Heard]) -> list[list[str]]:
    """The digest of the terms and the age of each view; a channel without an answer says why."""
    digests = marked([(answer.certificate.get("terms_digest") or "–")[:8] for answer in heard])
    terms = [_why_not(answer.error) if answer.error else digest for answer, digest in zip(heard, digests, strict=True)]
    return [["terms", *terms], ["age", *(age(answer.age_ms) for answer in heard)]]


def _why_not(error: CommandError) -> str:
    return "✗ " + error.reason.replace("_", " ")


def marked(cells: Sequence[str]) -> list[str]:
    """The cells; those that differ from what most channels say carry a sign."""
    said = [cell for cell in cells if cell != "–"]
    if not said:
        return list(cells)
    most = max(said, key=said.count)
    return [cell if cell in {most, "–"} else DIFFERS + cell for cell in cells]


def heading(heard: Sequence[Heard], subject: Subject) -> str:
    """`free-handset-upgrade, version 3, promised by e-mail until 14 Jun 2026, code K7M2-9QX4-TB`, and a common no."""
    item = next(found for answer in heard if (found := decision(answer, subject)))
    words = [subject.offer or "This code"]
    if item.get("version"):
        words.append(f"version {item['version']}")
    if promise := item.get("promise"):
        words.append(f"promised by {channel(promise['channel'])} until {day(promise['honour_until'])}")
        words.append(f"code {promise['code']}")
    no = common_no(heard, subject)
    return ", ".join(words) + (f". {no}" if no else "")


def conclusion(heard: Sequence[Heard]) -> str:
    """One line: how many channels gave the same terms, and if they differ, whether they may."""
    digests = [answer.certificate.get("terms_digest") for answer in heard if answer.body]
    agreeing = max((digests.count(digest) for digest in digests), default=0)
    count = f"{agreeing} of {len(heard)} channels"
    if agreeing == len(heard):
        return f"= Same terms in {count}."
    if len(digests) < len(heard):
        return f"≠ Only {len(digests)} of {len(heard)} channels answered; the same terms in {agreeing}."
    if not same_inputs(heard):
        return f"≠ Same terms in {count}; the others answered from another revision. Ask again."
    return f"≠ Same terms in {count}, from equal inputs. Two channels contradict each other: report this."
