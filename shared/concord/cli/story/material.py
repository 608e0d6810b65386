"""What the story is made of: its offers, its households and its dates."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from concord.clock import rfc3339
from concord.ids import Randomness

REGULAR = 13000  # cents
CHANGED = 4900  # cents, Marta's second version
SAVER = 9900  # cents, the nearest alternative
FEE = 500  # cents in the store
WEEKS = 2
SKU = "HANDSET-X"
MOST_FIRST = 96  # so that five numbers from the first on stay within 0199
ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"  # a run's name is read aloud, so no 0, 1, i, l, o, u


def run_name(randomness: Randomness) -> str:
    """A name for one telling, such as `k7m29`: 24 million of them."""
    drawn = randomness.bits(40)
    return "".join(ALPHABET[(drawn >> shift & 255) % len(ALPHABET)] for shift in range(0, 40, 8))


def monday(now: datetime) -> datetime:
    """Monday of the week, 00:00 UTC: when validity starts (story.md, Dates)."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def usd(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "USD"}


def validity(start: datetime) -> dict[str, str]:
    return {"start": rfc3339(start), "end": rfc3339(start + timedelta(weeks=WEEKS))}


def handset_upgrade(start: datetime, price: int = 0, alternative: str | None = None) -> dict[str, Any]:
    """Marta's offer: the handset for nothing instead of 130.00, promised by e-mail and on the web."""
    return {
        "title": {"en": "Free handset upgrade" if price == 0 else "Handset upgrade"},
        "description": {"en": "Handset X for customers of twelve months and more, online only."},
        "benefits": [{"kind": "fixed_price", "price": usd(price)}],
        "regular_price": usd(REGULAR),
        "products": {"skus": [SKU]},
        "criteria": {
            "all": [
                {"attribute": "line.tenure_months", "op": "gte", "value": 12},
                {"not": {"attribute": "line.barred", "op": "eq", "value": True}},
            ]
        },
        "validity": validity(start),
        "promised_in": ["email", "web"],
        "shown_in": ["web"],
        "honour": {
            "web": {"action": "native"},
            "call_center": {"action": "honour"},
            "store_pos": {"action": "honour_with_fee", "fee": usd(FEE)},
            "sms": {"action": "refer", "to": "web"},
        },
        "cards": {"call_center": {"en": CALL_CARD}, "store_pos": {"en": STORE_CARD}},
        "exclusive_group": "handset",
        "alternative": alternative,
    }


CALL_CARD = {
    "say": "Yes, we promised you Handset X for {price} instead of {regular_price}, and it is yours until {until}. "
    "I can order it now.",
    "steps": ["Open the order form", "Choose HANDSET-X at {price}", "Send it to the address on file"],
    "verify": ["Nothing: the promise is in front of you"],
    "next_question": {"asks": "Until when does this stand?", "answer": "Until {until}."},
}
STORE_CARD = {
    "say": "Yes, Handset X is {price} instead of {regular_price}. In the store we add {fee} for handling.",
    "steps": ["Scan HANDSET-X", "Take {customer_pays}"],
    "verify": ["The code, or name and postcode"],
}


def handset_saver(start: datetime) -> dict[str, Any]:
    """What a refusal offers instead: the handset for 99.00, for everybody, everywhere."""
    card = {"say": "Handset X is {price} instead of {regular_price} until {until}.", "steps": ["Order HANDSET-X"]}
    return {
        "title": {"en": "Handset saver"},
        "description": {"en": "Handset X for less."},
        "benefits": [{"kind": "fixed_price", "price": usd(SAVER)}],
        "regular_price": usd(REGULAR),
        "products": {"skus": [SKU]},
        "validity": validity(start),
        "promised_in": ["web"],
        "shown_in": ["web"],
        "honour": {"web": {"action": "native"}}
        | {channel: {"action": "honour"} for channel in ("call_center", "store_pos", "sms")},
        "cards": {channel: {"en": card} for channel in ("call_center", "store_pos", "sms")},
        "exclusive_group": "handset",
    }


@dataclass(frozen=True, slots=True)
class Numbers:
    """Telephone numbers of one telling, from the range that is reserved for fiction: +1 … 555 0100 to 0199."""

    area: int
    first: int

    @classmethod
    def drawn(cls, randomness: Randomness) -> "Numbers":
        return cls(area=200 + randomness.bits(16) % 790, first=randomness.bits(16) % MOST_FIRST)

    def number(self, which: int) -> str:
        return f"+1{self.area}55501{self.first + which:02d}"


LINDAS = Numbers(area=202, first=17)  # of the household that `make run` loads: …0117 and …0142


def linda(ref: str, number: str, daughters_number: str, mail: str) -> dict[str, Any]:
    """Linda, account holder, and her daughter, who uses line L2."""
    return {
        "ref": ref,
        "members": [
            {
                "ref": "linda",
                "given_name": "Linda",
                "family_name": "Example",
                "postcode": "20001",
                "born": "1978",
                "language": "en",
                "facts": {"customer.segment": "loyal"},
            },
            {"ref": "daughter", "given_name": "Lucy", "family_name": "Example", "born": "2013", "language": "en"},
        ],
        "relations": [
            {"kind": "guardian_of", "from": "linda", "to": "daughter", "since": "2013-05-01", "verified_by": "store 12"}
        ],
        "lines": [
            _line("L1", number, "linda", {"line.tenure_months": 44, "line.barred": False}),
            _line("L2", daughters_number, "daughter", {"line.tenure_months": 14, "line.barred": False}),
        ],
        "contact_points": [
            {"ref": "mail", "kind": "email", "address": mail, "party": "linda", "zone": "America/New_York"}
        ],
        "facts": {"household.size": 2},
    }


def _line(ref: str, number: str, user: str, facts: dict[str, Any], holder: str = "linda") -> dict[str, Any]:
    return {"ref": ref, "number": number, "holder": holder, "user": user, "payer": holder, "facts": facts}


def sam(ref: str, number: str) -> dict[str, Any]:
    """Sam, a customer without a promise."""
    facts = {"line.tenure_months": 30, "line.barred": False}
    return {
        "ref": ref,
        "members": [{"ref": "sam", "given_name": "Sam", "family_name": "Sample", "postcode": "20002"}],
        "lines": [_line("L1", number, "sam", facts, holder="sam")],
        "facts": {"household.size": 1},
    }


def addressee(ref: str, number: str) -> dict[str, Any]:
    """Somebody else the e-mail went to."""
    facts = {"line.tenure_months": 20, "line.barred": False}
    lines = [_line("L1", number, "addressee", facts, holder="addressee")]
    return {"ref": ref, "members": [{"ref": "addressee"}], "lines": lines}


def promise(offer: str, household: str, party: str) -> dict[str, Any]:
    """What the campaign tool says of one e-mail it sent."""
    return {
        "household": household,
        "party": party,
        "offer": offer,
        "channel": "email",
        "evidence": {
            "kind": "message",
            "channel": "email",
            "subject": "Your free handset",
            "words": "Handset X is yours for 0.00 instead of 130.00. Order it online.",
            "reference": offer,
        },
    }
