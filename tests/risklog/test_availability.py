"""Reviews and escalations do not wait for a person who can no longer act."""

from datetime import timedelta

import pytest

from history import operations as history
from history import relay
from history.models import Due, Event
from history.operations import GrantReason
from kit.actor import SYSTEM
from people.operations import person as persons
from people.states import Role
from risklog.models import Climb, Escalation
from risklog.operations import escalation as escalations
from risklog.operations import review as reviews
from risklog.operations import reviewer as reviewers
from risklog.states import EscalationState, Outcome, Who
from tests.factories import people
from tests.factories import risklog_review as make

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def late(at):
    """An overdue review of two. One answered after the escalation: (review, the other one, escalation)."""
    people.user("Adam Admin", role=Role.ADMINISTRATOR)
    make.ladder((Who.REVIEWERS, 240, None), (Who.TEAM_LEAD, 480, None))
    make.reviewer("data-science"), make.reviewer("risk-management")
    review = make.review()
    due = Due.objects.get(subject_id=review.subject_id, kind="risklog.review_unanswered")
    reviews.note_unanswered(due, at=due.at)
    first, second = (one.user for one in review.reviewers.select_related("user").order_by("id"))
    reviewers.answer(review, verdict=Outcome.CONFIRMED, by=make.actor(first), at=due.at)
    settle(due.at)
    escalation = Escalation.objects.get(about=review.subject)
    assert escalation.state == EscalationState.CLIMBING
    return review, second, escalation


def settle(at):
    for _ in range(5):
        relay.relay(at=at)


def leaves(person, at):
    persons.deactivate(person, by=SYSTEM, at=at)


def becomes_viewer(person, at):
    persons.set_role(person, Role.VIEWER, by=SYSTEM, at=at)


def is_away(person, at):
    day = at.date()
    persons.be_away(person, from_on=day, until_on=day + DAY, by=SYSTEM, at=at)


@pytest.mark.parametrize("can_no_longer_answer", [leaves, becomes_viewer, is_away])
def test_an_escalation_does_not_wait_for_a_reviewer_who_cannot_answer(at, late, can_no_longer_answer):
    _, second, escalation = late
    now = escalation.started_at + timedelta(minutes=1)

    can_no_longer_answer(second, now)
    settle(now)

    escalation.refresh_from_db()
    assert escalation.state == EscalationState.RESOLVED


def test_an_escalation_does_not_wait_for_a_reviewer_who_lost_access(at, late):
    review, second, escalation = late
    now = escalation.started_at + timedelta(minutes=1)
    history.restrict(review.about, [people.team().subject_id])
    settle(now)
    escalation.refresh_from_db()
    assert escalation.state == EscalationState.CLIMBING  # the review request gives sight

    for reason, source in ((GrantReason.ASKED, None), (GrantReason.ASKED, review.subject)):
        history.end_sight([review.subject], [second], reason=reason, source=source, by=SYSTEM, at=now)
    for source in (None, escalation.subject):
        history.end_sight(
            [review.subject], [second], reason=GrantReason.CALLED, source=source, by=SYSTEM, at=now
        )
    settle(now)

    escalation.refresh_from_db()
    assert escalation.state == EscalationState.RESOLVED


def test_the_stand_in_of_an_absent_reviewer_is_asked_and_waited_for(at, late):
    review, second, escalation = late
    other = people.user("Stan Stand-in")
    now = escalation.started_at + timedelta(minutes=1)

    persons.be_away(second, from_on=now.date(), until_on=now.date(), stand_in=other, by=SYSTEM, at=now)
    settle(now)

    row = review.reviewers.get(user=other)
    assert (row.stands_in_for, row.function) == (second, second.function)
    escalation.refresh_from_db()
    assert escalation.state == EscalationState.CLIMBING
    reviewers.answer(review, verdict=Outcome.CONFIRMED, by=make.actor(other), at=now)
    settle(now)
    escalation.refresh_from_db()
    assert escalation.state == EscalationState.RESOLVED


