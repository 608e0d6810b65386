"""`lifecycleStatus` of a promotion, from where its version stands on the author's side and on the run side."""

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import Final

from offer_registry.activation import HONOURABLE, LIVE, PLACES, PREPARING, SUSPENDED, Place
from offer_registry.domain import Lifecycle


class Status(StrEnum):
    """TMF671's suggestion (draft, waitForApproval, release, suspend, retirement), and two steps it has no word for."""

    DRAFT = "draft"
    WAIT_FOR_APPROVAL = "waitForApproval"
    APPROVED = "approved"
    REJECTED = "rejected"
    RELEASE = "release"
    SUSPEND = "suspend"
    RETIREMENT = "retirement"


_BEFORE_RELEASE: Final[Mapping[Lifecycle, Status]] = {
    Lifecycle.DRAFT: Status.DRAFT,
    Lifecycle.IN_REVIEW: Status.WAIT_FOR_APPROVAL,
    Lifecycle.APPROVED: Status.APPROVED,
    Lifecycle.REJECTED: Status.REJECTED,
    Lifecycle.RETIRED: Status.RETIREMENT,
}
_RELEASED: Final[Mapping[Place | None, Status]] = {
    None: Status.RELEASE,
    PREPARING: Status.RELEASE,
    HONOURABLE: Status.RELEASE,
    LIVE: Status.RELEASE,
    SUSPENDED: Status.SUSPEND,
}


def status_of(lifecycle: Lifecycle, place: Place | None) -> Status:
    """The status of a version; `place` is where it stands once it was released."""
    if lifecycle is Lifecycle.RELEASED:
        return _RELEASED.get(place, Status.RETIREMENT)
    return _BEFORE_RELEASE[lifecycle]


def standings(wanted: Collection[Status]) -> Iterator[tuple[Lifecycle, Place | None]]:
    """Every standing that has one of these statuses."""
    return ((lifecycle, place) for lifecycle in Lifecycle for place in PLACES if status_of(lifecycle, place) in wanted)
