"""The small types terms are made of: instants, durations, names, texts. All of them strict: nothing is converted."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

Channel = Literal["web", "store_pos", "call_center", "sms"]
Origin = Literal["web", "store_pos", "call_center", "sms", "email", "mail"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)  # where customers ask; each needs an honour cell
ORIGINS: tuple[Origin, ...] = get_args(
    Origin
)  # where promises are made: every channel, and e-mail and post, which only promise

SKU_LENGTH = 64  # characters
SKUS_MOST = 50_000  # in one offer; the largest of the dunnhumby campaign has 14,477
CATEGORIES_MOST = 1_000  # in one offer
TITLE_LENGTH = 120  # characters
DESCRIPTION_LENGTH = 2_000  # characters
LOCALES_MOST = 50  # translations of one text
DURATION_MOST = timedelta(days=3_650)
INTEGER_MOST = 2**53 - 1  # what every JSON reader keeps exactly (RFC 8785)

# Control characters are refused everywhere: PostgreSQL cannot store U+0000 in jsonb, and nobody can say the others.
LINE_PATTERN = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"  # one line that is not blank
PROSE_PATTERN = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"  # tabs and line ends too

KEY_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
OfferKey = Annotated[str, Field(pattern=KEY_PATTERN, max_length=80, examples=["free-handset-upgrade"])]
OfferName = Annotated[
    str,
    Field(
        pattern=r"^([a-z0-9]+(-[a-z0-9]+)*|ofr_[0-9a-hjkmnp-tv-z]{26})$",
        max_length=80,
        description="The key or the id of an offer.",
        examples=["free-handset-upgrade"],
    ),
]
Group = Annotated[str, Field(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$", max_length=80, examples=["handset"])]
Sku = Annotated[str, Field(pattern=r"^[^\s\x00-\x1f\x7f]+$", max_length=SKU_LENGTH, examples=["HANDSET-X"])]
Category = Annotated[str, Field(pattern=LINE_PATTERN, max_length=SKU_LENGTH, examples=["handsets"])]
Locale = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$", examples=["en"])]
Integer = Annotated[int, Field(strict=True, ge=-INTEGER_MOST, le=INTEGER_MOST)]

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DURATION = re.compile(r"P(?:(\d{1,5})W|(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?)", re.ASCII)


def parse_instant(value: Any) -> datetime:
    """An instant from RFC 3339 text with its offset, in UTC; an aware datetime passes.

    Raises:
        PydanticCustomError: the text has another form, no offset, or is no day of the calendar.
    """
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise PydanticCustomError("instant_malformed", "write an instant as 2026-06-01T00:00:00Z")


def parse_duration(value: Any) -> timedelta:
    """A duration from ISO 8601 text: weeks, or days and hours, minutes, seconds; more than nothing, at most ten years.

    Years and months are refused: how long they are depends on the day one counts from, and a deadline
    must be the same whoever computes it. Write `P30D`.

    Raises:
        PydanticCustomError: the text has another form or the duration is out of bounds.
    """
    duration = value if isinstance(value, timedelta) else _duration(value)
    if not timedelta(0) < duration <= DURATION_MOST:
        raise PydanticCustomError("duration_out_of_bounds", "a duration is more than nothing and at most P3650D")
    return duration


def _duration(value: Any) -> timedelta:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None or value.endswith(("P", "T")):
        raise PydanticCustomError("duration_malformed", "write a duration as P14D or PT12H, without months and years")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def duration_text(duration: timedelta) -> str:
    """The one spelling of a duration: `P14D`, `PT12H`, `P1DT30M`."""
    minutes, seconds = divmod(duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    clock = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if count)
    return "P" + (f"{duration.days}D" if duration.days else "") + (f"T{clock}" if clock else "")


@lru_cache(maxsize=8192)
def instant_text(instant: datetime) -> str:
    """The one spelling of an instant in UTC: `2026-06-01T00:00:00Z`, with six digits of the second when it has any."""
    return instant.isoformat().replace("+00:00", "Z")


def is_text(value: str) -> bool:
    """Whether the text has neither control characters nor half a surrogate pair."""
    return value.isprintable() or not any(ord(symbol) < 32 or 0xD800 <= ord(symbol) <= 0xDFFF for symbol in value)


def _without_repeats(values: list[str]) -> list[str]:
    if len(set(values)) != len(values):
        repeated = next(value for index, value in enumerate(values) if value in values[:index])
        raise PydanticCustomError("repeated", "{value} is named twice", {"value": repeated})
    return values


Distinct = AfterValidator(_without_repeats)
Instant = Annotated[
    datetime,
    BeforeValidator(parse_instant),
    PlainSerializer(instant_text, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-06-01T00:00:00Z"]}),
]
Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(duration_text, when_used="json"),
    WithJsonSchema({"type": "string", "format": "duration", "examples": ["P14D"]}),
]
