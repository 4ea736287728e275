"""Observers who no longer qualify are replaced: they are involved now, left, are viewers, or are away."""

from datetime import timedelta

import pytest

from catalogue.operations import model as models
from history.models import Event
from incidents.models import Incident, Observer, Postmortem
from incidents.operations import incident as incidents
from incidents.operations import involved, observer, role
from incidents.operations import postmortem as reviews
from incidents.queries import observer as queries
from kit.actor import SYSTEM, Actor
from notices.models import Entry
from people.operations import person as persons
from people.operations import team as teams
from people.operations import token
from people.states import Role
from riskhub import schedule
from tests.conftest import AT
from tests.factories import catalogue, people
from tests.factories.incidents import incident, reviewed

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}
DAY = timedelta(days=1)


@pytest.fixture
def world():
    """Return two people of other teams, the one who observes, and the incident of a third team."""
    people.organisation()
    first = people.user("Oskar", teams=[people.team("Fraud")])
    second = people.user("Rita", teams=[people.team("Pricing")])
    model = catalogue.model(owner_team=people.team("Growth ML"))
    declared = incident(severity="medium", model=model, state="resolved")
    (chosen,) = Observer.objects.all()
    other = second if chosen.user == first else first
    return chosen.user, other, Incident.objects.select_related("subject", "model").get(pk=declared.pk)


def observing() -> list:
    return [row.user for row in Observer.objects.active().order_by("id")]


def _lead(former, declared):
    role.assign(declared, role="lead", person=people.user("Lea", teams=former.teams.all()), **BY)


def _scribe(former, declared):
    role.assign(declared, role="scribe", person=former, **BY)


def _team(former, declared):
    incidents.change(declared, {"team": former.teams.get()}, **BY)


def _model(former, declared):
    involved.add(declared, model=catalogue.model(owner_team=former.teams.get()), **BY)


def _owner(former, declared):
    models.change(declared.model, {"owner_team": former.teams.get()}, **BY)


def _joins(former, declared):
    teams.join(declared.model.owner_team, former, **BY)


def _leads(former, declared):
    teams.change(declared.model.owner_team, {"lead": former}, **BY)


def _viewer(former, declared):
    persons.set_role(former, Role.VIEWER, **BY)


def _left(former, declared):
    persons.deactivate(former, **BY)


def _away(former, declared):
    last = Postmortem.objects.get().due_on
    persons.be_away(former, from_on=AT.date(), until_on=last, **BY)


INVOLVED = "is in a team that is involved"
CHANGES = [
    (_lead, INVOLVED),
    (_scribe, "declared or handles the incident"),
    (_team, INVOLVED),
    (_model, INVOLVED),
    (_owner, INVOLVED),
    (_joins, INVOLVED),
    (_leads, INVOLVED),
    (_viewer, "is a viewer now"),
    (_left, "left"),
    (_away, "is away until the review is due"),
]


@pytest.mark.parametrize(("change", "why"), CHANGES)
def test_who_no_longer_qualifies_is_replaced_and_both_are_told(world, change, why):
    former, other, declared = world
    change(former, declared)
    schedule.tick(AT)

    assert observing() == [other]
    event = Event.objects.get(verb="incidents.observer_replaced")
    assert (event.data["why"], event.data["about"]) == (why, former.subject_id)
    entries = Entry.objects.filter(event=event)
    assert former not in {entry.user for entry in entries}
    ended = Event.objects.get(verb="incidents.observation_ended")
    told = Entry.objects.filter(event=ended)
    assert [entry.user for entry in told] == ([former] if why != "left" else [])
    assert f"In place of {former.name}" in entries.get(user=other).why
    schedule.tick(AT)
    assert Event.objects.filter(verb="incidents.observer_replaced").count() == 1


def test_who_observed_is_told_why_not_any_more_and_loses_the_sight_that_it_gave(world, client):
    former, other, declared = world
    team = people.team("Security")
    people.member(team, other)
    incidents.restrict(declared, teams=[team], **BY)
    assert Postmortem.objects.visible_to(former).exists()
    teams.join(declared.model.owner_team, former, **BY)
    schedule.tick(AT)

    assert observing() == [other] and not Postmortem.objects.visible_to(former).exists()
    client.force_login(other)
    page = client.get(f"/incidents/{declared.reference}/review/").content.decode()
    assert f"In place of {former.name}" in page
    assert "in a team that is involved" in page


def test_who_may_not_see_the_incident_any_more_is_told_without_its_name(world, client):
    former, other, declared = world
    team = people.team("Security")
    people.member(team, other)
    incidents.restrict(declared, teams=[team], **BY)
    teams.join(declared.model.owner_team, former, **BY)
    schedule.tick(AT)

    client.force_login(former)
    page = client.get("/notices/").content.decode()
    assert "You no longer observe a review that you may not see any more" in page
    assert declared.title not in page and declared.reference not in page
    client.force_login(other)
    assert "You no longer observe" not in client.get(f"/people/{former.pk}/").content.decode()


def test_who_may_still_see_the_review_is_told_which_it_is(world, client):
    former, _, declared = world
    role.assign(declared, role="scribe", person=former, **BY)
    schedule.tick(AT)

    client.force_login(former)
    page = client.get("/notices/").content.decode()
    assert "You no longer observe" in page and Postmortem.objects.get().subject_title in page


@pytest.mark.parametrize("days", [(1, 30), (2, 3)])
def test_who_is_away_before_the_review_is_due_is_chosen_only_if_nobody_else_is_left(days):
    people.organisation()
    away, present = (people.user(name, teams=[people.team(name)]) for name in ("Ada", "Bo"))
    first, last = (AT.date() + number * DAY for number in days)
    persons.be_away(away, from_on=first, until_on=last, **BY)
    incident(severity="medium", state="resolved")
    assert observing() == [present]
    incident(severity="high", state="resolved")
    assert observing() == [present, present, away]


