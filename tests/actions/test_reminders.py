"""The moments of an action's reminders."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.reminders import moments
from kit.refusals import Refused
from people.working import Hours


def hours(zone: str, days=(0, 1, 2, 3, 4)) -> Hours:
    return Hours(ZoneInfo(zone), frozenset(days), time(9), time(17))


BERLIN = hours("Europe/Berlin")
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def test_a_friday_is_reminded_on_thursday_and_monday_and_overdue_on_monday_evening():
    found = dict(moments(date(2026, 11, 27), BERLIN, at=MONDAY))

    assert found == {
        "before": datetime(2026, 11, 26, 8, tzinfo=UTC),
        "after": datetime(2026, 11, 30, 8, tzinfo=UTC),
        "overdue": datetime(2026, 11, 30, 16, tzinfo=UTC),
    }


@pytest.mark.parametrize("day", [date.min, date(26, 12, 1), date(1969, 12, 31), date(3000, 1, 1), date.max])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_year_that_must_be_a_slip_is_refused(day, zone):
    with pytest.raises(Refused) as refused:
        moments(day, hours(zone), at=MONDAY)

    assert refused.value.field == "due_on"


def test_a_monday_is_reminded_on_the_friday_before():
    assert dict(moments(date(2026, 11, 30), BERLIN, at=MONDAY))["before"] == datetime(
        2026, 11, 27, 8, tzinfo=UTC
    )


def test_working_days_are_those_of_the_calendar():
    sunday_to_thursday = hours("Asia/Dubai", (6, 0, 1, 2, 3))

    found = dict(moments(date(2026, 11, 26), sunday_to_thursday, at=MONDAY))

    assert found["after"] == datetime(2026, 11, 29, 5, tzinfo=UTC)


def test_summer_time_keeps_the_local_hour():
    found = dict(moments(date(2027, 3, 29), BERLIN, at=MONDAY))

    assert found["before"] == datetime(2027, 3, 26, 8, tzinfo=UTC)
    assert found["after"] == datetime(2027, 3, 30, 7, tzinfo=UTC)


def test_a_date_already_missed_is_overdue_tomorrow_not_at_once():
    assert moments(date(2026, 11, 2), BERLIN, at=MONDAY) == [
        ("overdue", datetime(2026, 11, 24, 16, tzinfo=UTC))
    ]


def test_due_today_reminds_tomorrow():
    assert [when for when, _ in moments(date(2026, 11, 23), BERLIN, at=MONDAY)] == ["after", "overdue"]


@given(
    st.dates(date(2024, 1, 1), date(2030, 12, 31)),
    st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe"]
    ),
    st.sets(st.integers(0, 6), min_size=1),
    st.datetimes(datetime(2024, 1, 1), datetime(2031, 1, 31), timezones=st.just(UTC)),
)
def test_every_date_has_an_overdue_moment_to_come_on_a_working_day_at_the_day_s_end(due_on, zone, days, now):
    calendar = hours(zone, days)

    found = dict(moments(due_on, calendar, at=now))

    local = found["overdue"].astimezone(calendar.zone)
    assert local.weekday() in days
    assert local.hour == 17
    assert local.date() > due_on
    assert all(moment > now for moment in found.values())
