"""Certificates: what an answer rests on, and digests that let anybody compare two answers (protocol R21).

`terms_digest` is SHA-256 of the RFC 8785 JSON of an array of entries, sorted by their bytes:
`{"because": [codes], "benefits": […], "honour_until": instant | null, "offer": key, "promise": id | null, "version":
n}`, where `because` is empty when the benefits are owed and says why not when they are not.
`policy_digest` is the same over `{"alternative", "card", "escalate_to", "fee", "offer", "promise", "refer_to",
"verdict", "version"}` of each decision, `card` being the card of the locale before its placeholders are filled.
`request_digest` covers the question without the channel and without the instant, which stands beside it.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from concord.decision.evaluator import EVALUATOR
from concord.decision.question import Question, View


def owed(benefits: bytes, key: str, version: int, promise: str | None = None, until: str | None = None) -> bytes:
    """The entry of benefits that are owed: `benefits` is RFC 8785 JSON, `until` the deadline as text."""
    pledge = f'"{promise}"' if promise is not None else "null"
    deadline = f'"{until}"' if until is not None else "null"
    tail = f',"honour_until":{deadline},"offer":"{key}","promise":{pledge},"version":{version}}}'
    return b"".join((b'{"because":[],"benefits":', benefits, tail.encode()))


def not_owed(
    because: Sequence[str], offer: str | None, version: int | None, promise: str | None = None, until: str | None = None
) -> bytes:
    """The entry of what is not owed, and why."""
    return orjson.dumps(
        {
            "because": sorted(because),
            "benefits": [],
            "honour_until": until,
            "offer": offer,
            "promise": promise,
            "version": version,
        }
    )


def digest(entries: Iterable[bytes]) -> str:
    """SHA-256 of the array of the entries, sorted by their bytes."""
    return hashlib.sha256(b"[" + b",".join(sorted(entries)) + b"]").hexdigest()


def request_digest(question: Question) -> str:
    """SHA-256 of the question. Lists are sorted: their order never matters (terms §3)."""
    document = {
        "code": question.code,
        "facts": dict(question.facts),
        "household": question.household,
        "line": question.line,
        "offers": _set(question.offers),
        "party": question.party,
        "products": _set(question.products),
    }
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _set(names: tuple[str, ...]) -> Sequence[str]:
    return sorted(set(names)) if len(names) > 1 else names


@dataclass(frozen=True, slots=True)
class HouseholdPosition:
    """Which version of which household an answer knows."""

    epoch: int
    id: str
    version: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """The inputs of an answer, and the digests of what it says. Equal inputs must give an equal `terms_digest` (G1)."""

    epoch: int
    revision: int
    household: HouseholdPosition | None
    evaluator: int
    at: datetime
    request_digest: str
    terms_digest: str
    policy_digest: str

    def to_bytes(self) -> bytes:
        """The certificate as JSON. Ids and digests are plain ASCII."""
        held = self.household
        household = (
            f'{{"epoch":{held.epoch},"id":"{held.id}","version":{held.version}}}' if held is not None else "null"
        )
        return (
            f'{{"catalogue":{{"epoch":{self.epoch},"revision":{self.revision}}},"household":{household},'
            f'"evaluator":{self.evaluator},"at":"{instant_ms(self.at)}","request_digest":"{self.request_digest}",'
            f'"terms_digest":"{self.terms_digest}","policy_digest":"{self.policy_digest}"}}'
        ).encode()


def certify(view: View, at: datetime, *, request: str, terms: Iterable[bytes], policy: Iterable[bytes]) -> Certificate:
    """The certificate of what was answered from the view at the instant: the entries owed, and those of the policy."""
    household = view.household
    return Certificate(
        epoch=view.epoch,
        revision=view.revision,
        household=None if household is None else HouseholdPosition(household.epoch, household.id, household.version),
        evaluator=EVALUATOR,
        at=at,
        request_digest=request,
        terms_digest=digest(terms),
        policy_digest=digest(policy),
    )


def instant_ms(instant: datetime) -> str:
    """An instant with its milliseconds: `2026-06-03T10:00:00.123Z`. The instant is in UTC."""
    return instant.isoformat(timespec="milliseconds")[:23] + "Z"
