"""Changing one field of a risk in place, in the list and on its page, and taking a change back."""

from datetime import datetime

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from history import undo
from kit import clock
from kit.refusals import Refused
from kit.rights import require, view_needs
from pages import flows
from pages.answers import back_to, go, respond, toast
from pages.requests import actor
from people.permissions import SignedInRequest
from risklog.forms.risk import EditRiskForm
from risklog.models import Risk
from risklog.operations import risk as operations
from risklog.operations import risk_bulk_undo
from risklog.queries import acceptance as acceptances
from risklog.queries import risk as queries
from risklog.views import origin
from risklog.views.step import steps_for, undo_address

# Word in the address -> (heading, fields of the edit form). The level is that of the score that counts.
EDITORS = {
    "owner": ("Owner", ("owner",)),
    "team": ("Team", ("team",)),
    "review": ("Next review", ("review_on",)),
    "level": ("Level", ("likelihood", "impact")),
    "state": ("State", ()),
}
_RESIDUAL = ("residual_likelihood", "residual_impact")


def _risk(request: SignedInRequest, reference: str) -> Risk:
    return get_object_or_404(queries.for_page(request.user), subject__reference=reference.upper())


@require_http_methods(["GET", "POST"])
@view_needs("risklog.risk_change")
def risk_set(request: SignedInRequest, reference: str, name: str) -> HttpResponse:
    """Edit one field of a risk: a small form over the list or the page, a page of its own without scripts.

    The state shows the steps that the reader may take, each with its own form.
    """
    risk = _risk(request, reference)
    label, fields = EDITORS[name]
    context = {"risk": risk, "name": name, "label": label}
    if name == "state":
        require(request.user, "risklog.risk_change", risk)
        steps = steps_for(request.user, risk, acceptances.proposed(risk))
        context |= {"steps": steps}
        status = 200 if request.method == "GET" else 422
        return respond(request, "risklog/risk_set_state.html", "editor", context, status=status)
    if name == "level" and risk.residual_likelihood is not None:
        fields = _RESIDUAL
    # A POST without the field is no choice of "nobody" or "no date".
    data = request.POST if set(fields) & request.POST.keys() else None
    return flows.edit(
        request,
        risk,
        EditRiskForm(data, risk=risk, user=request.user, only=fields),
        permission="risklog.risk_change",
        operation=operations.change,
        address=origin.address_of(request, risk),
        show=flows.form_page(request, "risklog/risk_set.html", "editor", **context),
        message=f"{risk.reference} changed",
        undo=lambda: undo_address(risk),
        over=reverse("risklog:risk_list"),
    )


@require_POST
@view_needs("risklog.risk_change")
def risk_undo(request: SignedInRequest, reference: str) -> HttpResponse:
    """Take back a change or a step of this person: ?at=, as its toast has it."""
    risk = _risk(request, reference)
    require(request.user, "risklog.risk_change", risk)
    back = back_to(request, reverse("risklog:risk_detail", args=[risk.reference]))
    try:
        done_at = datetime.fromisoformat(request.GET.get("at", ""))
        done_at.astimezone()
    except (ValueError, OverflowError):
        raise BadRequest("at: Use the address of the undo button.") from None
    if done_at.tzinfo is None:
        raise BadRequest("at: Use the address of the undo button.")
    try:
        result = risk_bulk_undo.undo_one(risk, done_at, by=actor(request), at=clock.now())
    except Refused as refusal:
        return toast(request, go(request, back), refusal.message)
    message = f"{risk.reference} restored" if result.count else f"{risk.reference} stays as it is"
    return toast(request, go(request, back), message + undo.as_text(result))
