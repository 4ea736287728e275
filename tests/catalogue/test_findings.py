"""Models that need attention: found by checks, told to people, and put on an agenda."""

from datetime import timedelta

import pytest

from catalogue.operations import findings
from catalogue.operations import model as models
from catalogue.queries import model_check
from catalogue.recipients import responsible_for_model
from history.models import Event
from kit.actor import SYSTEM
from lists.specification import Reader
from meetings.models import AgendaItem
from meetings.operations import model_findings
from people.states import Role
from tests.conftest import AT
from tests.factories import catalogue, meetings, people

BY = {"by": SYSTEM, "at": AT}
DAY = AT.date()


@pytest.fixture
def manager(db):
    people.organisation()
    return people.user("Mia", role=Role.RISK_MANAGER)


def told():
    events = Event.objects.filter(verb="catalogue.model_neglected").order_by("pk")
    return [(event.data["check"], event.subject.title) for event in events.select_related("subject")]


def owned(slug, **fields):
    model = catalogue.model(slug, owner_team=people.team(), tier=3)
    return models.change(model, fields, **BY) if fields else model


def test_models_are_found_once_in_thirty_days(manager):
    catalogue.model("orphan", tier=3)
    catalogue.model("gone", stage="retired")
    owned("fine")
    owned("later", validate_on=DAY + timedelta(days=1), validate_why="New labels")
    due = owned("due", validate_on=DAY, validate_why="New labels")

    assert findings.find(day=DAY, at=AT) == 2
    assert told() == [("unowned", "Orphan"), ("validation_due", "Due")]
    assert findings.find(day=DAY, at=AT + timedelta(days=2)) == 0
    models.change(due, {"validate_on": None, "validate_why": ""}, **BY)
    assert findings.find(day=DAY, at=AT + timedelta(days=31)) == 1
    assert told()[2:] == [("unowned", "Orphan")]


def test_the_lead_and_the_validator_are_told_else_the_risk_managers(manager):
    lead, validator = people.user("Lea"), people.user("Vera")
    model = catalogue.model(
        owner_team=people.team(lead=lead), validator=validator, validate_on=DAY, validate_why="New labels"
    )
    catalogue.model("orphan")
    findings.find(day=DAY, at=AT)

    unowned, due = Event.objects.filter(verb="catalogue.model_neglected").order_by("pk")
    assert set(responsible_for_model(unowned)) == {manager.pk}
    assert due.subject_id == model.subject_id
    assert set(responsible_for_model(due)) == {lead.pk, validator.pk}


def test_a_found_model_comes_on_an_agenda_unless_it_is_fixed_meanwhile(manager):
    meetings.series()
    orphan, fixed = catalogue.model("orphan"), catalogue.model("fixed")
    findings.find(day=DAY, at=AT)
    models.change(fixed, {"owner_team": people.team()}, **BY)

    for event in Event.objects.filter(verb="catalogue.model_neglected").order_by("pk"):
        model_findings.on_model_neglected(event, at=AT)
        model_findings.on_model_neglected(event, at=AT)

    item = AgendaItem.objects.get(about__in=(orphan.subject, fixed.subject))
    assert item.about == orphan.subject
    assert item.why.startswith("Model without an owner team; next meeting on ")
    models.change(orphan, {"owner_team": people.team()}, **BY)
    changed = Event.objects.filter(subject=orphan.subject, verb="catalogue.model_changed").get()
    model_findings.on_model_fixed(changed, at=AT)
    item.refresh_from_db()
    assert (item.state, item.why) == ("done", "Model without an owner team: done before the meeting")


@pytest.mark.django_db
def test_the_day_of_the_organisation_decides_what_is_due():
    people.organisation(time_zone="Pacific/Auckland")
    late, there = AT.replace(hour=22), DAY + timedelta(days=1)
    due = owned("due", validate_on=there, validate_why="New labels")
    meetings.series(due.owner_team)
    findings.find(day=there, at=late)

    event = Event.objects.get(verb="catalogue.model_neglected", subject=due.subject)
    model_findings.on_model_neglected(event, at=late)
    item = AgendaItem.objects.get(about=due.subject)
    model_findings.on_model_fixed(event, at=late)
    item.refresh_from_db()
    assert item.state == "waiting"


def test_the_checks_count_what_their_reader_may_see(client, manager):
    catalogue.model("orphan", tier=3)
    catalogue.model("secret", tier=3, viewers=[people.team().subject_id])

    numbers = {row.check.name: row.number for row in model_check.results(Reader(manager, DAY, AT))}
    assert numbers == {"unowned": 1, "validation_due": 0, "not_rated": 0}
    client.force_login(manager)
    page = client.get("/risks/checks/").content.decode()
    assert "/models/?check=unowned" in page and "/models/?check=not_rated" not in page
    rows = client.get("/models/?check=unowned").context["page"].rows
    assert [row.slug for row in rows] == ["orphan"]
    assert client.get("/models/?check=odd").status_code == 400
    first = client.get("/api/v1/register-checks").json()["models"][0]
    assert (first["name"], first["number"]) == ("unowned", 1)
