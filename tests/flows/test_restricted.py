"""Restricting a risk later also hides everything below it, at any depth. Opening it shows it again."""

from datetime import timedelta

import pytest
from django.apps import apps

from history.models import Subject
from kit.actor import Actor
from meetings.models import AgendaItem
from people.models import User
from riskhub import schedule
from risklog.models import Escalation, Risk
from risklog.operations import escalation as escalations
from risklog.operations import risk as risks_
from tests.conftest import AT
from tests.factories import actions, learnings, people, risklog_review, risks
from tests.factories import meetings as meetings_

pytestmark = pytest.mark.django_db
CANARY = "Zanzibar"
LATER = AT + timedelta(minutes=5)


@pytest.fixture
def cast():
    """The owner, their team, the owner of one of its actions, and a stranger."""
    people.organisation()
    ana = people.user("Ana Moreau", function=people.function("data-science"))
    team = people.team("Growth ML", lead=ana)
    people.member(team, ana)
    return ana, team, people.user("Bob Doer"), people.user("Sam Stranger", teams=[people.team("Other")])


@pytest.fixture
def risk(cast):
    """Create reviews, actions, escalations, decisions and learnings about it, on three levels."""
    ana, team, bob, _ = cast
    found = risks.risk(f"{CANARY} risk", team=team, owner=ana, person=ana)
    review = risklog_review.review(about=found.subject, title=f"{CANARY} review")
    near = [found, review, actions.action(f"{CANARY} action", owner=ana, about=found.subject)]
    far = [risklog_review.escalation(about=one.subject, title=f"{CANARY} escalation") for one in near]
    far += [actions.action(f"{CANARY} further", owner=bob, about=one.subject) for one in (*near[1:], *far)]
    far += [meetings_.decision(text=f"{CANARY} decision", by=ana, about=one.subject) for one in [*near, *far]]
    last = actions.action(f"{CANARY} of a decision", owner=bob, about=far[-1].subject)
    for one in [*near, *far, last]:
        learnings.draft(f"{CANARY} learning", about=one.subject)
    meetings_.decision(text=f"{CANARY} at last", by=ana, about=last.subject)
    schedule.tick(LATER)
    return Risk.objects.select_related("subject").get(pk=found.pk)


def seen_by(user):
    """Return the objects below the risk that a person sees, by kind."""
    reader = User.objects.get(pk=user.pk)
    return Subject.objects.visible_to(reader).filter(title__contains=CANARY).values_list("kind", flat=True)


def restrict(risk, teams, by):
    """Restrict in one transaction, without a handler or a tick."""
    risks_.restrict(risk, teams=teams, by=Actor(by, "page"), at=LATER)


def test_everything_below_a_risk_is_restricted_and_opened_with_it(risk, cast):
    ana, team, bob, stranger = cast
    whole = len(seen_by(stranger))
    assert whole > 30

    restrict(risk, [team], ana)

    assert list(seen_by(stranger)) == []
    assert len(seen_by(ana)) == whole
    assert {"action", "review"} <= set(seen_by(bob))  # a person may see what they have to act on

    risk.refresh_from_db()
    restrict(risk, None, ana)

    assert len(seen_by(stranger)) == whole


def test_at_the_commit_no_row_of_any_model_shows_a_stranger_anything_of_it(risk, cast):
    ana, team, _, stranger = cast
    meeting = meetings_.planned()
    for about in Subject.objects.filter(title__contains=CANARY):
        meetings_.item(meeting, title="Slot", about=about)
    schedule.tick(LATER)

    restrict(risk, [team], ana)

    assert rows_that_name_it(ana)
    assert rows_that_name_it(User.objects.get(pk=stranger.pk)) == []


def rows_that_name_it(reader):
    """Return the visible rows of every model with visible_to whose fields contain the canary."""
    found = []
    for model in apps.get_models():
        if not hasattr(model._default_manager, "visible_to") or model is AgendaItem:
            continue  # other tests check agenda items, which are restricted items for these readers
        rows = model._base_manager.filter(pk__in=model._default_manager.visible_to(reader).values("pk"))
        found += [f"{model.__name__} {row['id']}" for row in rows.values() if CANARY in repr(row)]
    return found


def test_a_new_owner_sees_everything_below_the_risk_and_the_former_owner_does_not(risk, cast):
    ana, team, _, stranger = cast
    lou = people.user("Lou")
    risks_.change(risk, {"owner": lou}, by=Actor(ana, "page"), at=LATER)
    restrict(risk, [team], ana)
    whole = len(seen_by(lou))
    assert whole > 30

    risks_.change(risk, {"owner": stranger}, by=Actor(ana, "page"), at=LATER)

    assert len(seen_by(stranger)) == whole
    assert list(seen_by(lou)) == []
    assert len(seen_by(ana)) == whole  # the raiser, who is in the team


def test_the_new_holder_of_an_escalation_keeps_sight_of_it(cast):
    ana, team, bob, _ = cast
    risk = risks.risk(f"{CANARY} risk", team=team, owner=ana, person=ana)
    escalation = risklog_review.escalation(about=risk.subject, by=Actor(ana, "page"))
    escalations.acknowledge(escalation, by=Actor(ana, "page"), at=LATER)
    escalations.hand_over(escalation, bob, by=Actor(ana, "page"), at=LATER)

    restrict(risk, [team], ana)

    assert set(seen_by(bob)) == {"risk"}
    assert Escalation.objects.visible_to(bob).get() == escalation
