"""Compute the turns of series again after changes of people."""

from datetime import datetime

from django.db.models import Q

from history.models import Event
from history.wiring import handler
from meetings.models import Meeting, MeetingSeries
from meetings.operations import meeting
from meetings.permissions import takes_part
from meetings.queries import series as series_queries
from meetings.states import MeetingState
from people.models import User


@handler("meetings.meeting.replan_for_person")
def on_absence_changed(event: Event, *, at: datetime) -> None:
    """Compute the turns again in the series of a person who is away, is back or has left.

    The event is about the person.
    """
    person = User.objects.filter(subject=event.subject_id).first()
    if person is None:
        return
    has_turn = Q(facilitator=person) | Q(observer=person)
    for series in MeetingSeries.objects.filter(is_retired=False).order_by("id"):
        planned = Meeting.objects.filter(
            has_turn, series=series, state=MeetingState.PLANNED, starts_at__gt=at
        )
        if takes_part(person, series) or planned.exists() or series_queries.may_observe(series, person):
            meeting.replan(series, at=at)


@handler("meetings.meeting.replan_for_team")
def on_team_changed(event: Event, *, at: datetime) -> None:
    """Compute the turns again in the series of a team whose members changed, and in those with observers.

    The event is about the team.
    """
    rows = MeetingSeries.objects.filter(
        Q(teams__subject=event.subject_id) | Q(has_observer=True), is_retired=False
    )
    for series in rows.distinct().order_by("id"):
        meeting.replan(series, at=at)
