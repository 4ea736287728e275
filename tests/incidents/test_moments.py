"""The order of the moments of an incident."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils.timezone import override
from hypothesis import given
from hypothesis import strategies as st

from incidents.moments import MOMENTS, problems, this_minute
from tests.conftest import AT

HOUR = timedelta(hours=1)


def test_of_two_moments_in_the_wrong_order_the_entered_one_is_named():
    moments = {"started_at": AT, "noticed_at": AT - HOUR}
    late = problems(moments, {"noticed_at"}, now=AT)
    early = problems(moments, {"started_at"}, now=AT)

    assert list(late) == ["noticed_at"] and "no earlier" in late["noticed_at"]
    assert list(early) == ["started_at"] and "no later" in early["started_at"]
    assert list(problems(moments, {"started_at", "noticed_at"}, now=AT)) == ["noticed_at"]


def test_a_moment_in_the_future_is_named():
    assert list(problems({"started_at": AT + HOUR}, {"started_at"}, now=AT)) == ["started_at"]
    assert problems({"started_at": AT}, {"started_at"}, now=AT) == {}


@given(st.dictionaries(st.sampled_from(MOMENTS), st.integers(0, 5)), st.sets(st.sampled_from(MOMENTS)))
def test_there_is_a_problem_exactly_if_the_known_moments_are_out_of_order(hours, entered):
    moments = {name: AT - (5 - hour) * HOUR for name, hour in hours.items()}
    known = [moments[name] for name in MOMENTS if name in moments]
    assert bool(problems(moments, entered, now=AT)) == (known != sorted(known))


def test_a_moment_that_nobody_entered_is_the_present_minute_and_never_before_a_known_one():
    now = AT + timedelta(seconds=50)
    assert this_minute(now, {}) == AT
    started = AT + timedelta(seconds=20)
    assert this_minute(now, {"started_at": started, "noticed_at": None}) == started


def test_a_year_that_no_incident_can_have_is_named():
    for year in (1, 999, 3000, 9999):
        found = problems({"started_at": AT.replace(year=year), "noticed_at": AT}, {"started_at"}, now=AT)
        assert found == {"started_at": "Use a year from 1000 to 2999."}


def test_a_moment_of_more_than_ten_years_ago_is_named_if_it_was_just_entered():
    for year in (1000, 1900, 2015):
        moments = {"started_at": AT.replace(year=year), "noticed_at": AT}
        assert problems(moments, {"started_at"}, now=AT) == {
            "started_at": "This moment is more than ten years ago. Check the year."
        }
        assert problems(moments, {"noticed_at"}, now=AT) == {}
    assert problems({"started_at": AT.replace(year=2017)}, {"started_at"}, now=AT) == {}


@pytest.mark.parametrize(
    ("zone", "shown"),
    [("UTC", "10:00 UTC"), ("Europe/Berlin", "11:00 CET"), ("Asia/Dubai", "14:00 Asia/Dubai")],
)
def test_the_other_moment_is_named_in_the_zone_of_the_reader(zone, shown):
    """The API has no zone of a reader: it names UTC."""
    moments = {"started_at": AT, "noticed_at": AT - HOUR}

    with override(ZoneInfo(zone)):
        found = problems(moments, {"noticed_at"}, now=AT)

    assert f"(Mon 23 Nov 2026, {shown})" in found["noticed_at"]
