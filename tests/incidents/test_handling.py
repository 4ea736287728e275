"""Handling an incident: roles, the timeline, updates, further models, the incident report."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history.models import Event, Grant
from incidents.models import Incident, InvolvedModel, Postmortem, TimelineEntry, Update
from incidents.operations import incident as incidents
from incidents.operations import involved, role, timeline, update
from incidents.queries.timeline import timeline as timeline_of
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from notices.models import Entry, Message
from people.models import User
from people.operations import token
from people.states import Role
from riskhub import schedule
from risklog.models import Template
from risklog.operations import template as templates
from talk.operations import watch
from tests.conftest import AT
from tests.factories import catalogue, people, signals
from tests.factories.incidents import incident

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}
HOUR = timedelta(hours=1)


def rows_of(reader, declared, *, until):
    return timeline_of(reader, declared, until=until).rows


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


# ------------------------------------------------------------------ roles


def test_a_role_is_taken_handed_over_and_given_up_on_record_and_told(ana):
    ben, cleo, team = people.user("Ben"), people.user("Cleo"), people.team("Security")
    declared = incident(viewers=[team.subject_id])
    role.assign(declared, role="lead", person=ben, by=Actor(ana, "page"), at=AT)
    role.assign(
        declared, role="lead", person=cleo, note="The vendor calls at noon", by=Actor(ben, "page"), at=AT
    )
    schedule.tick(AT)

    declared.refresh_from_db()
    assert declared.lead == cleo
    assert Incident.objects.visible_to(cleo).exists()
    assert not Incident.objects.visible_to(ben).exists()
    handed = Event.objects.filter(verb="incidents.role_assigned").latest("pk")
    assert (handed.data["to"], handed.data["former"]) == (cleo.subject_id, ben.subject_id)
    assert Entry.objects.filter(user=cleo, event=handed).exists()
    assert Message.objects.filter(user=cleo).count() == 1
    role.assign(declared, role="lead", person=None, by=Actor(cleo, "page"), at=AT)
    assert Incident.objects.get().lead is None


def test_who_has_two_roles_keeps_sight_until_both_are_handed_over():
    ben, team = people.user(), people.team("Security")
    declared = incident(viewers=[team.subject_id])
    for name in ("lead", "scribe"):
        role.assign(declared, role=name, person=ben, **BY)
    role.assign(declared, role="lead", person=None, **BY)
    assert Incident.objects.visible_to(ben).exists()
    role.assign(declared, role="scribe", person=None, **BY)
    assert not Incident.objects.visible_to(ben).exists()


def test_a_role_of_an_earlier_release_shows_the_incident_and_its_review():
    people.organisation()
    ben, cleo, dan = people.user("Ben"), people.user("Cleo"), people.user("Dan")
    of = {"viewers": [people.team().subject_id]}
    waiting = incident(**of)
    resolved, done = incident(state="resolved", **of), incident(state="withdrawn", **of)
    Incident.objects.filter(pk=waiting.pk).update(lead=ben, scribe=cleo, communications=ben)
    Incident.objects.filter(pk=resolved.pk).update(scribe=ben)
    Incident.objects.filter(pk=done.pk).update(lead=dan)
    gone = people.user("Gone", is_active=False)
    Incident.objects.filter(pk=resolved.pk).update(lead=gone)

    schedule.tidy()

    seen = {person: set(Incident.objects.visible_to(person)) for person in (ben, cleo, dan, gone)}
    assert seen == {ben: {waiting, resolved}, cleo: {waiting}, dan: set(), gone: set()}
    assert Postmortem.objects.visible_to(ben).get().incident == resolved
    assert Grant.objects.filter(reason="holder").count() == 4
    assert role.show_missing(at=AT) == 0  # nothing is done twice

    resolved.refresh_from_db()
    role.assign(resolved, role="scribe", person=None, **BY)
    assert role.show_missing(at=AT) == 0 and set(Incident.objects.visible_to(ben)) == {waiting}


@pytest.mark.parametrize(("name", "field"), [("boss", "role"), ("lead", "person")])
def test_a_role_needs_a_known_name_and_somebody_active(name, field):
    gone = people.user()
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    gone.refresh_from_db()
    with pytest.raises(Refused) as refusal:
        role.assign(incident(), role=name, person=gone, **BY)
    assert refusal.value.field == field


def test_every_member_takes_a_free_role_on_the_page(client, ana):
    member = people.user("Ben")
    declared = incident()
    client.force_login(member)
    page = client.get(f"/incidents/{declared.reference}/").content.decode()
    assert page.count(">Take it<") == 3 and "Assign a role" not in page
    client.post(f"/incidents/{declared.reference}/roles/take/", {"role": "scribe"})

    declared.refresh_from_db()
    assert declared.scribe == member
    assert "Assign a role" in client.get(f"/incidents/{declared.reference}/").content.decode()


def test_two_people_take_free_roles_from_pages_of_one_version_and_a_held_one_is_refused(client, ana):
    ben, cleo, declared = people.user("Ben"), people.user("Cleo"), incident()
    address = f"/incidents/{declared.reference}/"
    form = r'action="[^"]+/roles/take/">(.*?)</form>'
    fields = r'<input type="hidden" name="(\w+)" value="([^"]*)"'

    def rendered(person):
        client.force_login(person)
        forms = re.findall(form, client.get(address).content.decode(), re.DOTALL)
        sent = [dict(re.findall(fields, text)) for text in forms]
        return {values["role"]: values for values in sent}

    def press(person, values):
        client.force_login(person)
        return client.post(f"{address}roles/take/", values)

    of_ben, of_cleo = rendered(ben), rendered(cleo)
    assert press(ben, of_ben["lead"]).status_code == 303
    assert press(cleo, of_cleo["scribe"]).status_code == 303
    refused = press(cleo, of_cleo["lead"])

    declared.refresh_from_db()
    assert (declared.lead, declared.scribe) == (ben, cleo)
    assert refused.status_code == 422
    assert "Ben has this role. Ask them to hand it over." in refused.content.decode()


def test_a_role_is_taken_only_if_it_is_free_by_now():
    ben, cleo, declared = people.user("Ben"), people.user("Cleo"), incident()
    stale = Incident.objects.get()
    role.take(declared, role="lead", by=Actor(ben, "page"), at=AT)
    with pytest.raises(Refused, match="Ben has this role") as refusal:
        role.take(stale, role="lead", by=Actor(cleo, "page"), at=AT)
    assert refusal.value.field == "role"
    role.take(stale, role="scribe", by=Actor(cleo, "page"), at=AT)
    assert Incident.objects.filter(lead=ben, scribe=cleo).exists()


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.VIEWER}], ids=("left", "viewer"))
def test_a_role_of_somebody_who_can_no_longer_act_is_free(client, ana, change):
    gone, ben, declared = people.user("Dan"), people.user("Ben"), incident()
    role.assign(declared, role="lead", person=gone, **BY)
    User.objects.filter(pk=gone.pk).update(**change)
    client.force_login(ben)
    page = client.get(f"/incidents/{declared.reference}/").content.decode()
    assert page.count(">Take it<") == 3 and ">Dan<" in page

    assert client.post(f"/incidents/{declared.reference}/roles/take/", {"role": "lead"}).status_code == 303

    assert Incident.objects.get().lead == ben


# ------------------------------------------------------------------ the timeline


def test_lines_have_their_own_moment_and_stand_in_its_order():
    declared = incident(started_at=AT - 3 * HOUR)
    timeline.add(declared, text="The job was restarted", **BY)
    timeline.add(declared, text="A customer called", happened_at=AT - HOUR, **BY)

    texts = [row.text for row in rows_of(people.user(), declared, until=AT)]
    assert texts == [
        "The incident started", "A customer called", "The incident was noticed", "The job was restarted",
    ]  # fmt: skip


def test_a_line_is_changed_and_removed_and_history_keeps_it():
    declared = incident()
    entry = timeline.add(declared, text="The job failed", **BY)
    seen = entry.version
    timeline.change(entry, {"text": "The job hung"}, seen=seen, **BY)
    with pytest.raises(ChangedMeanwhile):
        timeline.change(TimelineEntry.objects.get(), {"text": "x"}, seen=seen, **BY)
    timeline.remove(entry, **BY)
    with pytest.raises(IllegalMove):
        timeline.change(entry, {"text": "x"}, **BY)

    assert "The job hung" not in [row.text for row in rows_of(people.user(), declared, until=AT)]
    removed = Event.objects.get(verb="incidents.timeline_removed")
    assert removed.subject_id == declared.subject_id and TimelineEntry.objects.get().text == "The job hung"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": " "}, "text"),
        ({"text": "x" * 1001}, "text"),
        ({"text": "x", "happened_at": AT + HOUR}, "happened_at"),
        ({"text": "x", "happened_at": datetime(1, 1, 1, tzinfo=UTC)}, "happened_at"),
        ({"text": "x", "happened_at": datetime(1900, 1, 1, tzinfo=UTC)}, "happened_at"),
    ],
)
def test_a_bad_line_names_the_field(fields, field):
    with pytest.raises(Refused) as refusal:
        timeline.add(incident(), **fields, **BY)
    assert refusal.value.field == field


def test_the_timeline_takes_breaches_deployments_and_updates_that_the_reader_may_see():
    team = people.team("Security")
    member, stranger = people.user(teams=[team]), people.user()
    model, hidden = catalogue.model(), catalogue.model(viewers=[team.subject_id])
    group = signals.breach_group(model)
    declared = incident(about=group.subject, models=[hidden])
    catalogue.deployment(model, "7", deployed_at=AT - HOUR)
    catalogue.deployment(model, "6", deployed_at=AT - 30 * HOUR)
    catalogue.deployment(hidden, "9", deployed_at=AT - HOUR)
    update.send(declared, text="We roll back", **BY)

    def kinds(reader):
        return [(row.kind, row.text) for row in rows_of(reader, declared, until=AT)]

    told = kinds(member)
    assert ("breach", f"Breach opened: {group.reference} {group.title}") in told
    assert ("update", "We roll back") in told
    assert sum(kind == "deployment" for kind, _ in told) == 2
    assert [text for kind, text in kinds(stranger) if kind == "deployment"] == [
        f"Deployed: {model.name} 7 in production"
    ]


def test_the_page_takes_the_same_queries_for_one_line_and_for_three(client, ana):
    declared = incident(about=signals.breach_group(catalogue.model()).subject, lines=["One"])
    address = f"/incidents/{declared.reference}/"
    client.get(address)
    with CaptureQueriesContext(connection) as one:
        client.get(address)
    for text in ("Two", "Three"):
        timeline.add(declared, text=text, by=Actor(ana, "page"), at=AT)
        update.send(declared, text=text, by=Actor(ana, "page"), at=AT)
    with CaptureQueriesContext(connection) as three:
        client.get(address)
    # two more comments and events are loaded by the same statements
    assert len(three) == len(one)


def test_a_line_and_an_update_are_added_on_the_page(client, ana):
    declared = incident()
    address = f"/incidents/{declared.reference}/"
    once = client.get(address).content.decode().split('name="once" value="')[1].split('"')[0]
    refused = client.post(
        f"{address}timeline/", {"once": once, "text": "Next year", "happened_at": "2031-01-01T10:00"}
    )
    assert refused.status_code == 422 and "in the future" in refused.content.decode()
    client.post(f"{address}timeline/", {"once": once, "text": "The job hung"})
    client.post(f"{address}timeline/", {"once": once, "text": "The job hung"})
    entry = TimelineEntry.objects.get()
    edited = {"version": entry.version, "text": "The job failed", "happened_at": "2026-11-23T08:00"}
    client.post(f"{address}timeline/{entry.pk}/edit/", edited)

    page = client.get(address).content.decode()
    happened = page.split("What happened")[1].split("Timeline")[0]
    assert ("The job failed" in happened, "The job hung" in happened) == (True, False)


# ------------------------------------------------------------------ updates and models


def test_an_update_reaches_handlers_owners_and_watchers_by_inbox_and_mail(settings):
    settings.IS_MAIL_KEPT = True
    people.organisation()
    team = people.team("Growth ML")
    owner, lead, watcher, stranger = people.user(teams=[team]), people.user(), people.user(), people.user()
    further = catalogue.model(owner_team=team)
    declared = incident(models=[further])
    role.assign(declared, role="lead", person=lead, **BY)
    watch.start(declared.subject, by=Actor(watcher, "page"), at=AT)
    update.send(declared, text="We roll back at noon.", **BY)
    schedule.tick(AT)

    sent = Event.objects.get(verb="incidents.update_sent")
    told = set(Entry.objects.filter(event=sent).values_list("user", flat=True))
    assert told == {owner.pk, lead.pk, watcher.pk}
    assert stranger.pk not in told
    mail = Message.objects.get(user=owner, event=sent)
    assert "We roll back at noon." in mail.sent_html


def test_an_empty_update_and_one_of_a_withdrawn_incident_are_refused():
    with pytest.raises(Refused) as refusal:
        update.send(incident(), text=" ", **BY)
    assert refusal.value.field == "text"
    with pytest.raises(IllegalMove):
        update.send(incident(state="withdrawn"), text="x", **BY)
    assert not Update.objects.exists()


def test_a_further_model_is_on_the_incident_and_the_incident_on_its_page(client, ana):
    model = catalogue.model()
    version = catalogue.version(model, "7")
    declared = incident(models=[model])
    involved.add(declared, model=model, model_version=version, **BY)

    assert InvolvedModel.objects.get().model_version == version
    assert declared.reference in client.get(f"/models/{model.slug}/").content.decode()
    assert len(client.get(f"/incidents/?model={model.slug}").context["page"].rows) == 1
    row = InvolvedModel.objects.get()
    client.post(f"/incidents/{declared.reference}/models/{row.pk}/remove/", {"version": row.version})
    assert not client.get(f"/incidents/?model={model.slug}").context["page"].rows


def test_the_main_model_is_no_further_one_and_a_version_belongs_to_its_model():
    model = catalogue.model()
    declared = incident(model=model)
    with pytest.raises(Refused) as refusal:
        involved.add(declared, model=model, **BY)
    assert refusal.value.field == "model"
    with pytest.raises(Refused) as refusal:
        involved.add(declared, model=catalogue.model(), model_version=catalogue.version(model), **BY)
    assert refusal.value.field == "model_version"


# ------------------------------------------------------------------ the report, the API


def test_an_incident_fills_in_the_incident_report(client, ana):
    templates.seed(**BY)
    group = signals.breach_group(catalogue.model())
    declared = incident(
        at=AT + HOUR,
        about=group.subject,
        summary="Old scores were used.",
        affected="Forty customers",
        lines=["The job hung"],
    )
    incidents.change(declared, {"started_at": AT - 2 * HOUR}, by=SYSTEM, at=AT + HOUR)
    report = Template.objects.get(name="Incident report")
    page = client.get(f"/risks/filled-templates/new/?template={report.pk}&about={declared.reference}")
    initial = page.context["form"].initial

    assert initial["values.who_was_affected"] == "Forty customers"
    assert "Old scores were used." in initial["values.what_happened"]
    assert "The job hung" in initial["values.what_happened"]
    assert initial["values.started_on"] == "2026-11-23"
    assert initial["values.did_an_agreed_threshold_see_it"] == "true"


def test_roles_timeline_updates_and_models_by_api(client, ana):
    _, text = token.issue(ana, name="ci", scope="write", by=SYSTEM, at=AT)
    head = {"Authorization": f"Bearer {text}"}
    declared = incident()
    base = f"/api/v1/incidents/{declared.reference}"

    def post(path, body):
        return client.post(f"{base}/{path}", json.dumps(body), content_type="application/json", headers=head)

    roles = post("roles", {"role": "lead", "person": ana.email}).json()["results"]
    assert {row["role"]: row["person_id"] for row in roles} == {
        "lead": ana.pk, "scribe": None, "communications": None,
    }  # fmt: skip
    assert post("roles/take", {"role": "scribe"}).status_code == 200
    line = post("timeline", {"text": "The job hung", "happened_at": (AT - HOUR).isoformat()})
    assert line.status_code == 201
    entry = client.get(f"{base}/timeline/{line.json()['id']}", headers=head)
    changed = client.patch(
        f"{base}/timeline/{line.json()['id']}",
        json.dumps({"text": "The job failed"}),
        content_type="application/json",
        headers={**head, "If-Match": entry["ETag"]},
    )
    assert changed.json()["text"] == "The job failed"
    assert post("updates", {"text": "We roll back"}).status_code == 201
    model = catalogue.model()
    assert post("models", {"model": model.slug}).json()["model_slug"] == model.slug
    rows = client.get(f"{base}/timeline", headers=head).json()["results"]
    assert [row["kind"] for row in rows] == ["entry", "moment", "update"]
    assert client.get(f"{base}/updates", headers=head).json()["results"][0]["text"] == "We roll back"
