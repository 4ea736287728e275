"""Changing many actions at once: a plan of what would change, its application, and one undo.

The plan and the application use the rules of the operations on one action (action.py, states.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from actions import events, permissions
from actions.models import Action
from actions.operations import action as operations
from actions.operations import reminder, sight
from actions.reminders import check_date
from actions.states import MOVES, ActionState
from history import operations as history
from history import undo as history_undo
from history.models import Event, new_batch
from history.undo import Restorable, UndoResult
from kit.actor import Actor
from kit.refusals import Refused
from lists import bulk
from lists.bulk import CHANGED_SINCE, BulkResult, PlannedChange
from people.models import User

FIELDS = ("owner", "due_on", "type", "effort", "exposure")
# The states that an action can be moved to without input about the single action.
STATES = (ActionState.OPEN, ActionState.DOING, ActionState.DONE)
NO_RIGHT = "You may not change this action."
_NEEDS_PROOF = "It needs a reviewer, a link and a result. Complete it on its page."
_VERBS = {*MOVES.values(), "actions.action_changed", "actions.action_assigned"}


@dataclass(frozen=True, slots=True)
class ActionBulkChange:
    """What is set on every action. values: some of FIELDS. state: one of STATES, or None."""

    values: Mapping[str, Any] = field(default_factory=dict)
    state: ActionState | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.values or self.state)


def plan(
    actions: Iterable[Action],
    change: ActionBulkChange,
    *,
    by: Actor,
    at: datetime,
    seen: Mapping[int, int] | None = None,
) -> list[PlannedChange[Action]]:
    """Return what the change would do to each action, without writing.

    at: when it is asked for. seen: action id -> the version that the person read. An action that has another
    version is refused.
    Raises Refused with the name of the field if the change is empty, for a due date that is over, and if a
    value is not valid for any action.
    """
    if change.is_empty:
        raise Refused("Choose at least one change.")
    if unknown := set(change.values) - set(FIELDS):
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    if change.state is not None and change.state not in STATES:
        raise Refused(f"Use one of {', '.join(STATES)}.", field="state")
    if isinstance(due_on := change.values.get("due_on"), date):
        check_date(due_on)
        operations.refuse_past_due_date(due_on, by=by, at=at)
    operations.checked(Action(), change.values)
    return [_planned(action, change, by, seen) for action in actions]


def _planned(
    action: Action, change: ActionBulkChange, by: Actor, seen: Mapping[int, int] | None
) -> PlannedChange[Action]:
    if seen is not None and seen.get(action.pk) != action.version:
        return PlannedChange(action, refusal=CHANGED_SINCE)
    if not may_change(action, by):
        return PlannedChange(action, refusal=NO_RIGHT)
    try:
        values = operations.checked(action, change.values)
        changes = {
            name: (getattr(action, name), value)
            for name, value in values.items()
            if getattr(action, name) != value
        }
        if change.state is not None and change.state != action.state:
            _check_step(action, change.state, change.values.get("type", action.type))
            changes["state"] = (ActionState(action.state), change.state)
    except Refused as refusal:
        return PlannedChange(action, refusal=refusal.message)
    return PlannedChange(action, changes)


def may_change(action: Action, by: Actor) -> bool:
    """Return whether the actor may change one action. The system may."""
    return by.person is None or permissions.may_change(by.person, action)


def _check_step(action: Action, to: ActionState, type: str) -> None:
    """Raise Refused if the action cannot take the step, or if the step needs input about the single one."""
    here = ActionState(action.state)
    if (here, to) not in MOVES:
        raise Refused(f"{here.label} cannot change to {to.label}.")
    if to == ActionState.DONE and Action(type=type).needs_outsider:
        raise Refused(_NEEDS_PROOF)


@transaction.atomic
def apply(
    actions: QuerySet[Action],
    change: ActionBulkChange,
    *,
    by: Actor,
    at: datetime,
    seen: Mapping[int, int] | None = None,
) -> BulkResult[Action]:
    """Change those of these actions that can be changed, in one transaction. Each other one gets its reason.

    actions: those that the person may see. Each changed action gets its events, as if it was changed alone.
    The number of statements grows only with new owners, by what their actions are about. Raises Refused as
    plan() does, and for more than 1,000 actions.
    """
    locked = loaded(actions.select_for_update(of=("self",)))
    rows = plan(locked, change, by=by, at=at, seen=seen)
    return BulkResult(rows, _write(rows, by=by, at=at))


def loaded(actions: QuerySet[Action]) -> list[Action]:
    """Return the actions with what plan() reads, by id. Raises Refused for more than 1,000."""
    joined = actions.select_related("subject", "owner", "owner__subject", "reviewer", "about")
    return bulk.loaded(joined.prefetch_related("owner__memberships"), "action")


def _write(rows: Sequence[PlannedChange[Action]], *, by: Actor, at: datetime) -> UUID | None:
    """Write what is planned, for locked actions. Return the batch of its events, None without any."""
    changed = [row for row in rows if row.outcome == "changed"]
    if not changed:
        return None
    batch = new_batch()
    for verb in ("actions.action_changed", "actions.action_assigned"):
        _write_fields([row for row in changed if _verb(row) == verb], verb, batch, by=by, at=at)
    stepping = sorted((row for row in changed if "state" in row.changes), key=_step_of)
    for (_, to), group in groupby(stepping, key=_step_of):
        _move([row.obj for row in group], to, batch, by=by, at=at)
    dated = [row.obj for row in changed if {"owner", "due_on", "state"} & row.changes.keys()]
    reminder.replace_dates(dated, at=at)
    return batch


def _verb(row: PlannedChange[Action]) -> str:
    return "actions.action_assigned" if "owner" in row.changes else "actions.action_changed"


def _step_of(row: PlannedChange[Action]) -> tuple[ActionState, ActionState]:
    return row.changes["state"]


def _write_fields(
    rows: Sequence[PlannedChange[Action]], verb: str, batch: UUID, *, by: Actor, at: datetime
) -> None:
    """Change the fields other than the state, and move the grants of the owners."""
    pairs = [
        (row.obj, {name: new for name, (_, new) in row.changes.items() if name != "state"}) for row in rows
    ]
    history.change_many([pair for pair in pairs if pair[1]], verb=verb, by=by, at=at, batch=batch)
    if verb == "actions.action_assigned":
        for row in rows:
            sight.hand_over(row.obj, row.changes["owner"][0], by=by, at=at)
        sight.show_to_stand_ins([row.obj for row in rows], at=at)


def _move(actions: Sequence[Action], to: ActionState, batch: UUID, *, by: Actor, at: datetime) -> None:
    values = dict(operations.UNBLOCKED)
    if to == ActionState.DONE:
        values["settled_at"] = at
    elif not actions[0].is_unfinished:
        values |= {"settled_at": None, "result": ""}
    payload = events.ActionDone(text=None) if to == ActionState.DONE else None
    was_blocked = actions[0].state == ActionState.BLOCKED  # all are in one state
    history.move_many(actions, to, by=by, at=at, values=values, payload=payload, batch=batch)
    if was_blocked or to == ActionState.DONE:
        reminder.drop_dates(actions)


# ------------------------------------------------------------------ undo

_UNDONE = {
    "owner_id": "owner",
    "due_on": "due_on",
    "type": "type",
    "effort": "effort",
    "exposure": "exposure",
}


@transaction.atomic
def undo(batch: UUID, done_at: datetime, *, by: Actor, at: datetime) -> UndoResult:
    """Restore what the person's bulk change replaced, in one transaction.

    batch: of BulkResult. done_at: the moment of the bulk change. A field keeps its value if it has another
    one than the bulk change set, and a state if no step leads back: the result says which and why. Raises
    Refused without such a change.
    """
    found = Event.objects.filter(verb__in=_VERBS, at=done_at, batch=batch, actor=by.subject_id)
    changes = history_undo.changes_of(found, _ACTION.model)
    if not changes:
        raise Refused("There is no change of yours to undo here.")
    present = Action.objects.visible_to(by.person) if by.person else Action.objects.all()
    actions = loaded(present.filter(pk__in=changes).select_for_update(of=("self",)))
    former = history_undo.referred(_ACTION, changes, by)
    rows, left, refused = [], {}, {}
    for action in actions:
        row, kept = history_undo.plan(_ACTION, action, changes[action.pk], former)
        if not may_change(action, by):
            row, kept = PlannedChange(action, refusal=NO_RIGHT), history_undo.Kept(reasons=[NO_RIGHT])
        rows.append(row)
        if kept.changed_since:
            left[action.reference] = kept.changed_since
        if kept.reasons:
            refused[action.reference] = " ".join(kept.reasons)
    _write(rows, by=by, at=at)
    return UndoResult(rows, left, refused)


def _leads_back(here: str, former: str) -> bool:
    """Return whether a step without input leads from a state to the former one."""
    return former in STATES and (ActionState(here), ActionState(former)) in MOVES


def _value(name: str, stored: Any) -> Any:
    if name == "due_on":
        return date.fromisoformat(stored)
    return ActionState(stored) if name == "state" else stored


_ACTION = Restorable(
    model=Action._meta.label_lower,
    fields={**_UNDONE, "state": "state"},
    referred={"owner_id": User},
    leads_back=_leads_back,
    value=_value,
    label=lambda name: {"owner_id": "owner", "due_on": "due date"}.get(name, name),
    state_label=lambda state: str(ActionState(state).label).lower(),
)
