"""Weekly hours as UTC intervals: what the wall clock of the zone shows, minute by minute."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concord.decision.hours import DAYS, WeeklyHours, is_open
from concord.decision.terms import EXAMPLE, Terms
from offer_registry import hours
from offer_registry.hours import expand

MINUTE = timedelta(minutes=1)
# Where clocks change: spring and autumn, by half an hour, across a whole day, twice within a week, at midnight.
CHANGES = [
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("Europe/London", "2026-03-29T01:00:00Z"),
    ("Europe/London", "2026-10-25T01:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("America/Noronha", "2000-10-15T01:00:00Z"),
    ("Asia/Gaza", "2040-10-26T23:00:00Z"),
    ("Asia/Beirut", "2026-03-28T22:00:00Z"),
    ("Africa/Casablanca", "2026-02-15T02:00:00Z"),
]


def window(
    days: str = "mon tue wed thu fri", from_: str = "17:00", to: str = "20:00", zone: str = "UTC"
) -> WeeklyHours:
    return WeeklyHours.model_validate({"days": days.split(), "from": from_, "to": to, "zone": zone})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def spoken(intervals: list[tuple[datetime, datetime]]) -> list[str]:
    return [f"{opens:%m-%d %H:%M}-{closes:%m-%d %H:%M}" for opens, closes in intervals]


def shows(windows: list[WeeklyHours], instant: datetime) -> bool:
    """Whether the clock on the wall shows one of the hours."""
    for each in windows:
        wall = instant.astimezone(hours._zone(each.zone))
        if DAYS[wall.weekday()] in each.days and each.from_ <= f"{wall:%H:%M}" < each.to:
            return True
    return False


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[WeeklyHours], datetime, datetime]:
    """Windows and a few days, mostly around a change of the clocks."""
    zone, change = draw(st.sampled_from(CHANGES))
    anywhere = st.datetimes(datetime(1995, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  bounds are naive
    near = at(change) - draw(st.integers(0, 3 * 24 * 60)) * MINUTE
    start = draw(st.one_of(st.just(near), st.just(near), anywhere))
    end = start + draw(st.integers(1, 5 * 24 * 60)) * MINUTE
    zones = st.sampled_from([zone, zone, "UTC", "Asia/Kathmandu", *sorted(hours.zones())])
    return draw(st.lists(windows(zones), min_size=1, max_size=4)), start, end


@st.composite
def windows(draw: st.DrawFn, zones: st.SearchStrategy[str]) -> WeeklyHours:
    days = draw(st.sets(st.sampled_from(DAYS), min_size=1))
    first, last = sorted(draw(st.lists(st.integers(0, 24 * 60), min_size=2, max_size=2, unique=True)))
    return window(" ".join(days), _time(first), _time(last), draw(zones))


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


@settings(max_examples=1_000, deadline=None)
@given(cases())
def test_hours_are_open_exactly_when_the_wall_clock_shows_them(
    case: tuple[list[WeeklyHours], datetime, datetime],
) -> None:
    written, start, end = case
    found = expand(written, start, end)
    assert all(start <= opens < closes <= end for opens, closes in found)
    assert all(before[1] < after[0] for before, after in pairwise(found))
    instant = start
    while instant < end:
        assert is_open(found, instant) is shows(written, instant), instant
        instant += MINUTE
    for edge in (edge for interval in found for edge in interval if start < edge < end):
        assert shows(written, edge) is not shows(written, edge - timedelta(microseconds=1)), edge


def test_dst_change_between_publish_and_start_keeps_the_wall_clock() -> None:
    """Published in February, valid from April on: five in the afternoon is five by the clocks of April."""
    evenings = [window("thu", zone="America/New_York")]
    found = expand(evenings, at("2026-04-01T00:00:00Z"), at("2026-04-08T00:00:00Z"))
    assert spoken(found) == ["04-02 21:00-04-03 00:00"]
    winter = expand(evenings, at("2026-02-01T00:00:00Z"), at("2026-02-08T00:00:00Z"))
    assert spoken(winter) == ["02-05 22:00-02-06 01:00"]


def test_dst_change_within_the_validity_moves_the_instants_and_not_the_wall_clock() -> None:
    found = expand([window("sun", zone="Europe/London")], at("2026-03-20T00:00:00Z"), at("2026-04-06T00:00:00Z"))
    assert spoken(found) == ["03-22 17:00-03-22 20:00", "03-29 16:00-03-29 19:00", "04-05 16:00-04-05 19:00"]


def test_hour_that_the_clocks_leave_out_does_not_come() -> None:
    nights = [window("sun", "02:00", "03:00", "America/New_York")]
    found = expand(nights, at("2026-03-01T00:00:00Z"), at("2026-03-16T00:00:00Z"))
    assert spoken(found) == ["03-01 07:00-03-01 08:00", "03-15 06:00-03-15 07:00"]
    around = [window("sun", "01:30", "03:30", "America/New_York")]
    assert spoken(expand(around, at("2026-03-08T00:00:00Z"), at("2026-03-09T00:00:00Z"))) == ["03-08 06:30-03-08 07:30"]


def test_hour_that_the_clocks_go_through_twice_counts_twice() -> None:
    nights = [window("sun", "01:00", "02:00", "America/New_York")]
    assert spoken(expand(nights, at("2026-11-01T00:00:00Z"), at("2026-11-02T00:00:00Z"))) == ["11-01 05:00-11-01 07:00"]
    quarter = [window("sun", "01:00", "01:15", "America/New_York")]
    assert spoken(expand(quarter, at("2026-11-01T00:00:00Z"), at("2026-11-02T00:00:00Z"))) == [
        "11-01 05:00-11-01 05:15",
        "11-01 06:00-11-01 06:15",
    ]


@pytest.mark.parametrize(
    ("zone", "first", "second"),
    [
        ("America/Noronha", "2000-10-08T02:00:00Z", "2000-10-15T01:00:00Z"),
        ("Asia/Gaza", "2040-10-20T00:00:00Z", "2040-10-26T23:00:00Z"),
    ],
)
def test_clocks_that_change_twice_within_a_week_are_followed(zone: str, first: str, second: str) -> None:
    noons = [window(" ".join(DAYS), "12:00", "13:00", zone)]
    for hours_before in range(0, 12 * 24, 5):
        start = at(first) - timedelta(hours=hours_before)
        found = expand(noons, start, start + timedelta(days=30))
        wall = {f"{opens.astimezone(hours._zone(zone)):%H:%M}" for opens, _ in found[1:]}
        assert wall == {"12:00"}, start
    assert at(second) - at(first) < timedelta(days=7)


def test_day_that_a_zone_left_out_has_no_hours() -> None:
    fridays = [window("fri", "00:00", "24:00", "Pacific/Apia")]
    found = expand(fridays, at("2011-12-20T00:00:00Z"), at("2012-01-10T00:00:00Z"))
    assert spoken(found) == ["12-23 10:00-12-24 10:00", "01-05 10:00-01-06 10:00"]


def test_hours_that_touch_or_overlap_are_one_interval() -> None:
    night = [window("mon", "22:00", "24:00"), window("tue", "00:00", "04:00"), window("tue", "03:00", "05:00")]
    assert spoken(expand(night, at("2026-06-01T00:00:00Z"), at("2026-06-05T00:00:00Z"))) == ["06-01 22:00-06-02 05:00"]
    always = [window(" ".join(DAYS), "00:00", "24:00", "Europe/London")]
    start, end = at("2026-01-01T12:30:00.25Z"), at("2026-12-01T00:00:00Z")
    assert expand(always, start, end) == [(start, end)]


@pytest.mark.parametrize(
    ("start", "end", "last"),
    [
        ("2026-06-01T09:30:00Z", None, "2028-06-01T09:30:00Z"),
        ("2026-06-01T09:30:00Z", "2040-01-01T00:00:00Z", "2028-06-01T09:30:00Z"),
        ("2028-02-29T09:30:00Z", None, "2030-02-28T09:30:00Z"),
        ("2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("9998-06-01T00:00:00Z", None, "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_hours_reach_two_years_ahead_of_the_start_at_most(start: str, end: str | None, last: str) -> None:
    always = [window(" ".join(DAYS), "00:00", "24:00", "America/New_York")]
    assert expand(always, at(start), None if end is None else at(end)) == [(at(start), at(last))]


def test_hours_at_the_ends_of_the_calendar_have_an_answer() -> None:
    both = [window(zone="America/New_York"), window(zone="Pacific/Kiritimati")]
    assert expand(both, datetime.min.replace(tzinfo=UTC), None)
    assert expand(both, at("9999-12-20T00:00:00Z"), datetime.max.replace(tzinfo=UTC))


def terms(**changes: Any) -> Terms:
    return Terms.model_validate(EXAMPLE | changes)


SUNDAY = {"days": ["sun"], "from": "10:00", "to": "12:00"}
MONDAY = {"days": ["mon"], "from": "10:00", "to": "12:00"}
WEEK = {"start": "2026-06-01T00:00:00Z", "end": "2026-06-07T00:00:00Z"}  # a Monday to a Saturday


def test_window_that_never_opens_in_the_validity_is_named() -> None:
    said = terms(windows=[MONDAY, SUNDAY], validity=WEEK)
    assert [(error.pointer, error.reason) for error in hours.never_open(said)] == [("/windows/1", "window_never_opens")]
    assert not list(hours.never_open(terms(windows=[SUNDAY], validity=WEEK | {"end": None})))
    backwards = terms(windows=[SUNDAY], validity={"start": WEEK["end"], "end": WEEK["start"]})
    assert not list(hours.never_open(backwards)), "the end before the start is said once"


def test_hours_that_are_all_over_are_named_unless_the_offer_is_over_too() -> None:
    said = terms(windows=[MONDAY], validity={"start": WEEK["start"], "end": None})
    found = expand(said.windows, said.validity.start, None)
    last = found[-1][1]
    assert not list(hours.over(said, found, last - MINUTE))
    assert [error.pointer for error in hours.over(said, found, last)] == ["/validity/start"]
    ended = terms(windows=[MONDAY], validity=WEEK)
    assert not list(hours.over(ended, expand(ended.windows, *map(at, WEEK.values())), at("2027-01-01T00:00:00Z")))


def test_zones_are_names_of_the_tz_database() -> None:
    assert {"UTC", "America/New_York", "Europe/Berlin"} <= hours.zones()
    assert not {"Factory", "localtime", "Mars/Olympus", ""} & hours.zones()
    for name in hours.zones():
        assert hours._zone(name).key == name
    with pytest.raises(KeyError):
        hours._zone("../zones")


def test_unknown_zones_are_named_wherever_they_stand() -> None:
    per = {"period": "P1M", "zone": "Mars/Olympus"}
    limit = {"scope": "total", "units": 1, "per": per}
    said = terms(
        windows=[MONDAY, MONDAY | {"zone": "Mars/Olympus"}],
        limits=[{"budget": "b"}, limit, {"scope": "total", "units": 1, "per": "P1D"}],
        codes=["PLAIN", {"code": "LIMITED", "limits": [limit]}],
    )
    assert [(error.pointer, error.reason) for error in hours.unknown_zones(said, "/terms")] == [
        ("/terms/windows/1/zone", "zone_unknown"),
        ("/terms/limits/1/per/zone", "zone_unknown"),
        ("/terms/codes/1/limits/0/per/zone", "zone_unknown"),
    ]
