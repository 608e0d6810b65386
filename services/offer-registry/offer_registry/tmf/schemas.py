"""What the facade takes and answers: TMF671 v4.1's Promotion and its parts, with Concord's extensions.

Members have the names of the standard. A member of the standard for which Concord has no place is declared as `Unkept`,
so that a promotion that has it is refused with a sentence that says so.
"""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from concord.contracts.records import ActivationState
from concord.decision.scalars import PROSE_PATTERN, Instant, OfferKey, Origin
from concord.decision.terms import Terms
from offer_registry.tmf.lifecycle import LifecycleStatus

PATH: Final = "/tmf-api/promotionManagement/v4/promotion"
TYPE: Final = "HonouredPromotion"
BASE_TYPE: Final = "Promotion"
SCHEMA: Final = f"/openapi.json#/components/schemas/{TYPE}"
STATUS_REASON_LENGTH: Final = 500  # characters
PARTS_MOST: Final = 500  # items of one list; what an offer can say is less


def _refuse(_: Any) -> None:
    raise PydanticCustomError("not_kept", "Concord has no place for this; leave it out")


def _set_by_registry(_: Any) -> None:
    raise PydanticCustomError("set_by_registry", "the registry sets this; leave it out")


def _relationship(value: str) -> str:
    if value.upper() not in {"AND", "OR"}:
        raise PydanticCustomError("relationship_unknown", "write AND or OR")
    return value.upper()


Unkept = SkipJsonSchema[Annotated[Any, BeforeValidator(_refuse)]]
SetByRegistry = SkipJsonSchema[Annotated[Any, BeforeValidator(_set_by_registry)]]
Relationship = Annotated[str, AfterValidator(_relationship), Field(examples=["AND"])]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    base_type: Annotated[Unkept, Field(alias="@baseType")] = None
    schema_location: Annotated[Unkept, Field(alias="@schemaLocation")] = None


class TimePeriod(BaseModel):
    """From start until just before end."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    start_date_time: Instant | None = None
    end_date_time: Instant | None = None


class PromotionCriteria(_Part):
    """One condition; the value is a text whatever the type of the parameter."""

    criteria_parameter: Annotated[str, Field(max_length=80, examples=["line.tenure_months"])]
    criteria_operator: Annotated[str, Field(max_length=40, examples=[">="])]
    criteria_value: Annotated[str, Field(examples=["12"])]
    id: Unkept = None
    type_: Annotated[Literal["PromotionCriteria"] | None, Field(alias="@type")] = None


class PromotionCriteriaGroup(_Part):
    """Conditions with AND or OR between them; AND unless said."""

    criteria_logical_relationship: Relationship | None = None
    criteria: Annotated[list[PromotionCriteria], Field(min_length=1, max_length=PARTS_MOST)]
    id: Unkept = None
    group_name: Unkept = None
    type_: Annotated[Literal["PromotionCriteriaGroup"] | None, Field(alias="@type")] = None


class EntityRef(_Part):
    """The one product an action is about, by its SKU."""

    id: str
    href: Unkept = None
    name: Unkept = None
    type_: Annotated[Unkept, Field(alias="@type")] = None
    referred_type: Annotated[Literal["ProductOffering"] | None, Field(alias="@referredType")] = None


class PromotionAction(_Part):
    """A benefit: its kind, and a short text or its JSON."""

    action_type: Annotated[str, Field(max_length=80, examples=["percent_off"])]
    action_value: Annotated[str | None, Field(examples=["15%"])] = None
    action_entity_ref: EntityRef | None = None
    id: Unkept = None
    type_: Annotated[Literal["PromotionAction"] | None, Field(alias="@type")] = None


class PromotionPattern(_Part):
    """Who qualifies, and for what. A smaller priority comes first."""

    criteria_group_logical_relationship: Relationship | None = None
    criteria_group: Annotated[list[PromotionCriteriaGroup], Field(min_length=1, max_length=PARTS_MOST)]
    action: Annotated[list[PromotionAction], Field(min_length=1, max_length=PARTS_MOST)]
    priority: Annotated[int | None, Field(strict=True)] = None
    id: Unkept = None
    name: Unkept = None
    description: Unkept = None
    valid_for: Unkept = None
    type_: Annotated[Literal["PromotionPattern"] | None, Field(alias="@type")] = None


class AttachmentRefOrValue(_Part):
    """An instruction card; its id is channel and locale, its content the Base64 of the card's JSON."""

    id: Annotated[str, Field(pattern=r"^[a-z_]+\.[A-Za-z-]+$", max_length=40, examples=["call_center.en"])]
    attachment_type: Literal["instructionCard"] = "instructionCard"
    mime_type: Literal["application/json"] = "application/json"
    name: str | None = None
    description: Annotated[str | None, Field(description="What staff say.")] = None
    content: Annotated[str, Field(json_schema_extra={"format": "base64"})]
    href: Unkept = None
    url: Unkept = None
    size: Unkept = None
    valid_for: Unkept = None
    type_: Annotated[Unkept, Field(alias="@type")] = None
    referred_type: Annotated[Unkept, Field(alias="@referredType")] = None


