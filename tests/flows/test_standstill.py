"""While no worker runs, people continue. Their events are processed before the due dates that have passed."""

from datetime import timedelta

import pytest

from actions.operations import action as actions_
from kit.actor import SYSTEM, Actor
from people import queries, working
from riskhub import schedule
from risklog.models import Climb, Escalation
from risklog.operations import review as reviews
from risklog.operations import reviewer as reviewers
from risklog.states import EscalationState, Outcome, Who
from tests.factories import actions, people, risklog_review

pytestmark = pytest.mark.django_db


@pytest.fixture
def ladder(at):
    people.organisation()
    lead = people.user("Lena Lead")
    risklog_review.ladder((Who.REVIEWERS, 60, None), (Who.PERSON, 60, {"person": lead}))


def answered_by_all(review, at):
    for one in review.reviewers.select_related("user"):
        reviewers.answer(review, verdict=Outcome.CONFIRMED, by=Actor(one.user, "page"), at=at)


def settled(review, at):
    reviews.settle(review, outcome=Outcome.CONFIRMED, reason="Seen", by=SYSTEM, at=at)


@pytest.mark.parametrize("settle", [answered_by_all, settled])
def test_a_review_settled_meanwhile_climbs_no_further(ladder, settle):
    risklog_review.reviewer("data-science")
    review = risklog_review.review()
    schedule.tick(review.due_at)
    climbing = Escalation.objects.get(about=review.subject)
    assert climbing.next_climb_at

    settle(review, climbing.next_climb_at - timedelta(minutes=1))
    schedule.tick(climbing.next_climb_at + timedelta(hours=1))

    climbing.refresh_from_db()
    assert climbing.state == EscalationState.RESOLVED
    assert not Climb.objects.filter(escalation=climbing, position=2).exists()


def test_an_action_that_is_done_is_not_escalated_further(ladder, at):
    action = actions.action(owner=people.user(), due_on=at.date())
    in_working_hours = working.after(
        at, 0, queries.working_hours()
    )  # outside working hours the first rung waits too
    climbing = risklog_review.escalation(about=action.subject, at=in_working_hours)

    actions_.finish(action, by=SYSTEM, at=climbing.next_climb_at - timedelta(minutes=1))
    schedule.tick(climbing.next_climb_at)

    assert list(Climb.objects.values_list("position", flat=True)) == [1]
