"""Weekly hours of an offer as UTC intervals, worked out once when it is submitted (terms §2).

An instant is within the hours when the wall clock of their zone shows one of them. So an hour that the clocks go
through twice counts both times, and one that they leave out does not come at all that day. Offsets are those of the
`tzdata` package this release is locked to, not of the machine: the same terms give the same hours everywhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

from concord.decision.hours import DAYS, Intervals, WeeklyHours
from concord.decision.limits import AnyLimit, Calendar, Limit, LimitedCode
from concord.decision.terms import Terms
from concord.errors import FieldError

YEARS_AHEAD: Final = 2  # from the start of the validity (terms §2)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST: Final = datetime.max.replace(tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
MINUTE: Final = 60_000_000  # µs, as everything below
DAY: Final = 24 * 60 * MINUTE
WEEK: Final = 7 * DAY
MONDAY: Final = -3 * DAY  # 1969-12-29; by a wall clock, so of no zone
STRIDE: Final = 3 * DAY  # changes of one zone's offset are at least six days apart in all of the tz database


@cache
def zones() -> frozenset[str]:
    """The names of the tz database, without its placeholder."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text().split()) - {"Factory"}


def expand(windows: Sequence[WeeklyHours], start: datetime, end: datetime | None) -> list[tuple[datetime, datetime]]:
    """The hours from `start` until `end`, but at most two years: half-open UTC intervals, ascending, apart from each
    other. Empty when none of the hours comes.

    Raises:
        KeyError: a zone is not one of `zones()`.
    """
    low, high = _micros(start), _micros(_until(start, end))
    found = sorted(opened for window in windows for opened in _opened(window, _stretches(window.zone, low, high)))
    return [(EPOCH + opens * MICROSECOND, EPOCH + closes * MICROSECOND) for opens, closes in _merged(found)]


def never_open(terms: Terms) -> Iterator[FieldError]:
    """Windows of which no hour comes within the validity, as far as it is expanded; pointers are below the terms."""
    start, end = terms.validity.start, terms.validity.end
    if end is not None and end <= start:
        return  # said by `completeness`
    for index, window in enumerate(terms.windows):
        if not expand([window], start, end):
            detail = f"none of these hours comes within {YEARS_AHEAD} years of the start, or before the end"
            yield FieldError(f"/windows/{index}", detail, "window_never_opens")


def over(terms: Terms, intervals: Intervals, at: datetime) -> Iterator[FieldError]:
    """Hours that all lie behind `at`, of terms that do not: they end two years after the start."""
    end = terms.validity.end
    if intervals and intervals[-1][1] <= at and (end is None or end > at):
        detail = f"weekly hours are worked out for {YEARS_AHEAD} years, which are over; state a later start"
        yield FieldError("/validity/start", detail, "hours_over")


def unknown_zones(terms: Terms, pointer: str) -> Iterator[FieldError]:
    """Zones that the tz database does not have; pointers are below `pointer`, which leads to the terms."""
    named = [(f"/windows/{index}/zone", window.zone) for index, window in enumerate(terms.windows)]
    named += _periods(terms.limits, "/limits")
    for index, code in enumerate(terms.codes):
        if isinstance(code, LimitedCode):
            named += _periods(code.limits, f"/codes/{index}/limits")
    for place, zone in named:
        yield from check_zone(zone, f"{pointer}{place}")


def check_zone(zone: str, pointer: str) -> Iterator[FieldError]:
    """The error of a name that the tz database does not have."""
    if zone not in zones():
        detail = f"there is no zone {zone}; name one of the tz database, such as America/New_York"
        yield FieldError(pointer, detail, "zone_unknown")


def _periods(limits: Sequence[AnyLimit], pointer: str) -> list[tuple[str, str]]:
    return [
        (f"{pointer}/{index}/per/zone", limit.per.zone)
        for index, limit in enumerate(limits)
        if isinstance(limit, Limit) and isinstance(limit.per, Calendar)
    ]


@cache
def _zone(name: str) -> ZoneInfo:
    if name not in zones():
        raise KeyError(name)
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def _until(start: datetime, end: datetime | None) -> datetime:
    """The same day and time two years on, 28 for 29 February; the end when that is earlier."""
    if start.year + YEARS_AHEAD > LAST.year:
        ahead = LAST
    else:
        day = 28 if (start.month, start.day) == (2, 29) else start.day
        ahead = start.replace(year=start.year + YEARS_AHEAD, day=day)
    return ahead if end is None else min(ahead, end)


def _micros(instant: datetime) -> int:
    return (instant - EPOCH) // MICROSECOND


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A stretch of time in which the clocks of a zone run through: from `begun` until before `ended`, UTC."""

    begun: int
    ended: int
    offset: int  # what the wall clock is ahead of UTC


@lru_cache(maxsize=1_024)
def _stretches(name: str, low: int, high: int) -> Sequence[_Stretch]:
    """The stretches of a zone from `low` until `high`; offers of one campaign share them."""
    zone, found = _zone(name), list[_Stretch]()
    while low < high:
        offset = _offset(zone, low)
        found.append(_Stretch(low, _next_change(zone, low, high, offset), offset))
        low = found[-1].ended
    return found


def _next_change(zone: ZoneInfo, at: int, high: int, offset: int) -> int:
    """The first instant after `at` with another offset; `high` when there is none before."""
    while (ahead := min(at + STRIDE, high)) < high and _offset(zone, ahead) == offset:
        at = ahead
    if _offset(zone, ahead) == offset:
        return high
    while ahead - at > 1:
        middle = (at + ahead) // 2
        at, ahead = (middle, ahead) if _offset(zone, middle) == offset else (at, middle)
    return ahead


FIRST_ASKED: Final = _micros(datetime(1, 1, 3, tzinfo=UTC))  # at the ends of the calendar there is no local time
LAST_ASKED: Final = _micros(datetime(9999, 12, 29, tzinfo=UTC))


def _offset(zone: ZoneInfo, instant: int) -> int:
    asked = EPOCH + min(max(instant, FIRST_ASKED), LAST_ASKED) * MICROSECOND
    return (asked.astimezone(zone).utcoffset() or timedelta()) // MICROSECOND


def _opened(window: WeeklyHours, stretches: Sequence[_Stretch]) -> Iterator[tuple[int, int]]:
    """When the wall clock shows hours of the window, stretch by stretch."""
    length = _time(window.to) - _time(window.from_)
    for each in stretches:
        for day in window.days:
            opens = MONDAY + DAYS.index(day) * DAY + _time(window.from_) - each.offset  # one of them, as if in UTC
            opens += ((each.begun - opens - length) // WEEK + 1) * WEEK  # the first that closes after it began
            while opens < each.ended:
                yield max(opens, each.begun), min(opens + length, each.ended)
                opens += WEEK


def _time(text: str) -> int:
    hours, minutes = text.split(":")
    return (int(hours) * 60 + int(minutes)) * MINUTE


def _merged(intervals: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Intervals, given in order, as one where they touch or overlap."""
    held: tuple[int, int] | None = None
    for opens, closes in intervals:
        if held is not None and opens <= held[1]:
            held = (held[0], max(held[1], closes))
            continue
        if held is not None:
            yield held
        held = (opens, closes)
    if held is not None:
        yield held
