"""How much time risk work took in 30 days, how long sponsors take to answer, and whether they attend.

Minutes of meetings are counted. The hours of reviews and actions are estimates (leaders.tallies.HOURS).
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from statistics import median
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from actions.models import Action
from actions.states import ActionState, Effort
from history.models import Event
from leaders.models import Allotment
from leaders.queries.counts import PERIOD, RECENT, held_meetings
from leaders.queries.scopes import by_scope, scope_of
from leaders.tallies import OPEN, Scope
from meetings.models import Attendance, MeetingSeries
from people.models import User
from risklog.models import Climb, Reviewer

# Name, scope, team (None: the organisation), number.
Named = Iterator[tuple[str, Scope, int | None, int]]


def time_spent(at: datetime) -> Named:
    """Yield minutes of meetings, answered reviews, done actions by effort, and allotted hours."""
    yield from _minutes(at)
    answered = Reviewer.objects.filter(answered_at__gt=at - RECENT, answered_at__lte=at)
    yield from _numbers("answers", answered, "user__memberships__team", path="review__subject")
    done = Action.objects.filter(state=ActionState.DONE, settled_at__gt=at - RECENT, settled_at__lte=at)
    for effort in Effort:
        sized = Q(effort=effort) | Q(effort="") if effort == Effort.MEDIUM else Q(effort=effort)
        yield from _numbers(f"done_{effort.value}", done.filter(sized), "owner__memberships__team")
    active = Allotment.objects.filter(sponsor__is_active=True, set_at__lte=at)
    for team, hours in active.values_list("team").annotate(hours=Sum("hours")).order_by():
        for key in {None, team}:
            yield "allotted", OPEN, key, hours


def _numbers(name: str, rows: QuerySet[Any], team: str, *, path: str = "subject") -> Named:
    for row in by_scope(rows, path=path).annotate(number=Count("pk", distinct=True)):
        yield name, scope_of(row), None, row["number"]
    of_teams = by_scope(rows.filter(**{f"{team}__isnull": False}), path=path, of_team=F(team))
    for row in of_teams.annotate(number=Count("pk", distinct=True)):
        yield name, scope_of(row), row["of_team"], row["number"]


def _minutes(at: datetime) -> Named:
    """Yield the minutes that everybody present spent in the meetings of 30 days."""
    held = held_meetings(at).filter(starts_at__gt=at - RECENT)
    rows = Attendance.objects.filter(meeting__in=held, is_present=True)
    keys: dict[str, Any] = {"key": F("meeting"), "begins": F("meeting__starts_at")}
    keys |= {"ends": F("meeting__ends_at"), "of_team": F("meeting__series__teams")}
    whole: set[int] = set()
    for row in by_scope(rows, path="meeting__subject", **keys).annotate(number=Count("user", distinct=True)):
        minutes = row["number"] * int((row["ends"] - row["begins"]).total_seconds() // 60)
        teams = {row["of_team"]} - {None}
        if row["key"] not in whole:
            whole.add(row["key"])
            teams.add(None)
        for team in teams:
            yield "meeting_minutes", scope_of(row), team, minutes


def sponsors_present(at: datetime) -> Named:
    """Yield how many meetings with a sponsor were held, and at how many the sponsor was present."""
    held = held_meetings(at).filter(series__sponsor__isnull=False)
    there = Q(attendances__user=F("series__sponsor"), attendances__is_present=True)
    for name, rows in (("sponsored", held), ("sponsor_present", held.filter(there))):
        yield from _numbers(name, rows, "series__teams")


def answer_median(at: datetime) -> list[Any]:
    """Return how many calls sponsors answered in 90 days, and the median hours; [0, None] for none.

    A call is a blocked action that was raised, or a rung of an escalation. What the sponsor did first on it
    afterwards is the answer. Only what everyone may see counts. Five queries.
    """
    calls: list[tuple[int, int, datetime]] = []  # subject, the subject of the person, moment
    window = {"at__gt": at - PERIOD, "at__lte": at}
    raised = Event.objects.filter(
        verb="actions.action_raised", subject__viewers__isnull=True, data__sponsor__isnull=False, **window
    )
    sponsors = set(MeetingSeries.objects.filter(sponsor__isnull=False).values_list("sponsor", flat=True))
    told = list(raised.values_list("subject", "data__sponsor", "at"))
    climbs = Climb.objects.filter(
        escalation__subject__viewers__isnull=True, notified_ids__overlap=list(sponsors), **window
    )
    for subject, notified, moment in climbs.values_list("escalation__subject", "notified_ids", "at"):
        told += [(subject, person, moment) for person in notified if person in sponsors]
    people = dict(User.objects.filter(pk__in={pk for _, pk, _ in told}).values_list("pk", "subject"))
    calls = [(subject, people[pk], moment) for subject, pk, moment in told if pk in people]
    acts: dict[tuple[int, int], list[datetime]] = defaultdict(list)
    events = Event.objects.filter(subject__in={call[0] for call in calls}, actor__in=set(people.values()))
    for subject, actor, moment in (
        events.filter(at__lte=at).order_by("at").values_list("subject", "actor", "at")
    ):
        acts[subject, actor or 0].append(moment)
    hours = []
    for subject, person, called in calls:
        answered = next((moment for moment in acts[subject, person] if moment >= called), None)
        if answered:
            hours.append((answered - called).total_seconds() / 3600)
    return [len(hours), round(median(hours), 1) if hours else None]
