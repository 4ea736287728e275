"""What a learning begins with: drafts from incidents, and forms filled from experiments and decisions."""

import pytest
from django.urls import reverse

from history.models import Event
from incidents.models import Incident, Postmortem
from kit.actor import SYSTEM
from learnings.models import Learning
from learnings.operations import drafting
from learnings.recipients import handlers_of_incident
from riskhub import schedule
from risklog.states import ExperimentState
from tests.factories import actions, learnings, meetings, people, risks
from tests.factories.experiments import experiment, finish
from tests.factories.incidents import incident, reviewed
from tests.moments import AT
from tests.whole_pages import whole_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana")
    client.force_login(person)
    return person


def filled(client, reference: str) -> dict:
    return client.get(f"/learnings/new/?about={reference}").context["form"].initial


def test_a_finished_post_incident_review_drafts_a_learning_once(at):
    lead = people.user("Lea")
    declared = incident("Scores froze", state="resolved")
    Incident.objects.filter(pk=declared.pk).update(lead=lead)
    done = reviewed(declared)
    event = Event.objects.get(verb="incidents.postmortem_finished")

    schedule.tick(AT)
    drafting.on_postmortem_finished(event, at=at)

    draft = Learning.objects.get()
    assert (draft.title, draft.state, draft.author, draft.about) == (
        "Lessons from Scores froze",
        "draft",
        None,
        declared.subject,
    )
    for text in (done.lessons, done.factors, done.whys[0]):
        assert text in draft.seen
    assert "incident" in draft.tags
    drafted = Event.objects.get(verb="learnings.learning_drafted")
    assert lead.pk in handlers_of_incident(drafted)


def test_a_draft_has_no_category_of_a_risk_that_its_readers_may_not_see(at):
    team = people.team()
    hidden = risks.risk(viewers=[team.subject_id])
    for viewers in (None, [team.subject_id]):
        done = reviewed(incident(state="resolved", viewers=viewers))
        Postmortem.objects.filter(pk=done.pk).update(risk=hidden)
    schedule.tick(AT)

    drafts = Learning.objects.order_by("about__viewers")  # the restricted one comes first: NULL sorts last
    assert [draft.category for draft in drafts] == [hidden.category, None]


def test_a_draft_about_a_restricted_incident_is_as_restricted(at):
    team = people.team()
    reviewed(incident(state="resolved", viewers=[team.subject_id]))
    schedule.tick(AT)

    assert not Learning.objects.visible_to(people.user()).exists()
    assert Learning.objects.visible_to(people.user(teams=[team])).exists()


def test_the_form_about_an_experiment_has_what_it_found(client, ana):
    done = finish(experiment(state=ExperimentState.RUNNING), interpretation="The gap closed after the refit.")
    actions.action("Refit", about=done.subject)
    actions.action("Canary", about=done.subject, viewers=[people.team().subject_id])

    form = filled(client, done.reference)

    assert form["title"] == f"Lessons from {done.title}"
    assert done.hypothesis in form["seen"]
    assert "The gap closed after the refit." in form["seen"]
    assert done.success_criteria == form["how_to_check"]
    assert "Refit" in form["to_adjust"]
    assert "Canary" not in form["to_adjust"]
    assert "New learning" in whole_page(client, reverse("risklog:experiment_detail", args=[done.reference]))


def test_the_form_about_a_decision_and_a_risk_has_what_they_say(client, ana):
    risk = risks.risk("Late labels", description="Labels came three days late.", tags=["labels"])
    decision = meetings.decision(text="We cap it.", reason="It drifts.", about=risk.subject, meeting=None)

    decided, logged = filled(client, decision.reference), filled(client, risk.reference)

    assert "We cap it." in decided["seen"]
    assert "It drifts." in decided["seen"]
    assert (logged["tags"], logged["category"]) == ("labels", risk.category)
    assert "three days late" in logged["seen"]
    page = client.get(f"/meetings/decisions/{decision.reference}/").content.decode()
    assert f"/learnings/new/?about={decision.reference}" in page


def test_a_source_that_the_reader_may_not_see_fills_nothing_in(client, ana):
    secret = risks.risk("Canary", description="Canary text", viewers=[people.team().subject_id])

    assert filled(client, secret.reference) == {"about": secret.reference}
    assert filled(client, "R-99999") == {"about": "R-99999"}


def test_a_page_with_a_learning_offers_no_second_one(client, ana):
    decision = meetings.decision(meeting=None)
    address = f"/meetings/decisions/{decision.reference}/"
    assert "/learnings/new/" in client.get(address).content.decode()

    learnings.draft("Taught", about=decision.subject, author=ana, by=SYSTEM)

    page = client.get(address).content.decode()
    assert "Taught" in page
    assert "/learnings/new/" not in page
