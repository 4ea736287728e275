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
from history.states import Work
from history.wiring import handler
from kit.actor import SYSTEM
from people import queries as people
from people.states import WORKING_DAYS, WORKING_TIME_FIELDS
from people.working import Hours

REMINDER = "actions.reminder"
OVERDUE = "actions.overdue"
STUCK = "actions.stuck"  # of a block (blocked.py)


@transaction.atomic
def remind(due: Due, *, at: datetime) -> None:
    """Write the reminder before or after the due date.

    The reminders of one person that are due at the same moment are written together, and one mail has them
    all. Does nothing if the action is finished, or has another owner or due date by now, or if its reminder
    was written together with another one.
    """
    action, when = _action_of(due)
    if action is None or action.owner is None:
        return
    today = people.hours_of(action.owner, working_hours()).day_of(at)
    reminded = [
        (one, its_when)
        for one, its_when in _together(due, action, when)
        if not (its_when == "before" and today > one.due_on)  # this runs late: the reminder after it follows
    ]
    if not reminded:
        return
    sight.show_to_stand_ins([one for one, _ in reminded], at=at)
    payloads = [
        events.ActionReminded(when=its_when, due_on=one.due_on.isoformat(), owner=one.owner_id)
        for one, its_when in reminded
    ]
    actions = [one for one, _ in reminded]
    history.record_many(actions, "actions.action_reminded", payloads=payloads, by=SYSTEM, at=at)


def _together(due: Due, action: Any, when: str) -> list[tuple[Any, str]]:
    """Return the actions of this owner whose reminders are due at this moment and not written yet, locked.

    Each with the kind of its reminder. Two workers lock them in the same order, so that each is written once.
    """
    dues = Due.objects.filter(kind=REMINDER, at=due.at, state__in=(Work.PENDING, Work.CLAIMED))
    theirs = Action.objects.filter(owner=action.owner, state__in=UNFINISHED).values("subject")
    found = {action.subject_id: (when, str(action.due_on))}
    for other in dues.filter(subject__in=theirs).order_by("pk"):
        its_when, due_on, owner, _ = other.occurrence.split("/")
        if owner == str(action.owner_id):
            found.setdefault(other.subject_id, (its_when, due_on))
    rows = Action.objects.select_related("subject", "owner", "owner__subject", "about")
    locked = rows.filter(subject__in=found, owner=action.owner, state__in=UNFINISHED, due_on__isnull=False)
    written = set(
        Event.objects.filter(subject__in=found, verb="actions.action_reminded", at__gte=due.at).values_list(
            "subject_id", "data__when"
        )
    )
    return [
        (one, its_when)
        for one in locked.select_for_update(of=("self",)).order_by("pk")
        for its_when, due_on in [found[one.subject_id]]
        if (one.subject_id, its_when) not in written and str(one.due_on) == due_on
    ]


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
    history.drop_dues_of([action.subject_id for action in actions], REMINDER, OVERDUE)
    put_dates(actions, at=at)


def drop_dates(actions: Sequence[Action]) -> None:
    """Cancel what waits for the dates of actions that are finished."""
    history.drop_dues_of([action.subject_id for action in actions], REMINDER, OVERDUE, STUCK)


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
