"""Concurrent planning creates each meeting once, without deadlocks."""

import threading

import pytest
from django.db import connection

from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove
from meetings.models import Meeting, MeetingSeries
from meetings.operations import meeting as meetings
from meetings.operations import placement, turn
from meetings.operations import series as all_series
from tests.factories import meetings as make
from tests.factories import risklog_review as risklog

pytestmark = pytest.mark.django_db(transaction=True)


def together(*works) -> list[BaseException]:
    """Run all at once. None of them may raise."""
    raised: list[BaseException] = []

    def run(work) -> None:
        try:
            work()
        except (ChangedMeanwhile, IllegalMove):
            pass  # shown to the person, who tries again
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    return raised


def test_planning_at_once_makes_each_meeting_once(at):
    series = make.series()
    later = make.a_week(at, 4)

    raised = together(*[lambda: meetings.plan(series, at=later)] * 6)

    assert not raised
    starts = list(Meeting.objects.filter(series=series).values_list("starts_at", flat=True))
    assert len(starts) == len(set(starts)) == 16


def test_planning_turns_taken_cancellations_and_placing_do_not_block_each_other(at):
    team, people = make.crew("data-science", "data-engineering", each=2)
    series = make.series(team)
    reviews = [risklog.review(of_model=risklog.model(owner_team=team), kind="drift") for _ in range(3)]

    def one(position: int) -> Meeting:
        return make.planned(MeetingSeries.objects.get(pk=series.pk), position)

    def place(review) -> None:
        placement.place(
            about=review.subject,
            kind="drift",
            team_id=team.pk,
            title="x",
            urgent_reason="critical",
            by=SYSTEM,
            at=at,
        )

    for round_ in range(4):
        raised = together(
            lambda: meetings.plan(series, at=at),
            lambda n=round_: turn.take_over(one(n), by=Actor(people[n], "page"), at=at),
            lambda n=round_: meetings.cancel(one(n + 4), by=SYSTEM, at=at),
            lambda n=round_: all_series.change(
                MeetingSeries.objects.get(pk=series.pk), {"length_minutes": 30 + n}, by=SYSTEM, at=at
            ),
            *[lambda review=review: place(review) for review in reviews],
        )
        assert not raised, raised

    for review in reviews:
        waiting = placement.AgendaItem.objects.filter(about=review.subject, state="waiting")
        assert [item.meeting.state for item in waiting] == ["planned"]
