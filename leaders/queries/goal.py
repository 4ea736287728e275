"""Queries of goals, and their figures from the latest snapshot."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Q

from history.models import RecordedQuerySet
from kit.sight import Visitor
from leaders import tallies
from leaders.models import Goal, NightlyFigures, NightlySnapshot
from leaders.states import GoalState, Measure
from people.models import Team

# What a goal measures, of whom (None: the organisation) -> the figure and its day.
Figures = Mapping[tuple[str, int | None], tuple[float | None, date]]


def goals(user: Visitor) -> RecordedQuerySet[Any]:
    """Return the goals that the reader may see, with what a row and the permission to change need."""
    rows = Goal.objects.visible_to(user)
    return rows.select_related("subject", "owner__subject", "team__subject", "team__lead")


def open_goals(user: Visitor, team: Team | None = None) -> list[Goal]:
    """Return the open goals of the organisation, or of a team, with their figures, due first."""
    found = list(goals(user).filter(state=GoalState.OPEN, team=team).order_by("due_on", "id"))
    set_figures(found)
    return found


def set_figures(rows: Sequence[Goal]) -> None:
    """Set the figure of the latest snapshot on the open goals that it measures. At most one query."""
    asked = [goal for goal in rows if goal.is_open and not goal.is_typed]
    found = figures([(goal.measure, goal.team_id) for goal in asked])
    for goal in asked:
        goal.measured = found.get((goal.measure, goal.team_id))


def figures(asked: Sequence[tuple[str, int | None]]) -> Figures:
    """Return the figures of measures and teams from the latest snapshot. At most one query.

    They count what everyone may see, so that everyone reads the same figure.
    """
    wanted = [(measure, team) for measure, team in asked if measure != Measure.TYPED]
    if not wanted:
        return {}
    latest = NightlySnapshot.objects.order_by("-on").values("pk")[:1]
    teams = Q(team__in={team for _, team in wanted if team}) | Q(team__isnull=True)
    rows = NightlyFigures.objects.filter(teams, snapshot__in=latest, viewers__isnull=True)
    known: dict[int | None, Any] = {
        team: (found, on) for team, found, on in rows.values_list("team", "figures", "snapshot__on")
    }
    if None not in known:
        return {}
    nothing: tuple[dict[str, Any], date] = ({}, known[None][1])
    return {
        (measure, team): (tallies.figure_of(measure, known.get(team, nothing)[0]), nothing[1])
        for measure, team in wanted
    }
