"""What callers can have done to promotions, by the registry's own verbs."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import TypeAdapter

from concord.decision.terms import Terms
from concord.errors import FieldError
from concord.storage import postgres
from concord.web.auth import Caller
from concord.web.errors import RoleMissing
from concord.web.routing import validated
from offer_registry import attributes
from offer_registry.activation import SUSPENDED
from offer_registry.domain import Lifecycle, Offer, OfferVersion
from offer_registry.edge import cause, person
from offer_registry.errors import KeyTaken
from offer_registry.handlers import Registry
from offer_registry.journal import Committed
from offer_registry.tmf import promotion, revision, store
from offer_registry.tmf.errors import PromotionChanged, PromotionInvalid
from offer_registry.tmf.lifecycle import LifecycleStatus, status_of
from offer_registry.tmf.promotion import Document, Shown
from offer_registry.tmf.schemas import EditedPromotion, NewPromotion
from offer_registry.vocabulary import AttributeRegistry

AUTHOR: Final = "offer_author"
KEPT: Final = ("id", "href", "key", "version", "activation", "@type", "@baseType", "@schemaLocation")
KEY_LENGTH: Final = 60  # characters of a key made from a name
DELETED: Final = "Deleted as a promotion of TMF671."
EDITED: Final[TypeAdapter[EditedPromotion]] = TypeAdapter(EditedPromotion)
Check = Callable[[Shown], None]


@dataclass(frozen=True, slots=True)
class Promotions:
    """The verbs of the facade; refusals are the registry's and those of `tmf.errors`."""

    registry: Registry

    @property
    def locale(self) -> str:
        """The locale of names and descriptions: the first that cards must have."""
        return next(iter(self.registry.required_locales), "en")

    def document(self, shown: Shown) -> Document:
        return promotion.document(shown, self.locale)

    async def read(self, name: str, number: int | None = None) -> Shown:
        """An offer with one of its versions, the newest unless another is named."""
        async with postgres.connection(self.registry.pool) as connection:
            return await store.fetch(connection, name, number)

    async def _attributes(self) -> AttributeRegistry:
        async with postgres.connection(self.registry.pool) as connection:
            return await attributes.registry(connection)

    async def create(self, new: NewPromotion, caller: Caller) -> Shown:
        """A new offer with a draft. A key made from the name gets an end of its own when another offer has it."""
        terms = revision.created(new, self.locale, await self._attributes())
        key = new.key or slug(new.name)
        try:
            return Shown.fresh(*await self.registry.create(key, terms, person(caller)))
        except KeyTaken:
            if new.key is not None:
                raise
        end = self.registry.ids.new("ofr")[-8:]
        return Shown.fresh(*await self.registry.create(f"{key}-{end}", terms, person(caller)))

    async def patch(self, name: str, patch: Document, caller: Caller, check: Check) -> tuple[Shown, Committed | None]:
        """An edit, or a step of the lifecycle; what was committed to the log, if something was.

        Raises:
            PromotionInvalid: it cannot become terms, or asks for an edit and a step at once.
            PromotionChanged: somebody changed it since `lastUpdate`, or while this was under way.
        """
        shown = await self.read(name)
        check(shown)
        present = self.document(shown)
        merged = revision.merge_patch(present, patch)
        edit = validated(EDITED, orjson.dumps(merged), merged)
        _refuse_kept(present, merged)
        stands = shown.version.terms
        terms = revision.edited(present, merged, edit, stands, self.locale, await self._attributes())
        asked = edit.lifecycle_status if edit.lifecycle_status != present["lifecycleStatus"] else None
        _refuse_both(asked, edit.status_reason, edits=terms != stands)
        committed = None
        if asked is not None:
            committed = await self._step(shown, asked, edit.status_reason, caller)
        elif terms != stands:
            await self._edit(shown, terms, caller)
        return await self.read(shown.offer.id), committed

    async def _edit(self, shown: Shown, terms: Terms, caller: Caller) -> None:
        """The newest draft with other terms; a new draft when the newest version is none."""
        _require_author(caller)
        offer, version = shown.offer, shown.version

        def unchanged(found: OfferVersion) -> None:
            if found.row_version != version.row_version:
                raise PromotionChanged

        if version.lifecycle is Lifecycle.DRAFT:
            await self.registry.edit(offer.id, version.number, terms, person(caller), unchanged)
        else:
            await self._add(offer, terms, caller)

    async def _add(self, offer: Offer, terms: Terms | None, caller: Caller) -> None:
        def unchanged(found: Offer) -> None:
            if found.newest != offer.newest:
                raise PromotionChanged

        await self.registry.add_version(offer.id, terms, person(caller), unchanged)

    async def _step(self, shown: Shown, asked: LifecycleStatus, reason: str | None, caller: Caller) -> Committed | None:
        """One verb of the registry, which refuses what the version's lifecycle or activation does not allow."""
        offer, version = shown.offer, shown.version
        why = cause(caller, reason)
        match asked:
            case LifecycleStatus.DRAFT:
                _require_author(caller)
                await self._add(offer, None, caller)
                return None
            case LifecycleStatus.WAIT_FOR_APPROVAL:
                _require_author(caller)
                await self.registry.submit(offer.id, version.number, person(caller))
                return None
            case LifecycleStatus.RELEASE:
                return await self._release(shown, caller, reason)
            case LifecycleStatus.SUSPEND:
                return (await self.registry.suspend(offer.id, why))[1]
            case LifecycleStatus.RETIREMENT:
                _require_reason(reason)
                return (await self.registry.withdraw(offer.id, why))[1]
        detail = "An approver does that, with `POST /v1/offers/{offer}/versions/{number}:approve` or `:reject`."
        raise PromotionInvalid(errors=[FieldError("/lifecycleStatus", detail, "not_translatable")])

    async def _release(self, shown: Shown, caller: Caller, reason: str | None) -> Committed:
        """An approved version goes to the channels; else a suspended offer is shown again."""
        suspended = shown.running is not None and shown.running[1] == SUSPENDED
        if shown.version.lifecycle is not Lifecycle.APPROVED and suspended:
            return (await self.registry.resume(shown.offer.id, cause(caller, reason)))[1]
        return (await self.registry.release(shown.offer.id, shown.version.number, None, cause(caller)))[1]

    async def delete(self, name: str, caller: Caller, check: Check) -> Committed | None:
        """What runs is withdrawn; an offer that was never submitted is gone; one that retired stays as it is.

        Raises:
            OfferSubmitted: it was submitted, and nothing of it runs.
            OfferNamed: another offer names it.
        """
        shown = await self.read(name)
        check(shown)
        if shown.running is not None:
            return (await self.registry.withdraw(shown.offer.id, cause(caller, DELETED)))[1]
        if status_of(shown.version.lifecycle, shown.place) is not LifecycleStatus.RETIREMENT:
            _require_author(caller)
            await self.registry.discard(shown.offer.id, person(caller))
        return None


