"""What people wait for, and what others change of what is theirs, is in their inbox."""

from datetime import timedelta

import pytest

from actions.operations import action as action_operations
from catalogue.operations import change_request
from catalogue.states import RightKind
from history import relay
from history.models import Event
from kit.actor import SYSTEM, Actor
from leaders.operations import goal as goal_operations
from learnings.operations import learning as learning_operations
from notices.models import Entry
from people.operations import team as team_operations
from people.states import Role
from risklog.operations import escalation as escalations
from signals.operations import threshold as thresholds
from tests.factories import actions, catalogue, leaders, people, risks, signals
from tests.factories import learnings as learning
from tests.factories import risklog_review as risklog

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    people.organisation()
    return people.user("Ana")


@pytest.fixture
def mia():
    return people.user("Mia", role=Role.RISK_MANAGER)


@pytest.fixture
def told(at, ana):
    """Return a function: the reason by verb of what Ana is told by an act."""

    def told_by(act):
        relay.relay(at=at)
        Entry.objects.all().delete()
        act()
        relay.relay(at=at)
        return dict(Entry.objects.filter(user=ana).values_list("event__verb", "why"))

    return told_by


def test_who_proposed_a_threshold_reads_the_answer(at, ana, mia, told):
    series = signals.series()
    first = thresholds.propose(series, warning=0.3, reason="Less noise", by=Actor(ana, "page"), at=at)
    by = {"by": Actor(mia, "page"), "at": at}

    assert told(lambda: thresholds.agree(first, **by)) == {
        "signals.threshold_agreed": "You proposed this threshold"
    }
    second = thresholds.propose(first.threshold, warning=0.4, reason="Less", by=Actor(ana, "page"), at=at)
    assert told(lambda: thresholds.decline(second, reason="Too high", **by)) == {
        "signals.threshold_declined": "You proposed this threshold"
    }
    own = thresholds.propose(first.threshold, warning=0.5, reason="Less", by=Actor(ana, "page"), at=at)
    assert told(lambda: thresholds.decline(own, reason="No", by=Actor(ana, "page"), at=at)) == {}


def test_the_owner_of_an_action_reads_that_others_moved_or_reopened_it(at, ana, mia, told):
    by = {"by": Actor(mia, "page"), "at": at}
    action = actions.action(owner=ana, due_on=at.date() + timedelta(days=9))
    day = at.date() + timedelta(days=2)

    moved = told(lambda: action_operations.change(action, {"due_on": day}, **by))
    assert moved == {"actions.action_changed": "The due date of your action changed"}
    assert told(lambda: action_operations.change(action, {"details": "More"}, **by)) == {}
    further = {"due_on": day + timedelta(days=1), "reviewer": people.user("Rex")}
    moved = told(lambda: action_operations.change(action, further, **by))
    assert moved == {"actions.action_review_requested": "The due date of your action changed"}
    later = {"due_on": day + timedelta(days=2)}
    cause = Event.objects.filter(subject=action.subject_id).first()
    moved = told(lambda: action_operations.change(action, later, by=SYSTEM, at=at, cause=cause))
    assert moved == {"actions.action_changed": "The due date of your action changed"}
    action_operations.finish(action, by=Actor(ana, "page"), at=at)
    reopened = told(lambda: action_operations.reopen(action, **by))
    assert reopened == {"actions.action_reopened": "You own this action"}


def test_who_asked_to_join_a_team_reads_that_they_joined_and_that_they_were_removed(at, ana, mia, told):
    team, other = people.team("Growth", lead=mia), people.team("Fraud", lead=mia)
    by = {"by": Actor(mia, "page"), "at": at}
    team_operations.ask_to_join(team, ana, by=Actor(ana, "page"), at=at)

    joined = told(lambda: team_operations.join(team, ana, **by))
    assert joined == {"people.member_added": "You asked to join this team"}
    assert told(lambda: team_operations.join(other, ana, **by)) == {}
    removed = told(lambda: team_operations.leave(team, ana, **by))
    assert removed == {"people.member_removed": "You are no longer a member of this team"}
    assert told(lambda: team_operations.join(team, ana, **by)) == {}, "they did not ask again"


def test_who_escalated_reads_that_it_is_acknowledged_and_resolved(at, ana, mia, told):
    risklog.ladder(("person", 60, {"person": mia}))
    by = {"by": Actor(mia, "page"), "at": at}
    escalation = risklog.escalation(about=risks.risk().subject, by=Actor(ana, "page"))

    assert told(lambda: escalations.acknowledge(escalation, note="I look", **by)) == {
        "risklog.escalation_acknowledged": "You escalated it"
    }
    escalation.refresh_from_db()
    assert told(lambda: escalations.resolve(escalation, reason="Done", **by)) == {
        "risklog.escalation_resolved": "You escalated it"
    }


def test_who_escalated_anonymously_is_not_named_by_a_notification(at, ana, mia, told):
    risklog.ladder(("person", 60, {"person": mia}))
    about = risks.risk().subject
    act = Actor(ana, "page")
    escalation = escalations.escalate(about=about, why="It leaks", by=act, at=at, is_unnamed=True)

    assert told(lambda: escalations.resolve(escalation, reason="Done", by=Actor(mia, "page"), at=at)) == {}


def test_who_could_sign_a_change_reads_that_it_is_withdrawn(at, ana, mia, told):
    model = catalogue.model()
    catalogue.right(RightKind.MODEL_CHANGE, person=ana)
    request = catalogue.change(model, opened_by=mia, is_emergency=True)

    withdrawn = told(
        lambda: change_request.withdraw(request, reason="Not needed", by=Actor(mia, "page"), at=at)
    )

    assert withdrawn == {"catalogue.change_request_withdrawn": "It waited for your sign-off"}


def test_the_owner_of_a_goal_reads_that_it_was_given_to_them_or_changed(at, ana, mia, told):
    goal = leaders.goal(owner=mia)
    by = {"by": Actor(mia, "page"), "at": at}

    given = told(lambda: goal_operations.change(goal, {"owner": ana}, **by))
    assert given == {"leaders.goal_changed": "You own this goal now"}
    changed = told(lambda: goal_operations.change(goal, {"target": 2}, **by))
    assert changed == {"leaders.goal_changed": "You own this goal"}
    assert told(lambda: goal_operations.change(goal, {"title": "Another"}, **by)) == {}


def test_the_author_of_a_learning_reads_that_others_withdrew_or_discarded_it(at, ana, mia, told):
    by = {"by": Actor(mia, "page"), "at": at}
    taught = learning.published(author=ana)

    withdrawn = told(lambda: learning_operations.withdraw(taught, **by))
    assert withdrawn == {"learnings.learning_withdrawn": "You wrote this learning"}
    discarded = told(lambda: learning_operations.discard(taught, reason="Known", **by))
    assert discarded == {"learnings.learning_discarded": "You wrote this learning"}
