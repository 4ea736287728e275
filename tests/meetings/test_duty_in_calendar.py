"""A person's times on duty in their calendar, read back by the library icalendar."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from kit.actor import SYSTEM
from meetings.operations import calendar_feed as feeds
from people.models import DutyPeriod
from people.operations import person as persons
from people.operations import roster as rosters
from people.states import Role
from tests.factories import meetings as make
from tests.factories import people
from tests.moments import AT

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 11, 23)
BY = {"by": SYSTEM, "at": AT}


@pytest.fixture
def crew(db):
    """Ana and Ben of a function, in Berlin."""
    people.organisation(time_zone="Europe/Berlin")
    function = people.function("risk-management")
    return function, people.user("Ana", function=function), people.user("Ben", function=function)


def turns(function, *persons, **fields):
    return rosters.add(function=function, people=persons, **{"starts_on": MONDAY, **fields}, **BY)


def subscribed(person, series=None) -> str:
    return reverse("meetings:calendar_feed", args=[feeds.add(person, series=series, **BY)[1]])


def duties_at(address: str) -> list:
    answer = Client().get(address)
    assert answer.status_code == 200
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    return [event for event in events if str(event["UID"]).startswith("duty-")]


def times_of(events) -> list:
    return [(event["DTSTART"].dt, event["DTEND"].dt) for event in events]


def test_the_turns_of_a_person_are_in_their_calendar_with_a_link_to_the_roster(crew):
    function, ana, ben = crew
    found = turns(function, ana, ben)

    own = duties_at(subscribed(ana))

    first = datetime.combine(MONDAY, time(9), BERLIN)
    weeks = [timedelta(weeks=2 * number) for number in range(7)]
    assert times_of(own) == [(first + week, first + week + timedelta(weeks=1)) for week in weeks]
    assert own[0]["UID"] == f"duty-{found.pk}-20261123@localhost"
    assert own[0]["SUMMARY"] == f"On duty: {function.name}"
    assert own[0]["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert own[0]["TRANSP"] == "TRANSPARENT"
    assert own[0]["URL"].endswith(f"/functions/{function.pk}/")
    assert not set(map(str, (event["UID"] for event in own))) & {
        str(event["UID"]) for event in duties_at(subscribed(ben))
    }


def test_a_turn_keeps_its_local_times_when_the_clocks_change(crew, move_clock):
    """In Berlin the clocks go forward on 28 March 2027 and back on 31 October 2027."""
    function, ana, _ = crew
    turns(function, ana)
    address = subscribed(ana)
    for moment in (datetime(2027, 3, 20, tzinfo=UTC), datetime(2027, 10, 20, tzinfo=UTC)):
        move_clock(moment)
        own = duties_at(address)
        assert {start.astimezone(BERLIN).hour for start, _ in times_of(own)} == {9}
        assert {end - start for start, end in times_of(own)} == {timedelta(weeks=1)}
        lengths = {end.astimezone(UTC) - start.astimezone(UTC) for start, end in times_of(own)}
        shorter_or_longer = timedelta(weeks=1) + timedelta(hours=-1 if moment.month == 3 else 1)
        assert lengths == {timedelta(weeks=1), shorter_or_longer}
        gaps = zip(times_of(own)[1:], times_of(own), strict=False)
        assert all(later[0] == earlier[1] for later, earlier in gaps)


def test_turns_from_midnight_to_midnight_are_days(crew):
    function, ana, _ = crew
    turns(function, ana, length_days=2, hand_over_at=time(0))

    own = duties_at(subscribed(ana))

    assert times_of(own)[:2] == [
        (MONDAY, MONDAY + timedelta(days=2)),
        (MONDAY + timedelta(days=2), MONDAY + timedelta(days=4)),
    ]
    assert own[0]["DTSTART"].params["VALUE"] == "DATE"


def test_uids_and_times_stay_while_time_passes_and_the_feed_is_not_read_again(crew, move_clock):
    function, ana, ben = crew
    turns(function, ana, ben)
    address = subscribed(ana)
    before, tag = duties_at(address), Client().get(address)["ETag"]

    move_clock(AT + timedelta(days=2))

    assert Client().get(address, headers={"If-None-Match": tag}).status_code == 304
    move_clock(AT + timedelta(days=8))  # the first turn is over
    after = duties_at(address)
    assert [str(event["UID"]) for event in after][:6] == [str(event["UID"]) for event in before][1:]
    assert times_of(after)[:6] == times_of(before)[1:]


def test_an_absence_moves_the_duty_to_the_stand_in_and_keeps_the_uid_of_the_rest(crew):
    function, ana, ben = crew
    cem = people.user("Cem")
    found = turns(function, ana, ben)
    addresses = {person: subscribed(person) for person in (ana, cem)}
    before = duties_at(addresses[ana])[0]
    assert duties_at(addresses[cem]) == []

    persons.be_away(
        ana, from_on=MONDAY + timedelta(days=2), until_on=MONDAY + timedelta(days=3), stand_in=cem, **BY
    )

    own, instead = duties_at(addresses[ana]), duties_at(addresses[cem])
    midnights = [datetime.combine(MONDAY + timedelta(days=days), time(), BERLIN) for days in (2, 4)]
    assert times_of(own)[:2] == [(before["DTSTART"].dt, midnights[0]), (midnights[1], before["DTEND"].dt)]
    assert own[0]["UID"] == before["UID"]
    assert own[1]["UID"] == f"duty-{found.pk}-20261123-2@localhost"
    assert own[0]["SEQUENCE"] > before["SEQUENCE"]
    assert times_of(instead) == [(date(2026, 11, 25), date(2026, 11, 27))]
    assert "Instead of Ana" in instead[0]["DESCRIPTION"]


def test_the_periods_of_a_duty_calendar_are_in_the_calendar_of_each_person(crew):
    function, ana, ben = crew
    found = rosters.add(function=function, calendar_url="https://pager.example.org/duty.ics", **BY)
    for number, person in enumerate((ana, ben, ana)):
        begins = AT + timedelta(hours=12 * number)
        DutyPeriod.objects.create(
            roster=found, person=person, starts_at=begins, ends_at=begins + timedelta(hours=12)
        )

    own = duties_at(subscribed(ana))

    starts = [AT, AT + timedelta(hours=24)]
    assert times_of(own) == [(start, start + timedelta(hours=12)) for start in starts]
    assert [str(event["UID"]) for event in own] == [
        f"duty-{found.pk}-{start:%Y%m%dT%H%MZ}@localhost" for start in starts
    ]


def test_a_viewer_is_never_on_duty_and_an_ended_roster_is_gone(crew):
    function, ana, ben = crew
    found = turns(function, ana, ben)
    address = subscribed(ana)
    persons.set_role(ana, Role.VIEWER, **BY)
    assert duties_at(address) == []
    persons.set_role(ana, Role.MEMBER, **BY)
    assert len(duties_at(address)) == 7

    rosters.end(found, **BY)

    assert duties_at(address) == []


def test_the_calendar_of_a_series_has_no_duties(crew):
    function, ana, ben = crew
    turns(function, ana, ben)
    team = people.team(lead=ana)

    assert duties_at(subscribed(ana, make.series(team))) == []


@pytest.mark.parametrize("number", [1, 3])
def test_a_feed_takes_the_same_queries_for_any_number_of_rosters(crew, number, django_assert_num_queries):
    function, ana, ben = crew
    turns(function, ana, ben)
    for place in range(1, number):
        other = people.function(f"function-{place}")
        turns(other, people.user(f"Other {place}", function=other))
    persons.be_away(ben, from_on=MONDAY, until_on=MONDAY, stand_in=people.user("Cem"), **BY)
    address = subscribed(ana)
    Client().get(address)

    with django_assert_num_queries(9):
        assert len(duties_at(address)) == 7
