"""The turns of a series: its planned meetings, who leads them, and the dues of each meeting."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from meetings import cadence, rotation
from meetings.models import Focus, Meeting, MeetingSeries
from meetings.operations import agenda
from meetings.queries import series as series_queries
from meetings.states import AHEAD, MAY_BEGIN_LATE, PUBLISHED_BEFORE, MeetingState

PLAN = "meetings.plan"
TURN = "meetings.turn"
UNHELD = "meetings.unheld"
WITHIN_YEARS = 50
TAKEN = "This series has a meeting at that time. Choose another time."
_DAYS_BEFORE = (7, 1)
_NOBODY = rotation.Assignment(None, None, None, None, "")


def lock(series_id: int) -> MeetingSeries:
    """Return the series, locked. To prevent deadlocks, a change of turns locks the series before meetings."""
    rows = MeetingSeries.objects.select_for_update(of=("self",)).select_related("subject")
    return rows.get(pk=series_id)


def wall_times(series: MeetingSeries, *, since: datetime, until: datetime) -> list[datetime]:
    """Return the local start times (naive) of the series between two moments, ascending."""
    return cadence.occurrences(
        series.rrule,
        zone=series.zone,
        first_on=series.first_on,
        starts_at=series.starts_at,
        since=since,
        until=until,
    )


def new_meeting(series: MeetingSeries, wall: datetime) -> Meeting:
    """Return an unsaved meeting at a local start time (naive)."""
    start = cadence.moment(wall, series.zone)
    end = start + timedelta(minutes=series.length_minutes)
    return Meeting(series=series, occurrence=cadence.key(wall), starts_at=start, ends_at=end)


def planned_until(series: MeetingSeries, at: datetime) -> datetime:
    """Return until when meetings are planned: twelve weeks ahead; a single meeting at any distance."""
    if not cadence.is_single(series.rrule):
        return at + AHEAD
    start = cadence.moment(datetime.combine(series.first_on, series.starts_at), series.zone)
    return max(at + AHEAD, start)


def refuse_start(
    series: MeetingSeries, starts_at: datetime, *, at: datetime, of: Meeting | None = None
) -> None:
    """Refuse a start that no meeting of a series can have. of: the meeting that moves, if there is one.

    Raises Refused(field="starts_at").
    """
    if starts_at <= at:
        raise Refused("Choose a time in the future.", field="starts_at")
    if starts_at.year - at.year > WITHIN_YEARS:
        raise Refused(f"Choose a time within {WITHIN_YEARS} years of today.", field="starts_at")
    others = Meeting.objects.filter(series=series, starts_at=starts_at).exclude(pk=of and of.pk)
    if others.exclude(state=MeetingState.CANCELLED).exists():
        raise Refused(TAKEN, field="starts_at")


def to_come(series: MeetingSeries, at: datetime) -> list[Meeting]:
    """Return the planned meetings that start after `at`, soonest first, locked."""
    return list(
        Meeting.objects.filter(series=series, state=MeetingState.PLANNED, starts_at__gt=at)
        .select_for_update(of=("self",))
        .select_related("series", "subject")
        .order_by("starts_at", "id")
    )


def give_turns(series: MeetingSeries, fresh: Sequence[Meeting], *, by: Actor, at: datetime) -> None:
    """Set focus, facilitator, stand-in, scribe, observer and reasons of every planned meeting.

    fresh: unsaved meetings, which the caller records. An existing meeting that changes gets one event.
    """
    meetings = sorted(
        [*to_come(series, at), *fresh], key=lambda meeting: (meeting.starts_at, meeting.pk or 0)
    )
    cycle = list(series_queries.focuses(series))
    slots = [
        rotation.Slot(
            meeting.starts_at.astimezone(series.zone).date(),
            meeting.facilitator_id if meeting.is_taken_over else None,
        )
        for meeting in meetings
    ]
    roster, first_focus = (
        series_queries.roster(series, [focus.pk for focus in cycle]),
        _first_focus(series, cycle, at),
    )
    assignments = rotation.assign(roster, series_queries.held(series, at=at), slots, first_focus=first_focus)
    others = zip(
        _scribes(series, roster, slots, assignments, first_focus=first_focus, at=at),
        _observers(series, roster.cycle, slots, first_focus=first_focus, at=at),
        strict=True,
    )
    changes = []
    for meeting, slot, turn, (scribe, observer) in zip(meetings, slots, assignments, others, strict=True):
        values = {
            "focus_id": turn.focus,
            "facilitator_id": turn.person,
            "stand_in_id": turn.stand_in,
            "why": turn.why,
            "is_taken_over": slot.pinned is not None and slot.pinned == turn.person,
            "scribe_id": scribe.person,
            "scribe_why": scribe.why if scribe.person else "",
            "observer_id": observer.person,
            "observer_why": observer.why if observer.person else "",
        }
        if meeting.pk:
            changes.append((meeting, values))
        else:
            for name, value in values.items():
                setattr(meeting, name, value)
    history.change_many(changes, by=by, at=at, verb="meetings.meeting_replanned")


def _scribes(
    series: MeetingSeries,
    roster: rotation.Roster,
    slots: Sequence[rotation.Slot],
    assignments: Sequence[rotation.Assignment],
    *,
    first_focus: int,
    at: datetime,
) -> list[rotation.Assignment]:
    """Return who writes the notes of each meeting: not those who lead it or stand in, if there are others."""
    free = [
        rotation.Slot(slot.on, busy=tuple(pk for pk in (turn.person, turn.stand_in) if pk))
        for slot, turn in zip(slots, assignments, strict=True)
    ]
    if series.is_check_in:
        return [_NOBODY for _ in slots]
    written = series_queries.held(series, "scribe", at=at)
    return rotation.assign(roster, written, free, first_focus=first_focus, task=rotation.WRITING)


def _observers(
    series: MeetingSeries,
    cycle: Sequence[int],
    slots: Sequence[rotation.Slot],
    *,
    first_focus: int,
    at: datetime,
) -> list[rotation.Assignment]:
    """Return who observes each meeting. A check-in has no observer."""
    if series.is_check_in or not series.has_observer:
        return [_NOBODY for _ in slots]
    return rotation.assign(
        series_queries.observers(series, list(cycle)),
        series_queries.held(series, "observer", at=at),
        [rotation.Slot(slot.on) for slot in slots],
        first_focus=first_focus,
        task=rotation.OBSERVING,
    )


def _first_focus(series: MeetingSeries, cycle: Sequence[Focus], at: datetime) -> int:
    """Return the index in the cycle of the next focus: the one after the focus of the last meeting held."""
    last = series_queries.last_held(series.pk, at=at)
    if last is None or last.focus is None:
        return 0
    later = (index for index, focus in enumerate(cycle) if focus.position > last.focus.position)
    return next(later, 0)


def put_dues(meeting: Meeting, *, at: datetime, mark: str = "") -> None:
    """Create the dues of a meeting: publish its agenda, remind of the turn, and act if nobody starts it.

    mark: text that makes the dues of a moved or reinstated meeting differ from its former dues.
    """
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
    """Remove the dues of a meeting."""
    history.drop_dues(meeting.subject_id, agenda.PUBLISH, TURN, UNHELD)


def plan_again(series: MeetingSeries, *, at: datetime) -> None:
    """Create the due of the next planning: Monday at 03:00 of the next ISO week, once a week."""
    following = at.astimezone(series.zone) + timedelta(weeks=1)
    year, week, day = following.isocalendar()
    monday = (following - timedelta(days=day - 1)).replace(hour=3, minute=0, second=0, microsecond=0)
    history.put_due(PLAN, series.subject_id, f"{year}-W{week:02}", monday)
