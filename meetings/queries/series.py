"""Reading series: who takes part, what the rota needs, what routing needs."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce

from history.models import Event
from meetings.models import Focus, Meeting, MeetingSeries
from meetings.rotation import Person, Rota, Turn, balance, spread
from meetings.routing import CandidateSeries, PlannedMeeting
from meetings.states import HELD, MeetingState
from people.models import Absence, Function, Membership, User
from people.states import Role


def all_series(user: Any) -> QuerySet[MeetingSeries]:
    """Series by name, those in use first."""
    return (
        MeetingSeries.objects.visible_to(user)
        .select_related("subject", "sponsor")
        .prefetch_related("teams")
        .order_by("is_retired", "name", "id")
    )


def participants(series: MeetingSeries) -> QuerySet[User]:
    """Active people of the series' teams, and those named."""
    return (
        User.objects.filter(
            Q(memberships__team__in=series.teams.all()) | Q(pk__in=series.participants.all()), is_active=True
        )
        .distinct()
        .select_related("function", "subject")
        .order_by("name", "id")
    )


def focuses(series: MeetingSeries) -> QuerySet[Focus]:
    """The cycle, in order."""
    return series.focuses.filter(is_retired=False).prefetch_related("functions").order_by("position", "id")


def held(series: MeetingSeries) -> list[Turn]:
    """The turns of meetings held, oldest first; a person's function is the one of today."""
    rows = (
        Meeting.objects.filter(series=series, state__in=HELD)
        .order_by("starts_at", "id")
        .values_list("starts_at", "facilitator_id", "facilitator__function_id", "focus_id")
    )
    return [
        Turn(at.astimezone(series.zone).date(), person, function, focus)
        for at, person, function, focus in rows
    ]


def rota(series: MeetingSeries, cycle: list[int]) -> Rota:
    """Who can lead, from when, and when they are away. cycle: ids of the focuses in order."""
    able = [user for user in participants(series) if user.role != Role.VIEWER]
    since = _since(series, able)
    away: dict[int, list[tuple[date, date]]] = defaultdict(list)
    for user, first, last in Absence.objects.filter(user__in=able).values_list(
        "user_id", "from_on", "until_on"
    ):
        away[user].append((first, last))
    names = dict(Function.objects.values_list("id", "name"))
    staffed = {user.function_id for user in able if user.function_id}
    order = [pk for pk in series.function_order if pk in staffed]
    order += sorted(staffed - set(order), key=lambda pk: names[pk])
    return Rota(
        functions=order,
        people=[Person(user.pk, user.name, user.function_id, since[user.pk]) for user in able],
        cycle=cycle,
        names={pk: name.lower() for pk, name in names.items()},
        away=away,
    )


def _since(series: MeetingSeries, able: list[User]) -> dict[int, date]:
    """The day each person came: into the organisation, and where a team brings them, into that team."""
    added = dict(
        Event.objects.filter(subject_id__in=[user.subject_id for user in able], verb="people.person_added")
        .order_by("-at")
        .values_list("subject_id", "at")
    )
    joined: dict[int, datetime] = {}
    births = Event.objects.filter(
        subject_id__in=series.teams.values("subject_id"),
        data__rows__contains=[{"model": "people.membership", "born": True}],
    ).order_by("at", "id")
    for at, data in births.values_list("at", "data"):
        for row in data["rows"]:
            if row["model"] == "people.membership" and row.get("born"):
                joined.setdefault(row["changes"]["user_id"][1], at)
    named = set(series.participants.values_list("pk", flat=True))
    days = {}
    for user in able:
        came = [at for at in (added.get(user.subject_id),) if at]
        if user.pk not in named and user.pk in joined:
            came.append(joined[user.pk])
        days[user.pk] = max(came).astimezone(series.zone).date() if came else date.min
    return days


def candidates(at: datetime) -> list[CandidateSeries]:
    """All series in use, with their meetings to come, as routing wants them. Five queries."""
    planned = Meeting.objects.filter(state=MeetingState.PLANNED, starts_at__gt=at).order_by("starts_at", "id")
    along: list[Any] = [
        "teams",
        "participants",
        Prefetch("focuses", Focus.objects.filter(is_retired=False), to_attr="cycle"),
        Prefetch("meetings", planned.select_related("focus"), to_attr="to_come"),
    ]
    found = list(MeetingSeries.objects.filter(is_retired=False).order_by("id").prefetch_related(*along))
    members: dict[int, set[int]] = defaultdict(set)
    for team, user in Membership.objects.values_list("team_id", "user_id"):
        members[team].add(user)
    return [_candidate(one, members) for one in found]


def _candidate(one: Any, members: dict[int, set[int]]) -> CandidateSeries:
    teams = frozenset(team.pk for team in one.teams.all())
    people = {user.pk for user in one.participants.all()}.union(*(members[team] for team in teams))
    return CandidateSeries(
        id=one.pk,
        teams=teams,
        size=len(people),
        kinds=frozenset(kind for focus in one.cycle for kind in focus.kinds),
        meetings=tuple(
            PlannedMeeting(
                meeting.pk,
                meeting.starts_at,
                meeting.focus.name if meeting.focus else "",
                frozenset(meeting.focus.kinds if meeting.focus else ()),
            )
            for meeting in one.to_come
        ),
    )


def last_held(series_id: int) -> Meeting | None:
    """The latest meeting of a series that was held."""
    return (
        Meeting.objects.filter(series=series_id, state__in=HELD)
        .order_by(Coalesce("started_at", "starts_at").desc(), "-id")
        .select_related("focus", "subject")
        .first()
    )


@dataclass(frozen=True, slots=True)
class Share:
    """One person's turns: held in the last year and to come."""

    person: User
    turns: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """The plan of a series. differ_by: by how many turns people of one function differ at most."""

    meetings: Sequence[Meeting]
    shares: Sequence[Share]
    differ_by: int


def ahead(series: MeetingSeries, user: Any, at: datetime) -> Ahead:
    """The meetings to come with their turns, and how even the turns are, over the last year and the plan."""
    planned = list(
        Meeting.objects.visible_to(user)
        .filter(series=series, ends_at__gte=at)
        .select_related("subject", "focus", "facilitator__function", "stand_in")
        .order_by("starts_at", "id")
    )
    since = (at - timedelta(days=365)).date()
    turns = [turn for turn in held(series) if turn.on >= since]
    turns += [
        Turn(one.starts_at.date(), one.facilitator_id, None, one.focus_id, is_held=False)
        for one in planned
        if one.state == MeetingState.PLANNED
    ]
    able = [one for one in participants(series) if one.role != Role.VIEWER]
    people = [Person(one.pk, one.name, one.function_id, date.min) for one in able]
    led = balance(turns, people)
    return Ahead(planned, [Share(one, led[one.pk]) for one in able], spread(turns, people))