def test_an_absence_noted_ahead_acts_on_its_first_day(at, late):
    review, second, _ = late
    other = people.user("Stan Stand-in")
    begins = (at + 9 * DAY).date()
    persons.be_away(second, from_on=begins, until_on=begins, stand_in=other, by=SYSTEM, at=at)
    settle(at)
    assert not review.reviewers.filter(user=other).exists()

    due = Due.objects.get(kind="people.absence_begins")
    persons.begin_absence(due, at=due.at)
    settle(due.at)

    assert review.reviewers.filter(user=other).exists()


def test_a_review_that_nobody_answered_climbs_on_when_all_have_left(at):
    people.user("Adam Admin", role=Role.ADMINISTRATOR)
    make.ladder((Who.REVIEWERS, 240, None), (Who.TEAM_LEAD, 480, None))
    lead = people.user("Lena Lead")
    only = make.reviewer("data-science")
    review = make.review(of_model=make.model(owner_team=people.team("Fraud", lead=lead)))
    asked = [one.user for one in review.reviewers.select_related("user")]
    due = Due.objects.get(subject_id=review.subject_id, kind="risklog.review_unanswered")
    reviews.note_unanswered(due, at=due.at)
    settle(due.at)
    assert only in asked

    for one in asked:
        persons.deactivate(one, by=SYSTEM, at=due.at)
    settle(due.at)

    escalation = Escalation.objects.get(about=review.subject)
    assert (escalation.state, escalation.rung) == (EscalationState.CLIMBING, 2)


@pytest.fixture
def taken(at):
    """An escalation that the developer on its first rung acknowledged. A lead is on the next rung."""
    people.user("Adam Admin", role=Role.ADMINISTRATOR)
    developer, lead = people.user("Dev Dietz"), people.user("Lena Lead")
    make.ladder((Who.OWNER, 240, None), (Who.TEAM_LEAD, 480, None))
    model = make.model(owner_team=people.team("Fraud", lead=lead), developer=developer)
    escalation = make.escalation(about=model.subject)
    return escalations.acknowledge(escalation, by=make.actor(developer), at=at), developer, lead


def test_an_acknowledgement_ends_with_the_person_who_gave_it(at, taken):
    escalation, developer, lead = taken

    persons.deactivate(developer, by=SYSTEM, at=at)
    settle(at)

    escalation.refresh_from_db()
    assert (escalation.state, escalation.rung) == (EscalationState.CLIMBING, 2)
    assert Climb.objects.get(position=2).notified_ids == [lead.pk]


def test_who_holds_an_escalation_and_is_away_hands_it_to_the_stand_in(at, taken):
    escalation, developer, _ = taken
    other = people.user("Stan Stand-in")

    persons.be_away(developer, from_on=at.date(), until_on=at.date(), stand_in=other, by=SYSTEM, at=at)
    settle(at)

    escalation.refresh_from_db()
    assert (escalation.state, escalation.acknowledged_by) == (EscalationState.ACKNOWLEDGED, other)
    said = Event.objects.get(verb="risklog.escalation_handed_over").data
    assert said["note"] == "Stand-in for Dev Dietz, who is away"


@pytest.mark.parametrize("has_stand_in", [True, False])
def test_a_rung_whose_people_are_away_is_notified_again_or_left(at, has_stand_in):
    developer, lead, other = people.user("Dev"), people.user("Lena Lead"), people.user("Stan")
    make.ladder((Who.OWNER, 240, None), (Who.TEAM_LEAD, 480, None))
    model = make.model(owner_team=people.team("Fraud", lead=lead), developer=developer)
    escalation = make.escalation(about=model.subject)

    persons.be_away(
        developer,
        from_on=at.date(),
        until_on=at.date(),
        stand_in=other if has_stand_in else None,
        by=SYSTEM,
        at=at,
    )
    settle(at)

    escalation.refresh_from_db()
    latest = Climb.objects.filter(escalation=escalation).latest("id")
    assert latest.notified_ids == [(other if has_stand_in else lead).pk]
    assert escalation.rung == (1 if has_stand_in else 2)
    assert (
        Due.objects.filter(subject_id=escalation.subject_id, kind="risklog.climb", state="pending").count()
        <= 1
    )


def test_the_lead_of_a_review_who_left_leads_it_no_more(at, late):
    review, second, _ = late
    reviewers.claim(review, by=make.actor(second), at=at)

    becomes_viewer(second, at)
    settle(at)

    review.refresh_from_db()
    assert review.claimed_by is None
