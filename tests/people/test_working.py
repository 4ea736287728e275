"""Working time, pure: days, hours, the change of the clocks."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from people.working import Hours, after, is_open, working_day_from

BERLIN = Hours(ZoneInfo("Europe/Berlin"), frozenset(range(5)), time(9), time(17))


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "minutes", "then"),
    [
        (utc(2026, 11, 23, 10), 60, utc(2026, 11, 23, 11)),  # within the day
        (
            utc(2026, 11, 23, 15, 30),
            60,
            utc(2026, 11, 24, 8, 30),
        ),  # half before 17:00 in Berlin, half after 9:00
        (utc(2026, 11, 27, 15, 30), 60, utc(2026, 11, 30, 8, 30)),  # over the weekend
        (utc(2026, 11, 28, 12), 30, utc(2026, 11, 30, 8, 30)),  # raised on Saturday: waits for Monday
        (utc(2026, 11, 23, 4), 30, utc(2026, 11, 23, 8, 30)),  # raised at night
        (utc(2026, 11, 23, 8), 480, utc(2026, 11, 23, 16)),  # used up at the end of the day
        (utc(2026, 11, 23, 8), 481, utc(2026, 11, 24, 8, 1)),
        (utc(2026, 11, 23, 8), 0, utc(2026, 11, 23, 8)),
    ],
)
def test_minutes_count_within_working_hours_only(at, minutes, then):
    assert after(at, minutes, BERLIN) == then


def test_round_the_clock_counts_every_minute():
    assert after(utc(2026, 11, 28, 12), 90, None) == utc(2026, 11, 28, 13, 30)


def test_after_the_clocks_change_the_day_starts_at_nine_on_the_wall():
    friday_before_summer_time = utc(2026, 3, 27, 15, 30)  # 16:30 in Berlin
    friday_before_winter_time = utc(2026, 10, 23, 14, 30)

    assert after(friday_before_summer_time, 60, BERLIN) == utc(2026, 3, 30, 7, 30)  # 9:30 in summer
    assert after(friday_before_winter_time, 60, BERLIN) == utc(2026, 10, 26, 8, 30)  # 9:30 in winter


def test_a_night_shift_over_the_change_is_as_long_as_it_is():
    nights = Hours(ZoneInfo("Europe/Berlin"), frozenset(range(7)), time(1), time(5))

    assert after(utc(2026, 3, 29, 0), 3 * 60, nights) == utc(2026, 3, 29, 3)  # three hours, not four
    assert after(utc(2026, 10, 24, 23), 5 * 60, nights) == utc(2026, 10, 25, 4)  # five hours


@given(
    at=st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC)),
    minutes=st.integers(1, 3000),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
)
def test_the_moment_lies_in_working_hours_and_nothing_is_counted_twice(at, minutes, zone):
    hours = Hours(ZoneInfo(zone), frozenset(range(5)), time(9), time(17))

    then = after(at, minutes, hours)

    local = then.astimezone(hours.zone)
    assert local.weekday() < 5
    assert time(9) <= local.time() <= time(17)
    assert after(after(at, minutes - 1, hours), 1, hours) == then
    assert then >= at


def test_is_open_is_true_from_nine_until_before_seventeen():
    assert is_open(utc(2026, 11, 23, 8), BERLIN)
    assert not is_open(utc(2026, 11, 23, 16), BERLIN)
    assert not is_open(utc(2026, 11, 28, 10), BERLIN)


def test_working_days_are_counted_over_the_weekend():
    friday = date(2026, 11, 27)

    assert working_day_from(friday, 1, BERLIN) == date(2026, 11, 30)
    assert working_day_from(date(2026, 11, 30), -1, BERLIN) == friday
    assert working_day_from(date(2026, 11, 28), 0, BERLIN) == date(2026, 11, 30)
