"""How amounts, days and ages are written in the terminal."""

from datetime import datetime
from typing import Any

from concord.money import Money, plain

CHANNEL_NAMES = {
    "web": "Web",
    "store_pos": "Store",
    "call_center": "Call centre",
    "sms": "SMS",
    "email": "E-mail",
    "mail": "Mail",
}


def channel(name: str) -> str:
    """The channel's name inside a sentence."""
    return CHANNEL_NAMES.get(name, name).lower()


def money(amount: dict[str, Any] | None) -> str:
    """`130.00`, or a dash when there is no amount."""
    return plain(Money.model_validate(amount)) if amount else "–"


def day(instant: str) -> str:
    """`14 Jun 2026`: the day an instant ends; midnight belongs to the day before it."""
    moment = datetime.fromisoformat(instant)
    last = datetime.fromtimestamp(moment.timestamp() - 1, tz=moment.tzinfo)
    return f"{last.day} {last:%b %Y}"


def age(milliseconds: int | None) -> str:
    """`0.2 s`."""
    return "–" if milliseconds is None else f"{milliseconds / 1000:.1f} s"
