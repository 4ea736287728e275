"""What happens to minutes after the meeting: corrections, and the handover of the open follow-ups."""

from datetime import datetime

from django.db import transaction

from history import operations as history
from history.models import Event
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from meetings import events
from meetings.models import Meeting, MinutesCorrection
from meetings.queries import minutes as queries
from meetings.states import MeetingState
from people.models import User
from talk.operations import watch

MAX_CORRECTION = 2000


@transaction.atomic
def correct(meeting: Meeting, *, text: str, by: Actor, at: datetime) -> MinutesCorrection:
    """Add a visible correction to the minutes of a closed meeting. The minutes themselves stay.

    Raises Refused(field="text"), and Refused(field="state") before the end of the meeting.
    """
    _refuse_unless_closed(meeting, "The minutes are not final yet. Change them in the meeting.")
    if not text.strip():
        raise Refused("Enter what is wrong, and what is right.", field="text")
    if not isinstance(by.person, User):
        raise Refused("Only a person corrects minutes.")
    correction = MinutesCorrection(
        meeting=meeting, text=text.strip()[:MAX_CORRECTION], made_by=by.person, made_at=at
    )
    history.record(correction, events.MinutesCorrected(text=correction.text), by=by, at=at)
    return correction


@handler("meetings.minutes.hand_over")
@history.in_one_transaction
def on_meeting_closed(event: Event, *, at: datetime) -> None:
    """Pass the open follow-ups of a closed meeting to the facilitator of the next one."""
    meeting = Meeting.objects.select_related("subject").filter(subject=event.subject_id).first()
    if meeting is None or meeting.state != MeetingState.CLOSED or meeting.handed_to_id:
        return
    following, number = queries.next_of(meeting), queries.follow_ups(meeting).count()
    if number == 0 or following is None or following.facilitator is None:
        return
    written = events.HandoverWritten(follow_ups=number)
    values = {"handed_to": following.facilitator}
    history.change(meeting, values, by=SYSTEM, at=at, payload=written, cause=event)


@transaction.atomic
def take(meeting: Meeting, *, by: Actor, at: datetime, seen: int | None = None) -> Meeting:
    """Take the open follow-ups of a closed meeting: the person watches them from now on.

    Raises Refused(field="state") for another meeting, and if they were taken already; ChangedMeanwhile.
    """
    _refuse_unless_closed(meeting, "Follow-ups are handed over when the meeting has ended.")
    if meeting.handover_taken_at is not None:
        name = meeting.handed_to.name if meeting.handed_to else "Somebody"
        raise Refused(f"{name} has taken them already.", field="state")
    if not isinstance(by.person, User):
        raise Refused("Only a person takes follow-ups.")
    values = {"handed_to": by.person, "handover_taken_at": at}
    history.change(meeting, values, by=by, at=at, seen=seen, verb="meetings.handover_taken")
    for action in queries.follow_ups(meeting).visible_to(by.person)[: queries.MAX_FOLLOW_UPS]:
        watch.start_unless_chosen(action.subject, user=by.person, at=at)
    return meeting


def _refuse_unless_closed(meeting: Meeting, message: str) -> None:
    if meeting.state != MeetingState.CLOSED:
        raise Refused(message, field="state")
