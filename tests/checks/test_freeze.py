"""Nothing is released inside a freeze window, by the clocks of its own zone."""

from datetime import UTC, datetime, time

import pytest

from release_sentinel.checks.freeze import check_freeze
from release_sentinel.checks.result import CRIT, OK, CheckResult
from release_sentinel.config.kinds import Day, WeekTime
from release_sentinel.config.model import Freeze


def at(text: str) -> WeekTime:
    """Return `fri 16:00` or `16:00` as in the policy."""
    day, _, clock = text.rpartition(" ")
    return WeekTime(day, time.fromisoformat(clock))


def weekly(start: str, end: str, *days: Day, zone: str = "Europe/Berlin") -> Freeze:
    """Return a window that repeats each week, or each day."""
    return Freeze("the weekend", zone, at(start), at(end), days)


def once(start: str, end: str, zone: str = "Europe/Berlin") -> Freeze:
    """Return a window of one time."""
    return Freeze("the sale", zone, datetime.fromisoformat(start), datetime.fromisoformat(end))


def judge(now: str, *windows: Freeze) -> CheckResult:
    """Judge windows at a moment, in UTC unless it has another zone."""
    moment = datetime.fromisoformat(now)
    return check_freeze(windows, observe=lambda: moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def frozen(now: str, *windows: Freeze) -> bool:
    """Return whether a moment lies within windows."""
    return judge(now, *windows).status is CRIT


WEEKEND = weekly("fri 16:00", "mon 08:00")
NIGHT = weekly("22:00", "06:00", "mon", "tue")
LUNCH = weekly("12:00", "13:00")
SALE = once("2026-12-18T00:00", "2026-12-27T06:00")

EDGES = [
    (WEEKEND, "2026-11-20T15:59:59+01:00", "2026-11-20T16:00:00+01:00"),
    (WEEKEND, "2026-11-23T08:00:00+01:00", "2026-11-23T07:59:59+01:00"),
    (WEEKEND, "2026-11-19T17:00:00+01:00", "2026-11-21T03:00:00+01:00"),
    (weekly("mon 08:00", "mon 07:00"), "2026-11-23T07:30+01:00", "2026-11-23T06:59+01:00"),
    (weekly("sun 23:00", "mon 01:00"), "2026-11-23T01:00+01:00", "2026-11-23T00:59+01:00"),
    (NIGHT, "2026-11-23T21:59+01:00", "2026-11-23T22:00+01:00"),
    (NIGHT, "2026-11-25T06:00+01:00", "2026-11-25T05:59+01:00"),
    (NIGHT, "2026-11-25T22:30+01:00", "2026-11-24T22:30+01:00"),  # Wednesday is not one of its days
    (NIGHT, "2026-11-23T05:00+01:00", "2026-11-24T05:00+01:00"),  # Sunday is not one either
    (LUNCH, "2026-11-22T13:00+01:00", "2026-11-22T12:00+01:00"),
    (weekly("00:00", "00:00", "sat"), "2026-11-22T00:00+01:00", "2026-11-21T23:59+01:00"),
    (SALE, "2026-12-17T22:59:59", "2026-12-17T23:00:00"),
    (SALE, "2026-12-27T05:00:00", "2026-12-27T04:59:59"),
    (once("2026-12-18T00:00-05:00", "2026-12-19T00:00-05:00"), "2026-12-18T04:59", "2026-12-18T05:00"),
    (weekly("fri 16:00", "fri 17:00", zone="Pacific/Auckland"), "2026-11-20T16:30", "2026-11-20T03:30"),
]


@pytest.mark.parametrize(("window", "outside", "inside"), EDGES)
def test_a_window_holds_from_its_start_to_before_its_end(window: Freeze, outside: str, inside: str) -> None:
    """Also over midnight, over several days, on its own days only, and in its own zone."""
    assert not frozen(outside, window)
    assert frozen(inside, window)


# In Berlin the clock jumps from 02:00 to 03:00 on 2026-03-29, and back from 03:00 to 02:00 on 2026-10-25, at 01:00 UTC.
LEAPS = [
    (weekly("02:30", "05:00"), "2026-03-29T00:59:59", "2026-03-29T01:00:00"),  # 02:30 is skipped
    (weekly("01:00", "02:30"), "2026-03-29T01:00:00", "2026-03-29T00:59:59"),
    (weekly("02:30", "05:00"), "2026-10-25T00:29:59", "2026-10-25T00:30:00"),  # 02:30 occurs twice
    (weekly("01:00", "02:30"), "2026-10-25T01:30:00", "2026-10-25T01:29:59"),
    (WEEKEND, "2026-03-30T06:00:00", "2026-03-30T05:59:59"),  # 08:00 in summer
    (WEEKEND, "2026-10-26T07:00:00", "2026-10-26T06:59:59"),  # 08:00 in winter
    (once("2026-03-29T02:30", "2026-03-29T04:00"), "2026-03-29T00:59:59", "2026-03-29T01:00:00"),
    (once("2026-10-25T02:30", "2026-10-25T05:00"), "2026-10-25T00:29:59", "2026-10-25T00:30:00"),
    (once("2026-10-25T02:00+02:00", "2026-10-25T02:30"), "2026-10-25T01:30:00", "2026-10-25T01:29:59"),
    (
        weekly("02:10", "05:00", zone="Australia/Lord_Howe"),
        "2026-10-03T15:29:59",
        "2026-10-03T15:30:00",
    ),  # by half an hour
]


@pytest.mark.parametrize(("window", "outside", "inside"), LEAPS)
def test_summer_time(window: Freeze, outside: str, inside: str) -> None:
    """A time that occurs twice counts from its first to its last; a skipped one is the moment of the change."""
    assert not frozen(outside, window)
    assert frozen(inside, window)


def test_the_message_says_which_window_why_and_until_when() -> None:
    """In the window's zone with its offset, and in UTC."""
    result = judge("2026-11-21T12:00", WEEKEND, LUNCH)
    assert result.message == (
        "Releases are frozen: the weekend; it ends mon 2026-11-23 08:00 +01:00 Europe/Berlin (2026-11-23 07:00 UTC)"
    )
    assert result.remedy == "wait until then, or waive the gate with a reason and a date"


def test_the_end_is_shown_in_the_offset_that_applies_then() -> None:
    """Over a change of the clock, the end is the wall clock's."""
    assert (
        "ends mon 2026-03-30 08:00 +02:00 Europe/Berlin (2026-03-30 06:00 UTC)"
        in judge("2026-03-28T12:00", WEEKEND).message
    )


def test_overlapping_windows_are_all_shown() -> None:
    """The one that ends last comes first."""
    result = judge("2026-12-19T11:30", WEEKEND, SALE, LUNCH)
    assert result.message.startswith("Releases are frozen: the sale; it ends mon 2026-12-28 08:00")
    assert len(result.details) == 3
    assert judge("2026-11-21T11:30", WEEKEND, LUNCH).details == (
        "the weekend: until mon 2026-11-23 08:00 +01:00 Europe/Berlin",
        "the weekend: until sat 2026-11-21 13:00 +01:00 Europe/Berlin",
    )
    assert judge("2026-11-21T13:30", WEEKEND, LUNCH).details == ()


def test_windows_in_a_row_are_one_freeze() -> None:
    """Saturday and Sunday, each from midnight to midnight, end on Monday; the sale ends inside a weekend."""
    days = weekly("00:00", "00:00", "sat", "sun")
    assert "it ends mon 2026-11-23 00:00" in judge("2026-11-21T12:00", days).message
    assert "the sale; it ends mon 2026-12-28 08:00" in judge("2026-12-23T12:00", WEEKEND, SALE).message


def test_a_freeze_without_an_end() -> None:
    """Every day from midnight to midnight is a mistake that is reported, and does not hang the gate."""
    assert judge("2026-11-21T12:00", weekly("00:00", "00:00")).message == (
        "Releases are frozen: the weekend; it does not end within a year"
    )


def test_outside_of_all_windows() -> None:
    """The message says which moment was judged."""
    result = judge("2026-11-18T12:30", WEEKEND, NIGHT)
    assert (result.status, result.message) == (OK, "now (2026-11-18 12:30 UTC) is outside of 2 freeze windows")
    assert judge("2026-11-18T12:30").message == "there is no freeze window"


def test_the_clock_is_the_machine_s() -> None:
    """Without an observer it is now."""
    now = datetime.now(UTC)
    early, late = now.replace(year=now.year - 1, day=1), now.replace(year=now.year + 1, day=1)
    assert check_freeze([Freeze("always", "UTC", early, late)]).status is CRIT
    assert check_freeze([Freeze("past", "UTC", early.replace(year=2000), early)]).status is OK
