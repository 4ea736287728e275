"""Who is present at a meeting: taken from who reads the live page, and corrected by hand."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from history import operations as history
from kit.actor import Actor
from meetings.models import Attendance, Meeting
from meetings.operations import item
from meetings.permissions import is_expected
from meetings.states import MeetingState
from people.models import User

# How often a reader of the live page is noted again.
NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def attend(meeting: Meeting, *, present: Collection[User], by: Actor, at: datetime) -> Meeting:
    """Record that exactly these people are present. Raises Refused if the meeting is over."""
    item.refuse_when_over(Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk))
    known = {row.user_id: row for row in Attendance.objects.filter(meeting=meeting)}
    people = {user.pk: user for user in present}
    rows: list[Any] = [
        Attendance(meeting=meeting, user=user) for pk, user in people.items() if pk not in known
    ]
    rows += [
        (row, {"is_present": pk in people}) for pk, row in known.items() if row.is_present != (pk in people)
    ]
    if rows:
        history.record(meeting, "meetings.attendance_noted", by=by, at=at, rows=rows)
    return meeting


@transaction.atomic
def correct(
    meeting: Meeting, *, present: Collection[User], was: Collection[int], by: Actor, at: datetime
) -> Meeting:
    """Record attendance from a list that somebody saw: those who came since then stay present.

    was: ids of the people who were present in that list.
    """
    Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)  # nobody arrives from here on
    rows = Attendance.objects.filter(meeting=meeting, is_present=True).exclude(user__in=was)
    came = [row.user for row in rows.select_related("user")]
    return attend(meeting, present=[*present, *came], by=by, at=at)


def of_starter(meeting: Meeting, person: User | None) -> list[Attendance]:
    """Return the new row of a person who starts a meeting: participants are present by that.

    Nothing for somebody who takes no part, or whose attendance is recorded already.
    """
    if person is None or not is_expected(person, meeting):
        return []
    is_known = Attendance.objects.filter(meeting=meeting, user=person).exists()
    return [] if is_known else [Attendance(meeting=meeting, user=person)]


@transaction.atomic
def arrive(meeting: Meeting, person: User, *, by: Actor, at: datetime) -> bool:
    """Note that a person reads the live page. The first time a participant does, they are present.

    The caller calls it once a minute. Somebody whom a person marked as absent stays absent. Return False for
    somebody who takes no part in the meeting.
    """
    noted = Attendance.objects.filter(meeting=meeting, user=person)
    if noted.update(seen_at=at):
        return True
    if meeting.state != MeetingState.LIVE or not is_expected(person, meeting):
        return False
    Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)
    if not noted.exists():  # another tab of the same person
        row = Attendance(meeting=meeting, user=person, seen_at=at)
        history.record(meeting, "meetings.arrived", by=by, at=at, rows=[row])
    return True
