"""Days off, pure: public holidays by country, own days, and working time that skips both."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from kit.refusals import Refused
from people import days_off
from people.days_off import DaysOff, Holiday, coming
from people.working import Hours, after, is_open, working_day_from

GERMANY = DaysOff("DE")
BERLIN = Hours(ZoneInfo("Europe/Berlin"), frozenset(range(5)), time(9), time(17), GERMANY)
MAY_DAY = date(2026, 5, 1)  # a Friday


@pytest.mark.parametrize(
    ("country", "subdivision", "day", "is_off"),
    [
        ("DE", "", MAY_DAY, True),
        ("US", "", MAY_DAY, False),
        ("", "", MAY_DAY, False),
        ("DE", "", date(2026, 11, 1), False),
        ("DE", "BY", date(2026, 11, 1), True),  # All Saints' Day, in Bavaria
        ("US", "", date(2026, 7, 3), True),  # 4 July is a Saturday, so the Friday before is free
        ("DE", "", date(2027, 3, 29), True),  # Easter Monday
        ("ZZ", "", MAY_DAY, False),  # a country that the library no longer has
        ("DE", "ZZ", MAY_DAY, False),
    ],
)
def test_a_public_holiday_is_a_day_off_where_it_applies(country, subdivision, day, is_off):
    assert (day in DaysOff(country, subdivision)) is is_off


def test_working_time_skips_a_holiday_and_the_weekend_after_it():
    thursday = datetime(2026, 4, 30, 14, tzinfo=UTC)  # 16:00 in Berlin

    assert after(thursday, 120, BERLIN) == datetime(2026, 5, 4, 8, tzinfo=UTC)
    assert after(thursday, 120, replace(BERLIN, days_off=frozenset())) == datetime(2026, 5, 1, 8, tzinfo=UTC)
    assert not is_open(datetime(2026, 5, 1, 10, tzinfo=UTC), BERLIN)
    assert working_day_from(date(2026, 4, 30), 1, BERLIN) == date(2026, 5, 4)


def test_working_time_skips_easter_and_the_change_of_the_clocks_within_it():
    thursday = datetime(2027, 3, 25, 15, tzinfo=UTC)  # 16:00 in Berlin; the clocks change on Easter Sunday

    assert after(thursday, 120, BERLIN) == datetime(2027, 3, 30, 8, tzinfo=UTC)  # Tuesday, 10:00


def test_an_own_day_is_skipped_too():
    hours = replace(BERLIN, days_off=replace(GERMANY, own=frozenset({date(2026, 12, 24)})))

    assert working_day_from(date(2026, 12, 23), 1, hours) == date(2026, 12, 28)


def test_the_coming_days_are_those_of_a_year_by_date():
    own = {date(2026, 12, 24): "Christmas Eve", date(2027, 11, 23): "Too late"}

    found = coming(DaysOff("DE", "BY"), own, date(2026, 11, 23))

    assert found[:2] == [
        Holiday(date(2026, 12, 24), "Christmas Eve", "organisation"),
        Holiday(date(2026, 12, 25), "Christmas Day", "DE-BY"),
    ]
    assert found[-1] == Holiday(date(2027, 11, 1), "All Saints' Day", "DE-BY")
    assert coming(GERMANY, {}, date.max) == []


@pytest.mark.parametrize(
    ("country", "subdivision", "field"),
    [("XX", "", "country"), ("de", "", "country"), ("DE", "XX", "subdivision"), ("", "BY", "subdivision")],
)
def test_an_unknown_place_is_refused_by_field(country, subdivision, field):
    with pytest.raises(Refused) as refused:
        days_off.check(country, subdivision)

    assert refused.value.field == field


def test_countries_have_names():
    known = days_off.countries()

    assert (known["DE"], known["BA"], known["IM"]) == ("Germany", "Bosnia and Herzegovina", "Isle of Man")
