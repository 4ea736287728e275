"""One turn at a meeting: take it over, give it to another person, and remind of it."""

from datetime import datetime, timedelta

from django.db import transaction

from history import operations as history
from history.models import Due, Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from meetings import events
from meetings.models import Meeting
from meetings.operations import meeting as meetings
from meetings.operations import observers, turns
from meetings.states import MeetingState, TurnTask
from people import queries as people
from people.models import User

_UNABLE = {
    TurnTask.FACILITATOR: "Only participants of this series can facilitate.",
    TurnTask.SCRIBE: "Only participants of this series can be its scribe.",
    TurnTask.OBSERVER: "Only people of the teams that observe this series can observe.",
}


@transaction.atomic
def take_over(
    meeting: Meeting,
    *,
    task: str = TurnTask.FACILITATOR,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> Meeting:
    """Make the author the facilitator, the scribe or the observer: the turn counts for them.

    Raises Refused(field="state", or the task), ChangedMeanwhile. Refused is also who leads the meeting or
    stands in and wants to be its scribe, and who is away on the day: the rotation would take the turn back.
    """
    turns.lock(meeting.series_id)
    meetings.refuse_unless_planned(meeting)
    person = by.person
    if not isinstance(person, User) or not turns.is_able(meeting, person, task):
        raise Refused(_UNABLE[TurnTask(task)], field=task)
    if getattr(meeting, f"{task}_id") == person.pk:
        return meeting
    _refuse_if_busy(meeting, person, task)
    turns.give_to(meeting, person, task, by=by, at=at, seen=seen)
    meetings.replan(meeting.series, by=by, at=at)
    return meeting


@transaction.atomic
def give(
    meeting: Meeting,
    to: User,
    *,
    task: str = TurnTask.FACILITATOR,
    by: Actor,
    at: datetime,
    cause: Event | None = None,
) -> Meeting:
    """Give the turn at a task to another person. The other turns stay.

    cause: an accepted swap, which notifies people, so this does not. Raises Refused if the rotation would
    take the turn away again: from a person who takes no part in the series, or who is away on the day.
    """
    turns.lock(meeting.series_id)
    meeting.refresh_from_db()
    meetings.refuse_unless_planned(meeting)
    series = meeting.series
    if not turns.is_able(meeting, to, task):
        text = f"{to.name} takes no part in {series.name}. Choose a participant, or add them to the series."
        if task == TurnTask.OBSERVER:
            text = f"{to.name} does not observe {series.name}. Choose somebody of its observing teams."
        raise Refused(text, field=task)
    _refuse_if_away(meeting, to, task)
    turns.give_to(meeting, to, task, by=by, at=at, cause=cause)
    return meeting


def _refuse_if_busy(meeting: Meeting, person: User, task: str) -> None:
    """Raise Refused(field=task) if the person has no time for the task at this meeting."""
    _refuse_if_away(meeting, person, task)
    if task != TurnTask.SCRIBE:
        return
    if meeting.series.is_check_in:
        raise Refused("A check-in has no minutes, so it needs no scribe.", field=task)
    if person.pk in {meeting.facilitator_id, meeting.stand_in_id}:
        raise Refused(f"{person.name} leads {meeting.reference} or stands in.", field=task)


def _refuse_if_away(meeting: Meeting, person: User, task: str) -> None:
    day = meeting.starts_at.astimezone(meeting.series.zone).date()
    if people.is_away(person, day):
        raise Refused(f"{person.name} is away on {day:%-d %b}, the day of {meeting.reference}.", field=task)


@transaction.atomic
def remind(due: Due, *, at: datetime) -> None:
    """Remind of the turns a week and a day before. Handles dues of the kind meetings.turn.

    The observer is reminded by an event of its own, whose mail has an invitation.
    """
    rows = Meeting.objects.select_for_update(of=("self",)).select_related("series", "subject")
    meeting = rows.get(subject=due.subject_id)
    days = int(due.occurrence.split(" ")[0])
    left = meeting.starts_at - at
    if meeting.state != MeetingState.PLANNED or not timedelta(0) < left <= timedelta(days=days, hours=1):
        return
    if meeting.facilitator:
        near = events.TurnNear(days=days, facilitator=meeting.facilitator.subject_id)
        history.record(meeting, near, by=SYSTEM, at=at)
    if meeting.observer:
        observers.remind(meeting, days=days, at=at)
