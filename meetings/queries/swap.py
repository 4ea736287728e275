"""Read swaps of turns, and with whom somebody can swap."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from kit.sight import Visitor
from meetings.models import Meeting, MeetingSeries, Swap
from meetings.queries import series as series_queries
from meetings.states import MeetingState, SwapState, TurnTask
from people import queries as people
from people.models import User
from people.states import Role


@dataclass(frozen=True, slots=True)
class Trade:
    """A colleague who could take a turn. meeting: their turn that is taken in return, None for none."""

    person: User
    meeting: Meeting | None

    @property
    def key(self) -> str:
        return f"{self.person.pk}-{self.meeting.pk}" if self.meeting else str(self.person.pk)

    @property
    def label(self) -> str:
        if self.meeting is None:
            return f"{self.person.name}: takes this turn, nothing in return"
        start = self.meeting.starts_at.astimezone(self.meeting.series.zone)
        return f"{self.person.name}: their turn on {start:%a %-d %b}"


def swaps(reader: Visitor) -> QuerySet[Swap]:
    """Return the swaps that a reader may see, newest first."""
    return (
        Swap.objects.visible_to(reader)
        .select_related(
            "meeting__subject", "meeting__series__subject", "in_return__subject", "asked", "asked_by"
        )
        .order_by("-asked_at", "-pk")
    )


def open_of_series(series: MeetingSeries, reader: Visitor) -> QuerySet[Swap]:
    """Return the open swaps of a series."""
    return swaps(reader).filter(meeting__series=series, state=SwapState.OPEN)


def open_of(meeting: Meeting, reader: Visitor) -> list[Swap]:
    """Return the open swaps of a meeting: at most one for each task."""
    return list(swaps(reader).filter(meeting=meeting, state=SwapState.OPEN).order_by("task"))


def tasks_of(meeting: Meeting, person: User | None) -> list[TurnTask]:
    """Return the tasks that a person has in a meeting. person: None has none."""
    if person is None:
        return []
    return [task for task in TurnTask if getattr(meeting, f"{task}_id") == person.pk]


def trades(meeting: Meeting, asking: User, task: str, at: datetime) -> Sequence[Trade]:
    """Return the swaps that a person can ask for: first for a turn of a colleague, then for none.

    task: a TurnTask of theirs in this meeting. People who are away on the day are left out.
    """
    series = meeting.series
    away = set(people.away_on(_day(meeting)).values_list("user_id", flat=True))
    busy = {meeting.facilitator_id, meeting.stand_in_id} if task == TurnTask.SCRIBE else set()
    colleagues = [
        person
        for person in series_queries.able(series, task)
        if person.pk not in {asking.pk, *away, *busy} and person.role != Role.VIEWER
    ]
    theirs = _next_turns(meeting, asking, task, at)
    gone = list(asking.absences.values_list("from_on", "until_on"))
    in_return = [
        Trade(person, theirs[person.pk])
        for person in colleagues
        if person.pk in theirs and not any(first <= _day(theirs[person.pk]) <= last for first, last in gone)
    ]
    return [*in_return, *(Trade(person, None) for person in colleagues)]


def _next_turns(meeting: Meeting, asking: User, task: str, at: datetime) -> dict[int, Meeting]:
    """Return person id -> the next other meeting with their turn, which the asking person could take."""
    planned = Meeting.objects.filter(series=meeting.series, state=MeetingState.PLANNED, starts_at__gt=at)
    found: dict[int, Meeting] = {}
    for other in planned.exclude(pk=meeting.pk).select_related("series").order_by("starts_at", "pk"):
        is_busy = task == TurnTask.SCRIBE and asking.pk in {other.facilitator_id, other.stand_in_id}
        person = getattr(other, f"{task}_id")
        if person is not None and not is_busy:
            found.setdefault(person, other)
    return found


def _day(meeting: Meeting) -> date:
    return meeting.starts_at.astimezone(meeting.series.zone).date()
