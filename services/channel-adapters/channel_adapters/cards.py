"""The customer card: what was promised first, then who it is (api §4, story scene 4)."""

from collections.abc import Mapping
from typing import Any

import orjson

from channel_adapters.answers import Ground
from channel_adapters.customers import Met
from channel_adapters.questions import CustomerNamed
from channel_adapters.view.freshness import NEVER_MS
from channel_adapters.view.households import Household
from concord.contracts.records import HouseholdRecord, LineRecord, MemberRecord
from concord.decision.answer import Answer
from concord.decision.body import decision_bytes
from concord.decision.decide import Decision


def card(named: CustomerNamed, met: Met, household: Household, decided: Answer, ground: Ground) -> bytes:
    """The JSON body of `POST /v1/customers:lookup`."""
    freshness = ground.freshness
    return orjson.dumps(
        {
            "promises": [_promise(item) for item in decided.items if item.promise is not None],
            "household": household.id,
            "version": household.version,
            "party": met.question.party,
            "line": met.question.line,
            "verified": is_verified(named, household.record),
            "parties": [_party(member) for member in household.record.members],
            "lines": [_line(line) for line in household.record.lines],
            "others": list(met.others),
            "freshness": {
                "state": freshness.state.value,
                "age_ms": None if freshness.age_ms >= NEVER_MS else freshness.age_ms,
            },
            "certificate": orjson.Fragment(decided.certificate.to_bytes()),
        }
    )


def _promise(item: Decision) -> Mapping[str, Any]:
    """A promise with what this channel does about it, in one object."""
    decision: dict[str, Any] = orjson.loads(decision_bytes(item))
    promise: dict[str, Any] = decision.pop("promise")
    return decision | promise


def _party(member: MemberRecord) -> Mapping[str, Any]:
    return {
        "id": member.id,
        "given_name": member.given_name,
        "family_name": member.family_name,
        "language": member.language,
    }


def _line(line: LineRecord) -> Mapping[str, Any]:
    return {"id": line.id, "user": line.user, "holder": line.holder, "last_digits": line.last_digits}


def is_verified(named: CustomerNamed, record: HouseholdRecord) -> bool:
    """By a promise's code, or by a number of the household together with its postcode (api §4)."""
    if named.code is not None:
        return True
    if named.number is None or named.postcode is None:
        return False
    return any(_folded(member.postcode) == _folded(named.postcode) for member in record.members)


def _folded(postcode: str | None) -> str:
    return (postcode or "").strip().casefold()
