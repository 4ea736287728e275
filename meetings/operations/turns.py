"""The turns of a series: its planned meetings, who leads them, and the dues of each meeting."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from history import operations as history
from history.models import Event
from kit.actor import Actor
from kit.refusals import Refused
from meetings import cadence
from meetings.models import Focus, Meeting, MeetingSeries
from meetings.operations import agenda, observers
from meetings.queries import series as series_queries
from meetings.states import (
    AHEAD,
    MAY_BEGIN_LATE,
    PUBLISHED_BEFORE,
    TAKEN_FIELDS,
    WHY_FIELDS,
    MeetingState,
    TurnTask,
)
from people import rotation
from people.models import User
from people.states import Role

PLAN = "meetings.plan"
TURN = "meetings.turn"
UNHELD = "meetings.unheld"
WITHIN_YEARS = 50
TAKEN = "This series has a meeting at that time. Choose another time."
_DAYS_BEFORE = (7, 1)
_TASKS = {
    TurnTask.FACILITATOR: rotation.LEADING,
    TurnTask.SCRIBE: rotation.WRITING,
    TurnTask.OBSERVER: rotation.OBSERVING,
}
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
    slots = [rotation.Slot(_day(meeting), _pinned(meeting, TurnTask.FACILITATOR)) for meeting in meetings]
    roster, first_focus = (
        series_queries.roster(series, [focus.pk for focus in cycle]),
        _first_focus(series, cycle, at),
    )
    assignments = rotation.assign(roster, series_queries.held(series, at=at), slots, first_focus=first_focus)
    others = zip(
        _scribes(series, roster, meetings, assignments, first_focus=first_focus, at=at),
        _observers(series, roster.cycle, meetings, first_focus=first_focus, at=at),
        strict=True,
    )
    changes = []
    for meeting, turn, (scribe, observer) in zip(meetings, assignments, others, strict=True):
        values = {
            "focus_id": turn.focus,
            "stand_in_id": turn.stand_in,
            **_values(meeting, TurnTask.FACILITATOR, turn),
            **_values(meeting, TurnTask.SCRIBE, scribe),
            **_values(meeting, TurnTask.OBSERVER, observer),
            "why": turn.why,
            **observers.values(meeting, observer.person, at=at),
        }
        if meeting.pk:
            changes.append((meeting, values))
        else:
            for name, value in values.items():
                setattr(meeting, name, value)
    invited = observers.invited(meetings)
    history.change_many(changes, by=by, at=at, verb="meetings.meeting_replanned")
    observers.tell(meetings, invited, by=by, at=at)


def _day(meeting: Meeting) -> date:
    return meeting.starts_at.astimezone(meeting.series.zone).date()


def _values(meeting: Meeting, task: TurnTask, turn: rotation.Assignment) -> dict[str, Any]:
    """Return the fields of a task: who has it, why, and whether they took it over."""
    pinned = _pinned(meeting, task)
    return {
        f"{task}_id": turn.person,
        WHY_FIELDS[task]: turn.why if turn.person else "",
        TAKEN_FIELDS[task]: pinned is not None and pinned == turn.person,
    }


def _pinned(meeting: Meeting, task: TurnTask) -> int | None:
    """Return the id of the person who took the turn over, None if the rotation decides."""
    person: int | None = getattr(meeting, f"{task}_id")
    return person if getattr(meeting, TAKEN_FIELDS[task]) else None


def taken_by(meeting: Meeting, person: User, task: str = TurnTask.FACILITATOR) -> dict[str, Any]:
    """Return the fields that give the turn at a task to a person, so that the rotation keeps them.

    A stand-in who facilitates exchanges roles with the facilitator.
    """
    task = TurnTask(task)
    values: dict[str, Any] = {
        f"{task}_id": person.pk,
        TAKEN_FIELDS[task]: True,
        WHY_FIELDS[task]: f"{person.name} {_TASKS[task].taken}",
    }
    if task == TurnTask.FACILITATOR and meeting.stand_in_id == person.pk:
        values["stand_in_id"] = meeting.facilitator_id
    return values


def give_to(
    meeting: Meeting,
    person: User,
    task: str,
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    cause: Event | None = None,
) -> None:
    """Give the turn at a task of a planned meeting to a person, and tell observers. Checks nothing."""
    values, invited = taken_by(meeting, person, task), observers.invited([meeting])
    if task == TurnTask.OBSERVER:
        values |= observers.values(meeting, person.pk, at=at)
    history.change(meeting, values, by=by, at=at, seen=seen, verb="meetings.turn_taken_over", cause=cause)
    observers.tell([meeting], invited, by=by, at=at)


def is_able(meeting: Meeting, person: User, task: str) -> bool:
    """Return True if a person may have the turn at a task in meetings of this series."""
    able = series_queries.able(meeting.series, task).filter(pk=person.pk).exists()
    return able and person.is_at_least(Role.MEMBER)


def _scribes(
    series: MeetingSeries,
    roster: rotation.Roster,
    meetings: Sequence[Meeting],
    assignments: Sequence[rotation.Assignment],
    *,
    first_focus: int,
    at: datetime,
) -> list[rotation.Assignment]:
    """Return who writes the notes of each meeting: not those who lead it or stand in, if there are others."""
    if series.is_check_in:
        return [_NOBODY for _ in meetings]
    free = [
        rotation.Slot(
            _day(meeting),
            _pinned(meeting, TurnTask.SCRIBE),
            busy=tuple(pk for pk in (turn.person, turn.stand_in) if pk),
        )
        for meeting, turn in zip(meetings, assignments, strict=True)
    ]
    written = series_queries.held(series, "scribe", at=at)
    return rotation.assign(roster, written, free, first_focus=first_focus, task=rotation.WRITING)


def _observers(
    series: MeetingSeries,
    cycle: Sequence[int],
    meetings: Sequence[Meeting],
    *,
    first_focus: int,
    at: datetime,
) -> list[rotation.Assignment]:
    """Return who observes each meeting. A check-in has no observer."""
    if series.is_check_in or not series.has_observer:
        return [_NOBODY for _ in meetings]
    return rotation.assign(
        series_queries.observers(series, list(cycle)),
        series_queries.held(series, "observer", at=at),
        [rotation.Slot(_day(meeting), _pinned(meeting, TurnTask.OBSERVER)) for meeting in meetings],
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
