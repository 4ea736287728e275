"""The pages of one action: its detail, its forms and its steps."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions import queries
from actions.forms import ActionForm, NewActionForm
from actions.models import Action
from actions.operations import action as operations
from actions.states import ActionState, Type
from actions.views.steps import STEPS, form_of, prepare, step_to, steps_from
from kit import clock
from kit.rights import require, view_needs
from pages import flows
from pages.answers import back_to, is_over, respond
from pages.flows import form_page
from pages.forms import PageForm
from people.permissions import SignedInRequest


def address_of(action: Action) -> str:
    return reverse("actions:action_detail", args=[action.reference])


@require_safe
@view_needs("actions.action_view")
def action_detail(request: SignedInRequest, reference: str) -> HttpResponse:
    return _detail(request, _action(request, reference))


def _action(request: SignedInRequest, reference: str) -> Action:
    return get_object_or_404(queries.for_pages(request.user), subject__reference=reference.upper())


def _detail(request: SignedInRequest, action: Action, *, status: int = 200, **extra: Any) -> HttpResponse:
    prepare(request.user, [action])
    context = {
        "action": action,
        "steps": steps_from(action.state) if action.is_mine_to_change else set(),
        "is_late": action.is_unfinished and action.due_on is not None and action.due_on < clock.today(),
        "findings": queries.of_subject(request.user, action),
        **extra,
    }
    return respond(request, "actions/action_detail.html", None, context, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("actions.action_add")
def action_create(request: SignedInRequest) -> HttpResponse:
    """Create an action. `?about=R-12` presets what it is about, `?type=` its type."""
    kind = request.GET.get("type", "")
    initial = {
        "about": request.GET.get("about", "")[:24],
        "owner": request.user.pk,
        "type": kind if kind in Type.values else Type.MITIGATION,
    }
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
        ActionForm.of(action, request.POST or None, user=request.user),
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
    form = form_of(step, action, request.POST)
    if form is None:
        return flows.press(request, action, **common)

    def show(form: PageForm, status: int) -> HttpResponse:
        return _detail(request, action, status=status, refused=step, step_form=form)

    return flows.step(request, action, form, show=show, undo=_undo(step, action), **common)


@require_http_methods(["GET", "POST"])
@view_needs("actions.action_change")
def action_set(request: SignedInRequest, reference: str, name: str) -> HttpResponse:
    """Bring an action to a state: a small form over the board or the list, a page without scripts.

    A state that no step leads to is refused with the reason.
    """
    action = _action(request, reference)
    state = ActionState(name)
    step, reason = step_to(action, state)
    bound = request.POST if request.method == "POST" else None
    form = (form_of(step, action, bound) if step else None) or PageForm(bound)
    show = form_page(
        request,
        "actions/action_set.html",
        "editor",
        action=action,
        state=state,
        is_refused=not step,
    )
    if not step:
        require(request.user, "actions.action_change", action)
        refused = PageForm({})
        refused.is_valid()
        refused.add_error(None, reason)
        return show(refused, 409)
    _, operation, message = STEPS[step]
    board, listed = reverse("actions:action_board"), reverse("actions:action_list")
    return flows.step(
        request,
        action,
        form,
        permission="actions.action_change",
        operation=operation,
        address=back_to(request, address_of(action)),
        show=show,
        message=message.format(action.reference),
        undo=_undo(step, action),
        over=board if is_over(request, board) else listed,
    )


def _undo(step: str, action: Action) -> str:
    reopens = step in {"finish", "drop"}
    return reverse("actions:action_step", args=[action.reference, "reopen"]) if reopens else ""


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
