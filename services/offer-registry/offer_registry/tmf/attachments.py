"""Instruction cards as TMF671's attachments, and back."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any, Final

from pydantic import ValidationError

from concord.decision.cards import Card
from concord.errors import FieldError
from offer_registry.tmf.schemas import AttachmentRefOrValue
from offer_registry.tmf.values import Findings, compact, read

TYPE: Final = "instructionCard"
MEDIA_TYPE: Final = "application/json"
Document = dict[str, Any]


def attachments_of(cards: dict[str, dict[str, Document]]) -> list[Document]:
    """An attachment for each card: what staff say is its description, the card's JSON its content."""
    return [
        _attachment(channel, locale, cards[channel][locale])
        for channel in sorted(cards)
        for locale in sorted(cards[channel])
    ]


def _attachment(channel: str, locale: str, card: Document) -> Document:
    return {
        "id": f"{channel}.{locale}",
        "name": _name(channel, locale),
        "attachmentType": TYPE,
        "description": card["say"],
        "mimeType": MEDIA_TYPE,
        "content": b64encode(compact(card).encode()).decode(),
    }


def _name(channel: str, locale: str) -> str:
    return f"What {channel} says, {locale}"


def cards_of(
    attachments: Sequence[AttachmentRefOrValue], pointer: str, findings: Findings
) -> dict[str, dict[str, Document]]:
    """The cards that attachments carry. What cannot be read is added to `findings`."""
    cards: dict[str, dict[str, Document]] = {}
    for place, attachment in enumerate(attachments):
        channel, _, locale = attachment.id.partition(".")
        try:
            card = _card(attachment, known=locale in cards.setdefault(channel, {}))
        except ValueError as error:
            findings.append(FieldError(f"{pointer}/{place}", f"{error}.", "not_translatable"))
        else:
            cards[channel][locale] = card
    return {channel: locales for channel, locales in cards.items() if locales}


def _card(attachment: AttachmentRefOrValue, *, known: bool) -> Document:
    if known:
        raise ValueError("This card is there twice")
    try:
        card = read(b64decode(attachment.content, validate=True).decode())
        Card.model_validate_json(compact(card), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise ValueError(f"Its content is no card: {'/'.join(map(str, first['loc']))}: {first['msg']}") from None
    except ValueError:
        raise ValueError("Its content is not the Base64 of a card's JSON") from None
    channel, _, locale = attachment.id.partition(".")
    if attachment.description not in {None, card["say"]} or attachment.name not in {None, _name(channel, locale)}:
        raise ValueError("Its name and description follow from its id and content; leave them out")
    return dict(card)
