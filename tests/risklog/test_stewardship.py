"""Risks that need attention: found every working day, told to their owners, then put on an agenda."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import relay
from history.models import Due, Event
from kit.actor import SYSTEM
from meetings.models import AgendaItem
from notices.models import Entry, Message
from people import queries
from people.operations import organisation as organisations
from people.operations import person as persons
from people.states import Role
from risklog.models import Review
from risklog.operations import risk as risk_operations
from risklog.operations import stewardship
from tests.factories import meetings, people, risks
from tests.factories.notices import notify_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def team():
    people.organisation()
    people.user("Adam Admin", role=Role.ADMINISTRATOR)
    team, _ = meetings.crew("data-science", "data-engineering")
    return team


def overdue(owner, team, days=2, **fields):
    return risks.risk(owner=owner, team=team, review_on=risks.AT.date() - days * DAY, **fields)


def run(at):
    """Plan the next run and carry it out. Returns its moment."""
    stewardship.schedule(at)
    due = Due.objects.filter(kind=stewardship.DAILY).latest("at")
    stewardship.find(due, at=due.at)
    return due.at


def act_on_what_is_left(at):
    for due in Due.objects.filter(kind=stewardship.LEFT, at__lte=at).order_by("pk"):
        stewardship.raise_neglected(due, at=at)
    for _ in range(3):
        relay.relay(at=at)


def told(person):
    events = Event.objects.filter(subject=person.subject_id, verb="risklog.findings_told").order_by("id")
    return [{one["check"]: one["risks"] for one in event.data["findings"]} for event in events]


def test_an_owner_is_told_once_of_all_findings_together(at, team, settings):
    settings.IS_MAIL_KEPT = True
    owner = people.user("Ana")
    late, later, stale = overdue(owner, team), overdue(owner, team), overdue(owner, team, days=40)
    risks.risk("Not due", owner=owner, team=team)

    ran = run(at)
    run(at + DAY)

    assert ran.isoformat() == "2026-11-24T08:00:00+00:00"
    assert told(owner) == [{"overdue": [late.subject_id, later.subject_id], "stale": [stale.subject_id]}]
    notify_of("risklog.findings_told", ran)
    assert Entry.objects.get(user=owner).why == "Risks that need your attention"
    assert Message.objects.filter(user=owner).count() == 1


def test_the_run_costs_the_same_for_one_risk_and_for_three(at, team):
    owner = people.user("Ana")

    def cost(number, moment):
        for _ in range(number):
            overdue(owner, team)
        with CaptureQueriesContext(connection) as queries:
            run(moment)
        return len(queries)

    assert cost(1, at) == cost(3, at + DAY)


def test_the_lead_is_told_of_risks_without_an_owner_and_nobody_of_what_they_may_not_see(at, team):
    lead, manager = people.user("Lea"), people.user("Mia", role=Role.RISK_MANAGER)
    team.lead = lead
    team.save(update_fields=["lead"])
    unowned = risks.risk("Nobody has it", team=team)
    hidden = risks.restricted("Secret", people.team(), team=team)
    without_team = risks.risk("Nobody at all")

    run(at)

    assert told(lead) == [{"unowned": [unowned.subject_id]}]
    assert told(manager) == [{"unowned": [without_team.subject_id]}]
    assert hidden.subject_id not in [pk for one in Event.objects.all() for pk in str(one.data)]


def test_what_is_left_after_five_working_days_goes_on_an_agenda_and_a_stale_risk_is_reviewed(at, team):
    owner = people.user("Ana", teams=[team])
    meetings.series(team)
    late, stale = overdue(owner, team), overdue(owner, team, days=40)
    done = overdue(owner, team)
    ran = run(at)
    risk_operations.change(done, {"review_on": date(2027, 6, 1)}, by=SYSTEM, at=ran)

    act_on_what_is_left(ran + 4 * DAY)
    assert not AgendaItem.objects.exists()
    act_on_what_is_left(ran + 8 * DAY)
    act_on_what_is_left(ran + 8 * DAY)

    review = Review.objects.get()
    assert review.about == stale.subject
    items = AgendaItem.objects.filter(about__in=[late.subject, stale.subject, done.subject])
    assert [item.about for item in items] == [late.subject]
    assert "nothing happened since 24 Nov 2026" in items[0].why
    assert AgendaItem.objects.filter(about=review.subject).count() == 1


def test_what_is_still_left_after_thirty_days_is_told_again(at, team):
    owner = people.user("Ana")
    overdue(owner, team)

    ran = run(at)
    run(ran + 25 * DAY)
    assert len(told(owner)) == 1

    run(ran + 40 * DAY)
    assert len(told(owner)) == 2


def test_the_run_is_planned_once_for_the_next_working_morning_and_moves_with_the_hours(at, team):
    friday = at + 4 * DAY
    stewardship.schedule(friday)
    stewardship.schedule(friday)
    due = Due.objects.get(kind=stewardship.DAILY)
    assert due.at.isoformat() == "2026-11-30T08:00:00+00:00"

    found = queries.organisation()
    organisations.change(found, {"time_zone": "Asia/Tokyo"}, by=SYSTEM, at=friday)
    stewardship.schedule(friday)

    due.refresh_from_db()
    assert due.at.isoformat() == "2026-11-30T00:00:00+00:00"


def test_only_the_person_sees_what_they_were_told(client, at, team):
    owner, admin = people.user("Ana"), people.user("Otto", role=Role.ADMINISTRATOR)
    overdue(owner, team)
    run(at)

    def sees(reader):
        client.force_login(reader)
        answer = client.get("/api/v1/events?verb=risklog.findings_told")
        return len(answer.json()["results"]), "Risks that need attention" in page_of(owner, client)

    assert sees(owner) == (1, True)
    assert sees(admin) == (0, False)


def page_of(person, client):
    return client.get(f"/people/{person.pk}/").content.decode()


def test_a_viewer_who_owns_a_risk_is_not_told(at, team):
    lead, owner = people.user("Lea"), people.user("Ana")
    team.lead = lead
    team.save(update_fields=["lead"])
    late = overdue(owner, team)
    persons.set_role(owner, Role.VIEWER, by=SYSTEM, at=at)

    run(at)

    assert told(owner) == []
    assert told(lead) == [{"overdue": [late.subject_id]}]
