"""Why: one vocabulary of reason codes, their sentences in one message catalogue, and the page that documents them.

A sentence is what staff can say aloud. Languages are added as further tables of the same codes; without one, English.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

import orjson

from concord.decision import criteria as c
from concord.decision import needs
from concord.decision.attributes import BUILT_IN, Attribute
from concord.decision.kleene import Blame


class Verdict(StrEnum):
    """What a channel does with an offer for this customer (api §4)."""

    AVAILABLE = "available"
    HONOUR = "honour"
    HONOUR_WITH_FEE = "honour_with_fee"
    REFER = "refer"
    ALTERNATIVE = "alternative"
    ESCALATE = "escalate"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    WITHHELD = "withheld"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Reason:
    """A code that stays, a sentence that may be said aloud, and the attribute it is about, if it is about one."""

    code: str
    sentence: str
    attribute: str | None = None
    body: bytes = field(default=b"", repr=False, compare=False)  # as JSON


@dataclass(frozen=True, slots=True)
class Entry:
    """A code of the vocabulary: with which verdicts it comes, and its sentence in English."""

    verdicts: tuple[Verdict, ...]
    sentence: str


_V = Verdict
_KEPT = (_V.HONOUR, _V.HONOUR_WITH_FEE, _V.REFER, _V.ALTERNATIVE, _V.ESCALATE)
_WHERE = {
    "web": "on our website",
    "store_pos": "in one of our stores",
    "call_center": "on the phone",
    "sms": "by text message",
    "email": "by e-mail",
    "mail": "by post",
}
ENGLISH: Mapping[str, Entry] = {
    **{
        f"promised_by_{origin}": Entry(
            _KEPT, f"This was promised to you {where} on {{promised_on}}, and it holds until {{until}}."
        )
        for origin, where in _WHERE.items()
    },
    "available_here": Entry((_V.AVAILABLE,), "Yes, you can have this here."),
    "honoured_here": Entry((_V.HONOUR,), "Yes, we honour this here."),
    "honoured_with_fee": Entry((_V.HONOUR_WITH_FEE,), "Yes, we honour this here for a fee of {fee} {currency}."),
    "referred": Entry((_V.REFER,), "We cannot do this here; you can have it {where}."),
    "alternative_offered": Entry((_V.ALTERNATIVE,), "We cannot do this here, but we can offer you something else."),
    "needs_approval": Entry((_V.ESCALATE,), "I need my {role} to approve this; please give me a moment."),
    "price_needs_basket": Entry((_V.AVAILABLE, *_KEPT), "The exact price depends on what you buy."),
    "offer_unknown": Entry((_V.REFUSED,), "We have no offer of that name."),
    "offer_not_released": Entry((_V.REFUSED,), "This offer has not started yet."),
    "offer_not_started": Entry((_V.REFUSED,), "This offer starts on {start}."),
    "offer_ended": Entry((_V.REFUSED,), "This offer was valid until {end}."),
    "offer_withdrawn": Entry((_V.REFUSED,), "This offer is no longer available."),
    "outside_hours": Entry((_V.REFUSED,), "This offer is only valid at certain hours of the week, not now."),
    "code_needed": Entry((_V.UNKNOWN,), "This offer needs its code."),
    "criterion_not_met": Entry((_V.REFUSED,), "This offer needs {needed}."),
    "promise_honoured": Entry((_V.REFUSED,), "This promise has already been honoured."),
    "promise_cancelled": Entry((_V.REFUSED,), "This promise was cancelled."),
    "promise_expired": Entry((_V.REFUSED,), "This promise held until {until}."),
    "currency_not_offered": Entry((_V.REFUSED,), "This offer is not made in this currency."),
    "scope_empty": Entry((_V.REFUSED,), "Nothing in the basket is part of this offer."),
    "nothing_to_reduce": Entry((_V.REFUSED,), "This offer takes nothing off this basket."),
    "better_offer_applied": Entry((_V.REFUSED,), "You already have the offer that saves you most here."),
    "not_combinable": Entry((_V.REFUSED,), "This offer does not go together with another one you have."),
    "code_unknown": Entry((_V.REFUSED,), "We do not know this code."),
    "code_ended": Entry((_V.REFUSED,), "The offer of this code is over."),
    "code_not_started": Entry((_V.REFUSED,), "The offer of this code has not started yet."),
    "near_miss": Entry((_V.REFUSED,), "{missing}, and you get this offer."),
    "fact_missing": Entry((_V.UNKNOWN,), "We need to know {question} before we can say."),
    "view_fenced": Entry(
        (_V.WITHHELD,), "We cannot say right now; please ask again in a minute, or in another channel."
    ),
    "evaluator_too_old": Entry((_V.WITHHELD,), "This channel cannot read this offer yet; please ask in another one."),
    "code_not_known_yet": Entry(
        (_V.PENDING,), "We do not see this code yet; it is noted and will be confirmed, not refused."
    ),
    "promise_not_known_yet": Entry(
        (_V.PENDING,),
        "We see the promise but not its terms yet; it is noted and will be confirmed, not refused.",
    ),
}
MESSAGES: Mapping[str, Mapping[str, Entry]] = {"en": ENGLISH}
_NOUNS = {
    "web": "on our website",
    "store_pos": "in our stores",
    "call_center": "from our call centre",
    "sms": "by text message",
}
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


@lru_cache(maxsize=4096)
def say(code: str, locale: str = "en", attribute: str | None = None, **values: str) -> Reason:
    """The reason with its sentence in that locale, or in English when the catalogue has none."""
    sentence = MESSAGES.get(locale, ENGLISH)[code].sentence.format(**values)
    body = {"code": code, "sentence": sentence}
    return Reason(
        code, sentence, attribute, orjson.dumps(body if attribute is None else {**body, "attribute": attribute})
    )


@lru_cache(maxsize=4096)
def day_text(instant: datetime) -> str:
    """`1 June 2026`, in UTC, with the time of day unless it is midnight."""
    day = f"{instant.day} {_MONTHS[instant.month - 1]} {instant.year}"
    return day if _is_midnight(instant) else f"{day} at {instant:%H:%M} UTC"


@lru_cache(maxsize=4096)
def until_text(instant: datetime) -> str:
    """The last moment before a half-open end: `the end of 14 June 2026`, or `14:30 UTC on 14 June 2026`."""
    if _is_midnight(instant) and instant.toordinal() > 1:
        return f"the end of {day_text(instant - timedelta(days=1))}"
    return f"{instant:%H:%M} UTC on {instant.day} {_MONTHS[instant.month - 1]} {instant.year}"


@lru_cache(maxsize=4096)
def date_text(instant: datetime) -> str:
    """The day alone, in UTC: `1 June 2026`."""
    return f"{instant.day} {_MONTHS[instant.month - 1]} {instant.year}"


def _is_midnight(instant: datetime) -> bool:
    return not (instant.hour or instant.minute or instant.second or instant.microsecond)


def place_text(channel: str) -> str:
    """Where a customer can have it: `on our website`."""
    return _NOUNS[channel]


def origin_text(channel: str) -> str:
    """How something was promised: `by e-mail`."""
    return _WHERE.get(channel, channel)


def not_met(blames: Iterable[Blame], locale: str, registry: Mapping[str, Attribute] = BUILT_IN) -> tuple[Reason, ...]:
    """One reason for each comparison that failed, in the order of the criteria, each said once."""
    found = [say("criterion_not_met", locale, subject(blame), needed=needs.needed(blame, registry)) for blame in blames]
    return tuple(dict.fromkeys(found))


def missing(blames: Iterable[Blame], locale: str, registry: Mapping[str, Attribute] = BUILT_IN) -> tuple[Reason, ...]:
    """One reason for each attribute whose fact is missing or disputed, in the order of the criteria."""
    names = dict.fromkeys(map(subject, blames))
    return tuple(say("fact_missing", locale, name, question=needs.question(name, registry)) for name in names)


def subject(blame: Blame) -> str:
    """The attribute that is to blame, or `basket.items` for a part of the basket."""
    return "basket.items" if isinstance(blame.comparison, c.PartOfBasket) else blame.comparison.attribute


def reference() -> str:
    """`docs/reference/reasons.md`: every code, when it comes, and its sentence."""
    rows = [
        f"| `{code}` | {', '.join(f'`{verdict}`' for verdict in entry.verdicts)} | {entry.sentence} |"
        for code, entry in sorted(ENGLISH.items())
    ]
    head = (
        "# Reason codes\n\nGenerated by `make docs` from `concord.decision.reasons`.\n"
        "Codes stay; sentences may be reworded and translated. "
        "Words in braces are filled in.\n\n| code | with the verdicts | sentence |\n|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n"
