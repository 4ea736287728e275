"""An escalation over Easter 2027 in Germany: two holidays, a weekend, and the change to summer time."""

from datetime import UTC, date, datetime, timedelta

import pytest

from kit.actor import SYSTEM
from people.operations import organisation as organisations
from riskhub import schedule
from risklog.models import Climb
from risklog.states import Who
from tests.factories import people
from tests.factories import risklog_review as make

pytestmark = pytest.mark.django_db
THURSDAY = datetime(2027, 3, 25, 15, tzinfo=UTC)  # 16:00 in Berlin, before Good Friday


def test_it_climbs_each_rung_once_and_only_in_working_hours(move_clock):
    organisation = people.organisation(time_zone="Europe/Berlin")
    organisations.change(organisation, {"country": "DE"}, by=SYSTEM, at=THURSDAY)
    owner, lead, top = people.user("Ana"), people.user("Lena"), people.user("Theo")
    make.ladder((Who.OWNER, 120, None), (Who.TEAM_LEAD, 240, None), (Who.PERSON, 60, {"person": top}))
    model = make.model(owner_team=people.team(lead=lead), developer=owner)

    escalation = make.escalation(about=model.subject, at=THURSDAY)
    assert escalation.next_climb_at == datetime(2027, 3, 30, 8, tzinfo=UTC)  # Tuesday, 10:00 in summer time

    for hours in range(0, 7 * 24, 2):
        schedule.tick(THURSDAY + timedelta(hours=hours))

    climbs = Climb.objects.filter(escalation=escalation).order_by("pk")
    assert list(climbs.values_list("position", "at")) == [
        (1, THURSDAY),
        (2, datetime(2027, 3, 30, 9, tzinfo=UTC)),  # the first tick after 8:00
        (3, datetime(2027, 3, 30, 13, tzinfo=UTC)),
        (3, datetime(2027, 3, 31, 13, tzinfo=UTC)),  # nobody acts: called again each working day
        (3, datetime(2027, 4, 1, 13, tzinfo=UTC)),
    ]


def test_a_day_off_that_is_added_meanwhile_moves_the_climb():
    people.organisation(time_zone="Europe/Berlin")
    owner, top = people.user("Ana"), people.user("Theo")
    make.ladder((Who.OWNER, 120, None), (Who.PERSON, 60, {"person": top}))
    escalation = make.escalation(about=make.model(developer=owner).subject, at=THURSDAY)
    assert escalation.next_climb_at == datetime(2027, 3, 26, 9, tzinfo=UTC)

    organisations.add_day_off(date=date(2027, 3, 26), name="Offsite", by=SYSTEM, at=THURSDAY)
    schedule.tick(THURSDAY)

    escalation.refresh_from_db()
    assert escalation.next_climb_at == datetime(2027, 3, 29, 8, tzinfo=UTC)  # Monday, 10:00 in summer time
    schedule.tick(datetime(2027, 3, 26, 12, tzinfo=UTC))
    schedule.tick(datetime(2027, 3, 29, 8, tzinfo=UTC))
    schedule.tick(datetime(2027, 3, 29, 8, tzinfo=UTC))
    assert list(Climb.objects.values_list("position", flat=True).order_by("pk")) == [1, 2]
