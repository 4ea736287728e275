from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history.models import Due, Event
from kit.actor import SYSTEM
from meetings.models import AgendaItem, Meeting
from meetings.operations import agenda, agenda_handlers, bulk_placement, placement
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.operations import series as all_series
from meetings.states import ItemState
from risklog.operations import review as reviews
from risklog.states import Severity
from tests.factories import meetings as make
from tests.factories import people
from tests.factories import risklog_review as risklog
from tests.factories import risks as make_risk

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return make.crew()[0]


def a_review(team, *, kind="drift", **fields):
    return risklog.review(of_model=risklog.model(owner_team=team), kind=kind, **fields)


def opened(review) -> Event:
    return latest(review.subject, "risklog.review_opened")


def latest(subject, verb) -> Event:
    return Event.objects.filter(subject=subject, verb=verb).latest("id")


def items_about(subject) -> list[AgendaItem]:
    return list(AgendaItem.objects.filter(about=subject).select_related("meeting").order_by("id"))


def test_a_review_comes_to_the_next_meeting_of_its_focus_and_says_why(team, at):
    series = make.series(team)
    review = a_review(team, kind="latency", about=None)
    review.due_at = None

    type(review).objects.filter(pk=review.pk).update(due_at=at + timedelta(days=60))
    agenda_handlers.on_review_opened(opened(review), at=at)

    (item,) = items_about(review.subject)
    assert item.meeting.pk == make.planned(series, 2).pk
    assert item.title == review.title
    assert item.why == (
        f"Open review request about {review.about.reference}; "
        "next meeting on Deployment readiness and rollback"
    )


def test_a_handler_may_be_called_twice(team, at):
    make.series(team)
    review = a_review(team)

    agenda_handlers.on_review_opened(opened(review), at=at)
    agenda_handlers.on_review_opened(opened(review), at=at)

    assert len(items_about(review.subject)) == 1


def test_a_critical_review_goes_to_the_next_meeting(team, at):
    series = make.series(team)
    review = a_review(team, kind="latency", severity=Severity.CRITICAL)

    agenda_handlers.on_review_opened(opened(review), at=at)

    (item,) = items_about(review.subject)
    assert item.meeting.pk == make.planned(series).pk
    assert "critical, so it goes to the next meeting" in item.why
    assert item.rank < placement.Rank.REVIEW


def test_an_escalation_brings_its_subject_forward(team, at):
    series = make.series(team)
    review = a_review(team, kind="latency")
    type(review).objects.filter(pk=review.pk).update(due_at=at + timedelta(days=60))
    agenda_handlers.on_review_opened(opened(review), at=at)
    climb = risklog.escalations.start(
        about=review.subject, title=review.title, why="Unanswered", severity="warning", by=SYSTEM, at=at
    )

    agenda_handlers.on_escalation_started(latest(climb.subject, "risklog.escalation_started"), at=at)

    (item,) = items_about(review.subject)
    assert item.meeting.pk == make.planned(series).pk
    assert item.why == f"Escalated ({climb.reference}), so it goes to the next meeting"
    moved = Event.objects.get(verb="meetings.item_moved")
    assert moved.subject_id == item.meeting.subject_id


def test_no_meeting_is_a_finding_and_is_mended_by_a_series(team, at):
    review = a_review(team)

    agenda_handlers.on_review_opened(opened(review), at=at)
    agenda_handlers.on_review_opened(opened(review), at=at)

    finding = Event.objects.get(verb="meetings.no_meeting_found")
    assert finding.subject == review.subject
    assert "no meeting series" in finding.data["why"]
    assert not items_about(review.subject)

    make.series(team)
    assert len(items_about(review.subject)) == 1


def test_a_review_settled_before_the_meeting_leaves_the_agenda_and_returns_when_reopened(team, at):
    make.series(team)
    review = a_review(team)
    agenda_handlers.on_review_opened(opened(review), at=at)
    review = reviews.settle(review, outcome="false_alarm", reason="A test job.", by=SYSTEM, at=at)

    agenda_handlers.on_review_settled(latest(review.subject, "risklog.review_settled"), at=at)

    (item,) = items_about(review.subject)
    assert (item.state, item.why) == (ItemState.DONE, "Closed before the meeting")


