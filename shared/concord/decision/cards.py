"""Instruction cards: what staff say, do and verify, per channel and locale, versioned with the offer (api §2)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from concord.decision.scalars import LINE_PATTERN

SAY_WORDS = 35
SAY_LENGTH = 600  # characters, so that 35 words stay a sentence
STEPS_MOST = 6
STEP_LENGTH = 40  # characters
VERIFY_MOST = 6
VERIFY_LENGTH = 200  # characters
PLACEHOLDERS = ("price", "regular_price", "fee", "customer_pays", "until", "promised_on", "promised_in", "code")

_NAMES = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")


def _few_words(text: str) -> str:
    if len(text.split()) > SAY_WORDS:
        raise PydanticCustomError("say_too_long", "say it in at most {most} words", {"most": SAY_WORDS})
    return text


Line = Annotated[str, Field(pattern=LINE_PATTERN, max_length=VERIFY_LENGTH)]
Say = Annotated[str, Field(pattern=LINE_PATTERN, max_length=SAY_LENGTH), AfterValidator(_few_words)]
Step = Annotated[str, Field(pattern=LINE_PATTERN, max_length=STEP_LENGTH)]


class NextQuestion(BaseModel):
    """What the customer is likely to ask next, and the answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asks: Line
    answer: Line


class Card(BaseModel):
    """One channel's instruction in one locale. Texts may name the placeholders of `PLACEHOLDERS` in braces."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    say: Say
    steps: Annotated[list[Step], Field(max_length=STEPS_MOST)] = []
    verify: Annotated[list[Line], Field(max_length=VERIFY_MOST)] = []
    next_question: NextQuestion | None = None

    def texts(self) -> list[tuple[str, str]]:
        """Every text with its JSON Pointer below the card."""
        texts = [("/say", self.say)]
        texts += [(f"/steps/{index}", step) for index, step in enumerate(self.steps)]
        texts += [(f"/verify/{index}", line) for index, line in enumerate(self.verify)]
        if self.next_question is not None:
            texts += [
                ("/next_question/asks", self.next_question.asks),
                ("/next_question/answer", self.next_question.answer),
            ]
        return texts


def unknown_placeholders(text: str) -> list[str]:
    """What stands in braces and is no placeholder; a brace without its partner counts as one."""
    return [match.group() for match in _BRACES.finditer(text) if match.group(1) not in PLACEHOLDERS]


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a card, cut at its placeholders: literal, name, literal, name, … literal."""

    pieces: tuple[str, ...]

    def fill(self, values: Mapping[str, str | None]) -> str | None:
        """The text with its placeholders filled; None when this decision has no value for one of them."""
        if len(self.pieces) == 1:
            return self.pieces[0]
        filled = [values.get(piece) if index % 2 else piece for index, piece in enumerate(self.pieces)]
        return None if None in filled else "".join(filled)  # type: ignore[arg-type]  # no None among them

    def with_values(self, values: Mapping[str, str]) -> "Text":
        """The text with these placeholders filled and the others left."""
        merged = [self.pieces[0]]
        for name, literal in zip(self.pieces[1::2], self.pieces[2::2], strict=True):
            if name in values:
                merged[-1] += values[name] + literal
            else:
                merged += [name, literal]
        return Text(tuple(merged))


def cut(text: str) -> Text:
    """The text, ready to be filled."""
    return Text(tuple(_NAMES.split(text)))


@dataclass(frozen=True, slots=True)
class Filled:
    """A card as it is answered: `body` is its JSON object, `say` its sentence."""

    body: bytes
    say: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A card ready to be filled. A text that names what the decision does not have is left out: no holes are shown."""

    locale: str
    say: Text
    steps: tuple[Text, ...]
    verify: tuple[Text, ...]
    next_question: tuple[Text, Text] | None
    names: frozenset[str]  # the placeholders it still has

    def fill(self, values: Mapping[str, str | None], instead: str) -> Filled:
        """The card for one decision; `instead` is said when `say` names what it does not have."""
        say = self.say.fill(values) or instead
        body: dict[str, object] = {"say": say, "steps": _fill(self.steps, values), "verify": _fill(self.verify, values)}
        if self.next_question is not None:
            asks, answer = (text.fill(values) for text in self.next_question)
            if asks is not None and answer is not None:
                body["next_question"] = {"asks": asks, "answer": answer}
        body["locale"] = self.locale
        return Filled(orjson.dumps(body), say)

    def with_values(self, values: Mapping[str, str]) -> "Prepared":
        """The card with these placeholders filled and the others left."""
        asked = self.next_question
        return _prepared(
            self.locale,
            self.say.with_values(values),
            tuple(text.with_values(values) for text in self.steps),
            tuple(text.with_values(values) for text in self.verify),
            None if asked is None else (asked[0].with_values(values), asked[1].with_values(values)),
        )


def _fill(texts: tuple[Text, ...], values: Mapping[str, str | None]) -> list[str]:
    return [filled for text in texts if (filled := text.fill(values)) is not None]


def _prepared(
    locale: str, say: Text, steps: tuple[Text, ...], verify: tuple[Text, ...], asked: tuple[Text, Text] | None
) -> Prepared:
    names = frozenset(name for text in (say, *steps, *verify, *(asked or ())) for name in text.pieces[1::2])
    return Prepared(locale, say, steps, verify, asked, names)


def prepare(card: Card, locale: str) -> Prepared:
    """The card with every text cut at its placeholders."""
    asked = card.next_question
    return _prepared(
        locale,
        cut(card.say),
        tuple(map(cut, card.steps)),
        tuple(map(cut, card.verify)),
        None if asked is None else (cut(asked.asks), cut(asked.answer)),
    )


Item = TypeVar("Item")


def in_locale(by_locale: Mapping[str, Item], locale: str) -> tuple[str, Item] | None:
    """What stands under the locale, else under its language, else under English, else under the first in order."""
    for wanted in (locale, locale.partition("-")[0], "en"):
        if wanted in by_locale:
            return wanted, by_locale[wanted]
    first = min(by_locale, default=None)
    return None if first is None else (first, by_locale[first])
