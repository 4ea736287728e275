"""The steps that settle proposals before the meeting: contest, take that back, and agree to the others."""

from functools import partial
from typing import Any

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_POST

from kit import clock
from kit.rights import require, view_needs
from meetings.forms import ContestForm
from meetings.models import Contest, Meeting
from meetings.operations import settlement as operations
from meetings.queries import settlement as queries
from meetings.queries.agenda import may_see_item
from meetings.views import meeting as meeting_pages
from meetings.views.item import visible_item
from pages import flows
from pages.answers import go, toast
from people.permissions import SignedInRequest


def _address_of(meeting: Meeting) -> str:
    return f"{meeting_pages.address_of(meeting)}#settle"


@require_POST
@view_needs("meetings.item_contest")
def item_contest(request: SignedInRequest, pk: int) -> HttpResponse:
    item = visible_item(request, pk)
    if not may_see_item(request.user, item):
        raise Http404
    require(request.user, "meetings.item_contest", item)

    def show(form: ContestForm, status: int) -> HttpResponse:
        settlement = queries.of_meeting(item.meeting, request.user, at=clock.now())
        if not any(proposal.item.pk == pk for proposal in settlement.proposals):
            return toast(request, go(request, _address_of(item.meeting)), form.first_error)
        meeting = meeting_pages.visible_meeting(request, item.meeting.reference)
        return meeting_pages.detail(request, meeting, status=status, contest=(pk, form))

    def address(_: Contest) -> str:
        return _address_of(item.meeting)

    return flows.create(
        request,
        ContestForm(request.POST, auto_id=f"id_%s_{pk}"),
        operation=partial(operations.contest, item),
        address=address,
        show=show,
        message="Contested. The meeting discusses it.",
    )


@require_POST
@view_needs("meetings.item_contest")
def item_withdraw_contest(request: SignedInRequest, pk: int) -> HttpResponse:
    item = visible_item(request, pk)
    if not may_see_item(request.user, item):
        raise Http404
    require(request.user, "meetings.item_contest", item)
    contest = queries.contest_by(request.user, item)
    if contest is None:
        return toast(request, go(request, _address_of(item.meeting)), "You do not contest this item.")
    return flows.press(
        request,
        contest,
        permission="meetings.item_contest",
        operation=operations.withdraw,
        address=_address_of(item.meeting),
        message="Taken back",
    )


@require_POST
@view_needs("meetings.proposal_settle")
def meeting_settle(request: SignedInRequest, reference: str) -> HttpResponse:
    """Agree to the proposals of the list that the page showed, which the form names by its digest."""
    meeting = meeting_pages.visible_meeting(request, reference)
    agreed: list[Any] = []

    def settle(obj: Meeting, **act: Any) -> None:
        agreed.extend(operations.settle(obj, digest=request.POST.get("digest", ""), **act))

    def message() -> str:
        return f"Agreed to {len(agreed)} proposal{'' if len(agreed) == 1 else 's'}"

    return flows.press(
        request,
        meeting,
        permission="meetings.proposal_settle",
        operation=settle,
        address=_address_of(meeting),
        message=message,
    )
