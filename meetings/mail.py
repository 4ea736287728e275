"""The context of mails about a meeting, and the checks whether a mail is still relevant.

A check returns the reason why the mail is obsolete, or "" if it is still relevant. It locks the meeting.
"""

from datetime import datetime, timedelta
from typing import Any

from actions.models import Action
from history.models import Event, Subject
from history.queries import present_data
from meetings.models import Decision, Meeting
from meetings.states import OFF_AGENDA, MeetingState
from people.models import User

_OVER = "The meeting has started or is cancelled."


def context(event: Event, reader: User) -> dict[str, Any]:
    """Return the meeting, its agenda, decisions and actions. A restricted item has only a length."""
    rows = Meeting.objects.select_related("series", "focus", "facilitator", "stand_in")
    meeting = rows.get(subject_id=event.subject_id)
    items: list[Any] = list(
        meeting.items.exclude(state__in=OFF_AGENDA).select_related("about").order_by("rank", "id")
    )
    ids = {item.about_id for item in items if item.about_id}
    visible = set(Subject.objects.visible_to(reader).filter(pk__in=ids).values_list("pk", flat=True))
    for item in items:
        item.is_hidden = item.about_id is not None and item.about_id not in visible
    decisions = list(
        Decision.objects.visible_to(reader)
        .filter(meeting=meeting)
        .select_related("subject")
        .order_by("decided_at", "id")
    )
    origins = [decision.subject_id for decision in decisions]
    visible_actions = Action.objects.visible_to(reader).filter(origin__in=origins)
    actions = list(visible_actions.select_related("owner", "subject").order_by("id"))
    return {
        "meeting": meeting,
        "items": items,
        "minutes": sum(item.minutes for item in items),
        "decisions": decisions,
        "actions": actions,
        "names": {*visible, *origins, *(action.subject_id for action in actions)},
        "is_leading": meeting.facilitator_id == reader.pk,
    }


def turn_is_theirs(event: Event, user: User, at: datetime) -> str:
    """Check that the meeting is as near as the mail states, and that the person leads it or stands in."""
    meeting = Meeting.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    if meeting.state != MeetingState.PLANNED or meeting.starts_at <= at:
        return _OVER
    if user.pk not in (meeting.facilitator_id, meeting.stand_in_id):
        return "Somebody else facilitates the meeting."
    is_near = meeting.starts_at - at <= timedelta(days=present_data(event)["days"], hours=1)
    return "" if is_near else "The meeting was moved."


def agenda_is_current(event: Event, user: User, at: datetime) -> str:
    """Check that the meeting is ahead and that its agenda is the one that this event published."""
    meeting = Meeting.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    if meeting.state != MeetingState.PLANNED or meeting.starts_at <= at:
        return _OVER
    return "" if meeting.published_at == event.at else "The agenda was published again."


def meeting_is_closed(event: Event, user: User, at: datetime) -> str:
    """Check that the meeting is closed, so that its minutes are final."""
    meeting = Meeting.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    return "" if meeting.state == MeetingState.CLOSED else "The meeting is open again."
