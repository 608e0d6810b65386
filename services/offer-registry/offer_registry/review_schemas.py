"""What `GET …/review` answers (api §2)."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from concord.decision.honour import HonourCell
from concord.decision.quoting.price import Quote
from concord.decision.scalars import CHANNELS, Channel
from concord.errors import FieldError
from offer_registry import examples
from offer_registry.conflicts import Conflict, Rule
from offer_registry.counterexample import wording
from offer_registry.counterexample.search import PAIRS_MOST
from offer_registry.counterexample.sides import Example, added_of, fee_in
from offer_registry.domain import Lifecycle
from offer_registry.review import Review
from offer_registry.schemas import When
from offer_registry.simulation import Stated

SHARED_MOST = 20  # SKUs and categories of a conflict that are named


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class MissingPiece(_Answer):
    """A piece that `:submit` would name: a JSON Pointer into the terms, and a sentence."""

    pointer: str
    detail: str
    reason: str | None

    @classmethod
    def of(cls, error: FieldError) -> Self:
        return cls(pointer=error.pointer, detail=error.detail, reason=error.reason)


class HonourRow(_Answer):
    """What one channel does; `cell` is null where nobody has said. `cards`: by locale, whether there is one."""

    cell: HonourCell | None
    cards: dict[str, bool]


class ConflictDocument(_Answer):
    """A live offer that is not had together with this one, on products that both name or that neither narrows."""

    offer: str
    version: int
    rules: list[Rule]
    skus: Annotated[list[str], Field(description=f"The first {SHARED_MOST} of `sku_count`.")]
    sku_count: int
    categories: Annotated[list[str], Field(description=f"The first {SHARED_MOST} of `category_count`.")]
    category_count: int
    everything: bool
    start: When
    end: When | None
    sentence: str

    @classmethod
    def of(cls, conflict: Conflict) -> Self:
        shared = conflict.shared
        return cls(
            offer=conflict.rival.key,
            version=conflict.rival.version,
            rules=list(conflict.rules),
            skus=list(shared.skus[:SHARED_MOST]),
            sku_count=len(shared.skus),
            categories=list(shared.categories[:SHARED_MOST]),
            category_count=len(shared.categories),
            everything=shared.everything,
            start=conflict.start,
            end=conflict.end,
            sentence=conflict.sentence,
        )


class ExampleDocument(_Answer):
    """A customer, a basket and an instant, as `POST /v1/simulations` takes them."""

    at: When
    facts: dict[str, Any]
    basket: dict[str, Any]
    codes: list[str]


class GivenDocument(_Answer):
    """A free item or an entitlement."""

    kind: Literal["free_item", "grant"]
    name: str
    unit: str | None
    quantity: int


class SumsDocument(_Answer):
    """What a version makes of the basket, in minor units of its currency."""

    version: int
    discount: Annotated[int, Field(description="Off the goods and the delivery.")]
    to_pay: int
    fee: Annotated[int, Field(description="On top, in the channel of the example.")]
    added: list[GivenDocument]

    @classmethod
    def of(cls, stated: Stated, quote: Quote, channel: Channel | None) -> Self:
        fee = None if channel is None else fee_in(stated.terms, channel, quote.currency)
        return cls(
            version=stated.number,
            discount=quote.discount + quote.delivery_discount,
            to_pay=quote.to_pay,
            fee=fee or 0,
            added=[
                GivenDocument(kind=kind, name=name, unit=unit or None, quantity=quantity)
                for (kind, name, unit), quantity in added_of(quote).items()
            ],
        )


class CounterExampleDocument(_Answer):
    """Somebody who is worse off with this version than with the live one; null `channel`: wherever she asks."""

    sentence: str
    example: ExampleDocument
    live: SumsDocument
    new: SumsDocument
    channel: Channel | None


class ChannelSums(_Answer):
    """What the customer pays in a channel, in minor units of the basket's currency."""

    fee: int
    customer_pays: int


class DisagreementDocument(_Answer):
    """Somebody who pays more in one channel than in another; channels that do not give the offer are left out."""

    sentence: str
    example: ExampleDocument
    channels: dict[Channel, ChannelSums]


class SearchDocument(_Answer):
    """How far the search for somebody worse off went. It proves nothing when it finds nobody."""

    against: Annotated[int | None, Field(description="The live version; null when there is no other.")]
    pairs: Annotated[int, Field(description="Pairs of quotes that were compared.")]
    most: int = PAIRS_MOST


class ReviewDocument(_Answer):
    """A version as a reviewer needs to see it. The same version, catalogue and second give the same answer."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [examples.REVIEW]})

    offer: str
    key: str
    version: int
    lifecycle: Lifecycle
    content_hash: str
    at: When
    missing: Annotated[list[MissingPiece], Field(description="As `:submit` names them; none when complete.")]
    honour: dict[Channel, HonourRow]
    conflicts: list[ConflictDocument]
    more_conflicts: Annotated[bool, Field(description="There may be more than are told.")]
    search: SearchDocument
    counter_example: CounterExampleDocument | None
    between_channels: DisagreementDocument | None

    @classmethod
    def of(cls, review: Review, at: datetime) -> Self:
        searched = review.found.searched
        return cls(
            offer=review.offer.id,
            key=review.offer.key,
            version=review.version.number,
            lifecycle=review.version.lifecycle,
            content_hash=review.version.content_hash,
            at=at,
            missing=list(map(MissingPiece.of, review.missing)),
            honour={each: HonourRow(cell=review.cell(each), cards=review.cards(each)) for each in CHANNELS},
            conflicts=list(map(ConflictDocument.of, review.conflicts)),
            more_conflicts=review.more_conflicts,
            search=SearchDocument(
                against=review.live.number if review.live else None, pairs=searched.pairs if searched else 0
            ),
            counter_example=_counter_example(review),
            between_channels=_between_channels(review),
        )


def _counter_example(review: Review) -> CounterExampleDocument | None:
    searched, live = review.found.searched, review.live
    if searched is None or searched.found is None or live is None:
        return None
    found = searched.found
    return CounterExampleDocument(
        sentence=wording.worse_off(found, live, review.stated),
        example=_example(found.example),
        live=SumsDocument.of(live, found.live, found.channel),
        new=SumsDocument.of(review.stated, found.new, found.channel),
        channel=found.channel,
    )


def _between_channels(review: Review) -> DisagreementDocument | None:
    found = review.found.between_channels
    if found is None:
        return None
    sums = {name: ChannelSums(fee=fee, customer_pays=found.quote.to_pay + fee) for name, fee in found.fees.items()}
    return DisagreementDocument(sentence=wording.differing(found), example=_example(found.example), channels=sums)


def _example(example: Example) -> ExampleDocument:
    basket = example.basket.model_dump(exclude_defaults=True)
    return ExampleDocument(at=example.at, facts=dict(example.facts), basket=basket, codes=list(example.codes))
