"""What changes meanwhile: reopened incidents, roles beside a review, taken roles, long timelines, models."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actions.models import Action
from actions.operations import action as actions
from history.models import Due, Event
from incidents.forms.handling import TimelineForm
from incidents.forms.incident import IncidentForm
from incidents.models import InvolvedModel, Postmortem
from incidents.operations import duty as duties
from incidents.operations import incident as incidents
from incidents.operations import involved, role, timeline
from incidents.operations import postmortem as reviews
from incidents.queries import incident as queries
from incidents.queries import observer as observers
from incidents.queries import report
from incidents.queries.timeline import MAX_ROWS
from incidents.queries.timeline import timeline as timeline_of
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from meetings.models import AgendaItem
from people.models import Team
from people.operations import token
from people.states import Role
from riskhub import schedule
from tests.conftest import AT
from tests.factories import catalogue, meetings, people, signals
from tests.factories.incidents import duty, incident

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REMINDED, OVERDUE = "incidents.postmortem_reminded", "incidents.postmortem_overdue"


def chases() -> list[str]:
    return list(
        Event.objects.filter(verb__in=(REMINDED, OVERDUE)).order_by("pk").values_list("verb", flat=True)
    )


def pending() -> dict[str, Due]:
    return {due.kind: due for due in Due.objects.filter(kind__startswith="incidents.", state="pending")}


# ------------------------------------------------------------------ the review of an incident that came back


@pytest.mark.parametrize("is_withdrawn", [False, True])
def test_the_review_of_an_incident_that_came_back_is_not_chased(is_withdrawn):
    people.organisation()
    declared = incident(state="resolved")
    remind, escalate = pending()[reviews.REMINDER], pending()[reviews.OVERDUE]
    incidents.reopen(declared, reason="It is back", **BY)
    if is_withdrawn:
        incidents.withdraw(declared, reason="It was a test", **BY)
    reviews.remind(remind, at=remind.at)
    reviews.escalate(escalate, at=escalate.at)
    assert chases() == []


def test_a_review_is_due_again_and_chased_once_when_the_incident_is_resolved_again(move_clock):
    people.organisation()
    declared = incident(state="resolved")
    first = Postmortem.objects.get()
    incidents.reopen(declared, reason="It is back", **BY)
    for days in range(1, 10):
        move_clock(AT + days * DAY)
        schedule.tick(AT + days * DAY)
    incidents.resolve(declared, by=SYSTEM, at=AT + 9 * DAY)
    again = Postmortem.objects.get()
    assert chases() == [] and again.due_on > first.due_on

    for days in range(10, 20):
        move_clock(AT + days * DAY)
        schedule.tick(AT + days * DAY)
    assert chases() == [REMINDED, OVERDUE]


def test_a_review_resolved_twice_on_one_day_keeps_one_pair_of_due_dates():
    people.organisation()
    declared = incident(state="resolved")
    incidents.reopen(declared, reason="It is back", **BY)
    incidents.resolve(declared, **BY)
    assert Due.objects.filter(kind__startswith="incidents.", state="pending").count() == 2


def test_a_late_reminder_is_not_sent_once_the_review_is_overdue():
    people.organisation()
    incident(state="resolved")
    remind = pending()[reviews.REMINDER]
    reviews.remind(remind, at=remind.at + 5 * DAY)
    assert chases() == []
    reviews.remind(remind, at=remind.at)
    assert chases() == [REMINDED]


def test_the_review_leaves_the_agenda_while_the_incident_is_back_and_returns():
    team = people.team("Growth ML")
    people.member(team, people.user())
    meetings.series(team)
    declared = incident(team=team, severity="critical", state="resolved")
    schedule.tick(AT)
    about = Postmortem.objects.get().subject_id
    incidents.reopen(declared, reason="It is back", **BY)
    schedule.tick(AT)
    assert AgendaItem.objects.get(about=about).state == "done"
    incidents.resolve(declared, **BY)
    schedule.tick(AT)
    assert AgendaItem.objects.filter(about=about, state="waiting").count() == 1


# ------------------------------------------------------------------ roles


def test_who_has_a_role_sees_the_review_of_a_restricted_incident_until_they_hand_it_over():
    early, late, team = people.user(), people.user(), people.team("Security")
    declared = incident(viewers=[team.subject_id])
    role.assign(declared, role="lead", person=early, **BY)
    incidents.resolve(declared, **BY)
    assert Postmortem.objects.visible_to(early).exists()
    assert not Postmortem.objects.visible_to(late).exists()

    role.assign(declared, role="lead", person=late, **BY)
    assert Postmortem.objects.visible_to(late).exists()
    assert not Postmortem.objects.visible_to(early).exists()


def test_a_role_that_somebody_has_is_not_taken():
    ben, cleo = people.user("Ben"), people.user("Cleo")
    declared = incident()
    role.take(declared, role="lead", by=Actor(ben, "api"), at=AT)
    role.take(declared, role="lead", by=Actor(ben, "api"), at=AT)
    with pytest.raises(Refused, match="Ben has this role") as refusal:
        role.take(declared, role="lead", by=Actor(cleo, "api"), at=AT)
    declared.refresh_from_db()
    assert (refusal.value.field, declared.lead) == ("role", ben)


@pytest.mark.parametrize("gone", [{"is_active": False}, {"role": Role.VIEWER}])
def test_a_duty_of_a_lead_who_cannot_own_it_has_no_owner(gone):
    people.organisation()
    lead = people.user()
    declared = incident(severity="low")
    role.assign(declared, role="lead", person=lead, **BY)
    type(lead).objects.filter(pk=lead.pk).update(**gone)
    declared.refresh_from_db()
    duty(severity="low")
    duties.apply_to(declared, at=AT)
    assert Action.objects.get().owner is None


def test_the_date_of_a_duty_follows_a_correction_of_when_the_incident_was_noticed():
    people.organisation()
    duty(severity="high", days=3)
    declared = incident(noticed_at=AT - HOUR)
    lead, action = people.user(), Action.objects.select_related("subject").get()
    actions.change(action, {"owner": lead}, **BY)

    incidents.change(declared, {"noticed_at": AT - 2 * DAY}, **BY)
    action.refresh_from_db()
    assert action.due_on == (AT + DAY).date()
    reminders = Due.objects.filter(subject=action.subject, state="pending")
    assert {due.occurrence.split("/")[1] for due in reminders} == {action.due_on.isoformat()}
    changed = Event.objects.filter(subject=action.subject, verb="actions.action_changed").latest("pk")
    assert changed.cause.verb == "incidents.incident_changed"

    incidents.change(declared, {"noticed_at": AT - 2 * DAY + HOUR}, **BY)  # on the same day
    assert Event.objects.filter(verb="actions.action_changed").count() == 1
    incidents.change(declared, {"noticed_at": None}, **BY)  # then it counts from the declaration
    action.refresh_from_db()
    assert action.due_on == (AT + 3 * DAY).date()


@pytest.mark.parametrize("end", ["finish", "drop"])
def test_the_date_of_a_duty_that_is_over_stays(end):
    people.organisation()
    duty(severity="high", days=3)
    declared, action = incident(), Action.objects.select_related("subject").get()
    over = {"finish": {"note": "Sent"}, "drop": {"reason": "It is no case for them"}}[end]
    getattr(actions, end)(action, **over, **BY)
    incidents.change(declared, {"noticed_at": AT - 2 * DAY}, **BY)
    action.refresh_from_db()
    assert action.due_on == (AT + 3 * DAY).date()


def test_a_correction_moves_a_date_that_people_chose_by_as_many_days():
    people.organisation()
    duty(severity="high", days=3)
    declared, action = incident(), Action.objects.select_related("subject").get()
    actions.change(action, {"due_on": (AT + 2 * DAY).date()}, **BY)
    incidents.change(declared, {"noticed_at": AT - DAY}, **BY)
    action.refresh_from_db()
    assert action.due_on == (AT + DAY).date()


@pytest.mark.parametrize("is_member", [True, False])
def test_nobody_of_the_team_of_the_lead_observes_the_review(is_member):
    people.organisation()
    lead, outsider = people.user("Lea"), people.user("Oskar", teams=[people.team("Fraud")])
    team = people.team("Security", lead=None if is_member else lead)
    mate = people.user("Max", teams=[team])
    people.team("Empty")  # without a lead and members
    if is_member:
        people.member(team, lead)
    declared = incident(severity="critical")
    role.assign(declared, role="lead", person=lead, **BY)
    able = {person.id for person in observers.roster(declared).people}
    assert able == {outsider.pk} and mate.pk not in able


def test_who_leads_a_team_that_is_involved_does_not_observe_the_review():
    boss, outsider = people.user("Bo"), people.user("Oskar")
    declared = incident(team=people.team("Security", lead=boss))
    assert {person.id for person in observers.roster(declared).people} == {outsider.pk}


# ------------------------------------------------------------------ the timeline and the models


def test_a_long_timeline_shows_its_latest_lines_and_says_so(client):
    people.organisation()
    ana = people.user(role=Role.RISK_MANAGER)
    client.force_login(ana)
    declared = incident()
    for number in range(MAX_ROWS):
        timeline.add(declared, text=f"Line {number}", happened_at=AT - (200 - number) * HOUR, **BY)
    assert not timeline_of(ana, declared, until=AT).is_cut
    timeline.add(declared, text="The newest", **BY)

    lines = [row.text for row in timeline_of(ana, declared, until=AT).rows if row.kind == "entry"]
    assert (lines[0], lines[-1], len(lines)) == ("Line 1", "The newest", MAX_ROWS)
    page = client.get(f"/incidents/{declared.reference}/").content.decode()
    assert "Earlier lines are left out" in page
    _, secret = token.issue(ana, name="ci", scope="read", by=SYSTEM, at=AT)
    address, head = f"/api/v1/incidents/{declared.reference}/timeline", {"Authorization": f"Bearer {secret}"}
    assert client.get(address, headers=head).json()["is_cut"] is True
    timeline.remove(declared.entries.first(), **BY)
    assert client.get(address, headers=head).json()["is_cut"] is False


def test_nothing_is_added_to_a_withdrawn_incident():
    stale = incident()
    incidents.withdraw(type(stale).objects.get(), reason="It was a test", **BY)
    with pytest.raises(IllegalMove):
        timeline.add(stale, text="x", **BY)
    with pytest.raises(IllegalMove):
        involved.add(stale, model=catalogue.model(), **BY)


def test_a_model_that_is_added_again_without_a_version_keeps_its_version():
    model = catalogue.model()
    version = catalogue.version(model)
    declared = incident()
    involved.add(declared, model=model, model_version=version, **BY)
    involved.add(declared, model=model, **BY)
    assert InvolvedModel.objects.get().model_version == version


def test_an_involved_model_that_becomes_the_main_one_is_listed_once():
    main, further = catalogue.model(), catalogue.model()
    declared = incident(model=main, models=[further])
    incidents.change(declared, {"model": further}, **BY)
    assert queries.models_of(declared) == [further]


# ------------------------------------------------------------------ titles, readers, forms


def test_the_review_has_the_new_title_of_its_incident():
    declared = incident(state="resolved")
    incidents.change(declared, {"title": "Scores are stale"}, **BY)
    assert Postmortem.objects.select_related("subject").get().subject.title.endswith("Scores are stale")


def test_observers_are_chosen_with_the_same_queries_for_one_person_and_for_three():
    declared = incident(viewers=[people.team("Security").subject_id])
    people.user()
    with CaptureQueriesContext(connection) as one:
        observers.roster(declared)
    people.user(), people.user()
    with CaptureQueriesContext(connection) as three:
        observers.roster(declared)
    assert len(three) == len(one)


def test_the_report_tells_of_no_breach_that_the_reader_may_not_see():
    team = people.team("Security")
    member, stranger = people.user(teams=[team]), people.user()
    group = signals.breach_group(catalogue.model(viewers=[team.subject_id]))
    declared = incident(about=group.subject, at=AT + HOUR)
    assert report.draft(member, declared.subject)["noticed_by"] == "An alert"
    assert "noticed_by" not in report.draft(stranger, declared.subject)


def test_a_line_of_which_only_the_text_is_edited_keeps_its_seconds():
    happened = AT - HOUR + timedelta(seconds=42)
    entry = timeline.add(incident(), text="x", happened_at=happened, **BY)
    form = TimelineForm.of(entry, {"text": "y", "happened_at": f"{happened:%Y-%m-%dT%H:%M}"})
    assert form.is_valid() and form.values() == {"text": "y", "happened_at": happened}


def test_the_form_keeps_a_team_that_is_retired_meanwhile():
    team = people.team("Growth ML")
    declared = incident(team=team)
    team.subject.is_retired = True
    team.subject.save()
    choices = IncidentForm.of(declared, user=people.user()).fields["team"].queryset
    assert list(choices) == [team] and Team.objects.count() == 1
