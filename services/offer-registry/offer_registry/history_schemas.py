"""What the routes of an offer's past answer: its history, and the difference of two versions (api §2)."""

from collections.abc import Sequence
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from concord.contracts.records import ActivationState
from concord.difference import Change, Op
from offer_registry import examples
from offer_registry.domain import Offer
from offer_registry.history import Act, Entry
from offer_registry.schemas import Milliseconds


class TermsChange(BaseModel):
    """One difference between terms.

    A `removed` pointer leads into the terms before, an `added` one into the terms after. When `before` and `after` are
    both lists, the pointer leads to a list whose order means nothing, and they are the members that went and came.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    op: Op
    pointer: str
    before: Any
    after: Any


class DifferenceDocument(BaseModel):
    """What changed in the terms from one version to another; no changes when they mean the same."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [examples.DIFFERENCE]})

    offer: str
    key: str
    base: int = Field(serialization_alias="from")
    target: int = Field(serialization_alias="to")
    changes: list[TermsChange]

    @classmethod
    def of(cls, offer: Offer, base: int, target: int, changes: Sequence[Change]) -> Self:
        shown = [TermsChange.model_validate(change) for change in changes]
        return cls(offer=offer.id, key=offer.key, base=base, target=target, changes=shown)


class HistoryEntry(BaseModel):
    """What somebody did to a version. `before` and `after` are content hashes; an edit has what it changed.

    `job` is the import that brought the version or under which it was approved. `state` and `revision` are where a step
    of the run side led; steps that nobody asked for stand in the activation alone.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True, json_schema_extra={"examples": [examples.HISTORY]})

    version: int
    verb: Act
    by: str
    at: Milliseconds
    reason: str | None
    before: str | None
    after: str
    changes: list[TermsChange] | None
    job: str | None
    state: ActivationState | None
    revision: int | None
    traceparent: str | None

    @classmethod
    def of(cls, entry: Entry) -> Self:
        return cls.model_validate(entry)