def test_what_people_took_off_stays_off(team, at):
    make.series(team)
    review = a_review(team)
    agenda_handlers.on_review_opened(opened(review), at=at)
    (item,) = items_about(review.subject)
    items.take_off(item, by=SYSTEM, at=at)

    agenda_handlers.on_review_opened(opened(review), at=at)
    agenda.build(item.meeting, at=at)

    (item,) = items_about(review.subject)
    assert item.state == ItemState.DROPPED


def test_a_critical_review_returns_to_the_next_meeting_it_was_on_before(team, at):
    series = make.series(team)
    review = a_review(team)
    first, second = make.planned(series), make.planned(series, 1)
    items.take_off(make.item(first, about=review.subject), by=SYSTEM, at=at)
    make.item(second, about=review.subject)
    agenda_handlers.on_review_opened(opened(review), at=at)
    assert [one.meeting for one in items_about(review.subject) if one.state == ItemState.WAITING] == [second]
    reviews.open_for(
        about=review.about, title="", kind="drift", severity=Severity.CRITICAL, why="Worse", by=SYSTEM, at=at
    )

    for _ in range(2):
        agenda_handlers.on_review_opened(latest(review.subject, "risklog.review_pressed"), at=at)

    assert [one.meeting for one in items_about(review.subject) if one.state == ItemState.WAITING] == [first]


def test_a_meeting_moved_far_ahead_releases_reviews_that_fit_an_earlier_meeting(team, at):
    series = make.series(team)
    review = a_review(team)
    agenda_handlers.on_review_opened(opened(review), at=at)
    (item,) = items_about(review.subject)
    note = make.item(item.meeting, title="A note")
    meeting = Meeting.objects.select_related("series", "subject").get(pk=item.meeting_id)
    sooner = make.planned(series)
    assert sooner == meeting

    meetings.move(meeting, starts_at=meeting.starts_at + timedelta(days=30), by=SYSTEM, at=at)

    (item,) = items_about(review.subject)
    assert item.meeting.starts_at == make.planned(series).starts_at < meeting.starts_at
    note.refresh_from_db()
    assert note.meeting == meeting


def test_the_agenda_starts_with_last_times_actions(team, at):
    series = make.series(team)
    first = make.live(series)
    make.decision(meeting=first, actions=[{"title": "Cap the feature", "due_on": date(2026, 11, 26)}])
    make.item(first, title="Left over")
    meetings.close(first, by=SYSTEM, at=first.ends_at)
    second = make.planned(series, 1)

    agenda.build(second, at=second.starts_at - timedelta(days=1))
    agenda.build(second, at=second.starts_at - timedelta(days=1))

    lines = list(second.items.order_by("rank"))
    assert [line.title for line in lines] == ["Open actions", "Left over"]
    assert lines[0].why == "1 action from earlier meetings, 1 overdue"


def test_last_times_actions_are_those_agreed_without_a_decision_too_and_tell_of_none_that_is_restricted(team):
    series = make.series(team)
    first = make.live(series)
    secret = make_risk.risk(viewers=[team.subject_id])
    make.decision(meeting=first, about=secret.subject, actions=[{"title": "Hush"}, {"title": "Hush too"}])
    agenda.build(make.planned(series, 1), at=first.ends_at)
    assert not AgendaItem.objects.filter(about=first.subject).exists()

    talked_about = items.take_up(make.item(first), by=SYSTEM, at=first.starts_at)
    items.agree(talked_about, title="Ask the feed's owner", by=SYSTEM, at=first.starts_at)
    agenda.build(make.planned(series, 1), at=first.ends_at)

    assert AgendaItem.objects.get(about=first.subject).why == "1 action from earlier meetings"


