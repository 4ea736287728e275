"""Read series: participants, the roster and the data of routing."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce

from history.models import IS_NEW, Event
from kit.prepared import Argument, Prepared
from kit.sight import Visitor
from lists.collation import BY_NAME
from meetings.models import Focus, Meeting, MeetingSeries
from meetings.queries import days_off
from meetings.routing import CandidateSeries, PlannedMeeting
from meetings.states import HELD, MeetingState, TurnTask
from people.models import Absence, Function, Team, User
from people.rotation import Person, Roster, Turn, balance, spread
from people.states import Role

# Each series in use: its teams (none of a check-in, so that no subject is routed to it), the number of
# people, the signal kinds of its focuses in use.
_CANDIDATES = """
SELECT s.id,
    CASE WHEN s.is_check_in THEN '{}' ELSE
        ARRAY(SELECT team_id FROM meetings_meetingseries_teams WHERE meetingseries_id = s.id)
    END,
    (SELECT count(*) FROM (
        SELECT m.user_id FROM meetings_meetingseries_teams AS t
        JOIN people_membership AS m ON m.team_id = t.team_id WHERE t.meetingseries_id = s.id
        UNION
        SELECT user_id FROM meetings_meetingseries_participants WHERE meetingseries_id = s.id
    ) AS people),
    ARRAY(SELECT DISTINCT unnest(kinds) FROM meetings_focus WHERE series_id = s.id AND NOT is_retired)
