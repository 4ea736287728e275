"""Agendas per reader, panels, and the stamp of a live page."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actions.operations import action
from kit.actor import SYSTEM
from meetings.operations import attendance, placement
from meetings.operations import item as items
from meetings.queries import agenda as agendas
from meetings.queries import glance
from meetings.queries import meeting as queries
from meetings.queries import series as series_queries
from meetings.states import ItemOutcome
from people.states import Role
from tests.factories import meetings as make
from tests.factories import people
from tests.factories import risklog_review as risklog

pytestmark = pytest.mark.django_db


def test_the_agenda_counts_minutes_and_marks_what_begins_too_late():
    meeting = make.planned()
    for minutes in (30, 10, 10):
        make.item(meeting, minutes=minutes)

    found = agendas.agenda(meeting, people.user())

    assert (found.minutes, found.length, found.over_by) == (50, 45, 5)
    assert [(line.number, line.from_minute, line.is_over) for line in found.lines] == [
        (1, 0, False),
        (2, 30, False),
        (3, 40, True),
    ]


def test_what_was_done_before_the_meeting_takes_no_time():
    meeting = make.planned()
    settled = make.item(meeting, minutes=30)
    make.item(meeting, minutes=20)
    type(settled).objects.filter(pk=settled.pk).update(state="done", outcome="no_change")

    found = agendas.agenda(meeting, people.user())

    assert (found.minutes, found.over_by) == (20, 0)
    assert [(line.minutes, line.from_minute, line.is_over) for line in found.lines] == [
        (0, 0, False),
        (20, 0, False),
    ]


def test_an_agenda_costs_the_same_however_long():
    meeting, user = make.planned(), people.user()
    costs = []
    for _ in range(2):
        make.item(meeting, about=risklog.review().subject)
        with CaptureQueriesContext(connection) as found:
            agendas.agenda(meeting, type(user).objects.get(pk=user.pk))
        costs.append(len(found))

    assert costs[0] == costs[1]


def test_an_administrator_has_no_more_sight_than_the_row_says():
    secret = make.restricted([people.user()])
    item = make.item(about=secret)

    assert not agendas.may_see_item(people.user(role=Role.ADMINISTRATOR), item)


def test_the_stamp_changes_with_every_change_and_costs_one_query(at):
    meeting = make.live()
    user = people.user()
    seen = [glance.stamp(meeting.pk, user, at)]

    def changed() -> bool:
        seen.append(glance.stamp(meeting.pk, user, at))
        return seen[-1] not in seen[:-1]

    item = make.item(meeting)
    assert changed()
    items.note(item, notes="A", by=SYSTEM, at=at)
    assert changed()
    items.take_up(item, by=SYSTEM, at=at)
    assert changed()
    attendance.attend(meeting, present=[user], by=SYSTEM, at=at)
    assert changed()
    attendance.attend(meeting, present=[], by=SYSTEM, at=at)
    assert changed()
    decision = make.decision(meeting=meeting, actions=[{"title": "Cap"}])
    assert changed()
    made = action.add(title="Later", origin=decision.subject, by=SYSTEM, at=at)
    assert changed()
    action.finish(made, by=SYSTEM, at=at)
    assert changed()
    items.finish(item, outcome=ItemOutcome.NO_CHANGE, by=SYSTEM, at=at)
    assert changed()
    with CaptureQueriesContext(connection) as found:
        assert glance.stamp(meeting.pk, user, at) == seen[-1]
    assert len(found) == 1


def test_the_stamp_says_nothing_of_what_the_reader_may_not_see():
    meeting, insider, outsider = make.live(), people.user(), people.user()
    before = [glance.stamp(meeting.pk, person, make.AT) for person in (insider, outsider)]

    make.decision(meeting=meeting, about=make.restricted([insider]), actions=[{"title": "Cap"}])

    after = [glance.stamp(meeting.pk, person, make.AT) for person in (insider, outsider)]
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_the_panel_names_the_agenda_of_a_subject_or_the_reason_for_none(at):
    team, (ana, _) = make.crew()
    review = risklog.review(of_model=risklog.model(owner_team=team), kind="drift")
    placement.place(about=review.subject, kind="drift", team_id=team.pk, title="x", by=SYSTEM, at=at)

    nowhere = agendas.panel(ana, review)
    assert "no meeting series" in nowhere.finding
    assert nowhere.may_add

    make.series(team)
    somewhere = agendas.panel(ana, review)
    assert (len(somewhere.items), somewhere.finding, somewhere.may_add) == (1, "", False)


def test_turns_are_counted_per_facilitator(at):
    team, (ana, ben) = make.crew()
    make.series(team)
    make.series()

    turns = queries.turns_of(ana, at).count(), queries.turns_of(ben, at).count()
    assert turns == (6, 6)


def test_the_plan_shows_how_even_the_turns_are(at):
    team, found = make.crew("data-science", each=3)

    plan = series_queries.ahead(make.series(team), found[0], at)

    assert len(plan.meetings) == 12
    assert [share.turns for share in plan.shares] == [4, 4, 4]
    assert plan.differ_by == 0
