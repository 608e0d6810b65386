"""What is asked, by whom it is answered and when: the inputs of an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from concord.clock import milliseconds
from concord.decision.catalogue import Catalogue
from concord.decision.facts import HouseholdView
from concord.decision.timing import Freshness, Interval, grace


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its customer already looked up.

    `code` is the folded promise code that was presented, also when nothing is known of it. With neither `offers` nor
    `products` the question is what there is: the promises, and what the channel shows.
    """

    household: str | None = None
    party: str | None = None  # who is meant
    line: str | None = None  # which line is meant
    code: str | None = None
    offers: tuple[str, ...] = ()  # keys or ids
    products: tuple[str, ...] = ()  # SKUs
    facts: Mapping[str, Any] = field(default_factory=dict)  # checked by `attributes.check_facts`


@dataclass(frozen=True, slots=True)
class View:
    """The state an answer rests on: the catalogue at a position of its log, and the customer's household."""

    catalogue: Catalogue
    epoch: int
    revision: int
    household: HouseholdView | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and when the answer is given.

    `at` counts in whole milliseconds. Without an `interval` nothing is refused on grounds of time and nothing is shown
    (R16). `hypothetical` marks an instant that is not now (R21).
    """

    channel: str
    at: datetime
    interval: Interval | None
    freshness: Freshness = Freshness.READY
    locale: str = "en"
    leave: timedelta = grace()  # noqa: RUF009  immutable
    hypothetical: bool = False


def setting_at(channel: str, at: datetime, **others: Any) -> Setting:
    """A setting whose clock is exactly `at`: hypothetical questions, and views whose clock is taken at its word."""
    instant = milliseconds(at)
    return Setting(channel, instant, Interval(instant, instant), **others)


def present(now: datetime, household: HouseholdView | None) -> datetime:
    """The instant of a question that names none: now, but not before a promise that the view already has was made.

    Clocks of two machines differ by milliseconds; without this a promise made a moment ago would not be counted.
    """
    made = [milliseconds(promise.made_at) for promise in household.promises] if household is not None else []
    return max([milliseconds(now), *made])
