"""The turns of a series: which meetings come, who leads them, and the dates that act for them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from history import operations as history
from kit.actor import Actor
from meetings import cadence, rotation
from meetings.models import Focus, Meeting, MeetingSeries
from meetings.operations import agenda
from meetings.queries import series as series_queries
from meetings.states import MAY_BEGIN_LATE, PUBLISHED_BEFORE, MeetingState

PLAN = "meetings.plan"
TURN = "meetings.turn"
UNHELD = "meetings.unheld"
_DAYS_BEFORE = (7, 1)


def hold(series_id: int) -> MeetingSeries:
    """The series, locked. Whoever changes turns takes it first, then meetings, so nobody waits in a ring."""
    rows = MeetingSeries.objects.select_for_update(of=("self",)).select_related("subject")
    return rows.get(pk=series_id)


def walls(series: MeetingSeries, *, since: datetime, until: datetime) -> list[datetime]:
    return cadence.occurrences(
        series.rrule,
        zone=series.zone,
        first_on=series.first_on,
        starts_at=series.starts_at,
        since=since,
        until=until,
    )


def new_meeting(series: MeetingSeries, wall: datetime) -> Meeting:
    start = cadence.moment(wall, series.zone)
    end = start + timedelta(minutes=series.length_minutes)
    return Meeting(series=series, occurrence=cadence.key(wall), starts_at=start, ends_at=end)


def to_come(series: MeetingSeries, at: datetime) -> list[Meeting]:
    return list(
        Meeting.objects.filter(series=series, state=MeetingState.PLANNED, starts_at__gt=at)
        .select_for_update(of=("self",))
        .select_related("series", "subject")
        .order_by("starts_at", "id")
    )


def give_turns(series: MeetingSeries, fresh: Sequence[Meeting], *, by: Actor, at: datetime) -> None:
    """Focus, facilitator, stand-in and why for every meeting to come; those there already change by one event
    each.
    """
    there = to_come(series, at)
    meetings = sorted([*there, *fresh], key=lambda meeting: (meeting.starts_at, meeting.pk or 0))
    cycle = list(series_queries.focuses(series))
    slots = [
        rotation.Slot(
            meeting.starts_at.astimezone(series.zone).date(),
            meeting.facilitator_id if meeting.is_taken_over else None,
        )
        for meeting in meetings
    ]
    found = rotation.assign(
        series_queries.rota(series, [focus.pk for focus in cycle]),
        series_queries.held(series),
        slots,
        first_focus=_first_focus(series, cycle),
    )
    changes = []
    for meeting, slot, turn in zip(meetings, slots, found, strict=True):
        values = {
            "focus_id": turn.focus,
            "facilitator_id": turn.person,
            "stand_in_id": turn.stand_in,
            "why": turn.why,
            "is_taken_over": slot.pinned is not None and slot.pinned == turn.person,
        }
        if meeting.pk:
            changes.append((meeting, values))
        else:
            for name, value in values.items():
                setattr(meeting, name, value)
    history.change_many(changes, by=by, at=at, verb="meetings.meeting_replanned")


def _first_focus(series: MeetingSeries, cycle: Sequence[Focus]) -> int:
    """Where in the cycle the next meeting stands: behind the focus of the last one held."""
    last = series_queries.last_held(series.pk)
    if last is None or last.focus is None:
        return 0
    behind = (n for n, focus in enumerate(cycle) if focus.position > last.focus.position)
    return next(behind, 0)


def put_dues(meeting: Meeting, *, at: datetime, mark: str = "") -> None:
    start = f"{meeting.starts_at:%Y-%m-%dT%H:%M}{mark}"
    dues = [
        (agenda.PUBLISH, meeting.subject_id, start, meeting.starts_at - PUBLISHED_BEFORE),
        (UNHELD, meeting.subject_id, start, meeting.ends_at + MAY_BEGIN_LATE),
    ]
    for days in _DAYS_BEFORE:
        when = meeting.starts_at - timedelta(days=days)
        if when > at:
            dues.append((TURN, meeting.subject_id, f"{days} {start}", when))
    history.put_dues(dues)


def drop_dues(meeting: Meeting) -> None:
    history.drop_dues(meeting.subject_id, agenda.PUBLISH, TURN, UNHELD)


def plan_again(series: MeetingSeries, *, at: datetime) -> None:
    """The next planning, in the week after this one: once an ISO week."""
    following = at.astimezone(series.zone) + timedelta(weeks=1)
    year, week, day = following.isocalendar()
    monday = (following - timedelta(days=day - 1)).replace(hour=3, minute=0, second=0, microsecond=0)
    history.put_due(PLAN, series.subject_id, f"{year}-W{week:02}", monday)
