"""A block that lasts too long: after the organisation's number of working days it is raised to a sponsor."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from actions import events
from actions.models import Action
from actions.operations import reminder
from actions.operations.reminder import STUCK
from actions.states import ActionState
from history import operations as history
from history.models import Due, Event
from history.operations import GrantReason
from history.queries import changed_fields
from history.wiring import handler
from kit.actor import SYSTEM
from people import queries as people
from people.models import User
from people.states import WORKING_TIME_FIELDS
from people.working import working_day_from

_FIELDS = WORKING_TIME_FIELDS | {"max_blocked_days"}


def put_date(action: Action) -> None:
    """Add the moment at which the block of this action is raised: the end of the last working day."""
    history.put_dues([(STUCK, action.subject_id, occurrence_of(action), _moment(action))])


def drop_dates(actions: Sequence[Action]) -> None:
    """Cancel what waits for the end of a block, of actions that were blocked."""
    history.drop_dues_of([action.subject_id for action in actions], STUCK)


def occurrence_of(action: Action) -> str:
    """Return the key of one block. It contains the moment, so that a later block has its own date."""
    return f"stuck/{action.blocked_at.isoformat()}" if action.blocked_at else ""


def _moment(action: Action) -> datetime:
    assert action.blocked_at is not None
    hours = people.hours_of(action.owner, reminder.working_hours())
    first = action.blocked_at.astimezone(hours.zone).date()
    return hours.span(working_day_from(first, people.max_blocked_days(), hours))[1]


def stuck(due: Due) -> Action | None:
    """Return the action of a due date, locked; None if this block has ended or was raised already."""
    rows = Action.objects.select_related("subject", "owner", "about", "origin").select_for_update(
        of=("self",)
    )
    action = rows.filter(subject_id=due.subject_id, state=ActionState.BLOCKED).first()
    if action is None or action.raised_at or occurrence_of(action) != due.occurrence:
        return None
    return action


@transaction.atomic
def raise_to(action: Action, sponsor: User | None, *, at: datetime) -> Event:
    """Write that the block was raised to a sponsor, who may see the action from now on.

    sponsor: None if no sponsor is known; a handler of another room then escalates the action.
    """
    days = people.max_blocked_days()
    raised = events.ActionRaised(sponsor=sponsor.pk if sponsor else None, days=days)
    event = history.change(action, {"raised_to": sponsor, "raised_at": at}, by=SYSTEM, at=at, payload=raised)
    assert event is not None
    if sponsor:
        subjects = [action.subject, *([action.about] if action.about else [])]
        history.grant_sight(
            subjects,
            [sponsor],
            reason=GrantReason.CALLED,
            source=action.subject,
            by=SYSTEM,
            at=at,
            why=f"is the sponsor to whom {action.reference} was raised",
        )
    return event


@handler("actions.blocked.replan")
@transaction.atomic
def on_time_changed(event: Event, *, at: datetime) -> None:
    """Recompute when blocks are raised, after a change of the working hours or of the number of days."""
    if not changed_fields(event) & _FIELDS:
        return
    rows = Action.objects.filter(state=ActionState.BLOCKED, raised_at__isnull=True).select_related("owner")
    waiting = {action.subject_id: action for action in rows if action.blocked_at}

    def planned(due: Due) -> tuple[str, datetime] | None:
        return due.occurrence, max(_moment(waiting[due.subject_id]), at)

    history.replan_dues(waiting, STUCK, to=planned)
