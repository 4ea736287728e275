"""The progress of goals in one line: in the weekly digest, and on the first agenda of a month."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import (
    Case,
    DateTimeField,
    Exists,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from history.digest_parts import DigestPart, Said
from leaders import progress, tallies
from leaders.models import Goal, NightlyFigures, NightlySnapshot
from leaders.queries.goal import set_figures
from leaders.states import GoalDirection, GoalState, Measure
from meetings.models import Meeting
from meetings.queries.summaries import AgendaSummary
from meetings.states import MeetingState

_NAMED = 4


def _open_goals(since: datetime, until: datetime) -> QuerySet[Any]:
    """Return the open goals: each digest shows how far those of the organisation and of one's teams are."""
    rows = Goal.objects.filter(state=GoalState.OPEN, made_at__lte=until)
    return rows.annotate(shown_at=Value(until, DateTimeField()))


def _latest_figures() -> Case:
    """Return the figures of the latest snapshot of the team or of the organisation of a goal.

    They are {} for a team of which the snapshot counted nothing, null without a snapshot.
    """
    latest = NightlySnapshot.objects.order_by("-on").values("pk")[:1]
    rows = NightlyFigures.objects.filter(snapshot=Subquery(latest), viewers__isnull=True)
    organisation = rows.filter(team__isnull=True).values("figures")[:1]
    own = rows.filter(team=OuterRef("team")).values("figures")[:1]
    return Case(
        When(team__isnull=True, then=Subquery(organisation)),
        When(Exists(organisation), then=Coalesce(Subquery(own), Value({}, JSONField()))),
    )


def _said(moment: datetime, facts: Mapping[str, Any]) -> Said:
    figure = facts["figure"]
    if facts["measure"] != Measure.TYPED:
        figures = facts["figures"]
        figure = None if figures is None else tallies.figure_of(facts["measure"], figures)
    due_on = date.fromisoformat(facts["due_on"])
    whose = f"{facts['team']}: " if facts["team"] else ""
    return Said(f"{whose}{_progress(facts, figure)}, by {due_on.day} {due_on:%b}.")


def _progress(goal: Mapping[str, Any], figure: float | None) -> str:
    """Return such as “3 of at most 0, 50% of the way”."""
    target = f"{GoalDirection(goal['direction']).label.lower()} {goal['target']:g}"
    if figure is None:
        return f"No figure yet, target {target}"
    done = progress.percent(goal["start"], figure, goal["target"], goal["direction"])
    way = "target met" if done == 100 else f"{done}% of the way" if done is not None else "progress not known"
    return f"{figure:g}, target {target}: {way}"


IN_DIGEST = DigestPart(
    "goals",
    "Goals",
    rows=_open_goals,
    moment="shown_at",
    facts={
        **{name: name for name in ("measure", "direction", "start", "target", "figure", "due_on")},
        "figures": _latest_figures(),
        "team": "team__name",
        "team_id": "team_id",
    },
    said=_said,
    is_first=True,
    of_team="team_id",
)


def of_first_meeting(meeting: Meeting, at: datetime) -> str:
    """Return how far the goals of the organisation and of the teams of a series are, one line for all.

    "" unless it is the first meeting of its series in the month, and without open goals.
    """
    if not _is_first_of_month(meeting):
        return ""
    whose = Q(team__isnull=True) | Q(team__in=meeting.series.teams.all())
    goals = list(Goal.objects.filter(whose, state=GoalState.OPEN).order_by("due_on", "id"))
    set_figures(goals)
    named = [f"{goal.title} ({_progress(vars(goal), goal.present_figure)})" for goal in goals[:_NAMED]]
    others = f"; {len(goals) - _NAMED} more" if len(goals) > _NAMED else ""
    return f"{'; '.join(named)}{others}"[:300]


def _is_first_of_month(meeting: Meeting) -> bool:
    local = meeting.starts_at.astimezone(meeting.series.zone)
    begins = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    earlier = Meeting.objects.filter(
        series=meeting.series_id, starts_at__gte=begins, starts_at__lt=meeting.starts_at
    )
    return not earlier.exclude(state=MeetingState.CANCELLED).exists()


ON_AGENDA = AgendaSummary("Goals of the month", of_first_meeting)
