"""What a snapshot counts besides risks, at any moment: from the dates that rows keep.

Each function yields (scope, team, number): team None for the whole organisation.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, Count, DateField, F, Q, QuerySet, When
from django.db.models.functions import Coalesce, TruncDate, TruncMonth

from actions.models import Action
from actions.states import ActionState
from history.models import Event
from incidents.models import Incident
from incidents.states import IncidentState
from leaders import tallies
from leaders.queries.scopes import by_scope, scope_of
from leaders.tallies import Scope
from meetings.models import Attendance, Decision, Meeting, MeetingSeries
from meetings.states import MeetingState
from people import queries as people
from risklog.models import Escalation, Review, Risk

PERIOD = timedelta(days=90)
RECENT = timedelta(days=30)
_HELD = (MeetingState.LIVE, MeetingState.CLOSED)
Counted = Iterator[tuple[Scope, int | None, int]]


def _counted(rows: QuerySet[Any], team: str) -> Counted:
    """Count rows by scope, and once more by team. team: the path to it. Two queries."""
    for row in by_scope(rows).annotate(number=Count("pk", distinct=True)):
        yield scope_of(row), None, row["number"]
    of_teams = by_scope(rows.filter(**{f"{team}__isnull": False}), of_team=F(team))
    for row in of_teams.annotate(number=Count("pk", distinct=True)):
        yield scope_of(row), row["of_team"], row["number"]


def _open_at(at: datetime, begins: str, ends: str) -> Q:
    return Q(**{f"{begins}__lte": at}) & (Q(**{f"{ends}__isnull": True}) | Q(**{f"{ends}__gt": at}))


def all_counts(at: datetime, day: date) -> dict[str, Counted]:
    """Return the counts by name. day: that of the moment in the zone of the organisation."""
    action_team = "owner__memberships__team"
    actions = Action.objects.filter(_open_at(at, "made_at", "settled_at"))
    done, meetings = done_actions(at), planned_meetings(at)
    reviews = Review.objects.filter(_open_at(at, "opened_at", "settled_at"), due_at__lt=at)
    closings = Event.objects.filter(verb="risklog.risk_closed", at__gt=at - RECENT, at__lte=at)
    closed = Risk.objects.filter(subject__in=closings.values("subject"))
    return {
        "opened": _counted(Risk.objects.filter(opened_at__gt=at - RECENT, opened_at__lte=at), "team"),
        "closed": _counted(closed, "team"),
        "escalations": _counted(Escalation.objects.filter(_open_at(at, "started_at", "resolved_at")), "team"),
        "late_reviews": _counted(reviews, "model__owner_team"),
        "open_actions": _counted(actions, action_team),
        "late_actions": _counted(actions.filter(due_on__lt=day), action_team),
        "done": _counted(done, action_team),
        "done_in_time": _counted(done.filter(settled_day__lte=F("due_on")), action_team),
        "decisions": _counted(
            Decision.objects.filter(decided_at__gt=at - PERIOD, decided_at__lte=at), "meeting__series__teams"
        ),
        "planned": _counted(meetings, "series__teams"),
        "held": _counted(meetings.filter(state__in=_HELD), "series__teams"),
    }


def planned_meetings(at: datetime) -> QuerySet[Any]:
    """Return the meetings of the period before a moment that were not cancelled."""
    in_period = Meeting.objects.filter(starts_at__gt=at - PERIOD, starts_at__lte=at, series__is_draft=False)
    return in_period.exclude(state=MeetingState.CANCELLED)


def held_meetings(at: datetime) -> QuerySet[Any]:
    return planned_meetings(at).filter(state__in=_HELD)


def done_actions(at: datetime) -> QuerySet[Any]:
    """Return the dated actions that were done in the period, with the day: settled_day."""
    ours = people.organisation()
    rows: Any = Action.objects.filter(
        state=ActionState.DONE, due_on__isnull=False, settled_at__gt=at - PERIOD, settled_at__lte=at
    )
    return rows.annotate(settled_day=TruncDate("settled_at", tzinfo=ours.zone if ours else None))


def attendance(at: datetime) -> Iterator[tuple[str, Scope, int | None, int]]:
    """Yield (name, scope, team, number) of who was present and who was expected at the meetings held.

    Expected are the active participants of the series now. Present counts them only. Three queries.
    """
    participants = participants_of_series()
    present: dict[int, int] = defaultdict(int)
    rows = Attendance.objects.filter(meeting__in=held_meetings(at), is_present=True)
    for meeting, series, user in rows.values_list("meeting", "meeting__series", "user"):
        present[meeting] += user in participants.get(series, ())
    found = by_scope(held_meetings(at), key=F("pk"), of_series=F("series_id"), of_team=F("series__teams"))
    whole: set[int] = set()
    for row in found:
        teams = {row["of_team"]} - {None}
        if row["key"] not in whole:
            whole.add(row["key"])
            teams.add(None)
        for team in teams:
            yield "present", scope_of(row), team, present[row["key"]]
            yield "expected", scope_of(row), team, len(participants.get(row["of_series"], ()))


def participants_of_series() -> dict[int, set[int]]:
    """Return the active people who take part in each series, by its id. Two queries."""
    found: dict[int, set[int]] = defaultdict(set)
    for path in ("teams__members", "participants"):
        active = {f"{path}__is_active": True}
        for series, user in MeetingSeries.objects.filter(**active).values_list("pk", path):
            found[series].add(user)
    return found


def facilitated(at: datetime) -> Iterator[tuple[int, Scope, int | None, int]]:
    """Yield (function, scope, team, number) of the meetings held, by the function of their facilitator."""
    led = held_meetings(at).filter(facilitator__function__isnull=False)
    function: dict[str, Any] = {"of_function": F("facilitator__function_id")}
    for row in by_scope(led, **function).annotate(number=Count("pk", distinct=True)):
        yield row["of_function"], scope_of(row), None, row["number"]
    of_teams = by_scope(led.filter(series__teams__isnull=False), **function, of_team=F("series__teams"))
    for row in of_teams.annotate(number=Count("pk", distinct=True)):
        yield row["of_function"], scope_of(row), row["of_team"], row["number"]


def incidents_by_month(at: datetime) -> Iterator[tuple[str, str, Scope, int | None, int]]:
    """Yield (name, month, scope, team, number) of the incidents of the last six months. Two queries.

    name: "incidents" for all, "seen_first" for those that a breach had seen when they were noticed.
    month: such as 2026-11, of the day on which they were declared. Withdrawn ones do not count.
    """
    ours = people.organisation()
    first = tallies.months_before(people.local_day(at))[0]
    rows: Any = Incident.objects.exclude(state=IncidentState.WITHDRAWN).filter(declared_at__lte=at)
    rows = rows.annotate(
        month=TruncMonth("declared_at", output_field=DateField(), tzinfo=ours.zone if ours else None),
        was_seen_first=Case(
            When(breach_group__opened_at__lte=Coalesce("noticed_at", "declared_at"), then=True),
            default=False,
        ),
    ).filter(month__gte=first)
    for team, chosen in ((None, rows), ("team_id", rows.filter(team__isnull=False))):
        keys: dict[str, Any] = {"of_month": F("month"), "seen_first": F("was_seen_first")}
        keys |= {"of_team": F(team)} if team else {}
        for row in by_scope(chosen, **keys).annotate(number=Count("pk")):
            key, of_team = row["of_month"].strftime("%Y-%m"), row.get("of_team")
            yield "incidents", key, scope_of(row), of_team, row["number"]
            if row["seen_first"]:
                yield "seen_first", key, scope_of(row), of_team, row["number"]