def test_publish_builds_the_agenda_and_notifies_once_a_day_before(team, at):
    series = make.series(team)
    review = a_review(team, kind="data_quality")
    due = Due.objects.filter(kind=agenda.PUBLISH).order_by("at").first()

    agenda.publish(due, at=due.at - timedelta(hours=1))
    agenda.publish(due, at=due.at)
    agenda.publish(due, at=due.at)

    event = Event.objects.get(verb="meetings.agenda_published")
    assert (event.data["items"], event.data["minutes"]) == (1, 10)
    assert items_about(review.subject)[0].meeting.pk == make.planned(series).pk


def test_risks_due_and_acceptances_that_end_come_by_themselves(team, at):
    series = make.series(team)
    model = risklog.model(owner_team=team)
    risk = make_risk.risk(model=model, team=team)
    type(risk).objects.filter(pk=risk.pk).update(review_on=date(2026, 11, 20))
    meeting = make.planned(series)

    agenda.build(meeting, at=at)

    (item,) = items_about(risk.subject)
    assert item.meeting_id == meeting.pk
    assert item.why.startswith("Due for review on 20 Nov 2026")


def test_an_agenda_of_many_things_costs_as_few_queries_as_one_of_few(team, at):
    """Reviews that wait, and risks that are due, of which some are on the agenda already."""
    series = make.series(team)
    meeting = make.planned(series)
    model = risklog.model(owner_team=team)

    def cost(reviews: int, risks: int) -> int:
        for _ in range(reviews):
            a_review(team)
        for _ in range(risks):
            make_risk.risk(model=model, team=team, review_on=at.date())
        with CaptureQueriesContext(connection) as queries:
            agenda.build(meeting, at=at)
        return len(queries)

    cost(2, 2)  # the first build compiles statements
    few, many = cost(2, 2), cost(9, 9)
    items = AgendaItem.objects.filter(meeting=meeting).exclude(about=None)
    assert items.count() == 26
    assert len(set(items.values_list("rank", flat=True))) == 26
    assert many == few


def test_things_on_a_later_agenda_are_brought_forward_together(team, at):
    """Each as if alone: the item moves to the end of its class, with the new reason, and history says so."""
    series = make.series(team)
    sooner, later = make.planned(series), make.planned(series, 1)
    first = make.item(sooner, about=make_risk.risk().subject)
    AgendaItem.objects.filter(pk=first.pk).update(rank=placement.Rank.RISK + 1)

    def drafts(number: int) -> list[bulk_placement.ItemDraft]:
        """Put risks on the later agenda, and return them for the earlier one."""
        subjects = [make_risk.risk().subject for _ in range(number)]
        for subject in subjects:
            make.item(later, about=subject)
        values = {"title": "Later", "why": "Due", "purpose": "decide", "minutes": 10}
        return [bulk_placement.ItemDraft(one, values, placement.Rank.RISK) for one in subjects]

    def cost(number: int) -> int:
        wanted = drafts(number)
        with CaptureQueriesContext(connection) as queries:
            bulk_placement.put_many(sooner, wanted, at=at)
        return len(queries)

    cost(1)
    assert cost(3) == cost(1)

    lines = list(AgendaItem.objects.filter(meeting=sooner).exclude(pk=first.pk).order_by("rank"))
    assert [line.rank - placement.Rank.RISK for line in lines] == [2, 3, 4, 5, 6]
    assert {line.why for line in lines} == {"Due"}
    moved = Event.objects.filter(verb="meetings.item_moved", subject=sooner.subject).order_by("id")
    assert [one.data["item"] for one in moved] == [line.pk for line in lines]
    assert {one.data["from_meeting"] for one in moved} == {later.subject_id}


def test_a_series_of_another_team_is_never_chosen(team, at):
    other = make.series()
    review = a_review(team)

    agenda_handlers.on_review_opened(opened(review), at=at)
    agenda.build(make.planned(other), at=at)

    assert not items_about(review.subject)
    all_series.change(other, {"teams": [team]}, by=SYSTEM, at=at)
    assert len(items_about(review.subject)) == 1
    assert people.team() not in other.teams.all()
