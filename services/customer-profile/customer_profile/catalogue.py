"""The profile's copy of the catalogue, in memory: what promises need of each offer (protocol §3).

It is a prefix of `concord.offers.v1`: everything up to `revision`, and of some offers perhaps more.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from concord.contracts.records import ActivationState, AttributeRecord
from concord.decision.attributes import BUILT_IN
from concord.decision.criteria import Criteria
from concord.decision.gates import take_apart
from concord.decision.scalars import Duration, Instant
from customer_profile.promises import OfferCopy, Promisable


class _Read(BaseModel):
    """A part of an offer record; what promises do not need is left out, so that long product lists cost nothing."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Validity(_Read):
    end: Instant | None = None


class _Terms(_Read):
    validity: _Validity
    honour_for: Duration | None = None
    promised_in: list[str] = []
    criteria: Criteria | None = None


class _Version(_Read):
    version: int
    content_hash: str
    state: ActivationState
    attributes: dict[str, AttributeRecord] | None = None
    terms: _Terms


class _Offer(_Read):
    id: str
    key: str
    versions: list[_Version]


def read_offer(value: bytes, revision: int) -> OfferCopy:
    """The copy of an offer record. Raises ValidationError when it cannot be read."""
    return _copy(_Offer.model_validate_json(value), revision)


def offer_of(document: Mapping[str, Any], revision: int) -> OfferCopy:
    """The same of a record that is JSON values already."""
    return _copy(_Offer.model_validate(document), revision)


def _copy(offer: _Offer, revision: int) -> OfferCopy:
    return OfferCopy(
        offer.id, offer.key, revision, {version.version: _promisable(version) for version in offer.versions}
    )


def _promisable(version: _Version) -> Promisable:
    terms, declared = version.terms, version.attributes or {}
    registry = {**BUILT_IN, **{name: each.attribute(name) for name, each in declared.items()}}
    gates = take_apart(terms.criteria, registry)
    return Promisable(
        version=version.version,
        content_hash=version.content_hash,
        state=version.state,
        end=terms.validity.end,
        honour_for=terms.honour_for,
        promised_in=frozenset(terms.promised_in),
        criteria=gates.asked,
        gate=gates.customer,
    )


@dataclass(slots=True)
class Catalogue:
    """Offers by id and key; changed only by `apply`, which never goes back."""

    epoch: int = 1
    revision: int = 0
    _offers: dict[str, OfferCopy] = field(default_factory=dict)
    _waiting: set[asyncio.Future[None]] = field(default_factory=set)

    def offer(self, name: str) -> OfferCopy | None:
        """The offer with this id or key."""
        return self._offers.get(name)

    def apply(self, copies: Iterable[OfferCopy], revision: int) -> None:
        """Take in newer copies; the catalogue then has everything up to `revision`."""
        for copy in copies:
            known = self._offers.get(copy.id)
            if known is None or known.revision < copy.revision:
                self._offers[copy.id] = self._offers[copy.key] = copy
        if revision > self.revision:
            self.revision = revision
            for waiting in self._waiting:
                if not waiting.done():
                    waiting.set_result(None)

    async def reaches(self, revision: int, within: float) -> bool:
        """Whether the catalogue has everything up to `revision`, now or within so many seconds."""
        try:
            async with asyncio.timeout(within):
                while self.revision < revision:
                    waiting = asyncio.get_running_loop().create_future()
                    self._waiting.add(waiting)
                    try:
                        await waiting
                    finally:
                        self._waiting.discard(waiting)
        except TimeoutError:
            return False
        return True
