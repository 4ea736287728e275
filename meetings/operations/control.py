"""Who controls a live meeting: take control, hand it over, and refuse the steps of everybody else."""

from datetime import datetime
from functools import partial

from django.db import transaction

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from meetings.models import Meeting
from meetings.permissions import may_run
from meetings.states import MeetingState
from people.models import User


@transaction.atomic
def take(meeting: Meeting, *, by: Actor, at: datetime, seen: int | None = None) -> Meeting:
    """Let the author control a live meeting, whoever does so now.

    It overwrites nothing, so that it works also if the meeting changed since the version `seen`. Raises
    Refused(field="state" or "control").
    """
    meeting = _live(meeting)
    if not isinstance(by.person, User):
        raise Refused("Only a person can control a meeting.", field="control")
    values = {"controller_id": by.person.pk}
    history.change(meeting, values, by=by, at=at, verb="meetings.control_taken")
    return meeting


@transaction.atomic
def hand_over(meeting: Meeting, *, to: User, by: Actor, at: datetime, seen: int | None = None) -> Meeting:
    """Let another person control a live meeting. Only the controller hands over; others take control.

    Raises Refused(field="control", "state" or "to"), also for a person who may not run this meeting.
    """
    meeting = _live(meeting)
    check(meeting, by)
    if not to.is_active or not may_run(to, meeting):
        raise Refused(
            f"{to.name} cannot control this meeting. Choose a participant who is a member.", field="to"
        )
    values = {"controller_id": to.pk}
    history.change(meeting, values, by=by, at=at, verb="meetings.control_handed_over")
    return meeting


def give(meeting: Meeting, *, to: User, by: Actor, at: datetime) -> Meeting:
    """Take control, if `to` is the author, or else hand it over. Raises as take() and hand_over()."""
    step = take if by.person is not None and to.pk == by.person.pk else partial(hand_over, to=to)
    return step(meeting, by=by, at=at)


def check(meeting: Meeting, by: Actor) -> None:
    """Raise Refused(field="control") if a person takes a step in a live meeting that they do not control."""
    if by.person is None or meeting.state != MeetingState.LIVE or meeting.controller_id == by.person.pk:
        return
    if meeting.controller is None:
        raise Refused("Nobody controls this meeting. Take control first.", field="control")
    raise Refused(f"{meeting.controller.name} controls this meeting. Take control first.", field="control")


def _live(meeting: Meeting) -> Meeting:
    """Return the current row of the meeting, locked. Raises Refused unless it is live."""
    rows = Meeting.objects.select_for_update(of=("self",))
    meeting = rows.select_related("subject", "series", "controller").get(pk=meeting.pk)
    if meeting.state != MeetingState.LIVE:
        raise Refused("Only a live meeting is controlled. This one is not live.", field="state")
    return meeting
