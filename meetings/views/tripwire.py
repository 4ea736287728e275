"""The pages that add a tripwire to a decision and remove one."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from kit.rights import require, view_needs
from meetings.forms import TripwireForm, TripwireReasonForm
from meetings.operations import tripwire as operations
from meetings.queries import decision as queries
from meetings.queries import tripwire as tripwires
from meetings.views.decision import address_of
from pages import flows
from pages.flows import form_page
from people.permissions import SignedInRequest
from risklog.queries.metric import metrics_about


@require_http_methods(["GET", "POST"])
@view_needs("meetings.tripwire_change")
def decision_tripwire(request: SignedInRequest, reference: str) -> HttpResponse:
    """Add a tripwire to a decision."""
    decision = get_object_or_404(queries.decisions(request.user), subject__reference=reference.upper())
    require(request.user, "meetings.tripwire_change", decision)
    series = metrics_about(request.user, decision.about)
    return flows.create(
        request,
        TripwireForm(request.POST or None, series=series),
        operation=partial(operations.add, decision),
        address=lambda tripwire: address_of(decision),
        show=form_page(request, "meetings/decision_tripwire.html", decision=decision),
        message="Tripwire added",
    )


@require_http_methods(["GET", "POST"])
@view_needs("meetings.tripwire_change")
def tripwire_remove(request: SignedInRequest, pk: int) -> HttpResponse:
    """Remove a tripwire, with the reason."""
    tripwire = get_object_or_404(tripwires.tripwires(request.user), pk=pk)
    decision = tripwire.decision
    show = form_page(request, "meetings/tripwire_remove.html", decision=decision, tripwire=tripwire)
    return flows.step(
        request,
        tripwire,
        TripwireReasonForm(request.POST or None),
        permission="meetings.tripwire_change",
        operation=operations.remove,
        address=address_of(decision),
        show=show,
        message="Tripwire removed",
    )
