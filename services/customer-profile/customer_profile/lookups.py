"""Who is meant by a number, an address, a code, an id, a ref, or a name with its postcode (api §3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from concord import codes
from concord.errors import FieldError, Invalid
from concord.lookup import LookupKey
from concord.storage.idempotency import Connection
from customer_profile import store
from customer_profile.documents import Found, PartyShown, Question
from customer_profile.domain import Household
from customer_profile.errors import CustomerUnknown
from customer_profile.store import Kept, Match

NAMES = ("number", "email", "code", "party", "line", "name", "ref")


@dataclass(frozen=True, slots=True)
class Lookups:
    """Look-ups on one connection. Numbers, addresses and names are compared by their keyed hashes.

    A ref is of the caller's own imports.
    """

    connection: Connection
    lookup: LookupKey
    caller: str

    async def find(self, question: Question) -> Found:
        """Whom the question means.

        Raises:
            Invalid: it names nobody or several things at once.
            CodeMalformed, NumberMalformed: the code or number cannot be one.
            CustomerUnknown: nobody goes by that.
        """
        by = asked_by(question)
        if by == "code":
            return await self._by_code(codes.fold(question.code or ""))
        if by == "ref":
            return await self._by_ref(question.ref or "")
        matches = await store.find(self.connection, by, self._value(by, question))
        if not matches:
            raise CustomerUnknown
        return _found(by, matches, question.postcode if by == "number" else None)

    def _value(self, by: str, question: Question) -> str:
        if by == "number":
            return self.lookup.number(question.number or "")
        if by == "email":
            return self.lookup.email(question.email or "")
        if by == "name":
            return self.lookup.name_and_postcode(question.name or "", question.postcode or "")
        return str(getattr(question, by))

    async def _by_code(self, code: str) -> Found:
        promise = await store.find_promise_by_code(self.connection, code)
        if promise is None:
            raise CustomerUnknown
        kept = await store.fetch_household(self.connection, promise.household)
        return _shown("code", kept, promise.party, verified=True, promise=promise.id)

    async def _by_ref(self, ref: str) -> Found:
        kept = await store.find_by_ref(self.connection, self.caller, ref)
        if kept is None:
            raise CustomerUnknown
        return _shown("ref", kept, None, verified=False)


def asked_by(question: Question) -> str:
    """Which of the names the question uses. Raises Invalid unless it is one."""
    given = [name for name in NAMES if getattr(question, name) is not None]
    if len(given) != 1:
        raise Invalid(errors=[FieldError("", f"name exactly one of {', '.join(NAMES)}", "name_one")])
    by = given[0]
    if by == "name" and question.postcode is None:
        raise Invalid(errors=[FieldError("/postcode", "a name needs its postcode", "missing")])
    if by not in {"name", "number"} and question.postcode is not None:
        raise Invalid(errors=[FieldError("/postcode", "a postcode goes with a name or a number", "extra_forbidden")])
    return by


def _found(by: str, matches: Sequence[Match], postcode: str | None) -> Found:
    """The newest household that fits, a line's number before a contact point's; the others by id."""
    first = min(matches, key=lambda match: not match.subject.startswith("lin_")) if by == "number" else matches[0]
    household = first.kept.household
    others = list(
        dict.fromkeys(match.kept.household.id for match in matches if match.kept.household.id != household.id)
    )
    line = household.line(first.subject)
    point = next((point for point in household.contact_points if point.id == first.subject), None)
    party = line.user if line else point.party if point else first.subject
    return _shown(
        by,
        first.kept,
        party,
        verified=postcode is not None and _lives_there(household, postcode),
        line=line.id if line else None,
        contact_point=point.id if point else None,
        others=list(dict.fromkeys(others)),
    )


def _lives_there(household: Household, postcode: str) -> bool:
    return any((member.postcode or "").casefold() == postcode.strip().casefold() for member in household.members)


def _shown(
    by: str,
    kept: Kept,
    party: str | None,
    *,
    verified: bool,
    line: str | None = None,
    contact_point: str | None = None,
    promise: str | None = None,
    others: Sequence[str] = (),
) -> Found:
    members = kept.household.members
    parties = [
        PartyShown(**member.model_dump(include={"id", "given_name", "family_name", "language"})) for member in members
    ]
    return Found(
        household=kept.household.id,
        version=kept.version,
        by=by,
        party=party,
        line=line,
        contact_point=contact_point,
        promise=promise,
        verified=verified,
        parties=parties,
        others=list(others),
    )
