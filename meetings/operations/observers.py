"""Invite the observers of meetings, and cancel the invitation of those whom somebody replaces."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from history import operations as history
from kit.actor import SYSTEM, Actor
from meetings import events
from meetings.models import Meeting
from people.models import User

# An observer is invited this long before the meeting; whoever becomes the observer later, at once.
INVITED_BEFORE = timedelta(days=7)


def remind(meeting: Meeting, *, days: int, at: datetime) -> None:
    """Remind the observer of a meeting, with an invitation to it."""
    assert meeting.observer is not None
    near = events.ObservationNear(days=days, observer=meeting.observer.subject_id)
    if not history.change(meeting, told(meeting), by=SYSTEM, at=at, payload=near):
        history.record(meeting, near, by=SYSTEM, at=at)


def told(meeting: Meeting) -> dict[str, Any]:
    """Return the fields of a meeting that change when its observer is told of it with an invitation."""
    return {} if meeting.series.is_draft else {"invited_observer_id": meeting.observer_id}


def values(meeting: Meeting, observer: int | None, *, at: datetime) -> dict[str, Any]:
    """Return the fields that change with the observer (an id) of a planned meeting: who is invited.

    The new one is invited at once if the former one was, or if the meeting is near.
    """
    if observer == meeting.observer_id or meeting.pk is None:
        return {}
    is_near = meeting.starts_at - at <= INVITED_BEFORE and not meeting.series.is_draft
    is_invited = is_near or meeting.invited_observer_id is not None
    return {"invited_observer_id": observer if is_invited else None}


def invited(meetings: Sequence[Meeting]) -> dict[int, int | None]:
    """Return meeting id -> the id of its invited observer, of saved meetings."""
    return {meeting.pk: meeting.invited_observer_id for meeting in meetings if meeting.pk}


def tell(meetings: Sequence[Meeting], before: Mapping[int, int | None], *, by: Actor, at: datetime) -> None:
    """Cancel the invitations of former observers, and invite the new ones. before: of invited()."""
    changed = [
        one for one in meetings if before.get(one.pk, one.invited_observer_id) != one.invited_observer_id
    ]
    people = User.objects.in_bulk(
        {pk for one in changed for pk in (before[one.pk], one.invited_observer_id) if pk}
    )
    for meeting in changed:
        former, new = people.get(before[meeting.pk] or 0), people.get(meeting.invited_observer_id or 0)
        if former:
            history.record(meeting, events.ObservationEnded(observer=former.pk), by=by, at=at)
        if new:
            days = max(1, ceil((meeting.starts_at - at) / timedelta(days=1)))
            near = events.ObservationNear(days=days, observer=new.subject_id)
            history.record(meeting, near, by=by, at=at)
