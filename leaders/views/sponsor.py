"""What sponsors do on their page: answer blocked actions, decide on acceptances, set their hours."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from actions.models import Action
from actions.queries import for_pages
from kit.rights import view_needs
from leaders.forms import AcceptanceAnswerForm, AllotmentForm, SponsorAnswerForm
from leaders.operations import allotment, answer
from leaders.queries import goal as goals
from leaders.queries import waiting
from leaders.queries.waiting import Raised, Waiting
from pages import flows
from pages.answers import back_to
from pages.flows import form_page
from people.models import User
from people.permissions import SignedInRequest
from risklog.operations import acceptance as decisions
from risklog.queries import acceptance as acceptances


def _action(request: SignedInRequest, reference: str) -> Action:
    rows = for_pages(request.user).select_related("raised_to").filter(raised_at__isnull=False)
    return get_object_or_404(rows, subject__reference=reference.upper())


def waiting_for(user: User) -> Waiting:
    """Return what waits for the reader, with the form of each answer."""
    found = waiting.waiting_for(user)
    _with_forms(found.raised)
    for one in found.acceptances:
        one.form = AcceptanceAnswerForm.of(one.acceptance)
    return found


def _with_forms(rows: list[Raised]) -> list[Raised]:
    for one in rows:
        one.form = SponsorAnswerForm.of(one.action) if one.may_answer else None
    return rows


def for_home(user: User, at: datetime, *, is_sponsor: bool) -> dict[str, Any]:
    """Return what the start page shows a sponsor first. At most five queries, none for everyone else."""
    if not is_sponsor:
        return {"raised": [], "sponsored": [], "goals": []}
    series = waiting.sponsored(user, at)
    return {
        "raised": _with_forms(waiting.raised(user)),
        "sponsored": series,
        "goals": goals.open_goals(user) if series else [],
    }


@require_http_methods(["GET", "POST"])
@view_needs("leaders.answer")
def sponsor_answer(request: SignedInRequest, reference: str) -> HttpResponse:
    """Answer a blocked action that was raised, and return to the page of the form."""
    action = _action(request, reference)
    form = SponsorAnswerForm(request.POST or None)
    show = form_page(request, "leaders/answer.html", action=action)
    if request.method != "POST":
        return show(form, 200)
    return flows.step(
        request,
        action,
        form,
        permission="leaders.answer",
        operation=answer.give,
        address=back_to(request, reverse("leaders:executive")),
        show=show,
        message=f"{action.reference} answered",
    )


@require_http_methods(["GET", "POST"])
@view_needs("risklog.acceptance_decide")
def acceptance_answer(request: SignedInRequest, pk: int) -> HttpResponse:
    """Decide on a proposed acceptance of a risk, and return to the page of the form."""
    acceptance = get_object_or_404(acceptances.acceptances(request.user), pk=pk)
    return flows.step(
        request,
        acceptance,
        AcceptanceAnswerForm(request.POST or None),
        permission="risklog.acceptance_decide",
        operation=decisions.decide,
        address=back_to(request, reverse("leaders:executive")),
        show=form_page(request, "leaders/acceptance.html", acceptance=acceptance),
        message=f"Decision on {acceptance.risk.reference} recorded",
    )


@require_http_methods(["GET", "POST"])
@view_needs("leaders.allotment_set")
def allotment_create(request: SignedInRequest) -> HttpResponse:
    """Set the hours that the reader allots to risk work."""
    return flows.create(
        request,
        AllotmentForm(request.POST or None, user=request.user),
        operation=allotment.put,
        address=lambda _: reverse("leaders:executive"),
        show=form_page(request, "leaders/allotment.html"),
        message="Hours set",
    )
