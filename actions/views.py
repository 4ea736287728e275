"""The pages of actions: list, board, an action, its forms and its steps."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions import queries
from actions.filters import BOARD, SPEC, VIEWS
from actions.forms import ActionFinishForm, ActionForm, ActionReasonForm, NewActionForm
from actions.models import Action
from actions.operations import action as operations
from actions.states import MOVES, ActionState
from kit import clock
from kit.rights import may, view_needs
from pages import flows
from pages.answers import back_to, respond
from pages.flows import form_page
from pages.forms import PageForm
from pages.listing import listing, reader_of, selection_of
from people.models import User
from people.permissions import SignedInRequest

DEFAULT_VIEW = "mine"
COLUMNS = (ActionState.OPEN, ActionState.DOING, ActionState.BLOCKED, ActionState.DONE)
COLUMN_SIZE = 50
DONE_SHOWN = timedelta(days=14)
# A step in a URL -> the state it leads to, its operation, and the toast.
STEPS = {
    "start": (ActionState.DOING, operations.start, "{} started"),
    "put-back": (ActionState.OPEN, operations.put_back, "{} moved to open"),
    "block": (ActionState.BLOCKED, operations.block, "{} marked as blocked"),
    "finish": (ActionState.DONE, operations.finish, "{} completed"),
    "drop": (ActionState.DROPPED, operations.drop, "{} dropped"),
    "reopen": (ActionState.OPEN, operations.reopen, "{} reopened"),
}
# The steps that have a form.
STEP_FORMS = {"block": ActionReasonForm, "drop": ActionReasonForm, "finish": ActionFinishForm}


def address_of(action: Action) -> str:
    return reverse("actions:action_detail", args=[action.reference])


@require_safe
@view_needs("actions.action_view")
def action_list(request: SignedInRequest) -> HttpResponse:
    """Show one page of the list, filtered, in one of its views (tabs)."""
    selection = selection_of(request, SPEC)
    view = selection.texts.get("show", DEFAULT_VIEW)
    reader = reader_of(request)
    rows = queries.for_pages(request.user).filter(VIEWS[view][1](reader))
    shown = listing(request, SPEC, rows, selection=selection)
    _prepare(request.user, shown.page.rows)
    counts = queries.view_counts(reader)
    context = {
        "listing": shown,
        "page": shown.page,
        "view": view,
        "views": [(name, label, counts[name]) for name, (label, _) in VIEWS.items()],
        "is_narrowed": bool(set(shown.selection.values) - {"show"}),
        "may_add": may(request.user, "actions.action_add"),
    }
    return respond(request, "actions/action_list.html", "list", context)


def _prepare(user: User, rows: Sequence[Action]) -> None:
    """Set on each row what this user may see and change."""
    for row in queries.set_visibility(user, rows):
        row.is_mine_to_change = may(user, "actions.action_change", row)


@require_safe
@view_needs("actions.action_view")
def action_board(request: SignedInRequest) -> HttpResponse:
    """Show the board: open, doing and blocked actions, and those done in the last 14 days."""
    only_mine = selection_of(request, BOARD).has("show", "mine")
    since = clock.now() - DONE_SHOWN
    columns: list[dict[str, Any]] = []
    for state in COLUMNS:
        rows = list(queries.column(request.user, state, only_mine=only_mine, since=since)[: COLUMN_SIZE + 1])
        columns.append(
            {
                "state": state,
                "rows": rows[:COLUMN_SIZE],
                "is_more": len(rows) > COLUMN_SIZE,
                "steps": _steps_without_form(state),
                "view": "done" if state == ActionState.DONE else "open",
            }
        )
    _prepare(request.user, [row for column in columns for row in column["rows"]])
    context = {
        "columns": columns,
        "only_mine": only_mine,
        "may_add": may(request.user, "actions.action_add"),
    }
    return respond(request, "actions/action_board.html", "board", context)


def _steps_without_form(state: str) -> list[tuple[str, str]]:
    """Return the steps from a state that need no input, as (step, label)."""
    return [
        (step, to.label)
        for step, (to, _, _) in STEPS.items()
        if (state, to) in MOVES and step in _steps_from(state) and step not in {"block", "drop"}
    ]


def _steps_from(state: str) -> set[str]:
    """Return the steps from a state. Back to open is either put-back or reopen, never both."""
    steps = {step for step, (to, _, _) in STEPS.items() if (state, to) in MOVES}
    return steps - ({"put-back"} if state in {ActionState.DONE, ActionState.DROPPED} else {"reopen"})


@require_safe
@view_needs("actions.action_view")
def action_detail(request: SignedInRequest, reference: str) -> HttpResponse:
    return _detail(request, _action(request, reference))


def _action(request: SignedInRequest, reference: str) -> Action:
    return get_object_or_404(queries.for_pages(request.user), subject__reference=reference.upper())


def _detail(request: SignedInRequest, action: Action, *, status: int = 200, **extra: Any) -> HttpResponse:
    _prepare(request.user, [action])
    context = {
        "action": action,
        "steps": _steps_from(action.state) if action.is_mine_to_change else set(),
        "is_late": action.is_unfinished and action.due_on is not None and action.due_on < clock.today(),
        **extra,
    }
    return respond(request, "actions/action_detail.html", None, context, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("actions.action_add")
def action_create(request: SignedInRequest) -> HttpResponse:
    """Create an action. `?about=R-12` presets what it is about."""
    initial = {"about": request.GET.get("about", "")[:24], "owner": request.user.pk}
    return flows.create(
        request,
        NewActionForm(request.POST or None, user=request.user, initial=initial),
        operation=operations.add,
        address=address_of,
        show=form_page(request, "actions/action_create.html"),
        message="Action created",
    )


@require_http_methods(["GET", "POST"])
@view_needs("actions.action_change")
def action_edit(request: SignedInRequest, reference: str) -> HttpResponse:
    action = _action(request, reference)
    return flows.edit(
        request,
        action,
        ActionForm.of(action, request.POST or None),
        permission="actions.action_change",
        operation=operations.change,
        address=address_of(action),
        show=form_page(request, "actions/action_edit.html", action=action),
    )


@require_POST
@view_needs("actions.action_change")
def action_step(request: SignedInRequest, reference: str, step: str) -> HttpResponse:
    """Take a step and return to the page of the button. The toast of finish and drop can undo the step."""
    action = _action(request, reference)
    _, operation, message = STEPS[step]
    common: dict[str, Any] = {
        "permission": "actions.action_change",
        "operation": operation,
        "address": back_to(request, address_of(action)),
        "message": message.format(action.reference),
    }
    if step not in STEP_FORMS:
        return flows.press(request, action, **common)

    def show(form: PageForm, status: int) -> HttpResponse:
        return _detail(request, action, status=status, refused=step, step_form=form)

    undo = reverse("actions:action_step", args=[reference, "reopen"]) if step in {"finish", "drop"} else ""
    return flows.step(request, action, STEP_FORMS[step](request.POST), show=show, undo=undo, **common)


@require_POST
@view_needs("actions.action_change")
def action_take(request: SignedInRequest, reference: str) -> HttpResponse:
    """Assign the action to the user."""
    action = _action(request, reference)
    return flows.press(
        request,
        action,
        permission="actions.action_change",
        operation=operations.take,
        address=back_to(request, address_of(action)),
        message=f"{action.reference} assigned to you",
    )
