"""A late action climbs until a decision gives it a new date; a tripwire brings that decision back."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from actions.models import Action
from kit.actor import Actor
from meetings.models import AgendaItem, Decision
from meetings.operations import decision as decisions
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.states import ItemState, TripwireState
from notices.models import Entry
from people.operations import token
from people.states import Role, TokenScope
from riskhub import schedule
from risklog.models import Climb, Escalation
from risklog.operations import escalation as escalations
from risklog.states import EscalationState, Who
from signals.models import Series
from tests.factories import actions, catalogue, people, risks
from tests.factories import meetings as make
from tests.factories import risklog_review as risklog
from tests.factories import signals as signal

pytestmark = pytest.mark.django_db
NEW_DATE = date(2026, 12, 18)


def run(until, after):
    """Run the application every hour, as its worker does."""
    at = after
    while at <= until:
        schedule.tick(at)
        at += timedelta(hours=1)


def test_a_decision_ends_the_climb_of_a_late_action_and_its_tripwire_brings_it_back(client, at, move_clock):
    people.organisation(time_zone="Europe/Berlin")
    team, (ana, jonas) = make.crew()
    manager = people.user("Mia", role=Role.RISK_MANAGER, teams=[team])
    risklog.ladder((Who.OWNER, 60, None), (Who.PERSON, 600, {"person": manager}))
    model = catalogue.model("fraud-score", owner_team=team)
    series = signal.series(model)
    weekly = make.series(team)
    risk = risks.risk(model=model, team=team, owner=ana, series=series)
    action = actions.action("Cap the feature", owner=jonas, about=risk.subject, due_on=at.date())

    # The action is overdue and climbs. It is on the agenda of the very next meeting.
    meeting = make.planned(weekly)
    run(meeting.starts_at, after=at)
    escalation = Escalation.objects.get(about=action.subject)
    assert escalation.state == EscalationState.CLIMBING
    assert Climb.objects.filter(escalation=escalation).count() >= 1
    item = AgendaItem.objects.get(about=action.subject)
    assert item.meeting == meeting

    # The meeting gives it a new date, on the live page. The climb ends in the same transaction.
    move_clock(meeting.starts_at)
    meeting.refresh_from_db()
    meetings.start(meeting, by=Actor(manager, "page"), at=meeting.starts_at)
    item.refresh_from_db()
    items.take_up(item, by=Actor(manager, "page"), at=meeting.starts_at)
    client.force_login(manager)
    prefix = f"effect-change_action-{action.pk}"
    answer = client.post(
        f"/meetings/items/{item.pk}/decide/",
        {
            "text": "Jonas gets until the 18th",
            "reason": "The vendor delivers on the 16th",
            f"{prefix}-apply": "on",
            f"{prefix}-due_on": str(NEW_DATE),
            "tripwire_series": series.pk,
            "tripwire_direction": "above",
            "tripwire_value": "0.4",
        },
    )
    assert answer.status_code == 303, answer.content.decode()
    escalation.refresh_from_db()
    assert (escalation.state, escalation.reason) == (
        EscalationState.RESOLVED,
        "New due date: 18 Dec 2026.",
    )
    assert Action.objects.get(pk=action.pk).due_on == NEW_DATE
    climbs = Climb.objects.filter(escalation=escalation).count()
    run(meeting.ends_at + timedelta(days=1), after=meeting.starts_at)
    assert Climb.objects.filter(escalation=escalation).count() == climbs
    meeting.refresh_from_db()
    meetings.close(meeting, by=Actor(manager, "page"), at=meeting.ends_at)

    # The metric crosses the value of the tripwire: the decision is on the next agenda, with the reason.
    later = meeting.ends_at + timedelta(days=2)
    _, secret = token.issue(ana, name="points", scope=TokenScope.INGEST, by=Actor(ana), at=later)
    body = {"model": "fraud-score", "metric": "psi", "feature": "age", "points": [[later.isoformat(), 0.47]]}
    move_clock(later)
    sent = client.post(
        "/api/v1/points",
        json.dumps({"series": [body]}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert sent.status_code < 300, sent.content
    schedule.tick(later)

    decision = Decision.objects.get(text="Jonas gets until the 18th")
    assert decision.tripwires.get().state == TripwireState.CROSSED
    back = AgendaItem.objects.get(about=decision.subject)
    assert back.meeting.starts_at > later
    assert back.meeting.series == weekly
    assert back.state == ItemState.WAITING
    assert "Tripwire: fraud-score: psi · age above 0.4 (it was 0.47)" in back.why
    told = Entry.objects.filter(event__verb="meetings.tripwire_crossed").values_list("user", flat=True)
    assert set(told) >= {manager.pk, jonas.pk}
    assert Series.objects.count() == 1

    # Four weeks after the decision, its recorder is asked whether it worked.
    schedule.tick(datetime(2026, 12, 23, 8, tzinfo=UTC))
    asked = Entry.objects.filter(event__verb="meetings.outcome_asked", event__subject=decision.subject)
    assert manager.pk in set(asked.values_list("user", flat=True))


@pytest.mark.parametrize("act", ["new date", "new owner", "resolve"])
def test_what_ends_an_escalation_takes_its_item_off_the_next_agenda(at, act):
    people.organisation()
    team, (ana, jonas) = make.crew()
    manager = people.user("Mia", role=Role.RISK_MANAGER, teams=[team])
    risklog.ladder((Who.OWNER, 60, None))
    weekly = make.series(team)
    risk = risks.risk(model=catalogue.model(owner_team=team), team=team, owner=ana)
    action = actions.action("Cap the feature", owner=jonas, about=risk.subject, due_on=at.date())
    before = make.planned(weekly).starts_at - timedelta(hours=2)
    run(before, after=at)
    item = AgendaItem.objects.get(about=action.subject)
    escalation = Escalation.objects.get(about=action.subject)
    assert (item.state, item.why.split(",")[0]) == (ItemState.WAITING, f"Escalated ({escalation.reference})")

    change = {"kind": "change_action", "target": action.subject}
    effect = {
        "new date": {**change, "due_on": NEW_DATE},
        "new owner": {**change, "owner": ana},
        "resolve": {"kind": "resolve_escalation", "target": escalation.subject},
    }[act]
    decisions.record(text="Go on", reason="As agreed", effects=[effect], by=Actor(manager, "page"), at=before)
    schedule.tick(before)

    item.refresh_from_db()
    assert (item.state, item.why) == (
        ItemState.DONE,
        f"{escalation.reference} was resolved before the meeting",
    )


def test_an_item_with_a_further_reason_stays_with_that_one(at):
    people.organisation()
    team, (ana, _) = make.crew()
    manager = people.user("Mia", role=Role.RISK_MANAGER, teams=[team])
    risklog.ladder((Who.OWNER, 60, None))
    weekly = make.series(team)
    risk = risks.risk(model=catalogue.model(owner_team=team), team=team, owner=ana)
    escalation = risklog.escalation(about=risk.subject, team=team)
    schedule.tick(at)
    item = AgendaItem.objects.get(about=risk.subject)
    AgendaItem.objects.filter(pk=item.pk).update(why=f"Waits for a decision; {item.why}")

    escalations.resolve(escalation, reason="Solved", by=Actor(manager, "page"), at=at)
    schedule.tick(at)

    item.refresh_from_db()
    assert item.meeting.series == weekly
    assert (item.state, item.why) == (ItemState.WAITING, "Waits for a decision")
