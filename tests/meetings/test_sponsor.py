"""A block that lasts too long goes to the sponsor, or up the ladder where there is none."""

from datetime import timedelta

import pytest

from actions.models import Action
from actions.operations import action as operations
from history import relay
from history.models import Due, Event
from history.states import Work
from kit.actor import SYSTEM
from meetings.models import AgendaItem
from meetings.operations.sponsor import sponsor_of
from notices.models import Entry
from people.operations import organisation as organisations
from risklog.models import Escalation
from tests.factories import actions, meetings, people

pytestmark = pytest.mark.django_db
STUCK = "actions.stuck"


@pytest.fixture
def ours():
    return people.organisation()


def due_of(action):
    return Due.objects.get(subject=action.subject, kind=STUCK, state=Work.PENDING)


def work(at):
    relay.act_on_dues(at=at)
    while relay.relay(at=at).done:
        pass


def with_sponsor(team, **fields):
    sponsor = people.user("Victor")
    return meetings.series(team, sponsor=sponsor, **fields), sponsor


def test_it_is_raised_at_the_end_of_the_fifth_working_day(at, ours):
    action = actions.blocked()  # on a Monday, in Berlin

    assert due_of(action).at.isoformat() == "2026-11-30T16:00:00+00:00"


def test_the_organisation_sets_the_number_of_days_and_what_waits_follows(at, ours):
    action = actions.blocked()

    organisations.change(ours, {"max_blocked_days": 2}, by=SYSTEM, at=at)
    work(at)

    assert due_of(action).at.isoformat() == "2026-11-25T16:00:00+00:00"


def test_the_sponsor_of_the_series_is_told_and_it_is_on_the_agenda(at, ours):
    team = people.team()
    series, sponsor = with_sponsor(team)
    owner = people.user("Ana", teams=[team])
    action = actions.blocked("No budget for labels", owner=owner, viewers=[team.subject_id])

    work(due_of(action).at)

    action.refresh_from_db()
    assert (action.raised_to, action.raised_at is not None) == (sponsor, True)
    assert Entry.objects.filter(user=sponsor, event__verb="actions.action_raised", is_urgent=True).exists()
    item = AgendaItem.objects.get(about=action.subject)
    assert item.meeting.series == series
    assert "Raised to Victor" in item.why
    assert Action.objects.visible_to(sponsor).filter(pk=action.pk).exists()
    assert not Escalation.objects.exists()


def test_without_a_sponsor_it_is_escalated_and_that_ends_with_the_block(at, ours):
    action = actions.blocked(owner=people.user("Ana"))
    later = due_of(action).at

    work(later)

    escalation = Escalation.objects.get(about=action.subject)
    assert "has been blocked for 5 working days" in escalation.why
    action.refresh_from_db()
    assert (action.raised_to, action.raised_at is not None) == (None, True)
    operations.start(action, by=SYSTEM, at=later)
    work(later)
    escalation.refresh_from_db()
    assert escalation.state == "resolved"


def test_a_block_that_ended_is_not_raised(at, ours):
    action = actions.blocked()
    moment = due_of(action).at
    operations.start(action, by=SYSTEM, at=at)
    operations.block(action, reason="Again", by=SYSTEM, at=at + timedelta(days=3))

    relay.act_on_dues(at=moment)

    assert not Event.objects.filter(verb="actions.action_raised").exists()
    assert due_of(action).at > moment


def test_an_unblocked_action_leaves_the_agenda(at, ours):
    team = people.team()
    with_sponsor(team)
    action = actions.blocked(owner=people.user(teams=[team]))
    later = due_of(action).at
    work(later)

    action.refresh_from_db()
    operations.put_back(action, by=SYSTEM, at=later)
    work(later)

    item = AgendaItem.objects.get(about=action.subject)
    assert (item.state, item.why) == ("done", "No longer blocked")
    action.refresh_from_db()
    assert (action.raised_to, action.raised_at) == (None, None)


def test_the_sponsor_is_that_of_the_smallest_series_of_the_team(at, ours):
    team = people.team()
    people.user(teams=[team])
    _, small = with_sponsor(team)
    large = people.team()
    people.user(teams=[large]), people.user(teams=[large])
    meetings.series(team, teams=[team, large], sponsor=people.user("Other"))
    action = actions.action(owner=people.user(teams=[team]))

    assert sponsor_of(action, at=at) == small


def test_a_sponsor_who_left_is_none(at, ours):
    team = people.team()
    _, sponsor = with_sponsor(team)
    type(sponsor).objects.filter(pk=sponsor.pk).update(is_active=False)

    assert sponsor_of(actions.action(owner=people.user(teams=[team])), at=at) is None
