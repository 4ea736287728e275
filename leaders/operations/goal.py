"""Write goals: set, change, enter a figure, settle as reached or missed, drop, reopen."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from actions.operations.reminder import working_hours
from history import operations as history
from history.models import Due, Event
from history.queries import changed_fields
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.figures import checked
from kit.refusals import IllegalMove, Refused
from kit.texts import one_line
from leaders import events
from leaders.models import Goal
from leaders.queries import goal as queries
from leaders.states import GoalDirection, GoalState, Measure
from people import queries as people
from people.models import Team, User
from people.states import WORKING_TIME_FIELDS, Role
from people.working import Hours

CHANGEABLE = frozenset({"title", "reason", "owner", "unit", "direction", "start", "target", "due_on"})
DUE = "leaders.goal_due"
_BY_HAND_ONLY = "Riskhub measures this goal every night. Only a figure that is entered by hand can be noted."


@transaction.atomic
def add(
    *,
    title: str,
    target: float,
    due_on: date,
    by: Actor,
    at: datetime,
    measure: str = Measure.TYPED,
    direction: str = GoalDirection.AT_MOST,
    start: float | None = None,
    unit: str = "",
    team: Team | None = None,
    owner: User | None = None,
    reason: str = "",
) -> Goal:
    """Set a goal of a team, or of the organisation without a team.

    Raises Refused(field="title", "target", "start", "due_on", "owner", or "team" for somebody who is neither
    risk manager nor the lead of that team).
    """
    _may_set_for(team, by)
    _refuse_start_at_target(start, target, "start")
    goal = Goal(
        title=_title(title),
        reason=reason,
        team=team,
        owner=_able_owner(owner),
        measure=measure,
        unit=unit if measure == Measure.TYPED else "",
        direction=direction,
        start=checked(start, "start"),
        target=checked(target, "target"),
        due_on=_future(due_on, at),
        made_at=at,
    )
    if goal.is_typed and goal.start is not None:
        goal.figure, goal.figure_on = goal.start, people.local_day(at)
    elif goal.start is None:
        goal.start = _measured(goal)[0]
    history.record(goal, "leaders.goal_set", by=by, at=at)
    _put_date(goal)
    return goal


@transaction.atomic
def change(
    goal: Goal, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Goal:
    """Change fields of CHANGEABLE. A new date replaces the reminder.

    Raises Refused(field=…), ChangedMeanwhile, ValueError for another field.
    """
    if unknown := set(values) - CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    given, former = dict(values), goal.due_on
    if "title" in given:
        given["title"] = _title(given["title"])
    if "owner" in given and given["owner"] != goal.owner:
        given["owner"] = _able_owner(given["owner"])
    for name in {"start", "target"} & given.keys():
        given[name] = checked(given[name], name)
    way = given.get("start", goal.start), given.get("target", goal.target)
    if way != (goal.start, goal.target):
        _refuse_start_at_target(*way, "start" if way[0] != goal.start else "target")
    if given.get("due_on", former) != former:
        given["due_on"] = _future(given["due_on"], at)
    if history.change(goal, given, by=by, at=at, seen=seen, verb="leaders.goal_changed") is None:
        return goal
    if "title" in given:
        history.retitle(goal)
    if goal.due_on != former:
        history.drop_dues(goal.subject_id, DUE)
        _put_date(goal)
    return goal


@transaction.atomic
def note_figure(
    goal: Goal, *, figure: float, by: Actor, at: datetime, note: str = "", seen: int | None = None
) -> Goal:
    """Enter the present figure of a goal that is measured by hand. The first figure is also its start.

    Raises Refused(field="figure"), IllegalMove for a goal that is not open.
    """
    if not goal.is_typed:
        raise Refused(_BY_HAND_ONLY, field="figure")
    if not goal.is_open:
        raise IllegalMove("This goal is settled. Reopen it first.", field="state")
    number = checked(figure, "figure")
    values: dict[str, Any] = {"figure": number, "figure_on": people.local_day(at)}
    if goal.start is None:
        values["start"] = number
    measured = events.GoalMeasured(note=note.strip() or None)
    history.change(goal, values, by=by, at=at, seen=seen, payload=measured)
    return goal


@transaction.atomic
def settle(
    goal: Goal, *, is_reached: bool, by: Actor, at: datetime, note: str = "", seen: int | None = None
) -> Goal:
    """Say whether the goal was reached. Raises IllegalMove, ChangedMeanwhile."""
    payload_type = events.GoalReached if is_reached else events.GoalMissed
    return _end(goal, payload_type(note=note.strip() or None), by=by, at=at, seen=seen)


@transaction.atomic
def drop(goal: Goal, *, reason: str, by: Actor, at: datetime, seen: int | None = None) -> Goal:
    """Drop a goal that is no longer pursued. Raises Refused(field="reason"), IllegalMove."""
    if not reason.strip():
        raise Refused("Enter why the goal is no longer pursued.", field="reason")
    return _end(goal, events.GoalDropped(reason=reason.strip()), by=by, at=at, seen=seen)


_STATE_OF: dict[Any, GoalState] = {
    events.GoalReached: GoalState.REACHED,
    events.GoalMissed: GoalState.MISSED,
    events.GoalDropped: GoalState.DROPPED,
}


def _end(goal: Goal, payload: Any, *, by: Actor, at: datetime, seen: int | None) -> Goal:
    values: dict[str, Any] = {"settled_at": at}
    if not goal.is_typed:
        values["figure"], values["figure_on"] = _measured(goal)
    history.move(goal, _STATE_OF[type(payload)], by=by, at=at, seen=seen, values=values, payload=payload)
    history.drop_dues(goal.subject_id, DUE)
    return goal


@transaction.atomic
def reopen(goal: Goal, *, by: Actor, at: datetime, seen: int | None = None) -> Goal:
    """Reopen a goal that is reached, missed or dropped. Raises IllegalMove, ChangedMeanwhile."""
    history.move(goal, GoalState.OPEN, by=by, at=at, seen=seen, values={"settled_at": None})
    _put_date(goal)
    return goal


@transaction.atomic
def note_due(due: Due, *, at: datetime) -> None:
    """Tell the owner that the date of an open goal has come."""
    goal = Goal.objects.select_for_update().filter(subject_id=due.subject_id, state=GoalState.OPEN).first()
    if goal is not None and due.occurrence == goal.due_on.isoformat():
        history.record(goal, events.GoalDue(due_on=goal.due_on.isoformat()), by=SYSTEM, at=at)


def _put_date(goal: Goal) -> None:
    """Remind the owner on the morning of the date, in their working time."""
    moment = _morning(goal, working_hours())
    history.put_due(DUE, goal.subject_id, goal.due_on.isoformat(), moment)


def _morning(goal: Goal, hours: Hours) -> datetime:
    return people.hours_of(goal.owner, hours).span(goal.due_on)[0]


@handler("leaders.goal.replan")
@transaction.atomic
def on_time_changed(event: Event, *, at: datetime) -> None:
    """Move the reminders of open goals after a change of an owner's time zone or of the working hours.

    Handles people.person_changed and people.organisation_changed.
    """
    if not changed_fields(event) & WORKING_TIME_FIELDS:
        return
    rows = Goal.objects.filter(state=GoalState.OPEN).select_related("owner")
    if event.verb == "people.person_changed":
        rows = rows.filter(owner__subject=event.subject_id)
    hours, dated = working_hours(), {goal.subject_id: goal for goal in rows}
    history.replan_dues(dated, DUE, to=lambda due: (due.occurrence, _morning(dated[due.subject_id], hours)))


def _may_set_for(team: Team | None, by: Actor) -> None:
    """Raise Refused(field="team") for a person who may not set goals of this team or the organisation."""
    person = by.person
    if person is None or person.is_at_least(Role.RISK_MANAGER):
        return
    if team is None:
        raise Refused("Choose your team. Risk managers set the goals of the organisation.", field="team")
    if team.lead_id != person.pk:
        raise Refused(f"Only risk managers and its lead set goals of {team.name}.", field="team")


def _measured(goal: Goal) -> tuple[float | None, date | None]:
    """Return the figure of the latest snapshot and its day, (None, None) for one that is entered by hand."""
    key = goal.measure, goal.team_id
    return queries.figures([key]).get(key, (None, None))


def _title(text: str) -> str:
    title = one_line(text).strip()
    if not title:
        raise Refused("Enter what should be reached.", field="title")
    return title


def _refuse_start_at_target(start: float | None, target: float | None, field: str) -> None:
    """Raise Refused for an entered start that is the target, because such a goal has no progress.

    The start that Riskhub measures may be the target: then the goal is to keep the figure.
    """
    if start is not None and start == target:
        raise Refused("The target is the figure at the start. Choose another number.", field=field)


def _future(day: date, at: datetime) -> date:
    if not people.local_day(at) <= day <= people.local_day(at) + timedelta(days=3660):
        raise Refused("Choose a date from today on, within ten years.", field="due_on")
    return day


def _able_owner(owner: User | None) -> User | None:
    if owner is not None and not owner.is_active:
        raise Refused(f"{owner.name} is deactivated. Choose an active person.", field="owner")
    if reason := people.why_no_owner(owner):
        raise Refused(reason, field="owner")
    return owner
