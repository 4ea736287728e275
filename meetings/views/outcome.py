"""The page on which people answer whether a decision worked."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from kit import clock
from kit.rights import view_needs
from meetings.forms import OutcomeForm
from meetings.operations import outcome as operations
from meetings.queries import decision as queries
from meetings.queries import metrics
from meetings.views.decision import address_of
from pages import flows
from pages.flows import form_page
from people.permissions import SignedInRequest


@require_http_methods(["GET", "POST"])
@view_needs("meetings.outcome_answer")
def decision_outcome(request: SignedInRequest, reference: str) -> HttpResponse:
    """Answer whether a decision worked, beside its metric before and after."""
    decision = get_object_or_404(queries.decisions(request.user), subject__reference=reference.upper())
    initial = {"outcome": decision.outcome, "note": decision.outcome_note}
    figures = metrics.figures(request.user, decision, clock.now())
    return flows.step(
        request,
        decision,
        OutcomeForm(request.POST or None, initial=initial),
        permission="meetings.outcome_answer",
        operation=operations.answer,
        address=address_of(decision),
        show=form_page(request, "meetings/decision_outcome.html", decision=decision, figures=figures),
        message="Answer saved",
    )
