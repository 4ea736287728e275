"""The page of an incident: its statements, the forms on pages of their own, and very early moments."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.models import Incident, InvolvedModel, TimelineEntry
from incidents.operations import incident as incidents
from incidents.operations import involved, role, timeline, update
from incidents.queries import report
from kit.actor import SYSTEM, Actor
from pages import panels
from people.operations import token
from people.states import Role
from risklog.operations import escalation
from talk.operations import comment
from tests.conftest import AT
from tests.factories import catalogue, people, signals
from tests.factories.incidents import incident, reviewed

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}
HOUR = timedelta(hours=1)
YEAR_ONE = datetime(1, 1, 1, tzinfo=UTC)


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def address_of(declared, path="") -> str:
    return f"/incidents/{declared.reference}/{path}"


def statements(client, declared) -> int:
    """Return the statements of the second request. The first one fills the caches of the process."""
    client.get(address_of(declared))
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address_of(declared)).status_code == 200
    return len(asked)


# ------------------------------------------------------------------ statements


def test_the_page_takes_twelve_statements_for_one_part_of_each_kind_and_for_three(client, ana, monkeypatch):
    """Four of each page, two of the conversation, one of the actions, and five of the incident itself.

    The five: the incident with its review, its further models, what people wrote, breaches, deployments.
    """
    monkeypatch.setattr(panels, "_panels", [])
    team = people.team("Security")
    handlers = [people.user(teams=[team]) for _ in range(3)]
    people.member(team, ana)
    group = signals.breach_group(catalogue.model())
    declared = incident(about=group.subject, viewers=[team.subject_id], state="resolved", person=handlers[0])
    dashboard = signals.dashboard("Scores", group.breaches.get().series, by=ana)

    def add(name, person):
        timeline.add(declared, text="The job hung", by=Actor(person, "page"), at=AT)
        update.send(declared, text="We roll back", by=Actor(person, "page"), at=AT)
        role.assign(declared, role=name, person=person, **BY)
        catalogue.deployment(group.model, name, deployed_at=AT - HOUR)
        signals.snapshot(dashboard, name, by=ana, pinned_to=declared.subject)
        involved.add(declared, model=catalogue.model(), **BY)

    add("lead", handlers[0])
    one = statements(client, declared)
    add("scribe", handlers[1])
    add("communications", handlers[2])
    three = statements(client, declared)

    assert one == three <= 12
    page = client.get(address_of(declared)).content.decode()
    assert page.count("The job hung") >= 3 and page.count("Snapshot: ") == 3


def test_with_comments_files_and_an_escalation_it_takes_fifteen(client, ana, monkeypatch):
    rail = [
        panel for panel in panels.panels_of("incidents.incident", "rail") if "escalation" in panel.template
    ]
    monkeypatch.setattr(panels, "_panels", rail)
    declared = incident(lines=["The job hung"], state="resolved")
    file = SimpleUploadedFile("log.txt", b"It hung.")
    comment.add(about=declared.subject, text="Who is on it?", files=[file], by=Actor(ana, "page"), at=AT)
    subject = declared.subject
    escalation.start(about=subject, title="Help", why="x", severity="critical", by=SYSTEM, at=AT)
    assert "Escalation ladder" in client.get(address_of(declared)).content.decode()
    assert statements(client, declared) <= 15


# ------------------------------------------------------------------ forms on pages of their own


def test_a_role_is_assigned_on_a_page_that_keeps_what_was_typed(client, ana):
    ben, declared = people.user("Ben"), incident(state="mitigated")
    address = address_of(declared, "roles/")
    assert f'href="{address}"' in client.get(address_of(declared)).content.decode()
    assert "Assign a role in" in client.get(address).content.decode()

    values = {"role": "lead", "person": ben.pk, "note": "The vendor calls at noon"}
    early = client.post(address, {**values, "version": declared.version - 1})
    assert early.status_code == 409 and "The vendor calls at noon" in early.content.decode()
    refused = client.post(address, {**values, "person": 0, "version": declared.version})
    text = refused.content.decode()
    assert refused.status_code == 422 and "Assign a role in" in text and "The vendor calls at noon" in text

    assert client.post(address, {**values, "version": declared.version}).url == address_of(declared)
    assert Incident.objects.get().lead == ben


def test_a_model_is_added_on_a_page_that_keeps_what_was_typed(client, ana):
    model, declared = catalogue.model(), incident()
    address = address_of(declared, "models/")
    assert f'href="{address}"' in client.get(address_of(declared)).content.decode()
    once = client.get(address).content.decode().split('name="once" value="')[1].split('"')[0]

    refused = client.post(address, {"once": once, "model": model.pk, "model_version": "Seven"})
    text = refused.content.decode()
    assert refused.status_code == 422 and "has no version “Seven”" in text and 'value="Seven"' in text

    assert client.post(address, {"once": once, "model": model.pk}).url == address_of(declared)
    assert InvolvedModel.objects.get().model == model


@pytest.mark.parametrize("path", ["roles/", "models/"])
def test_who_may_not_change_an_incident_gets_neither_form_nor_link(client, ana, path):
    declared, member = incident(), people.user("Ben")
    client.force_login(member)
    assert client.get(address_of(declared, path)).status_code == 403
    assert f'href="{address_of(declared, path)}"' not in client.get(address_of(declared)).content.decode()


def test_a_withdrawn_incident_offers_neither_form(client, ana):
    declared = incident(state="withdrawn")
    page = client.get(address_of(declared)).content.decode()
    assert "Assign a role" not in page and "Add a model" not in page


# ------------------------------------------------------------------ the review, the readers


def test_a_finished_review_tells_when_it_was_finished_and_an_open_one_when_it_is_due(client, ana, move_clock):
    observer, declared = people.user("Oskar"), incident(state="resolved")

    def review():
        return (
            client.get(address_of(declared))
            .content.decode()
            .split('id="review-heading"')[1]
            .split("</section>")[0]
        )

    assert "finished" not in review() and "<time" in review() and observer.name in review()
    incidents.reopen(declared, reason="It is back", **BY)
    assert "<time" not in review()  # it waits
    incidents.resolve(declared, **BY)
    reviewed(declared)
    move_clock(AT + 2 * HOUR)
    assert "finished" in review() and "2 h ago" in review() and observer.name in review()


def test_two_observers_are_separated(client, ana):
    people.user("Lena Vogel"), people.user("Omar Said")
    page = client.get(address_of(incident(person=ana, state="resolved"))).content.decode()
    review = page.split('id="review-heading"')[1].split("</section>")[0]
    assert re.search(r"(Lena Vogel|Omar Said)</span>\s*·\s*<span", review) and review.count("·") == 1


def test_it_names_the_teams_that_may_see_it_and_no_breach_that_the_reader_may_not_see(client, ana):
    team, other = people.team("Security"), people.team("Fraud")
    group = signals.breach_group(catalogue.model(viewers=[other.subject_id]))
    declared = incident(about=group.subject, viewers=[team.subject_id])
    client.force_login(people.user(teams=[team]))
    page = client.get(address_of(declared)).content.decode()
    properties = page.split("Visible to")[1].split("</dd>")[0]
    assert "Security" in properties and "Fraud" not in properties
    assert group.reference not in page
    client.force_login(people.user(teams=[team, other]))
    assert group.reference in client.get(address_of(declared)).content.decode()


# ------------------------------------------------------------------ moments of the year 1


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Tokyo"])
@pytest.mark.parametrize("year", ["0001", "0999"])
def test_no_page_and_no_api_stores_a_moment_of_a_very_early_year(client, ana, zone, year):
    type(ana).objects.filter(pk=ana.pk).update(time_zone=zone)
    _, secret = token.issue(ana, name="ci", scope="write", by=SYSTEM, at=AT)
    head = {"Authorization": f"Bearer {secret}"}
    declared = incident()
    moment = f"{year}-01-01T00:00"
    once = client.get(address_of(declared)).content.decode().split('name="once" value="')[1].split('"')[0]
    edited = {"version": declared.version, "title": "x", "severity": "low", "started_at": moment}
    line = {"text": "x", "happened_at": moment}

    assert client.post(address_of(declared, "edit/"), edited).status_code == 422
    assert client.post(address_of(declared, "timeline/"), {"once": once, **line}).status_code == 422
    for offset in ("Z", "-12:00", "+14:00", ""):
        line = {"text": "x", "happened_at": f"{moment}:00{offset}"}
        path = f"/api/v1/incidents/{declared.reference}"
        assert client.post(f"{path}/timeline", line, "application/json", headers=head).status_code in (
            400,
            422,
        )
        new = {"title": "x", "severity": "low", "started_at": f"{moment}:00{offset}"}
        assert client.post("/api/v1/incidents", new, "application/json", headers=head).status_code in (
            400,
            422,
        )
    assert Incident.objects.get().started_at is None and not TimelineEntry.objects.exists()


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_a_stored_moment_of_the_year_1_is_shown(client, ana, zone):
    type(ana).objects.filter(pk=ana.pk).update(time_zone=zone)
    declared = incident(lines=["The job hung"])
    Incident.objects.update(started_at=YEAR_ONE, noticed_at=YEAR_ONE)
    TimelineEntry.objects.update(at=YEAR_ONE)
    _, secret = token.issue(ana, name="ci", scope="read", by=SYSTEM, at=AT)
    head = {"Authorization": f"Bearer {secret}"}

    assert "The job hung" in client.get(address_of(declared)).content.decode()
    for address in ("/incidents/", address_of(declared, "edit/"), "/incidents/export/?format=csv"):
        assert client.get(address).status_code == 200, address
    for path in ("", f"/{declared.reference}", f"/{declared.reference}/timeline"):
        assert client.get(f"/api/v1/incidents{path}", headers=head).status_code == 200, path


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Tokyo"])
def test_the_report_has_a_stored_moment_of_the_year_1(ana, zone):
    type(ana).objects.filter(pk=ana.pk).update(time_zone=zone)
    ana.refresh_from_db()
    declared = incident(lines=["The job hung"])
    Incident.objects.update(started_at=YEAR_ONE, noticed_at=YEAR_ONE)
    TimelineEntry.objects.update(at=YEAR_ONE)
    values = report.draft(ana, declared.subject)
    assert "The job hung" in values["what_happened"] and values["started_on"] == "0001-01-01"
