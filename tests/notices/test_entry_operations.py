"""Inbox entries: once per person, not for the actor, and never about hidden objects."""

from pathlib import Path

import pytest

from history import declarations
from history.models import Event, Subject
from history.states import InDoubt
from kit.actor import SYSTEM, Actor
from notices.models import Entry, Message
from notices.operations import entry, message
from people.states import Role
from riskhub import schedule
from risklog.models import Climb
from risklog.operations import reviewer
from risklog.operations import risk as risk_operations
from signals.operations import threshold
from tests.factories import actions, learnings, notices, people, risklog_review, risks, signals

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


def why(user) -> dict[str, str]:
    return dict(Entry.objects.filter(user=user).values_list("event__verb", "why"))


def test_an_entry_and_its_mail_are_created_once_however_often_the_handler_runs(at):
    ana = people.user()
    made = actions.action(owner=ana)
    notices.notify_about(made), notices.notify_about(made)

    assert Entry.objects.filter(user=ana).count() == 1
    assert Message.objects.filter(user=ana).count() == 1


def test_the_actor_is_not_notified(at):
    ana = people.user()
    notices.notify_about(actions.action(owner=ana, by=Actor(ana, "page")))

    assert not Entry.objects.exists()


def test_the_ladder_also_notifies_the_person_who_escalated_and_sends_uncertain_mails_again(at):
    ana = people.user()
    risklog_review.ladder(("owner", 60, None))
    made = risklog_review.escalation(about=risklog_review.model(developer=ana).subject, by=Actor(ana, "page"))
    notices.notify_about(made)

    assert Climb.objects.get(escalation=made).notified_ids == [ana.pk]
    assert why(ana)["risklog.escalation_climbed"] == "Escalated to you"
    assert Message.objects.get(user=ana).policy == InDoubt.RESEND


def test_reviewers_get_an_entry_and_a_mail(at):
    reviewers = [risklog_review.reviewer("data-science"), risklog_review.reviewer("engineering")]
    review = risklog_review.review()
    notices.notify_about(review)

    assert {user.pk for user in reviewers} == set(
        Message.objects.filter(verb="risklog.review_opened").values_list("user_id", flat=True)
    )
    assert why(reviewers[0]) == {"risklog.review_opened": "Your review is requested"}


def test_reviewers_without_an_answer_are_notified_when_the_review_becomes_critical(at, settings):
    settings.IS_MAIL_KEPT = True
    people.organisation()
    waiting, answered = (risklog_review.reviewer(slug) for slug in ("data-science", "risk-management"))
    made = risklog_review.review()
    reviewer.answer(made, verdict="confirmed", note="Seen.", by=Actor(answered, "page"), at=at)
    risklog_review.review(about=made.about, severity="critical", why="PSI is 0.9", at=at)
    notices.notify_of("risklog.review_pressed")
    message.send_due(at=at)

    sent = Message.objects.get(verb="risklog.review_pressed")
    assert (sent.user, sent.policy) == (waiting, InDoubt.RESEND)
    assert sent.sent_title.startswith("Critical, review requested")
    assert "became critical" in sent.sent_text


def test_a_breach_notifies_the_team_only_in_the_inbox(at):
    team = people.team()
    ana = people.user(teams=[team])
    people.user("Stranger")
    group = risklog_review.breach_group(of_model=risklog_review.model(owner_team=team))
    notices.notify_about(group)

    assert list(Entry.objects.values_list("user_id", flat=True)) == [ana.pk]
    assert not Message.objects.exists()


def test_a_risk_notifies_its_owner_and_team_and_a_small_change_notifies_nobody(at):
    team = people.team()
    ana, wei = people.user(teams=[team]), people.user()
    risk = risks.risk(team=team, owner=wei, likelihood=2, impact=2)
    notices.notify_about(risk)
    risk_operations.change(risk, {"affected": "Applicants"}, by=SYSTEM, at=at)
    notices.notify_about(risk)

    assert why(wei) == {"risklog.risk_opened": "You own this risk"}
    assert why(ana) == {"risklog.risk_opened": "The risk belongs to your team"}

    risk_operations.change(risk, {"likelihood": 5, "impact": 5}, by=SYSTEM, at=at)
    notices.notify_about(risk)
    assert "risklog.risk_changed" in why(ana)


