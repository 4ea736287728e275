"""The steps of an action as pages offer them: their forms, and the way to a state."""

from collections.abc import Callable, Sequence
from typing import Any

from actions import queries
from actions.forms import ActionBlockForm, ActionFinishForm, ActionOutcomeForm, ActionReasonForm
from actions.models import Action
from actions.operations import action as operations
from actions.states import MOVES, ActionState
from kit.rights import may
from pages.forms import PageForm
from people.models import User

# A step in a URL -> the state it leads to, its operation, and the toast.
STEPS: dict[str, tuple[ActionState, Callable[..., Any], str]] = {
    "start": (ActionState.DOING, operations.start, "{} started"),
    "put-back": (ActionState.OPEN, operations.put_back, "{} moved to open"),
    "block": (ActionState.BLOCKED, operations.block, "{} marked as blocked"),
    "finish": (ActionState.DONE, operations.finish, "{} completed"),
    "drop": (ActionState.DROPPED, operations.drop, "{} dropped"),
    "reopen": (ActionState.OPEN, operations.reopen, "{} reopened"),
}
_FINISHED = (ActionState.DONE, ActionState.DROPPED)


def steps_from(state: str) -> set[str]:
    """Return the steps from a state. Back to open is either put-back or reopen, never both."""
    steps = {step for step, (to, _, _) in STEPS.items() if (state, to) in MOVES}
    return steps - ({"put-back"} if state in _FINISHED else {"reopen"})


def step_to(action: Action, state: str) -> tuple[str, str]:
    """Return the step that leads to a state, and "" or why there is none."""
    for step in steps_from(action.state):
        if STEPS[step][0] == state:
            return step, ""
    here = ActionState(action.state)
    if here == state:
        return "", f"{action.reference} is {here.label.lower()} already."
    fix = "Reopen it first: move it to Open." if here in _FINISHED else "Move it to Open first."
    return "", f"{here.label} cannot change to {ActionState(state).label}. {fix}"


def form_of(step: str, action: Action, data: Any) -> PageForm | None:
    """Return the form of a step, None for a step without input. data: of a POST, None to show the form."""
    if step == "finish":
        return ActionOutcomeForm(data, action=action) if action.needs_outsider else ActionFinishForm(data)
    kinds: dict[str, type[PageForm]] = {"block": ActionBlockForm, "drop": ActionReasonForm}
    return kinds[step](data) if step in kinds else None


def needs_form(action: Action, state: str) -> bool:
    """Return True if the move to a state needs input."""
    return state == ActionState.BLOCKED or (state == ActionState.DONE and action.needs_outsider)


def prepare(user: User, rows: Sequence[Action]) -> None:
    """Set on each row what this user may see and change."""
    for row in queries.set_visibility(user, rows):
        row.is_mine_to_change = may(user, "actions.action_change", row)
