"""A household as an answer needs it: the view that decisions take, and its document for whoever shows it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from channel_adapters.view.rows import household_of, lookups_of
from concord.contracts.records import HouseholdRecord, PromiseRecord
from concord.decision.facts import HouseholdView, Promise, household_view
from concord.decision.question import present

BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Found:
    """Whom a look-up term leads to: `subject` is a line's or a party's id.

    `kind` is number, email, name, party or line. A number may lead to a line and, as a contact point, to a party.
    """

    household: str
    subject: str
    kind: str


@dataclass(frozen=True)
class Household:
    """Everything a replica holds of one household. `view.version` is the highest version applied (protocol R20)."""

    view: HouseholdView
    record: HouseholdRecord
    document: bytes | None  # the record's value

    @property
    def id(self) -> str:
        return self.view.id

    @property
    def version(self) -> int:
        return self.view.version

    @cached_property
    def last_promised(self) -> datetime:
        """When the last of its promises was made, by the clock of whoever made it."""
        return present(BEGINNING, self.view)

    def has(self, code: str) -> bool:
        """Whether one of its promises has this code."""
        return any(promise.code == code for promise in self.view.promises)

    def promise(self, code: str) -> Promise:
        """The promise with this code, which it must have."""
        return next(promise for promise in self.view.promises if promise.code == code)

    def find(self, term: str) -> list[Found]:
        """Whom a term leads to within this household."""
        return [Found(household, subject, kind) for at, household, subject, kind in self._lookups if at == term]

    @cached_property
    def _lookups(self) -> list[tuple[str, str, str, str]]:
        return sorted(lookups_of(self.document))


def build(household: str, epoch: int, document: bytes | None, promises: Sequence[bytes]) -> Household | None:
    """A household from the values of its records; None when there are none.

    Raises:
        pydantic.ValidationError: a value is not what the contract says.
    """
    if document is None and not promises:
        return None
    # Promises whose household has not arrived yet are still honoured (protocol R15).
    record = HouseholdRecord.parse(document) if document else HouseholdRecord(id=household, version=0, members=[])
    view = household_view(record, sorted(map(PromiseRecord.parse, promises), key=_id), epoch=epoch)
    return Household(view, record, document)


def _id(promise: PromiseRecord) -> str:
    return promise.id


def from_items(household: str, epoch: int, items: Iterable[tuple[str, bytes]]) -> Household | None:
    """A household from (key, value) pairs as they stand on the log."""
    here = [(key, value) for key, value in items if household_of(key) == household]
    document = next((value for key, value in here if key == household), None)
    return build(household, epoch, document, [value for key, value in here if key != household])
