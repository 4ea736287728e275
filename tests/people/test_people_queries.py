"""Availability, stand-ins, due times."""

from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse

from kit.actor import SYSTEM
from people import queries, working
from people.middleware import readers_zone
from people.operations import organisation, person
from tests.factories import people, risklog_review

pytestmark = pytest.mark.django_db
DAY = date(2026, 12, 1)


def away(user, stand_in=None, at=None):
    person.be_away(user, from_on=DAY, until_on=DAY, stand_in=stand_in, by=SYSTEM, at=at)


def test_the_organisation_is_read_once_per_page_and_again_by_writes(rf, at):
    found = organisation.found(name="Before", by=SYSTEM, at=at)

    def answer(request):
        organisation.change(found, {"name": "After"}, by=SYSTEM, at=at)
        return HttpResponse(queries.organisation().name)

    ask = readers_zone(answer)
    for request in (read := rf.get("/"), write := rf.post("/")):
        request.user = AnonymousUser()

    assert ask(write).content == b"After"
    organisation.change(found, {"name": "Before"}, by=SYSTEM, at=at)
    assert ask(read).content == b"Before"
    assert queries.organisation().name == "After"


def test_stand_ins_are_followed_to_somebody_who_is_there(at, django_assert_num_queries):
    ana, ben, eva, sole = (people.user() for _ in range(4))
    away(ana, ben, at)
    away(ben, eva, at)
    away(sole, None, at)

    with django_assert_num_queries(2):
        found = queries.stand_ins([ana, ben, eva, sole], DAY)
    assert found == {ana.pk: None, ben.pk: eva, eva.pk: eva, sole.pk: None} | {ana.pk: eva}
    assert queries.stand_in_of(eva, DAY) == eva


def test_a_cycle_of_stand_ins_leads_to_nobody(at):
    ana, ben = people.user(), people.user()
    for absent, stand_in in ((ana, ben), (ben, ana)):  # an older absence may name somebody who is away
        risklog_review.away(absent, stand_in=stand_in, day=DAY)

    assert queries.stand_in_of(ana, DAY) is None


def test_working_time_uses_the_organisations_zone_and_hours():
    people.organisation(time_zone="Europe/Berlin")
    friday = datetime(2026, 11, 27, 15, 30, tzinfo=UTC)

    hours = queries.working_hours()

    assert working.after(friday, 60, hours) == datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
    assert working.after(friday, 60, None) == datetime(2026, 11, 27, 16, 30, tzinfo=UTC)
    assert queries.working_day_from(date(2026, 11, 27), 1) == date(2026, 11, 30)
