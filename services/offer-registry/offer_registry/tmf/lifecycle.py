"""`lifecycleStatus` of a promotion, from where its version stands on the author's side and on the run side."""

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import Final

from offer_registry.activation import HONOURABLE, LIVE, PLACES, PREPARING, SUSPENDED, Place
from offer_registry.domain import Lifecycle


class LifecycleStatus(StrEnum):
    """TMF671's suggestion (draft, waitForApproval, release, suspend, retirement), and two steps it has no word for."""

    DRAFT = "draft"
    WAIT_FOR_APPROVAL = "waitForApproval"
    APPROVED = "approved"
    REJECTED = "rejected"
    RELEASE = "release"
    SUSPEND = "suspend"
    RETIREMENT = "retirement"


_BEFORE_RELEASE: Final[Mapping[Lifecycle, LifecycleStatus]] = {
    Lifecycle.DRAFT: LifecycleStatus.DRAFT,
    Lifecycle.IN_REVIEW: LifecycleStatus.WAIT_FOR_APPROVAL,
    Lifecycle.APPROVED: LifecycleStatus.APPROVED,
    Lifecycle.REJECTED: LifecycleStatus.REJECTED,
    Lifecycle.RETIRED: LifecycleStatus.RETIREMENT,
}
_RELEASED: Final[Mapping[Place | None, LifecycleStatus]] = {
    None: LifecycleStatus.RELEASE,
    PREPARING: LifecycleStatus.RELEASE,
    HONOURABLE: LifecycleStatus.RELEASE,
    LIVE: LifecycleStatus.RELEASE,
    SUSPENDED: LifecycleStatus.SUSPEND,
}


def status_of(lifecycle: Lifecycle, place: Place | None) -> LifecycleStatus:
    """The status of a version; `place` is where it stands once it was released."""
    if lifecycle is Lifecycle.RELEASED:
        return _RELEASED.get(place, LifecycleStatus.RETIREMENT)
    return _BEFORE_RELEASE[lifecycle]


def standings(wanted: Collection[LifecycleStatus]) -> Iterator[tuple[Lifecycle, Place | None]]:
    """Every standing that has one of these statuses."""
    return ((lifecycle, place) for lifecycle in Lifecycle for place in PLACES if status_of(lifecycle, place) in wanted)
