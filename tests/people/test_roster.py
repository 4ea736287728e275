"""Duty rosters, pure: turns over changes of the clock, absences, stand-ins."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from people.roster import OnDuty, Rotation, Shift, on_duty, shifts

ANA, BEN, CEM, DEE = 1, 2, 3, 4
BERLIN = ZoneInfo("Europe/Berlin")
WEEKLY = Rotation((ANA, BEN, CEM), date(2027, 3, 22), 7, time(9), BERLIN)  # from a Monday
EVERYBODY = {ANA, BEN, CEM, DEE}


@pytest.mark.parametrize(
    ("at", "turn"),
    [
        (datetime(2027, 3, 22, 7, 59, tzinfo=UTC), None),
        (datetime(2027, 3, 22, 8, tzinfo=UTC), 0),
        (datetime(2027, 3, 29, 6, 59, tzinfo=UTC), 0),
        (datetime(2027, 3, 29, 7, tzinfo=UTC), 1),  # 9:00 in summer time, an hour earlier in UTC
        (datetime(2027, 4, 12, 7, tzinfo=UTC), 3),
    ],
)
def test_turns_begin_at_the_same_time_of_day_in_winter_and_in_summer(at, turn):
    assert WEEKLY.turn_at(at) == turn


@pytest.mark.parametrize(
    ("away", "who"),
    [
        ({}, OnDuty(ANA)),
        ({ANA: DEE}, OnDuty(DEE, ANA)),
        ({ANA: None}, OnDuty(BEN, ANA)),
        ({ANA: DEE, DEE: None}, OnDuty(BEN, ANA)),
        ({ANA: None, BEN: DEE}, OnDuty(CEM, ANA)),
        ({ANA: None, BEN: None, CEM: None}, OnDuty(None, ANA)),
    ],
)
def test_the_stand_in_of_an_absent_person_is_on_duty_else_the_next_in_turn(away, who):
    assert on_duty(WEEKLY.people, 3, EVERYBODY, away) == who


def test_the_turn_of_a_person_who_left_goes_to_the_next_and_the_others_keep_theirs():
    active = EVERYBODY - {BEN}

    assert [on_duty(WEEKLY.people, turn, active, {}).person for turn in range(3)] == [ANA, CEM, CEM]


def test_an_absence_within_a_turn_divides_it():
    def away_on(day):
        return {ANA: DEE} if day == date(2027, 3, 24) else {}

    found = shifts(WEEKLY, WEEKLY.start_of(0), WEEKLY.start_of(2), EVERYBODY, away_on)

    midnight = datetime(2027, 3, 23, 23, tzinfo=UTC)  # in Berlin
    assert found == [
        Shift(WEEKLY.start_of(0), midnight, OnDuty(ANA)),
        Shift(midnight, midnight + timedelta(days=1), OnDuty(DEE, ANA)),
        Shift(midnight + timedelta(days=1), WEEKLY.start_of(1), OnDuty(ANA)),
        Shift(WEEKLY.start_of(1), WEEKLY.start_of(2), OnDuty(BEN)),
    ]


@settings(deadline=None)
@given(
    since=st.datetimes(datetime(2027, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
    length=st.integers(1, 20),
    hand_over=st.times(),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_somebody_is_on_duty_at_each_moment_once(since, length, hand_over, zone):
    rotation = Rotation((ANA, BEN), date(2026, 12, 1), length, hand_over, ZoneInfo(zone))
    until = since + timedelta(weeks=4)

    found = shifts(rotation, since, until, EVERYBODY, lambda day: {})

    assert (found[0].starts_at, found[-1].ends_at) == (since, until)
    assert all(one.ends_at == following.starts_at for one, following in pairwise(found))
    assert all(one.who != following.who for one, following in pairwise(found))
