"""The pages of post-incident reviews: list, detail, edit, which risk, improvements, finish."""

from functools import partial
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from incidents.filters.postmortem import POSTMORTEMS
from incidents.forms.postmortem import ImprovementForm, PostmortemForm, RiskAnswerForm
from incidents.models import Postmortem
from incidents.operations import postmortem as operations
from incidents.queries import postmortem as queries
from incidents.states import MAX_ACTIONS, RiskAnswer
from kit import clock
from kit.rights import may, require, view_needs
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.forms import PageForm
from pages.listing import listing
from people.models import User
from people.permissions import SignedInRequest


def address_of(postmortem: Postmortem) -> str:
    return reverse("incidents:postmortem_detail", args=[postmortem.incident.reference])


def _postmortem(request: SignedInRequest, reference: str) -> Postmortem:
    rows = queries.for_pages(request.user)
    return get_object_or_404(rows, incident__subject__reference=reference.upper())


@require_safe
@view_needs("incidents.incident_view")
def postmortem_list(request: SignedInRequest) -> HttpResponse:
    shown = listing(request, POSTMORTEMS, queries.for_pages(request.user))
    queries.show_risks(request.user, shown.page.rows)
    context = {"listing": shown, "page": shown.page, "today": clock.today()}
    return respond(request, "incidents/postmortem_list.html", "rows", context)


@require_safe
@view_needs("incidents.incident_view")
def postmortem_by_id(request: SignedInRequest, pk: int) -> HttpResponse:
    """Redirect to the page, whose address has the reference of the incident."""
    return HttpResponseRedirect(address_of(get_object_or_404(queries.for_pages(request.user), pk=pk)))


@require_safe
@view_needs("incidents.incident_view")
def postmortem_detail(request: SignedInRequest, reference: str) -> HttpResponse:
    return _detail(request, _postmortem(request, reference))


def _detail(
    request: SignedInRequest,
    postmortem: Postmortem,
    *,
    refused: str = "",
    form: PageForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show a review. refused, form: the part of the page whose form was refused, with it."""
    queries.show_risks(request.user, [postmortem])
    may_change = may(request.user, "incidents.postmortem_change", postmortem) and postmortem.is_open
    forms: dict[str, PageForm] = {"risk": RiskAnswerForm(user=request.user), "action": ImprovementForm()}
    if form and refused in forms:
        forms[refused] = form
    improvements = list(queries.improvements(postmortem).visible_to(request.user))
    context = {
        "postmortem": postmortem,
        "incident": postmortem.incident,
        "missing": queries.missing(postmortem).values() if postmortem.is_open else [],
        "hints": queries.hints_of(postmortem) if may_change else [],
        "improvements": improvements,
        "is_full": sum(one.made_at >= postmortem.opened_at for one in improvements) >= MAX_ACTIONS,
        "candidates": queries.candidates(request.user, postmortem) if may_change else [],
        "forms": forms if may_change else {},
        "may_change": may_change,
        "is_overdue": postmortem.is_overdue(clock.today()),
        "refusal": form.first_error if form and refused == "finish" else "",
    }
    return respond(request, "incidents/postmortem_detail.html", None, context, status=status)


def _show(request: SignedInRequest, reference: str, part: str) -> flows.Show:
    """Return `show` for the page of the review with the refused form of one of its parts."""

    def show(form: PageForm, status: int) -> HttpResponse:
        return _detail(request, _postmortem(request, reference), refused=part, form=form, status=status)

    return show


@require_http_methods(["GET", "POST"])
@view_needs("incidents.postmortem_change")
def postmortem_edit(request: SignedInRequest, reference: str) -> HttpResponse:
    postmortem = _postmortem(request, reference)
    return flows.edit(
        request,
        postmortem,
        PostmortemForm.of(postmortem, request.POST or None),
        permission="incidents.postmortem_change",
        operation=operations.change,
        address=address_of(postmortem),
        show=form_page(
            request, "incidents/postmortem_edit.html", postmortem=postmortem, incident=postmortem.incident
        ),
    )


@require_POST
@view_needs("incidents.postmortem_change")
def postmortem_risk(request: SignedInRequest, reference: str) -> HttpResponse:
    """Answer which risk should have caught the incident."""
    postmortem = _postmortem(request, reference)
    form = RiskAnswerForm(request.POST, user=request.user)
    if form.is_valid():
        require_risk_right(request.user, form.cleaned_data["answer"], form.cleaned_data["risk"])
    return flows.step(
        request,
        postmortem,
        form,
        permission="incidents.postmortem_change",
        operation=operations.answer_risk,
        address=address_of(postmortem),
        show=_show(request, reference, "risk"),
        message="Answer saved",
    )


def require_risk_right(user: User, answer: str, risk: Any) -> None:
    """Raise PermissionDenied if the user may not do to the risk log what the answer does."""
    if answer == RiskAnswer.NEW:
        require(user, "risklog.risk_add")
    if answer == RiskAnswer.RESCORED and risk is not None:
        require(user, "risklog.risk_change", risk)


@require_POST
@view_needs("incidents.postmortem_change")
def postmortem_act(request: SignedInRequest, reference: str) -> HttpResponse:
    """Add an improvement, once for each rendered form."""
    postmortem = _postmortem(request, reference)
    require(request.user, "incidents.postmortem_change", postmortem)
    return flows.create(
        request,
        ImprovementForm(request.POST),
        operation=partial(operations.add_action, postmortem),
        address=lambda action: address_of(postmortem),
        show=_show(request, reference, "action"),
        message="Action added",
    )


@require_POST
@view_needs("incidents.postmortem_change")
def postmortem_finish(request: SignedInRequest, reference: str) -> HttpResponse:
    postmortem = _postmortem(request, reference)
    return flows.step(
        request,
        postmortem,
        PageForm(request.POST),
        permission="incidents.postmortem_change",
        operation=operations.finish,
        address=address_of(postmortem),
        show=_show(request, reference, "finish"),
        message=f"Review of {postmortem.incident.reference} finished",
    )
