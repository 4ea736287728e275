"""The pages of goals: the list, a goal, its forms and its steps."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kit.rights import may, view_needs
from leaders.filters import GOALS
from leaders.forms import GoalDropForm, GoalFigureForm, GoalForm, GoalSettleForm, NewGoalForm
from leaders.models import Goal
from leaders.operations import goal as operations
from leaders.queries import goal as queries
from leaders.states import GoalState
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.forms import PageForm
from pages.listing import listing, selection_of
from people.permissions import SignedInRequest

# A step -> its operation, its form, and the toast.
STEPS: dict[str, tuple[Callable[..., Goal], type[PageForm], str]] = {
    "figure": (operations.note_figure, GoalFigureForm, "Figure entered"),
    "settle": (operations.settle, GoalSettleForm, "Goal settled"),
    "drop": (operations.drop, GoalDropForm, "Goal dropped"),
    "reopen": (operations.reopen, PageForm, "Goal reopened"),
}
SELECTS = {"state": "Any state", "team": "Any team", "owner": "Any owner", "measure": "Any measure"}


def address_of(goal: Goal) -> str:
    return reverse("leaders:goal_detail", args=[goal.pk])


def _goal(request: SignedInRequest, pk: int) -> Goal:
    return get_object_or_404(queries.goals(request.user), pk=pk)


@require_safe
@view_needs("leaders.goal_view")
def goal_list(request: SignedInRequest) -> HttpResponse:
    """Show one page of the list. Settled goals are on it only if the address asks for them."""
    selection = selection_of(request, GOALS)
    rows = queries.goals(request.user)
    if "state" not in selection.values:
        rows = rows.filter(state=GoalState.OPEN)
    shown = listing(request, GOALS, rows, selection=selection)
    queries.set_figures(shown.page.rows)
    context = {
        "listing": shown,
        "page": shown.page,
        "selects": SELECTS.items(),
        "may_add": may(request.user, "leaders.goal_add"),
    }
    return respond(request, "leaders/goal_list.html", "list", context)


@require_safe
@view_needs("leaders.goal_view")
def goal_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    return _detail(request, _goal(request, pk))


def _detail(
    request: SignedInRequest, goal: Goal, *, refused: str = "", form: Any = None, status: int = 200
) -> HttpResponse:
    """Show a goal. refused, form: a step that was refused, and its form with the error."""
    queries.set_figures([goal])
    forms = {step: form if step == refused else made() for step, (_, made, _) in STEPS.items()}
    context = {
        "goal": goal,
        "forms": forms,
        "may_change": may(request.user, "leaders.goal_change", goal),
    }
    return respond(request, "leaders/goal_detail.html", None, context, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("leaders.goal_add")
def goal_create(request: SignedInRequest) -> HttpResponse:
    return flows.create(
        request,
        NewGoalForm(request.POST or None, user=request.user, initial={"owner": request.user.pk}),
        operation=operations.add,
        address=address_of,
        show=form_page(request, "leaders/goal_create.html"),
        message="Goal set",
    )


@require_http_methods(["GET", "POST"])
@view_needs("leaders.goal_change")
def goal_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    goal = _goal(request, pk)
    return flows.edit(
        request,
        goal,
        GoalForm.of(goal, request.POST or None),
        permission="leaders.goal_change",
        operation=operations.change,
        address=address_of(goal),
        show=form_page(request, "leaders/goal_edit.html", goal=goal),
    )


@require_POST
@view_needs("leaders.goal_change")
def goal_step(request: SignedInRequest, pk: int, step: str) -> HttpResponse:
    """Enter a figure, settle, drop or reopen a goal."""
    goal = _goal(request, pk)
    operation, form_type, message = STEPS[step]

    def show(form: PageForm, status: int) -> HttpResponse:
        return _detail(request, _goal(request, pk), refused=step, form=form, status=status)

    return flows.step(
        request,
        goal,
        form_type(request.POST),
        permission="leaders.goal_change",
        operation=operation,
        address=address_of(goal),
        show=show,
        message=message,
    )
