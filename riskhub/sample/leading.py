"""What the leaders of the sample set: goals, and hours for risk work."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from kit.actor import Actor
from leaders.operations import allotment, goal
from leaders.states import GoalDirection, Measure
from people.models import Team, User


def set_goals(
    people: Mapping[str, User], teams: Mapping[str, Team], *, since: datetime, until: datetime
) -> None:
    """Set goals of the organisation and of a team at `since`; enter a figure and allot hours at `until`."""
    manager = Actor(people["sofia"], "page")
    goal.add(
        title="No action is overdue at the end of the quarter",
        measure=Measure.LATE_ACTIONS,
        start=6,
        target=0,
        due_on=until.date() + timedelta(days=45),
        owner=people["sofia"],
        reason="Overdue actions are risks that we know and leave open.",
        by=manager,
        at=since,
    )
    goal.add(
        title="Every breach has its review within a day",
        measure=Measure.HOURS_TO_REVIEW,
        start=40,
        target=24,
        due_on=until.date() + timedelta(days=45),
        owner=people["mila"],
        by=manager,
        at=since,
    )
    rehearsed = goal.add(
        title="Rehearse the rollback of every model of the team",
        unit="models",
        direction=GoalDirection.AT_LEAST,
        start=0,
        target=4,
        due_on=until.date() + timedelta(days=60),
        team=teams["Credit Risk ML"],
        owner=people["ana"],
        by=manager,
        at=since,
    )
    goal.note_figure(
        rehearsed, figure=2, note="The drills of this month", by=Actor(people["ana"], "page"), at=until
    )
    allotment.put(hours=120, by=manager, at=until)
    lead = Actor(people["ana"], "page")
    allotment.put(hours=60, team=teams["Credit Risk ML"], by=lead, at=until)
