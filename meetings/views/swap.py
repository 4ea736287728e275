"""Ask a colleague to swap turns, and answer such a request."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from kit import clock
from kit.rights import require, view_needs
from meetings.forms import SwapAnswerForm, SwapForm
from meetings.models import Swap
from meetings.operations import swap as operations
from meetings.queries import swap as queries
from meetings.views.meeting import address_of, detail, visible_meeting
from pages import flows
from pages.answers import go, toast
from pages.forms import PageForm
from people.permissions import SignedInRequest


@require_POST
@view_needs("meetings.swap_ask")
def swap_ask(request: SignedInRequest, reference: str) -> HttpResponse:
    """Whoever has a turn asks a colleague to take it. task: a TurnTask, for who has several."""
    meeting = visible_meeting(request, reference)
    require(request.user, "meetings.swap_ask", meeting)
    own = queries.tasks_of(meeting, request.user)
    task = next((one for one in own if one == request.POST.get("task")), own[0])

    def show(form: PageForm, status: int) -> HttpResponse:
        present = visible_meeting(request, reference)
        is_open = any(swap.task == task for swap in queries.open_of(present, request.user))
        if present.state != "planned" or is_open:
            return toast(request, go(request, address_of(present)), form.first_error)
        return detail(request, present, status=status, refused="swap", swap_form=form)

    return flows.create(
        request,
        SwapForm(request.POST, trades=queries.trades(meeting, request.user, task, clock.now()), task=task),
        operation=partial(operations.ask, meeting),
        address=lambda swap: address_of(swap.meeting),
        show=show,
        message=lambda swap: f"{swap.asked.name} is asked",
    )


def _swap(request: SignedInRequest, pk: int) -> Swap:
    return get_object_or_404(queries.swaps(request.user), pk=pk)


@require_POST
@view_needs("meetings.swap_answer")
def swap_accept(request: SignedInRequest, pk: int) -> HttpResponse:
    swap = _swap(request, pk)
    return flows.press(
        request,
        swap,
        permission="meetings.swap_answer",
        operation=operations.accept,
        address=address_of(swap.meeting),
        message="Swapped",
    )


@require_POST
@view_needs("meetings.swap_answer")
def swap_decline(request: SignedInRequest, pk: int) -> HttpResponse:
    swap = _swap(request, pk)
    address = address_of(swap.meeting)
    return flows.step(
        request,
        swap,
        SwapAnswerForm(request.POST),
        permission="meetings.swap_answer",
        operation=operations.decline,
        address=address,
        show=lambda form, status: toast(request, go(request, address), form.first_error),
        message="Declined",
    )


@require_POST
@view_needs("meetings.swap_answer")
def swap_withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    swap = _swap(request, pk)
    return flows.press(
        request,
        swap,
        permission="meetings.swap_answer",
        operation=operations.withdraw,
        address=address_of(swap.meeting),
        message="Withdrawn",
    )
