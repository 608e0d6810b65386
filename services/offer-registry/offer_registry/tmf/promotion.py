"""A promotion: what an offer with one of its versions looks like in TMF671, and what a promotion says of the terms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from concord.clock import rfc3339
from concord.decision.scalars import instant_text
from concord.decision.terms import Terms
from concord.errors import FieldError
from offer_registry.activation import Place
from offer_registry.domain import Offer, OfferVersion
from offer_registry.tmf.actions import action_of, benefit_of, promotion_type
from offer_registry.tmf.attachments import attachments_of, cards_of
from offer_registry.tmf.criteria import criteria_of, groups_of
from offer_registry.tmf.lifecycle import status_of
from offer_registry.tmf.schemas import BASE_TYPE, PATH, SCHEMA, TYPE, PromotionPattern, Statement, TimePeriod
from offer_registry.tmf.values import Findings, compact
from offer_registry.vocabulary import AttributeRegistry

ROLES: Final = {"shown": "shown_in", "promised": "promised_in"}
_SCOPE: Any = Terms.model_fields["products"].annotation
PRODUCTS: Final[TypeAdapter[Any]] = TypeAdapter(_SCOPE)
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """An offer with the version that is shown, and where it stands.

    `place` is that version's, once it was released; `running` is the newest version that is not CLOSED, with its place.
    `revision` is that of the offer's last record, `updated` when anything of it changed last.
    """

    offer: Offer
    version: OfferVersion
    place: Place | None
    running: tuple[int, Place] | None
    revision: int | None
    updated: datetime

    @classmethod
    def fresh(cls, offer: Offer, version: OfferVersion) -> "Shown":
        """An offer just created."""
        return cls(offer, version, None, None, None, version.changed_at)

    @property
    def etag(self) -> str:
        return f"{self.version.number}.{self.version.row_version}.{self.revision or 0}"


def href(offer: Offer) -> str:
    return f"{PATH}/{offer.id}"


def name_of(title: dict[str, str], locale: str) -> str:
    """The title in the locale; without one, that of the first locale by name."""
    return title.get(locale) or title[min(title)]


def document(shown: Shown, locale: str) -> Document:
    """The promotion; absent is what the offer does not say."""
    version, terms = shown.version, shown.version.terms.model_dump(mode="json", by_alias=True)
    said = version.terms.document()
    whole = {
        "id": shown.offer.id,
        "href": href(shown.offer),
        "key": shown.offer.key,
        "name": name_of(terms["title"], locale),
        "description": terms["description"].get(locale),
        "promotionType": promotion_type(said["benefits"]),
        "lifecycleStatus": status_of(version.lifecycle, shown.place).value,
        "lastUpdate": rfc3339(shown.updated),
        "version": str(version.number),
        "validFor": _period(said["validity"]),
        "pattern": [_pattern(said, terms["priority"])],
        "attachment": attachments_of(said.get("cards", {})),
        "channel": [{"id": each, "role": role} for role, field in ROLES.items() for each in terms[field]],
        "honourPolicy": [{"channel": channel, **cell} for channel, cell in sorted(terms["honour"].items())],
        "productScope": terms["products"],
        "activation": _standing(shown.running),
        "terms": terms,
        "@type": TYPE,
        "@baseType": BASE_TYPE,
        "@schemaLocation": SCHEMA,
    }
    return {name: value for name, value in whole.items() if value is not None}


def _period(validity: Document) -> Document:
    period = {"startDateTime": validity["start"], "endDateTime": validity.get("end")}
    return {name: value for name, value in period.items() if value is not None}


def _pattern(said: Document, priority: int) -> Document:
    products = said.get("products", {})
    only = products["skus"][0] if products.keys() == {"skus"} and len(products["skus"]) == 1 else None
    return {
        **groups_of(said.get("criteria")),
        "action": [action_of(benefit, only) for benefit in said["benefits"]],
        "priority": priority,
    }


def _standing(running: tuple[int, Place] | None) -> Document | None:
    if running is None:
        return None
    number, place = running
    return {"version": str(number), "state": place.state.value, "leaving": place.leaving}


class Saying(NamedTuple):
    """What a member of a promotion says: the value at a place in the terms, None when nothing stands there."""

    place: tuple[str, ...]
    value: Any
    pointer: str


def sayings(
    said: Statement, fields: Sequence[str], locale: str, findings: Findings, registry: AttributeRegistry
) -> list[Saying]:
    """What these members say of the terms. What cannot be read is added to `findings`."""
    found: list[Saying] = []
    for field in fields:
        found.extend(_sayings(said, field, locale, findings, registry))
    return found


FIELDS: Final = ("name", "description", "validFor", "pattern", "attachment", "channel", "honourPolicy", "productScope")


def _sayings(
    said: Statement, field: str, locale: str, findings: Findings, registry: AttributeRegistry
) -> Iterator[Saying]:
    pointer = f"/{field}"
    match field:
        case "name":
            yield Saying(("title", locale), said.name, pointer)
        case "description":
            yield Saying(("description", locale), said.description, pointer)
        case "validFor":
            yield from _of_period(said.valid_for or TimePeriod(), pointer)
        case "pattern":
            yield from _of_patterns(said.pattern or [], pointer, findings, registry)
        case "attachment":
            yield Saying(("cards",), cards_of(said.attachment or [], pointer, findings), pointer)
        case "channel":
            for role, place in ROLES.items():
                named = [channel.id for channel in said.channel or [] if channel.role == role]
                yield Saying((place,), named, pointer)
        case "honourPolicy":
            yield Saying(("honour",), _honour(said.honour_policy or [], pointer, findings), pointer)
        case "productScope":
            yield Saying(("products",), _scope(said.product_scope or {}, pointer, findings), pointer)


def _of_period(period: TimePeriod, pointer: str) -> Iterator[Saying]:
    for name, value in (("start", period.start_date_time), ("end", period.end_date_time)):
        text = None if value is None else instant_text(value)
        yield Saying(("validity", name), text, f"{pointer}/{name}DateTime")


def _of_patterns(
    patterns: Sequence[PromotionPattern], pointer: str, findings: Findings, registry: AttributeRegistry
) -> Iterator[Saying]:
    if len(patterns) != 1:
        findings.append(FieldError(pointer, "Give one pattern; make a promotion for each.", "not_translatable"))
        return
    (pattern,), first = patterns, f"{pointer}/0"
    between = pattern.criteria_group_logical_relationship
    groups = f"{first}/criteriaGroup"
    yield Saying(("criteria",), criteria_of(pattern.criteria_group, between, groups, findings, registry), groups)
    actions = f"{first}/action"
    benefits = [benefit_of(each, f"{actions}/{place}", findings) for place, each in enumerate(pattern.action)]
    yield Saying(("benefits",), benefits, actions)
    yield Saying(("priority",), pattern.priority, f"{first}/priority")
    yield from _of_entities(pattern, actions, findings)


def _of_entities(pattern: PromotionPattern, pointer: str, findings: Findings) -> Iterator[Saying]:
    named = {each.action_entity_ref.id if each.action_entity_ref else None for each in pattern.action}
    if len(named) > 1:
        detail = "All actions are about the same product; say more with `productScope` or `terms`."
        findings.append(FieldError(pointer, detail, "not_translatable"))
    elif (only := named.pop()) is not None:
        yield Saying(("products",), {"skus": [only]}, f"{pointer}/0/actionEntityRef")


def _scope(scope: Document, pointer: str, findings: Findings) -> Document:
    """The scope without the members that say nothing."""
    try:
        products = PRODUCTS.validate_json(compact(scope), strict=True, extra="forbid")
    except ValidationError as error:
        findings.extend(
            FieldError("/".join([pointer, *map(str, each["loc"])]), f"{each['msg']}.", each["type"])
            for each in error.errors(include_url=False, include_context=False, include_input=False)
        )
        return {}
    made: Document = PRODUCTS.dump_python(products, mode="json", exclude_defaults=True)
    return made


def _honour(policies: Sequence[Document], pointer: str, findings: Findings) -> Document:
    honour: Document = {}
    for place, policy in enumerate(policies):
        channel = policy.get("channel")
        if not isinstance(channel, str) or channel in honour:
            detail = "Name each channel once, in `channel`."
            findings.append(FieldError(f"{pointer}/{place}/channel", detail, "not_translatable"))
        else:
            honour[channel] = {name: value for name, value in policy.items() if name != "channel"}
    return honour