def slug(name: str) -> str:
    """A key made from a name: its Latin letters and digits."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:KEY_LENGTH].strip("-") or "promotion"


def _require_author(caller: Caller) -> None:
    if not caller.has(AUTHOR):
        raise RoleMissing(f"This needs one of the roles: {AUTHOR}.")


def _require_reason(reason: str | None) -> None:
    if reason is None:
        raise PromotionInvalid(errors=[FieldError("/statusReason", "Say why it is withdrawn.", "missing")])


def _refuse_kept(present: Document, merged: Document) -> None:
    errors = [
        FieldError(f"/{name}", "It cannot be changed.", "set_by_registry")
        for name in KEPT
        if merged.get(name) != present.get(name)
    ]
    if errors:
        raise PromotionInvalid(errors=errors)
    if merged["lastUpdate"] != present["lastUpdate"]:
        raise PromotionChanged(f"The promotion was changed last at {present['lastUpdate']}.")


def _refuse_both(asked: LifecycleStatus | None, reason: Any, *, edits: bool) -> None:
    if asked is not None and edits:
        detail = "Edit first, and ask for the step in a request of its own."
        raise PromotionInvalid(errors=[FieldError("/lifecycleStatus", detail, "contradiction")])
    if asked is None and reason is not None:
        detail = "It says why `lifecycleStatus` changes; leave it out otherwise."
        raise PromotionInvalid(errors=[FieldError("/statusReason", detail, "not_translatable")])