class RelatedChannel(_Part):
    """Extension: a channel that shows the offer, or in which promises on it are made."""

    id: Origin
    role: Literal["shown", "promised"]


HonourPolicy = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "description": "Extension: the honour cell of one channel: what it does when a customer brings the offer.",
            "required": ["channel", "action"],
            "properties": {"channel": {"type": "string"}, "action": {"type": "string"}},
            "examples": [
                {"channel": "store_pos", "action": "honour_with_fee", "fee": {"amount": 500, "currency": "USD"}}
            ],
        }
    ),
]


class RunningVersion(BaseModel):
    """Extension: where the newest version that is not CLOSED stands."""

    version: str
    state: ActivationState
    leaving: bool


class Statement(BaseModel):
    """What both a new and an edited promotion can say."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    name: str
    description: str | None = None
    promotion_type: Annotated[str | None, Field(description="Follows from the first action.")] = None
    valid_for: TimePeriod | None = None
    pattern: Annotated[list[PromotionPattern] | None, Field(description="One; another promotion for each more.")] = None
    attachment: Annotated[list[AttachmentRefOrValue] | None, Field(max_length=PARTS_MOST)] = None
    channel: Annotated[list[RelatedChannel] | None, Field(max_length=PARTS_MOST)] = None
    honour_policy: Annotated[list[HonourPolicy] | None, Field(max_length=PARTS_MOST)] = None
    product_scope: Annotated[dict[str, Any] | None, Field(description="Extension: `products` of the terms.")] = None
    terms: Annotated[Terms | None, Field(description="Extension: everything the offer says.")] = None


class NewPromotion(Statement):
    """A promotion to be created. With `terms` it is these terms, and everything else must agree with them."""

    key: Annotated[
        OfferKey | None, Field(description="Extension: the offer's key; made from the name unless given.")
    ] = None
    lifecycle_status: Literal["draft"] | None = None
    type_: Annotated[Literal["Promotion", "HonouredPromotion"] | None, Field(alias="@type")] = None
    base_type: Annotated[Literal["Promotion"] | None, Field(alias="@baseType")] = None
    schema_location: Annotated[str | None, Field(alias="@schemaLocation", pattern=f"^{re.escape(SCHEMA)}$")] = None
    id: SetByRegistry = None
    href: SetByRegistry = None
    last_update: SetByRegistry = None
    version: SetByRegistry = None
    activation: SetByRegistry = None


class EditedPromotion(Statement):
    """A promotion as a merge patch leaves it. What the registry sets must stay as it is."""

    id: Any
    href: Any
    key: Any
    last_update: Any
    version: Any
    activation: Any = None
    lifecycle_status: LifecycleStatus
    status_reason: Annotated[
        str | None, Field(min_length=1, max_length=STATUS_REASON_LENGTH, pattern=PROSE_PATTERN)
    ] = None
    type_: Annotated[Any, Field(alias="@type")]
    base_type: Annotated[Any, Field(alias="@baseType")]
    schema_location: Annotated[Any, Field(alias="@schemaLocation")]


class HonouredPromotion(BaseModel):
    """An offer with one of its versions, the newest unless another was asked for, as TMF671 v4.1 has it.

    Beyond the standard: `key`, `version`, `channel`, `honourPolicy`, `productScope`, `activation`, `terms`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    id: str
    href: str
    key: str
    name: str
    description: str | None = None
    promotion_type: Literal["Award", "Discount", "Reduction"]
    lifecycle_status: LifecycleStatus
    last_update: Instant
    version: str
    valid_for: TimePeriod
    pattern: list[PromotionPattern]
    attachment: list[AttachmentRefOrValue]
    channel: list[RelatedChannel]
    honour_policy: list[HonourPolicy]
    product_scope: dict[str, Any]
    activation: RunningVersion | None = None
    terms: Terms
    type_: Annotated[Literal["HonouredPromotion"], Field(alias="@type")]
    base_type: Annotated[Literal["Promotion"], Field(alias="@baseType")]
    schema_location: Annotated[str, Field(alias="@schemaLocation")]
