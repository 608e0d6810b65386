"""Who is meant: from a number, an address, a code, an id or a name to a household, a party and a line (api §4)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from channel_adapters.questions import CustomerNamed
from channel_adapters.view.bound import NOTHING, WAIT, Fetched
from channel_adapters.view.households import Found, Household
from channel_adapters.view.live import LiveView
from channel_adapters.view.readthrough import Authorities
from concord import codes
from concord.decision.question import Question
from concord.errors import FieldError
from concord.lookup import LookupKey, NumberMalformed

REMEMBERED: Final = 4_096  # numbers; parsing one costs some 60 µs


@dataclass(frozen=True, slots=True)
class Met:
    """Who is meant, as far as this replica knows, and what was fetched to know it.

    Attributes:
        household: None when nobody known matches.
        question: household, party, line and code of the question.
        others: further households that the same name leads to.
    """

    household: str | None
    question: Question
    fetched: Fetched
    others: tuple[str, ...] = ()


NOBODY: Final = Met(None, Question(), NOTHING)


class Customers:
    """Finds customers in the view, and by code at the profile too: a code proves that its promise exists (R15, R20)."""

    def __init__(
        self,
        live: LiveView,
        authorities: Authorities,
        lookup: LookupKey,
        note_pending: Callable[[str], Awaitable[None]],
    ) -> None:
        self._live = live
        self._authorities = authorities
        self._lookup = lookup
        self._note_pending = note_pending
        self._met_by_number: dict[str, Met] = {}
        self._households_seen = -1

    async def meet(self, named: CustomerNamed | None, fetched: Fetched) -> Met:
        """Who is meant.

        Raises:
            CodeMalformed, NumberMalformed: it cannot be a code, or a number.
        """
        if named is None:
            return NOBODY if fetched is NOTHING else replace(NOBODY, fetched=fetched)
        if named.code is not None:
            return await self._by_code(codes.fold(named.code), fetched)
        if named.number is None or fetched is not NOTHING:
            return self._named(named, fetched)
        return self._by_number(named.number, named)

    def _by_number(self, number: str, named: CustomerNamed) -> Met:
        """Staff and tills ask for the same caller again and again; whom a number means is remembered until some
        household changes.
        """
        if self._households_seen != self._live.reader.changes:
            self._households_seen = self._live.reader.changes
            self._met_by_number.clear()
        met = self._met_by_number.get(number)
        if met is None:
            if len(self._met_by_number) >= REMEMBERED:
                self._met_by_number.clear()
            met = self._met_by_number[number] = self._named(named, NOTHING)
        return met

    def _named(self, named: CustomerNamed, fetched: Fetched) -> Met:
        if named.household is not None:
            return self._met(named.household, fetched)
        found = self._find(self._term(named), fetched)
        return self._subject(found, fetched) if found else self._met(None, fetched)

    def household(self, household: str, fetched: Fetched) -> Household | None:
        """A household as this request sees it: the view's, or what was fetched if that is newer."""
        return fetched.newest(household, self._live.reader.household(household))

    def _term(self, named: CustomerNamed) -> str:
        if named.number is not None:
            try:
                return self._lookup.number(named.number)
            except NumberMalformed as error:
                errors = [FieldError(f"/customer{found.pointer}", found.detail) for found in error.errors]
                raise NumberMalformed(errors=errors) from None
        if named.email is not None:
            return self._lookup.email(named.email)
        if named.name is not None and named.postcode is not None:
            return self._lookup.name_and_postcode(named.name, named.postcode)
        return named.party or named.line or ""

    def _find(self, term: str, fetched: Fetched) -> list[Found]:
        if not fetched.households:
            return self._live.reader.find(term)
        here = [found for found in self._live.reader.find(term) if found.household not in fetched.households]
        return here + [found for household in fetched.households.values() for found in household.find(term)]

    def _subject(self, found: Sequence[Found], fetched: Fetched) -> Met:
        """The newest household that fits, a line's number before a contact point's, as the profile has it."""
        lines = [match for match in found if match.subject.startswith("lin_")]
        matches = lines or found
        household = max(match.household for match in matches)
        others = tuple(sorted({match.household for match in found} - {household}))
        met = replace(self._met(household, fetched), others=others)
        subjects = {match.subject for match in matches if match.household == household}
        return met if len(subjects) > 1 else self._meant(met, subjects.pop(), fetched)

    def _meant(self, met: Met, subject: str, fetched: Fetched) -> Met:
        """A line stands for its user too."""
        if not subject.startswith("lin_"):
            return replace(met, question=replace(met.question, party=subject))
        household = self.household(met.household, fetched) if met.household is not None else None
        line = household.view.lines.get(subject) if household is not None else None
        return replace(met, question=replace(met.question, line=subject, party=line.user if line is not None else None))

    def _met(self, household: str | None, fetched: Fetched) -> Met:
        known = household if household is not None and self.household(household, fetched) is not None else None
        return Met(known, Question(household=known), fetched)

    async def _by_code(self, code: str, fetched: Fetched) -> Met:
        found = self._holder(code, fetched)
        if found is None:
            found, fetched = await self._fetch_code(code, fetched)
        if found is None:
            await self._note_pending(code)
            return Met(None, Question(code=code), fetched)
        fetched = await self._with_terms(found, code, fetched)
        return Met(found.id, _of_promise(found, code), fetched)

    def _holder(self, code: str, fetched: Fetched) -> Household | None:
        household = self._live.reader.by_code(code)
        if household is not None:
            return self.household(household, fetched)
        return next((held for held in fetched.households.values() if held.has(code)), None)

    async def _fetch_code(self, code: str, fetched: Fetched) -> tuple[Household | None, Fetched]:
        """A code that the view does not know: wait, then ask the profile."""
        await self._live.until(lambda: self._live.reader.by_code(code) is not None, WAIT)
        found = self._holder(code, fetched)
        if found is not None:
            return found, fetched
        household = await self._authorities.household_of(code)
        there = await self._authorities.household(household) if household is not None else None
        if there is None or not there.has(code):
            return None, fetched
        return there, fetched.plus(household=there)

    async def _with_terms(self, household: Household, code: str, fetched: Fetched) -> Fetched:
        """The version a promise pins may arrive after the promise; until then it is as good as unknown (R15)."""

        def known() -> bool:
            return pins(household, code, fetched, self._live)

        if known() or await self._live.until(known, WAIT):
            return fetched
        changes = await self._authorities.changes(self._live.snapshot.offers.revision)
        return fetched.plus(changes=changes)


def pins(household: Household, code: str, fetched: Fetched, live: LiveView) -> bool:
    """Whether the terms of the promise with this code are here: its own, or those of the version it pins."""
    promise = household.promise(code)
    if promise.terms is not None:
        return True
    catalogue, _position = fetched.over(live.snapshot)
    offer = catalogue.by_id(promise.offer)
    return offer is not None and offer.pinned(promise.content_hash) is not None


def _of_promise(household: Household, code: str) -> Question:
    return Question(household=household.id, party=household.promise(code).party, code=code)
