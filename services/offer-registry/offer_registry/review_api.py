"""The route of a review (api §2)."""

from concord.web.routing import Router
from offer_registry.edge import READING, Number, OfferName, Parts
from offer_registry.review import review
from offer_registry.review_schemas import ReviewDocument

router = Router(tags=["offers"])


@router.get(
    "/v1/offers/{offer}/versions/{number:int}/review",
    dependencies=READING,
    summary="Everything a reviewer needs to see of a version",
)
async def show_review(offer: OfferName, number: Number, parts: Parts) -> ReviewDocument:
    """What it lacks, what each channel does, which live offers are in its way, and who would be worse off by it.

    The search makes people and baskets from the bounds of this version and the live one, and compares at most 6,000
    pairs of quotes, which takes a second or two at most.
    """
    now = parts.registry.clock.now().replace(microsecond=0)
    found = await review(parts.registry, offer, number, now)
    return ReviewDocument.of(found, now)