FROM meetings_meetingseries AS s
WHERE NOT (s.is_retired OR s.is_draft)
ORDER BY s.id
"""


def all_series(user: User) -> QuerySet[MeetingSeries]:
    """Return the series that this reader may see, by name, retired ones last."""
    return (
        MeetingSeries.objects.visible_to(user)
        .select_related("subject", "sponsor")
        .prefetch_related(teams_by_name())
        .order_by("is_retired", *BY_NAME)
    )


def teams_by_name() -> Prefetch:
    """Return how to prefetch the teams of series, in the order of their names."""
    return Prefetch("teams", Team.objects.order_by(*BY_NAME))


def participants(series: MeetingSeries) -> QuerySet[User]:
    """Return the active people of the teams of the series, and its additional participants, by name."""
    return (
        User.objects.filter(
            Q(memberships__team__in=series.teams.all()) | Q(pk__in=series.participants.all()), is_active=True
        )
        .distinct()
        .select_related("function", "subject")
        .order_by(*BY_NAME)
    )


def focuses(series: MeetingSeries) -> QuerySet[Focus]:
    """Return the focuses in use, in the order of the cycle."""
    functions = Prefetch("functions", Function.objects.order_by(*BY_NAME))
    return series.focuses.filter(is_retired=False).prefetch_related(functions).order_by("position", "id")


def held(series: MeetingSeries, task: str = "facilitator", *, at: datetime | None = None) -> list[Turn]:
    """Return the turns of past and live meetings, oldest first. Functions are the current ones.

    task: "facilitator", "scribe" or "observer". at: the meeting whose time is then keeps its turns, also if
    nobody has started it yet.
    """
    rows = (
        Meeting.objects.filter(_has_begun(at), series=series)
        .order_by("starts_at", "id")
        .values_list("starts_at", f"{task}_id", f"{task}__function_id", "focus_id")
    )
    return [
        Turn(at.astimezone(series.zone).date(), person, function, focus)
        for at, person, function, focus in rows
    ]


def roster(series: MeetingSeries, cycle: list[int]) -> Roster:
    """Return who can lead, from which day, and when they are away. cycle: ids of the focuses in order."""
    named = set(series.participants.values_list("pk", flat=True))
    return _roster(series, cycle, participants(series), series.teams.all(), named)


def observers(series: MeetingSeries, cycle: list[int]) -> Roster:
    """Return who can observe: as roster(), of the people in other teams who take no part in the series."""
    return _roster(series, cycle, _of_other_teams(series), _observer_teams(series), set())


def able(series: MeetingSeries, task: str) -> QuerySet[User]:
    """Return who may have turns at a task (TurnTask): participants, or the people who observe, by name."""
    if task != TurnTask.OBSERVER:
        return participants(series)
    return _of_other_teams(series) if series.has_observer else User.objects.none()


def may_observe(series: MeetingSeries, person: User) -> bool:
    """Return True if the observers of a series are chosen from a group that has this person."""
    return series.has_observer and _of_other_teams(series).filter(pk=person.pk).exists()


def _of_other_teams(series: MeetingSeries) -> QuerySet[User]:
    """Return the active people of the teams that observe, who are no participants, by name."""
    members = User.objects.filter(memberships__team__in=_observer_teams(series), is_active=True)
    inside = participants(series).order_by().values("pk")
    rows = members.exclude(pk__in=inside).distinct().select_related("function", "subject")
    return rows.order_by(*BY_NAME)


def _observer_teams(series: MeetingSeries) -> QuerySet[Team]:
    """Return the teams that were chosen for observers; without any, all teams."""
    chosen = series.observer_teams.order_by()
    return chosen if chosen.exists() else Team.objects.all()


def _roster(
    series: MeetingSeries, cycle: list[int], people: QuerySet[User], teams: QuerySet[Team], named: set[int]
) -> Roster:
    """Return a roster of people. teams: by which they belong to it, except for those who are named (ids)."""
    able = [user for user in people if user.role != Role.VIEWER]
    since = _since(series, able, teams, named)
    away: dict[int, list[tuple[date, date]]] = defaultdict(list)
    for user, first, last in Absence.objects.filter(user__in=able).values_list(
        "user_id", "from_on", "until_on"
    ):
        away[user].append((first, last))
    names = dict(Function.objects.order_by(*BY_NAME).values_list("id", "name"))
    staffed = {user.function_id for user in able if user.function_id}
    order = [pk for pk in series.function_order if pk in staffed]
    order += [pk for pk in names if pk in staffed.difference(order)]
    return Roster(
        functions=order,
        people=[Person(user.pk, user.name, user.function_id, since[user.pk]) for user in able],
        cycle=cycle,
        names={pk: name.lower() for pk, name in names.items()},
        away=away,
    )


def _since(
    series: MeetingSeries, able: list[User], teams: QuerySet[Team], named: set[int]
) -> dict[int, date]:
    """Return the first day of each person, by id: when they joined the organisation, or later their team."""
    added = dict(
        Event.objects.filter(subject_id__in=[user.subject_id for user in able], verb="people.person_added")
        .order_by("-at")
        .values_list("subject_id", "at")
    )
    joined: dict[int, datetime] = {}
    joinings = Event.objects.filter(
        subject_id__in=teams.values("subject_id"),
        data__rows__contains=[{"model": "people.membership", IS_NEW: True}],
    ).order_by("at", "id")
    for at, data in joinings.values_list("at", "data"):
        for row in data["rows"]:
            if row["model"] == "people.membership" and row.get(IS_NEW):
                joined.setdefault(row["changes"]["user_id"][1], at)
    days = {}
    for user in able:
        moments = [at for at in (added.get(user.subject_id),) if at]
        if user.pk not in named and user.pk in joined:
            moments.append(joined[user.pk])
        days[user.pk] = max(moments).astimezone(series.zone).date() if moments else date.min
    return days


def _has_begun(at: datetime | None) -> Q:
    """Match meetings that were held or are live, and the one whose planned time is `at`."""
    is_held = Q(state__in=HELD)
    return (
        is_held if at is None else is_held | Q(state=MeetingState.PLANNED, starts_at__lte=at, ends_at__gt=at)
    )


_PLANNED = Prepared(
    lambda: (
        Meeting.objects.filter(
            state=MeetingState.PLANNED,
            starts_at__gt=Argument("at"),
            series__is_retired=False,
            series__is_draft=False,
        )
        .order_by("starts_at", "id")
        .values_list("series_id", "pk", "starts_at", "focus__name", "focus__kinds")
    )
)


def candidates(at: datetime) -> list[CandidateSeries]:
    """Return all series in use with their planned meetings, for meetings.routing. Two statements."""
    planned: dict[int, list[PlannedMeeting]] = defaultdict(list)
    for series_id, pk, starts_at, focus, kinds in _PLANNED.rows(at=at):
        planned[series_id].append(PlannedMeeting(pk, starts_at, focus or "", frozenset(kinds or ())))
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES)
        return [
            CandidateSeries(pk, frozenset(teams), size, frozenset(kinds), tuple(planned[pk]))
            for pk, teams, size, kinds in cursor.fetchall()
        ]


def last_held(series_id: int, *, at: datetime | None = None) -> Meeting | None:
    """Return the latest past or live meeting of a series; None without one. at: as in held()."""
    return (
        Meeting.objects.filter(_has_begun(at), series=series_id)
        .order_by(Coalesce("started_at", "starts_at").desc(), "-id")
        .select_related("focus", "subject")
        .first()
    )


def began_before(meeting: Meeting) -> datetime | None:
    """Return when the meeting of the series before this one began; None before the first one. One query."""
    began = Coalesce("started_at", "starts_at")
    earlier = Meeting.objects.filter(_has_begun(None), series=meeting.series_id).exclude(pk=meeting.pk)
    rows = earlier.annotate(began=began).filter(began__lt=meeting.started_at or meeting.starts_at)
    return rows.order_by("-began").values_list("began", flat=True).first()


@dataclass(frozen=True, slots=True)
class Share:
    """The number of turns of one person: in the last year and in the plan."""

    person: User
    turns: int


@dataclass(frozen=True, slots=True)
class FunctionShare:
    """The number of turns of one function, with the least and the most turns of its people."""

    function: Function
    turns: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """The plan of a series. differ_by: the greatest difference between turns of people of one function."""

    meetings: Sequence[Meeting]
    shares: Sequence[Share]
    functions: Sequence[FunctionShare]
    differ_by: int


def ahead(series: MeetingSeries, user: Visitor, at: datetime) -> SeriesPlan:
    """Return upcoming meetings, and the turns of each person in the last year and the plan.

    Each meeting has `day_off` (meetings.queries.days_off), None on a working day.
    """
    planned: list[Any] = list(
        Meeting.objects.visible_to(user)
        .filter(series=series, ends_at__gte=at)
        .select_related(
            "series", "subject", "focus", "facilitator__function", "stand_in", "scribe", "observer"
        )
        .order_by("starts_at", "id")
    )
    off = days_off.of_meetings(planned)
    for meeting in planned:
        meeting.day_off = off.get(meeting.pk)
    since = (at - timedelta(days=365)).date()
    turns = [turn for turn in held(series) if turn.on >= since]
    turns += [
        Turn(meeting.starts_at.date(), meeting.facilitator_id, None, meeting.focus_id, is_held=False)
        for meeting in planned
        if meeting.state == MeetingState.PLANNED
    ]
    able = [user for user in participants(series) if user.role != Role.VIEWER]
    people = [Person(user.pk, user.name, user.function_id, date.min) for user in able]
    led = balance(turns, people)
    shares = [Share(user, led[user.pk]) for user in able]
    return SeriesPlan(planned, shares, _by_function(shares), spread(turns, people))


def team_of_widest_series(at: datetime) -> int | None:
    """Return a team of the meeting series with the most teams and people, None without a series.

    Somebody there can take what belongs to no team.
    """
    with_teams = [candidate for candidate in candidates(at) if candidate.teams]
    widest = max(with_teams, key=lambda one: (len(one.teams), one.size, -one.id), default=None)
    return min(widest.teams) if widest else None


def _by_function(shares: Sequence[Share]) -> list[FunctionShare]:
    found: dict[Function, list[int]] = {}
    for share in shares:
        if share.person.function:
            found.setdefault(share.person.function, []).append(share.turns)
    return [FunctionShare(function, sum(turns), min(turns), max(turns)) for function, turns in found.items()]