def test_only_people_who_may_see_a_restricted_subject_are_notified(at):
    team, others = people.team(), people.team()
    ana, wei = people.user(teams=[team]), people.user(teams=[others])
    risk = risks.risk(team=team, owner=wei, viewers=[team.subject_id])
    Subject.objects.filter(pk=risk.subject_id).update(viewers=[team.subject_id])
    notices.notify_about(risk)

    assert why(ana) != {}
    assert why(wei) == {}


def test_people_who_left_are_not_notified(at):
    ana = people.user()
    made = actions.action(owner=ana)
    type(ana).objects.filter(pk=ana.pk).update(is_active=False)
    notices.notify_about(made)

    assert not Entry.objects.exists()


def test_notifications_do_not_reveal_an_anonymous_opener(at):
    ana = people.user()
    made = actions.action(by=Actor(ana, "page", hidden=True))
    notices.notify_about(actions.operations.finish(made, by=SYSTEM, at=at))

    assert not Entry.objects.exists()


def test_a_learning_that_is_published_waits_for_the_digest(at):
    people.user()
    notices.notify_about(learnings.published())

    assert not Entry.objects.exists()


def test_marking_read_marks_ones_own_alone(at):
    ana, wei = people.user(), people.user()
    for person in (ana, wei):
        notices.notify_about(actions.action(owner=person))
    theirs = list(Entry.objects.values_list("pk", flat=True))

    assert entry.read(ana, theirs, at=at) == 1
    assert entry.unread(ana, theirs) == 1
    assert entry.read(ana, at=at) == 1
    assert Entry.objects.filter(user=wei, read_at__isnull=True).count() == 1


def test_notifying_costs_the_same_for_one_and_for_three(at, django_assert_max_num_queries):
    team = people.team()
    people.user(teams=[team])
    first = risks.risk(team=team)
    event = Event.objects.get(subject=first.subject, verb="risklog.risk_opened")
    with django_assert_max_num_queries(8):
        entry.add(event, at=at)
    people.user(teams=[team]), people.user(teams=[team])
    second = Event.objects.get(subject=risks.risk(team=team).subject, verb="risklog.risk_opened")
    with django_assert_max_num_queries(8):
        entry.add(second, at=at)
    assert Entry.objects.count() == 4


def unread(user) -> list[str]:
    """Return what asks this person for something and is unread, with the number of a version."""
    asking = [one.verb for one in declarations.every() if one.answered_by]
    entries = Entry.objects.filter(user=user, event__verb__in=asking, read_at__isnull=True)
    entries = entries.order_by("event__at", "event_id")
    return [f"{one.event.verb} {one.event.data.get('number', '')}".strip() for one in entries]


def test_what_a_person_answered_is_read_in_their_inbox_and_stays_unread_for_others(at):
    mia, bo = (people.user(name, role=Role.RISK_MANAGER) for name in ("Mia", "Bo"))
    one = threshold.propose(signals.series(), warning=1, reason="Why not.", by=SYSTEM, at=at)
    threshold.propose(one.threshold, warning=2, reason="Or this.", by=SYSTEM, at=at)
    schedule.act(at)
    asked = ["signals.threshold_proposed 1", "signals.threshold_proposed 2"]
    assert unread(mia) == unread(bo) == asked

    threshold.decline(one, reason="Too loose.", by=Actor(mia, "page"), at=at)
    schedule.act(at)

    assert (unread(mia), unread(bo)) == (asked[1:], asked)


def test_a_review_is_read_once_it_is_answered(at):
    ana, ben = (risklog_review.reviewer(slug) for slug in ("data-science", "engineering"))
    made = risklog_review.review()
    schedule.act(at)
    assert unread(ana) == unread(ben) == ["risklog.review_opened"]

    reviewer.answer(made, verdict="confirmed", note="Seen.", by=Actor(ana, "api"), at=at)
    schedule.act(at)

    assert (unread(ana), unread(ben)) == ([], ["risklog.review_opened"])


def test_every_answer_is_an_event_that_is_declared():
    answers = {verb for declared in declarations.every() for verb in declared.answered_by}

    assert answers and answers <= set(declarations.verbs())
    assert all(declared.recipients for declared in declarations.every() if declared.answered_by)
