"""The main flow: a real alert leads to a decided action, and overdue work is escalated."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from actions.models import Action
from actions.operations import action as actions
from history import relay
from history.models import Event
from kit.actor import Actor
from learnings.models import Learning
from meetings.models import AgendaItem, Meeting
from meetings.operations import decision, item
from meetings.operations import meeting as meetings
from people.operations import token
from people.states import Role, TokenScope
from riskhub import schedule
from risklog.models import Escalation, Review
from risklog.operations import ladder, reviewer, taxonomy
from risklog.states import EscalationState, Outcome, ReviewState
from signals.models import Breach, BreachGroup
from tests.conftest import AT
from tests.factories import people

BODY = Path(__file__).parent / "alert.json"


@pytest.fixture
def house(db):
    """A team of two functions with a lead, a model, a ladder and a weekly meeting."""
    from catalogue.operations import model
    from kit.actor import SYSTEM
    from meetings.operations import series
    from people.operations import organisation

    organisation.found(name="Northwind", time_zone="Europe/Berlin", is_sample=True, by=SYSTEM, at=AT)
    from people.models import Function

    functions = {one.slug: one for one in Function.objects.all()}
    cast = {
        "ana": people.user("Ana Moreau", function=functions["data-science"]),
        "jonas": people.user("Jonas Keller", function=functions["data-engineering"]),
        "sofia": people.user(
            "Sofia Lindqvist", function=functions["risk-management"], role=Role.RISK_MANAGER
        ),
        "tunde": people.user("Tunde Okafor", function=functions["platform-operations"]),
    }
    team = people.team("Growth ML", lead=cast["ana"])
    for person in cast.values():
        people.member(team, person)
    taxonomy.seed(by=SYSTEM, at=AT)
    ladder.seed(by=SYSTEM, at=AT)
    model.add(slug="churn-scorer", name="Churn scorer", owner_team=team, by=SYSTEM, at=AT)
    series.add(
        name="Model risk forum",
        first_on=AT.date(),
        starts_at=AT.time().replace(hour=10),
        time_zone="Europe/Berlin",
        rrule="FREQ=WEEKLY;BYDAY=WE",
        teams=[team],
        functions=list(functions.values()),
        by=SYSTEM,
        at=AT,
    )
    return cast


def _twice(at):
    """Run the relay twice. The second run finds nothing."""
    schedule.tick(at)
    assert relay.relay(at=at).done == 0


def _post(client, secret, body):
    return client.post(
        "/api/v1/intake/alertmanager",
        json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )


def test_an_alert_becomes_a_review_a_decision_actions_and_a_learning_and_what_is_late_climbs(client, house):
    _, secret = token.issue(
        house["jonas"], name="alerts", scope=TokenScope.INGEST, by=Actor(house["jonas"]), at=AT
    )
    body = json.loads(BODY.read_text())
    for alert in body["alerts"]:
        alert["startsAt"] = (AT - timedelta(minutes=3)).isoformat()

    # The signal: three features of one model cross at once. It is sent twice, as Alertmanager does.
    assert _post(client, secret, body).status_code == 202
    assert _post(client, secret, body).status_code == 202

    _twice(AT)

    group = BreachGroup.objects.get()
    assert Breach.objects.count() == 3
    review = Review.objects.get()
    assert review.about_id == group.subject_id
    assert len({one.function_id for one in review.reviewers.all()}) >= 2

    # The agenda is filled automatically, with reasons.
    place = AgendaItem.objects.get(about_id=review.subject_id)
    meeting = place.meeting
    assert meeting == Meeting.objects.order_by("starts_at").first()  # due before drift's focus returns
    assert "due before" in place.why.lower() or "drift" in meeting.focus.kinds

    # Nobody answers: a reminder, then an escalation.
    late = review.due_at + timedelta(minutes=1)
    _twice(late)
    assert Event.objects.filter(verb="risklog.review_unanswered", subject_id=review.subject_id).count() == 1
    climb = Escalation.objects.get(about_id=review.subject_id)
    assert climb.rung == 1

    # The meeting decides.
    first = review.reviewers.first().user
    reviewer.answer(
        Review.objects.get(), verdict=Outcome.CONFIRMED, note="Seen.", by=Actor(first, "page"), at=late
    )
    at = max(meeting.starts_at, late)
    by = Actor(house["sofia"], "page")
    place = (
        AgendaItem.objects.filter(about_id=review.subject_id, meeting__starts_at__gte=at - timedelta(hours=1))
        .order_by("meeting__starts_at")
        .first()
        or place
    )
    meeting = Meeting.objects.get(pk=place.meeting_id)
    at = max(meeting.starts_at, at)
    meetings.start(meeting, by=by, at=at)
    place.refresh_from_db()
    item.take_up(place, by=by, at=at)
    taken = decision.record(
        text="Cap visits_30d at its September p99.",
        reason="The shift is nearly all in that feature.",
        item=place,
        settles=Outcome.CONFIRMED,
        by=by,
        at=at,
        actions=[
            {
                "title": "Serve the capped feature",
                "owner": house["jonas"],
                "due_on": (at + timedelta(days=6)).date(),
            },
            {
                "title": "Write the analysis up",
                "owner": house["ana"],
                "due_on": (at + timedelta(days=6)).date(),
            },
        ],
    )
    meetings.close(Meeting.objects.get(pk=meeting.pk), by=by, at=at + timedelta(minutes=45))
    _twice(at + timedelta(hours=1))

    review.refresh_from_db()
    climb.refresh_from_db()
    assert review.state == ReviewState.SETTLED
    assert climb.state == EscalationState.RESOLVED
    assert Learning.objects.get().about_id in {review.subject_id, group.subject_id}
    done, forgotten = Action.objects.filter(origin_id=taken.subject_id).order_by("id")
    actions.finish(done, by=Actor(house["jonas"], "page"), at=at + timedelta(days=1))

    # One action becomes overdue: reminders before and after the due date, then an escalation.
    for day in range(1, 14):
        _twice(at + timedelta(days=day))
    reminders = Event.objects.filter(verb="actions.action_reminded", subject_id=forgotten.subject_id)
    assert {event.data["when"] for event in reminders} == {"before", "after"}
    assert Event.objects.filter(verb="actions.action_overdue", subject_id=forgotten.subject_id).count() == 1
    assert not Event.objects.filter(verb="actions.action_overdue", subject_id=done.subject_id).exists()
    late_climb = Escalation.objects.get(about_id=forgotten.subject_id)
    assert late_climb.rung >= 2
    climbed = late_climb.climbs.filter(round=1)  # later rounds call the top rung again
    rungs = list(climbed.order_by("position", "id").values_list("position", flat=True))
    assert rungs == sorted(set(rungs))

    actions.finish(
        Action.objects.get(pk=forgotten.pk), by=Actor(house["ana"], "page"), at=at + timedelta(days=14)
    )
    _twice(at + timedelta(days=14))
    late_climb.refresh_from_db()
    assert late_climb.state == EscalationState.RESOLVED
