from datetime import date, timedelta

import pytest

from actions.models import Action
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from meetings.models import Decision
from meetings.operations import agenda_handlers
from meetings.operations import decision as decisions
from meetings.operations import meeting as meetings
from meetings.states import DecisionState, ItemOutcome, ItemState
from risklog.models import Review, Risk
from risklog.operations import risk as operations
from risklog.states import ReviewState
from tests.factories import meetings as make
from tests.factories import people, risks
from tests.factories import risklog_review as risklog

pytestmark = pytest.mark.django_db
WHY = "The drift hits two customer groups."


def test_a_decision_in_a_meeting_makes_actions_settles_the_review_and_is_the_items_outcome(at):
    team, (ana, _) = make.crew()
    series = make.series(team)
    review = risklog.review(of_model=risklog.model(owner_team=team), kind="data_quality")
    agenda_handlers.on_review_opened(Event.objects.get(verb="risklog.review_opened"), at=at)
    meeting = make.live(series)
    item = meeting.items.get(about=review.subject)

    decision = decisions.record(
        text="Cap the feature at its September p99",
        reason=WHY,
        item=item,
        actions=[{"title": "Cap it", "owner": ana, "due_on": date(2026, 12, 4)}, {"title": "Watch it"}],
        settles="confirmed",
        by=Actor(ana, "page"),
        at=meeting.starts_at,
    )

    taken = Event.objects.get(verb="meetings.decision_taken")
    found = Action.objects.filter(origin=decision.subject).order_by("id")
    assert [action.title for action in found] == ["Cap it", "Watch it"]
    assert {action.about_id for action in found} == {review.subject_id}
    settled = Review.objects.get(pk=review.pk)
    assert (settled.state, settled.outcome, settled.outcome_reason) == (ReviewState.SETTLED, "confirmed", WHY)
    assert Event.objects.get(verb="risklog.review_settled").cause == taken
    assert {event.cause for event in Event.objects.filter(verb="actions.action_opened")} == {taken}
    agenda_handlers.on_review_settled(Event.objects.get(verb="risklog.review_settled"), at=meeting.starts_at)
    item.refresh_from_db()
    assert (item.state, item.outcome) == (ItemState.DONE, ItemOutcome.DECIDED)
    assert (decision.meeting, decision.about, decision.recorded_by) == (meeting, review.subject, ana)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("text", {"text": " "}),
        ("reason", {"reason": ""}),
        ("no_action_reason", {"no_action_reason": ""}),
        ("actions[1].title", {"actions": [{"title": "Fine"}, {"title": ""}]}),
        ("settles", {"settles": "confirmed"}),
        ("settles", {"settles": "perhaps"}),
    ],
)
def test_record_refuses_and_names_the_field_and_leaves_nothing_behind(field, values, at):
    with pytest.raises(Refused) as refusal:
        decisions.record(
            **{"text": "Hold", "reason": WHY, "no_action_reason": "None needed", **values}, by=SYSTEM, at=at
        )

    assert refusal.value.field == field
    assert not Decision.objects.exists()
    assert not Action.objects.exists()


def test_a_refused_action_names_its_place_and_undoes_the_decision(at):
    gone = people.user(is_active=False)

    with pytest.raises(Refused) as refusal:
        decisions.record(text="Hold", reason=WHY, actions=[{"title": "Do", "owner": gone}], by=SYSTEM, at=at)

    assert refusal.value.field == "actions[0].owner"
    assert not Decision.objects.exists()


def test_an_action_of_a_decision_is_due_today_or_later(at):
    review, today = risklog.review(), at.date()
    fields = {"text": "Hold", "reason": WHY, "about": review.subject, "settles": "confirmed", "by": SYSTEM}
    actions = [{"title": "Do", "due_on": today}, {"title": "Undo", "due_on": today - timedelta(days=1)}]

    with pytest.raises(Refused, match="Choose today or a later day") as refusal:
        decisions.record(**fields, actions=actions, at=at)

    assert refusal.value.field == "actions[1].due_on"
    assert not Decision.objects.exists() and not Action.objects.exists()
    decisions.record(**fields, actions=actions[:1], at=at)


def test_outside_a_meeting_too_but_not_in_one_that_is_not_live(at):
    assert make.decision().meeting is None
    with pytest.raises(Refused) as refusal:
        make.decision(meeting=make.planned())
    assert refusal.value.field == "meeting"
    with pytest.raises(Refused):
        make.decision(meeting=make.closed())


def test_a_review_is_settled_once(at):
    review = risklog.review()
    make.decision(about=review.subject, settles="confirmed")

    with pytest.raises(Refused) as refusal:
        make.decision(about=review.subject, settles="confirmed")

    assert refusal.value.field == "settles"


def test_a_decision_is_seen_by_those_who_may_see_its_subject(at):
    insider, outsider = people.user(), people.user()
    secret = make.restricted([insider])

    decision = make.decision(about=secret, actions=[{"title": "Quietly"}])

    assert decision in Decision.objects.visible_to(insider)
    assert decision not in Decision.objects.visible_to(outsider)
    assert not Action.objects.visible_to(outsider).exists()


def test_a_later_decision_replaces_an_earlier_one_once(at):
    old, new, third = make.decision(), make.decision(), make.decision()

    decisions.replace(old, with_=new, by=SYSTEM, at=at)

    assert (old.state, old.replaced_by) == (DecisionState.REPLACED, new)
    with pytest.raises(IllegalMove):
        decisions.replace(old, with_=third, by=SYSTEM, at=at)
    with pytest.raises(Refused):
        decisions.replace(new, with_=new, by=SYSTEM, at=at)
    with pytest.raises(Refused):
        decisions.replace(third, with_=old, by=SYSTEM, at=at)


def test_closing_leaves_a_decided_item_where_it_is(at):
    item = make.current()
    make.decision(item=item)

    meetings.close(item.meeting, by=SYSTEM, at=item.meeting.starts_at)

    item.refresh_from_db()
    assert item.state == ItemState.DONE


def test_decisions_about_what_is_restricted_later_follow_it_and_back(at):
    team, (ana, jonas) = make.crew()
    outsider, recorder = people.user(), people.user()
    risk = risks.risk(team=team, owner=ana)
    review = risklog.review(about=risk.subject)
    about_risk = make.decision(about=risk.subject, by=recorder)
    about_review = make.decision(about=review.subject, actions=[{"title": "Quietly"}])

    operations.restrict(risk, teams=[team], by=SYSTEM, at=at)

    assert not Decision.objects.visible_to(outsider).exists()
    assert set(Decision.objects.visible_to(jonas)) == {about_risk, about_review}
    assert set(Decision.objects.visible_to(recorder)) == {about_risk}

    operations.restrict(Risk.objects.get(), teams=None, by=SYSTEM, at=at)

    assert Decision.objects.visible_to(outsider).count() == 2
