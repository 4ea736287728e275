"""The context of mails about a meeting, and the checks whether a mail is still relevant.

A check returns the reason why the mail is obsolete, or "" if it is still relevant. It locks the meeting.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from history.models import Event, Subject
from history.queries import changed_fields, later_than, present_data
from meetings import cadence
from meetings.models import Meeting, MeetingSeries, Swap
from meetings.queries import calendar, minutes
from meetings.queries import series as series_queries
from meetings.queries import settlement as settlements
from meetings.states import HELD, OFF_AGENDA, WHAT_CALENDARS_SHOW, MeetingState, SwapState
from people.models import User

_TASKS = ("facilitator", "stand_in", "scribe", "observer")
_OVER = "The meeting has started or is cancelled."


def context(event: Event, reader: User) -> dict[str, Any]:
    """Return the meeting and its agenda, or its minutes. A restricted item has only a length."""
    rows = Meeting.objects.select_related("series__subject", "subject", *_TASKS, "focus")
    meeting = rows.get(subject_id=event.subject_id)
    if event.verb == "meetings.meeting_closed":
        return _minutes(meeting, reader)
    settlement = settlements.NONE
    if event.verb == "meetings.agenda_published":
        settlement = settlements.of_meeting(meeting, reader, at=event.at)
    items: list[Any] = list(
        meeting.items.exclude(state__in=OFF_AGENDA).select_related("about").order_by("rank", "id")
    )
    ids = {item.about_id for item in items if item.about_id}
    visible = set(Subject.objects.visible_to(reader).filter(pk__in=ids).values_list("pk", flat=True))
    for item in items:
        item.is_hidden = item.about_id is not None and item.about_id not in visible
    return {
        "meeting": meeting,
        "items": items,
        "minutes": sum(item.minutes for item in items),
        "names": visible | {proposal.subject.pk for proposal in settlement.proposals},
        "settlement": settlement,
        "is_leading": meeting.facilitator_id == reader.pk,
        "is_writing": reader.pk == meeting.scribe_id != meeting.stand_in_id,
    }


def observation_context(event: Event, reader: User) -> dict[str, Any]:
    """Return what context() does, with an invitation to this one meeting."""
    found = context(event, reader)
    return {**found, "calendar": calendar.meeting_change(found["meeting"], event, reader)}


def observation_end(event: Event, reader: User) -> dict[str, Any]:
    """Return the meeting, with the cancellation of the invitation to observe it."""
    found = time_context(event, reader)
    return {**found, "calendar": calendar.observation_withdrawal(found["meeting"], event, reader)}


def _minutes(meeting: Meeting, reader: User) -> dict[str, Any]:
    """Return the minutes as this reader may see them, and their address."""
    shown = minutes.minutes(meeting, reader)
    return {
        "meeting": meeting,
        "minutes": shown,
        "url": settings.BASE_URL + reverse("meetings:meeting_minutes", args=[meeting.reference]),
        "names": shown.names,
    }


def swap_context(event: Event, reader: User) -> dict[str, Any]:
    """Return the swap with its meetings."""
    (pk,) = (row["pk"] for row in present_data(event)["rows"] if row["model"] == "meetings.swap")
    rows = Swap.objects.select_related(
        "meeting__series", "meeting__subject", "meeting__focus", "in_return__subject", "asked", "asked_by"
    )
    return {"swap": rows.get(pk=pk), "names": ()}


def swap_is_open(event: Event, user: User, at: datetime) -> str:
    """Check that nobody answered the request or took it back."""
    Meeting.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    swap = swap_context(event, user)["swap"]
    return swap_is_ahead(event, user, at) if swap.state == SwapState.OPEN else "The request is settled."


def swap_is_ahead(event: Event, user: User, at: datetime) -> str:
    """Check that the meeting of the swap is ahead."""
    meeting = Meeting.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    is_ahead = meeting.state == MeetingState.PLANNED and meeting.starts_at > at
    return "" if is_ahead else _OVER


def meeting_is_ahead(event: Event, user: User, at: datetime) -> str:
    """Check that the meeting has not started; one that is cancelled may still be in a calendar."""
    meeting = Meeting.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    is_over = meeting.state in HELD or meeting.starts_at <= at
    return "The meeting is over or has started." if is_over else ""


def turn_is_theirs(event: Event, user: User, at: datetime) -> str:
    """Check that the meeting is as near as the mail states, and that the person has a task in it."""
    meeting = Meeting.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    if user.pk not in (meeting.facilitator_id, meeting.stand_in_id, meeting.scribe_id):
        return "Somebody else facilitates the meeting."
    return _is_as_near(meeting, event, at)


def observation_is_theirs(event: Event, user: User, at: datetime) -> str:
    """Check that the meeting is as near as the mail states, and that the person observes it."""
    meeting = Meeting.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    if user.pk != meeting.observer_id:
        return "Somebody else observes the meeting."
    return _is_as_near(meeting, event, at)


def _is_as_near(meeting: Meeting, event: Event, at: datetime) -> str:
    if meeting.state != MeetingState.PLANNED or meeting.starts_at <= at:
        return _OVER
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


# ------------------------------------------------------------------ series and times, with a calendar part

_TIMES = (
    "meetings.meeting_added",
    "meetings.meeting_moved",
    "meetings.meeting_cancelled",
    "meetings.meeting_reinstated",
)
_SHOWN = 4


def series_context(event: Event, reader: User) -> dict[str, Any]:
    """Return the series, its next meetings, and an invitation, or the cancellation of an earlier one."""
    series = MeetingSeries.objects.select_related("subject").get(subject_id=event.subject_id)
    has_ended = series.is_retired or event.verb == "meetings.participants_left"
    planned = Meeting.objects.filter(series=series, state=MeetingState.PLANNED, starts_at__gt=event.at)
    make = calendar.series_withdrawal if has_ended else calendar.series_invitation
    return {
        "series": series,
        "rhythm": cadence.describe(series.rrule),
        "has_ended": has_ended,
        "coming": list(planned.select_related("focus", "subject").order_by("starts_at")[:_SHOWN]),
        "calendar": make(series, event, reader),
        "names": (),
    }


def time_context(event: Event, reader: User) -> dict[str, Any]:
    """Return the meeting, its former start if it was moved, and the changed entry of the calendar."""
    meeting = Meeting.objects.select_related("series__subject", "subject", "focus", *_TASKS).get(
        subject_id=event.subject_id
    )
    before = [
        row["changes"]["starts_at"][0] or ""
        for row in present_data(event).get("rows", ())
        if row["model"] == "meetings.meeting" and "starts_at" in row["changes"]
    ]
    return {
        "meeting": meeting,
        "former_start": datetime.fromisoformat(before[0]) if any(before) else None,
        "calendar": calendar.meeting_change(meeting, event, reader),
        "names": (),
    }


def series_meets(event: Event, user: User, at: datetime) -> str:
    """Check that the series is in use and that no later change of it is mailed to the same people."""
    series = _locked_series(event)
    if series.is_retired:
        return "The series is retired."
    later = Event.objects.filter(later_than(event), subject=event.subject_id, verb="meetings.series_changed")
    is_mailed_again = any(changed_fields(other) & WHAT_CALENDARS_SHOW for other in later)
    return "The series was changed again." if is_mailed_again else ""


def series_is_retired(event: Event, user: User, at: datetime) -> str:
    """Check that the series is still retired."""
    return "" if _locked_series(event).is_retired else "The series is in use again."


def takes_part(event: Event, user: User, at: datetime) -> str:
    """Check that the series meets and that the person is a participant."""
    series = _locked_series(event)
    if series.is_retired:
        return "The series is retired."
    is_in = series_queries.participants(series).filter(pk=user.pk).exists()
    return "" if is_in else "The person is no participant any more."


def takes_no_part(event: Event, user: User, at: datetime) -> str:
    """Check that the person is still no participant. A retired series has a mail of its own."""
    is_in = series_queries.participants(_locked_series(event)).filter(pk=user.pk).exists()
    return "The person is a participant again." if is_in else ""


def time_is_current(event: Event, user: User, at: datetime) -> str:
    """Check that the meeting is ahead, and that its time and state are those of this event."""
    meeting = Meeting.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
    if meeting.state in HELD or meeting.starts_at <= at:
        return "The meeting is over or has started."
    later = Event.objects.filter(later_than(event), subject=event.subject_id, verb__in=_TIMES)
    return "The meeting was changed again." if later.exists() else ""


def _locked_series(event: Event) -> MeetingSeries:
    return MeetingSeries.objects.select_for_update(of=("self",)).get(subject_id=event.subject_id)
