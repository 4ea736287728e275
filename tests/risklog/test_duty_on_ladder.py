"""A rung for a function notifies the person on duty, and everyone with the function if nobody is."""

from datetime import timedelta

import pytest

from kit.actor import SYSTEM
from people.operations import person as persons
from people.operations import roster as rosters
from risklog.models import Climb
from risklog.states import Who
from tests.factories import people
from tests.factories import risklog_review as make

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def science():
    people.organisation(time_zone="UTC")
    function = people.function("data-science")
    make.ladder((Who.FUNCTION, 60, {"function": function}))
    return function


@pytest.fixture
def trio(science):
    return [people.user(name, function=science) for name in ("Ana", "Ben", "Cem")]


def roster(function, members, at, **fields):
    values = {"starts_on": at.date() - DAY, **fields}
    return rosters.add(function=function, people=members, by=SYSTEM, at=at, **values)


def told(at) -> tuple[list[int], dict[str, int]]:
    climb = Climb.objects.get(escalation=make.escalation(at=at))
    return climb.notified_ids, climb.stand_ins


def test_the_person_on_duty_is_notified_alone(at, science, trio):
    ana, ben, _ = trio
    roster(science, [ben, ana], at)

    assert told(at) == ([ben.pk], {})
    assert told(at + 7 * DAY) == ([ana.pk], {})


def test_the_stand_in_of_an_absent_person_on_duty_is_notified(at, science, trio):
    ana, ben, _ = trio
    roster(science, [ben, ana], at)
    days = {"from_on": at.date(), "until_on": at.date()}
    stand_in = people.user("Sue")
    absence = persons.be_away(ben, **days, stand_in=stand_in, by=SYSTEM, at=at)
    assert told(at) == ([stand_in.pk], {str(stand_in.pk): ben.pk})

    persons.be_back(absence, by=SYSTEM, at=at)
    persons.be_away(ben, **days, by=SYSTEM, at=at)
    assert told(at) == ([ana.pk], {str(ana.pk): ben.pk})


def test_everyone_is_notified_without_a_roster_before_its_start_and_if_nobody_on_it_is_here(
    at, science, trio
):
    everyone = sorted(person.pk for person in trio)
    assert sorted(told(at)[0]) == everyone

    _, ben, _ = trio
    made = roster(science, [ben], at, starts_on=at.date() + DAY)
    assert sorted(told(at)[0]) == everyone

    rosters.change(made, {"starts_on": at.date() - DAY}, by=SYSTEM, at=at)
    persons.be_away(ben, from_on=at.date(), until_on=at.date(), by=SYSTEM, at=at)
    assert sorted(told(at)[0]) == sorted(person.pk for person in trio if person != ben)


def test_the_next_in_turn_is_notified_when_the_person_on_duty_leaves(at, science, trio):
    ana, ben, _ = trio
    roster(science, [ben, ana], at)

    persons.deactivate(ben, by=SYSTEM, at=at)

    assert told(at) == ([ana.pk], {})