def test_the_rule_that_chooses_observers_is_the_one_that_replaces_them(world):
    former, other, declared = world
    for exclude in (_scribe, _joins, _viewer):
        exclude(former, declared)
        postmortem = Postmortem.objects.select_related("incident__subject", "incident__model").get()
        able = {person.id for person in queries.roster(postmortem.incident).people}
        refused = queries.why_not(postmortem, [former, other], AT.date())
        assert able & {former.pk, other.pk} == {other.pk} and set(refused) == {former.pk}


def test_only_who_no_longer_qualifies_is_replaced():
    people.organisation()
    outside = [people.user(name, teams=[people.team(name)]) for name in ("Oskar", "Rita", "Vera")]
    declared = incident(severity="high", state="resolved")
    first, second = Observer.objects.order_by("id")
    role.assign(Incident.objects.get(pk=declared.pk), role="lead", person=first.user, **BY)
    schedule.tick(AT)
    third = next(person for person in outside if person not in (first.user, second.user))
    assert observing() == [second.user, third]
    second.refresh_from_db()
    assert second.ended_on is None


def test_a_short_absence_replaces_nobody_and_a_long_one_only_if_somebody_else_is_there(world):
    former, other, _ = world
    persons.be_away(former, from_on=AT.date(), until_on=AT.date() + DAY, **BY)
    schedule.tick(AT)
    assert observing() == [former]
    persons.deactivate(other, **BY)
    last = Postmortem.objects.get().due_on
    persons.be_away(former, from_on=AT.date() + 2 * DAY, until_on=last, **BY)
    schedule.tick(AT + 2 * DAY)
    assert observing() == [former]


def test_a_short_absence_replaces_nobody_while_the_review_is_overdue(world, move_clock):
    former, *_ = world
    late = AT + 60 * DAY
    move_clock(late)
    persons.be_away(former, from_on=late.date(), until_on=late.date(), by=SYSTEM, at=late)
    schedule.tick(late)
    assert observing() == [former]


def test_an_absence_that_is_noted_before_it_begins_replaces_on_its_first_day(world, move_clock):
    former, other, _ = world
    last = Postmortem.objects.get().due_on
    persons.be_away(former, from_on=AT.date() + 3 * DAY, until_on=last, **BY)
    schedule.tick(AT)
    assert observing() == [former]
    move_clock(AT + 4 * DAY)
    schedule.tick(AT + 4 * DAY)
    assert observing() == [other]


def test_who_is_involved_stops_even_if_nobody_else_is_available(world, client):
    former, other, declared = world
    persons.deactivate(other, **BY)
    role.assign(declared, role="scribe", person=former, **BY)
    schedule.tick(AT)
    assert observing() == []
    client.force_login(people.user("Mia", role=Role.RISK_MANAGER))
    page = client.get(f"/incidents/{declared.reference}/review/").content.decode()
    assert "Nobody outside the teams involved was available." in page and "found nobody" in page


def test_the_observers_of_a_review_that_is_done_stay(world):
    former, _, declared = world
    reviewed(declared)
    persons.deactivate(former, **BY)
    schedule.tick(AT)
    assert observing() == [former]


def test_the_observers_of_a_reopened_review_qualify(world):
    former, other, declared = world
    reviewed(declared)
    teams.join(declared.model.owner_team, former, **BY)
    schedule.tick(AT)
    declared.refresh_from_db()
    incidents.reopen(declared, reason="It is back", **BY)
    incidents.resolve(declared, **BY)
    assert observing() == [other]


def test_observers_left_by_an_earlier_release_are_replaced(world):
    former, other, declared = world
    Incident.objects.filter(pk=declared.pk).update(lead=former)
    schedule.tidy()
    assert observing() == [other]
    assert observer.renew_missing(at=AT) == 0


def test_the_lists_and_the_api_name_who_observes_now(world, client):
    former, other, declared = world
    role.assign(declared, role="scribe", person=former, **BY)
    schedule.tick(AT)
    mia = people.user("Mia", role=Role.RISK_MANAGER)
    _, text = token.issue(mia, name="ci", scope="read", by=Actor(mia, "page"), at=AT)
    head = {"Authorization": f"Bearer {text}"}
    row = client.get(f"/api/v1/post-incident-reviews/{declared.reference}", headers=head).json()
    assert [one["user_id"] for one in row["observers"]] == [other.pk]
    for person, number in ((former, 0), (other, 1)):
        found = client.get(f"/api/v1/post-incident-reviews?observer={person.pk}", headers=head).json()
        assert len(found["results"]) == number
    client.force_login(mia)
    rows = client.get("/incidents/reviews/").context["page"].rows
    assert [[one.user for one in review.observers.all()] for review in rows] == [[other]]


def test_an_early_end_is_no_turn_of_the_rotation(world):
    former, other, declared = world
    role.assign(declared, role="scribe", person=former, **BY)
    schedule.tick(AT)
    assert observing() == [other]
    incident(severity="medium", state="resolved", at=AT + DAY)
    assert observing() == [other, former]


def test_improvements_and_texts_are_no_reason_to_choose_anew(world):
    former, _, declared = world
    reviews.add_action(Postmortem.objects.get(), title="Watch the job", **BY)
    incidents.change(declared, {"affected": "Everyone"}, **BY)
    schedule.tick(AT)
    assert observing() == [former]
