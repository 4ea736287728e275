"""Incidents: declared, joined, changed, taken through their states, and who sees and is told of them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connections

from history.models import Event
from incidents.models import Incident
from incidents.operations import incident as operations
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from kit.rights import may
from notices.models import Entry
from people.states import Role
from riskhub import schedule
from risklog.models import Escalation
from risklog.operations import escalation
from talk.queries import watch
from tests.conftest import AT
from tests.factories import catalogue, people, risklog_review, risks, signals
from tests.factories.incidents import incident

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}
HOUR = timedelta(hours=1)


def verbs(declared):
    events = Event.objects.filter(subject=declared.subject_id).order_by("pk")
    return [verb.removeprefix("incidents.incident_") for verb in events.values_list("verb", flat=True)]


def test_three_fields_declare_an_incident():
    team = people.team("Growth ML")
    model = catalogue.model(owner_team=team)
    declared = incident(model=model)

    declared.refresh_from_db()
    assert declared.reference.startswith("I-")
    assert (declared.team, declared.noticed_at, declared.started_at) == (team, AT, None)
    assert declared.state == "open"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"severity": "awful"}, "severity"),
        ({"affected": "x" * 301}, "affected"),
        ({"started_at": AT + HOUR}, "started_at"),
        ({"started_at": AT - HOUR, "noticed_at": AT - 2 * HOUR}, "noticed_at"),
    ],
)
def test_bad_input_names_the_field(fields, field):
    with pytest.raises(Refused) as refusal:
        incident(**fields)
    assert refusal.value.field == field
    assert not Incident.objects.exists()


def test_a_version_of_another_model_is_refused():
    other = catalogue.version()
    with pytest.raises(Refused) as refusal:
        incident(model=catalogue.model(), model_version=other)
    assert refusal.value.field == "model_version"


def test_who_declares_about_a_breach_with_an_ongoing_incident_joins_it():
    group = signals.breach_group()
    ana, ben = people.user("Ana"), people.user("Ben")
    first = incident(person=ana, about=group.subject)
    second = incident("It looks broken", person=ben, about=group.subject, summary="Since noon")

    assert second.pk == first.pk and second.was_joined and not first.was_joined
    assert ben.pk in watch.watcher_ids(first.subject_id)
    joined = Event.objects.get(verb="incidents.incident_joined")
    assert (joined.data["title"], joined.data["text"]) == ("It looks broken", "Since noon")
    schedule.tick(AT)
    assert Entry.objects.filter(user=ana, event=joined).exists()


def test_a_declarer_who_sends_the_same_words_again_adds_nothing():
    group, ana = signals.breach_group(), people.user("Ana")
    first = incident("Broken", person=ana, about=group.subject, summary="Since noon")

    again = incident("Broken", person=ana, about=group.subject, summary="Since noon")
    assert again.pk == first.pk and again.was_joined
    assert not Event.objects.filter(verb="incidents.incident_joined").exists()

    incident("Broken", person=ana, about=group.subject, summary="It spreads")
    assert Event.objects.filter(verb="incidents.incident_joined").count() == 1


def test_a_resolved_incident_is_not_joined_and_not_reopened_beside_a_new_one():
    group = signals.breach_group()
    first = incident(about=group.subject, state="resolved")
    second = incident(about=group.subject)

    assert first.pk != second.pk
    with pytest.raises(Refused, match="same breach"):
        operations.reopen(first, reason="It is back", **BY)


def test_who_may_not_see_the_incident_of_a_breach_declares_another_one():
    team = people.team("Security")
    group = signals.breach_group()
    hidden = incident(about=group.subject, viewers=[team.subject_id])
    own = incident(person=people.user(), about=group.subject)

    assert own.pk != hidden.pk and not own.was_joined
    assert "joined" not in verbs(hidden)


def test_an_incident_goes_through_its_states():
    declared = incident()
    operations.mitigate(declared, mitigated_at=AT, text="Rolled back", **BY)
    operations.resolve(declared, by=SYSTEM, at=AT + HOUR)

    declared.refresh_from_db()
    assert (declared.state, declared.mitigated_at, declared.resolved_at) == ("resolved", AT, AT + HOUR)
    with pytest.raises(IllegalMove):
        operations.withdraw(declared, reason="No", **BY)
    operations.reopen(declared, reason="It is back", **BY)
    declared.refresh_from_db()
    assert (declared.state, declared.mitigated_at, declared.resolved_at) == ("open", None, None)
    assert verbs(declared) == ["declared", "mitigated", "resolved", "reopened"]


def test_a_moment_before_an_earlier_one_is_refused_and_names_its_field():
    declared = incident(noticed_at=AT - HOUR)
    with pytest.raises(Refused, match="before it was noticed") as refusal:
        operations.mitigate(declared, mitigated_at=AT - 2 * HOUR, **BY)
    assert refusal.value.field == "mitigated_at"
    declared.refresh_from_db()
    assert declared.state == "open"


def test_a_moment_of_the_same_minute_is_not_before_it():
    declared = incident(at=AT + timedelta(seconds=40))
    operations.mitigate(declared, mitigated_at=AT, by=SYSTEM, at=AT + timedelta(seconds=50))
    assert declared.state == "mitigated"


def test_moments_are_entered_later_in_any_order():
    declared = incident(state="resolved")
    operations.change(declared, {"started_at": AT - 3 * HOUR, "noticed_at": AT - 2 * HOUR}, **BY)
    operations.change(declared, {"mitigated_at": AT - HOUR}, **BY)
    with pytest.raises(Refused) as refusal:
        operations.change(declared, {"started_at": AT - HOUR}, **BY)

    assert refusal.value.field == "started_at"
    declared.refresh_from_db()
    assert declared.started_at == AT - 3 * HOUR


def test_a_moment_that_has_not_come_is_no_field():
    declared = incident()
    with pytest.raises(Refused, match="Resolve it first"):
        operations.change(declared, {"resolved_at": AT}, **BY)
    operations.resolve(declared, **BY)
    with pytest.raises(Refused) as refusal:
        operations.change(declared, {"resolved_at": None}, **BY)
    assert refusal.value.field == "resolved_at"


def test_two_editors_lose_nothing():
    declared = incident()
    seen = declared.version
    operations.change(declared, {"summary": "One"}, seen=seen, **BY)
    with pytest.raises(ChangedMeanwhile):
        operations.change(Incident.objects.get(pk=declared.pk), {"summary": "Two"}, seen=seen, **BY)


def test_an_incident_starts_as_restricted_as_its_breach_or_model():
    team, stranger = people.team("Fraud"), people.user()
    member = people.user(teams=[team])
    model = catalogue.model(owner_team=team, viewers=[team.subject_id])
    for declared in (incident(model=model), incident(about=signals.breach_group(model).subject)):
        assert not Incident.objects.visible_to(stranger).filter(pk=declared.pk).exists()
        assert Incident.objects.visible_to(member).filter(pk=declared.pk).exists()


def test_a_restricted_incident_is_still_seen_by_who_declared_it():
    ana, stranger, team = people.user(), people.user(), people.team("Security")
    declared = incident(person=ana)
    version = declared.version
    operations.restrict(declared, teams=[team], seen=version, **BY)

    assert Incident.objects.visible_to(ana).exists()
    assert not Incident.objects.visible_to(stranger).exists()
    with pytest.raises(ChangedMeanwhile):
        operations.restrict(declared, teams=None, seen=version, **BY)
    with pytest.raises(Refused, match="at least one team"):
        operations.restrict(declared, teams=[], **BY)
    operations.restrict(declared, teams=None, **BY)
    assert Incident.objects.visible_to(stranger).exists()


def test_the_team_of_the_model_and_the_managers_hear_of_a_critical_incident():
    team = people.team("Growth ML")
    member, stranger, manager = people.user(teams=[team]), people.user(), people.user(role=Role.RISK_MANAGER)
    declared = incident(model=catalogue.model(owner_team=team), severity="critical")
    schedule.tick(AT)

    told = Entry.objects.filter(event__subject=declared.subject_id).values_list("user", flat=True)
    assert set(told) == {member.pk, manager.pk}
    assert stranger.pk not in told


def test_who_may_change_an_incident():
    team = people.team("Growth ML")
    ana, member, stranger = people.user(), people.user(teams=[team]), people.user()
    manager, viewer = people.user(role=Role.RISK_MANAGER), people.user(role=Role.VIEWER, teams=[team])
    declared = incident(person=ana, team=team)
    people_ = (ana, member, manager, stranger, viewer)
    assert [may(one, "incidents.incident_change", declared) for one in people_] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_an_incident_is_escalated_like_anything_else():
    lead = people.user("Lea Lead")
    team = people.team("Growth ML", lead=lead)
    risklog_review.ladder(("team_lead", 60, None))
    declared = incident(team=team)
    escalation.escalate(about=declared.subject, why="Nobody answers", by=Actor(people.user(), "page"), at=AT)

    climbing = Escalation.objects.get(about=declared.subject_id)
    assert climbing.team == team
    assert climbing.climbs.get().notified_ids == [lead.pk]


def test_an_incident_is_declared_from_a_risk():
    risk = risks.risk()
    assert incident(about=risk.subject).source == risk.subject
    assert incident(about=risk.subject).reference != incident(about=risk.subject).reference


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_declare_one_incident_about_a_breach():
    group = signals.breach_group()
    declarers, barrier = [people.user() for _ in range(4)], Barrier(4)

    def run(person):
        try:
            barrier.wait(10)
            return incident(f"By {person.name}", person=person, about=group.subject)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        declared = list(pool.map(run, declarers))

    assert len({one.pk for one in declared}) == Incident.objects.count() == 1
    assert sorted(one.was_joined for one in declared) == [False, True, True, True]
