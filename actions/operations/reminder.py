"""The reminders of actions, and when they are overdue."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from actions import events
from actions.models import Action
from actions.operations import sight
from actions.reminders import moments, replanned
from actions.states import UNFINISHED
from history import operations as history
from history.models import Due, Event
from history.queries import changed_fields
from history.wiring import handler
from kit.actor import SYSTEM
from people import queries as people
from people.states import WORKING_DAYS, WORKING_TIME_FIELDS
from people.working import Hours

REMINDER = "actions.reminder"
OVERDUE = "actions.overdue"


def remind(due: Due, *, at: datetime) -> None:
    """Write the reminder before or after the due date.

    Does nothing if the action is finished or has another owner or due date by now.
    """
    action, when = _action_of(due)
    if action is None or action.owner is None:
        return
    if when == "before" and people.hours_of(action.owner, working_hours()).day_of(at) > action.due_on:
        return  # this runs late and the due date has passed: the reminder after it follows
    sight.show_to_stand_ins([action], at=at)
    reminded = events.ActionReminded(when=when, due_on=action.due_on.isoformat(), owner=action.owner_id)
    history.record(action, reminded, by=SYSTEM, at=at)


def note_overdue(due: Due, *, at: datetime) -> None:
    """Write that the action is overdue, also without an owner. Handlers of other rooms act on the event."""
    action, _ = _action_of(due)
    if action is None:
        return
    overdue = events.ActionOverdue(due_on=action.due_on.isoformat(), owner=action.owner_id)
    history.record(action, overdue, by=SYSTEM, at=at)


def _action_of(due: Due) -> tuple[Any, str]:
    """Return the action of a due date and its kind: "before", "after" or "overdue".

    The action is None if it is finished or has another owner or due date by now.
    """
    when, due_on, owner, _ = due.occurrence.split("/")
    action = (
        Action.objects.select_related("subject", "owner", "owner__subject")
        .filter(subject_id=due.subject_id)
        .first()
    )
    if action is None or not action.is_unfinished or str(action.due_on) != due_on:
        return None, when
    return (action, when) if str(action.owner_id) == owner else (None, when)


def replace_dates(actions: Sequence[Action], *, at: datetime) -> None:
    """Replace the reminders and the overdue dates by those of the current owners and due dates."""
    drop_dates(actions)
    put_dates(actions, at=at)


def drop_dates(actions: Sequence[Action]) -> None:
    """Cancel what waits for the dates of these actions."""
    history.drop_dues_of([action.subject_id for action in actions], REMINDER, OVERDUE)


def put_dates(actions: Sequence[Action], *, at: datetime) -> None:
    """Add the reminders and the overdue date, by the organisation's working hours in the owner's time zone.

    The occurrence contains the version, so that reminders are sent again if a due date changes and changes
    back.
    """
    dated = [(action, action.due_on) for action in actions if action.due_on and action.is_unfinished]
    if not dated:
        return
    hours = working_hours()
    history.put_dues(
        (
            OVERDUE if when == "overdue" else REMINDER,
            action.subject_id,
            f"{when}/{due_on}/{action.owner_id}/v{action.version}",
            moment,
        )
        for action, due_on in dated
        for when, moment in moments(due_on, people.hours_of(action.owner, hours), at=at)
    )


@handler("actions.action.replan")
@transaction.atomic
def on_time_changed(event: Event, *, at: datetime) -> None:
    """Recompute the pending reminders after a change of an owner's time zone or of the working hours."""
    if not changed_fields(event) & WORKING_TIME_FIELDS:
        return
    rows = Action.objects.filter(due_on__isnull=False, state__in=UNFINISHED).select_related("owner")
    if event.verb == "people.person_changed":
        rows = rows.filter(owner__subject=event.subject_id)
    hours, dated = working_hours(), {action.subject_id: action for action in rows}

    def planned(due: Due) -> tuple[str, datetime] | None:
        action = dated[due.subject_id]
        assert action.due_on is not None  # by the filter
        when, owner_hours = due.occurrence.split("/")[0], people.hours_of(action.owner, hours)
        return due.occurrence, replanned(when, action.due_on, owner_hours, at=at)

    history.replan_dues(dated, REMINDER, OVERDUE, to=planned)


def working_hours() -> Hours:
    """Return the organisation's working days and hours; Monday to Friday, 9 to 17 UTC without one."""
    return people.working_hours() or Hours(ZoneInfo("UTC"), frozenset(WORKING_DAYS), time(9), time(17))
