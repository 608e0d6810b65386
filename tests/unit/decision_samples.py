"""Offers, households and questions that decision tests are made of."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from concord.contracts.records import (
    ActivationState,
    EvidenceRecord,
    HouseholdRecord,
    LineRecord,
    MemberRecord,
    OfferRecord,
    PromiseRecord,
    PromiseState,
    VersionRecord,
)
from concord.decision.answer import Answer, answer
from concord.decision.catalogue import Catalogue
from concord.decision.facts import HouseholdView, household_view
from concord.decision.question import Question, Setting, View, setting_at
from concord.decision.shapes import AnswerShape, DecisionShape
from concord.decision.terms import EXAMPLE, Terms

AT = datetime(2026, 6, 3, 10, tzinfo=UTC)
KEY = "free-handset-upgrade"
HOUSEHOLD = "hh_" + "0" * 26
LINDA, DAUGHTER = "pty_" + "1" * 26, "pty_" + "2" * 26
L1, L2 = "lin_" + "1" * 26, "lin_" + "2" * 26
CODE = "K7M29QX4TB"
LIVE = ActivationState.LIVE


def offer_id(number: int) -> str:
    return f"ofr_{number:026d}"


def terms(**changes: Any) -> Terms:
    """The story's offer with some fields changed; None takes a field away."""
    document = {name: value for name, value in {**EXAMPLE, **changes}.items() if value is not None}
    return Terms.model_validate(document)


def usd(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"}


def fixed(amount: int) -> list[dict[str, Any]]:
    return [{"kind": "fixed_price", "price": usd(amount)}]


def version(of: Terms | None = None, number: int = 1, state: ActivationState = LIVE, **fields: Any) -> VersionRecord:
    of = of or terms()
    return VersionRecord(
        version=number, content_hash=of.content_hash(), state=state, state_revision=number, terms=of, **fields
    )


def offer(*versions: VersionRecord, number: int = 1, key: str = KEY) -> OfferRecord:
    return OfferRecord(id=offer_id(number), key=key, versions=list(versions) or [version()])


def promise(of: Terms | None = None, number: int = 1, **fields: Any) -> PromiseRecord:
    of = of or terms()
    made: dict[str, Any] = {
        "id": f"prm_{number:026d}",
        "household": HOUSEHOLD,
        "party": LINDA,
        "version": 5 + number,
        "code": CODE,
        "offer": offer_id(1),
        "offer_key": KEY,
        "offer_version": 1,
        "content_hash": of.content_hash(),
        "channel": "email",
        "made_at": AT - timedelta(days=1),
        "honour_until": datetime(2026, 6, 15, tzinfo=UTC),
        "state": PromiseState.OPEN,
        "evidence": EvidenceRecord(kind="message", channel="email"),
    }
    return PromiseRecord(**{**made, **fields})


def household(
    *promises: PromiseRecord,
    lines: Mapping[str, Mapping[str, Any]] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> HouseholdView:
    """Linda's household: two people, two lines."""
    own = (
        lines
        if lines is not None
        else {L1: {"line.tenure_months": 44, "line.barred": False}, L2: {"line.tenure_months": 14}}
    )
    record = HouseholdRecord(
        id=HOUSEHOLD,
        version=4,
        members=[
            MemberRecord(id=LINDA, born="1978", facts={"customer.segment": "loyal"}),
            MemberRecord(id=DAUGHTER, born="2013-05-01"),
        ],
        lines=[
            LineRecord(
                id=line, holder=LINDA, user=LINDA if line == L1 else DAUGHTER, payer=LINDA, lookup="0" * 32,
                last_digits="0117", facts=dict(own[line]),
            )
            for line in own
        ],
        facts={"household.size": 2} if facts is None else dict(facts),
    )  # fmt: skip
    return household_view(record, promises, epoch=1)


def linda(*offers: str, **fields: Any) -> Question:
    """Linda asks, on her line."""
    return Question(household=HOUSEHOLD, party=LINDA, line=L1, offers=offers or (KEY,), **fields)


def ask(
    question: Question,
    offers: Sequence[OfferRecord],
    held: HouseholdView | None,
    channel: str = "web",
    setting: Setting | None = None,
) -> Answer:
    view = View(Catalogue.of(offers), 1, len(offers), held)
    return answer(question, view, setting or setting_at(channel, AT))


def read(given: Answer) -> AnswerShape:
    """The answer as a client reads it."""
    return AnswerShape.model_validate_json(given.to_bytes())


def items(given: Answer) -> list[DecisionShape]:
    return read(given).items


def only(given: Answer) -> DecisionShape:
    (item,) = items(given)
    return item


def codes_of(item: DecisionShape) -> list[str]:
    return [reason.code for reason in item.reasons]


def plain(given: Answer) -> Any:
    return orjson.loads(given.to_bytes())
