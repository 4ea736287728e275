"""The steps of a risk: which ones a reader can take from a state, each with its form."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from kit.rights import may, view_needs
from pages import flows
from people.models import User
from people.permissions import SignedInRequest
from risklog.forms import risk as forms
from risklog.models import Acceptance, Risk
from risklog.operations import risk as operations
from risklog.operations import risk_bulk_undo
from risklog.queries import risk as queries
from risklog.states import LIVE_RISKS, RISK_MOVES, RiskState
from risklog.views import origin


@dataclass(frozen=True, slots=True)
class OfferedStep:
    """A step that the page of a risk can offer.

    label: of its button. done: the toast. to: the state it leads to, None if the state stays the same.
    """

    name: str
    label: str
    symbol: str
    done: str
    to: RiskState | None
    operation: Callable[..., object]
    form: type[forms.StepForm]
    permission: str = "risklog.risk_change"

    def leads_from(self, state: str) -> bool:
        """Return True if a risk in this state can take the step."""
        if self.to is None:
            return state in LIVE_RISKS
        is_back = state in (RiskState.CLOSED, RiskState.ACCEPTED)
        if self.to == RiskState.ASSESSING and (self.name == "reopen") != is_back:
            return False
        return (state, self.to) in RISK_MOVES


STEPS = {
    step.name: step
    for step in (
        OfferedStep(
            "assess",
            "Assess",
            "zoom-check",
            "Assessment started",
            RiskState.ASSESSING,
            operations.assess,
            forms.StepForm,
        ),
        OfferedStep(
            "treat",
            "Treat",
            "tool",
            "Treatment started",
            RiskState.TREATING,
            operations.treat,
            forms.TreatForm,
        ),
        OfferedStep(
            "monitor",
            "Monitor",
            "eye",
            "Monitoring started",
            RiskState.MONITORING,
            operations.monitor,
            forms.MonitorForm,
        ),
        OfferedStep(
            "propose",
            "Propose acceptance",
            "scale",
            "Acceptance proposed. A risk manager decides.",
            RiskState.ACCEPTED,
            operations.propose,
            forms.ProposeForm,
        ),
        OfferedStep(
            "accept",
            "Accept",
            "clipboard-check",
            "Risk accepted",
            RiskState.ACCEPTED,
            operations.accept,
            forms.AcceptForm,
            "risklog.risk_accept",
        ),
        OfferedStep(
            "decline",
            "Decline acceptance",
            "circle-x",
            "Acceptance declined",
            None,
            operations.decline,
            forms.DeclineAcceptanceForm,
            "risklog.risk_accept",
        ),
        OfferedStep(
            "withdraw",
            "Withdraw proposal",
            "arrow-back-up",
            "Proposal withdrawn",
            None,
            operations.withdraw,
            forms.StepForm,
        ),
        OfferedStep(
            "close",
            "Close",
            "circle-check",
            "Risk closed",
            RiskState.CLOSED,
            operations.close,
            forms.CloseForm,
            "risklog.risk_close",
        ),
        OfferedStep(
            "reopen",
            "Reopen",
            "rotate-clockwise",
            "Risk reopened",
            RiskState.ASSESSING,
            operations.reopen,
            forms.ReopenForm,
        ),
        OfferedStep(
            "reconfirm",
            "Reconfirm",
            "eye",
            "Reconfirmed. The next review is rescheduled.",
            None,
            operations.reconfirm,
            forms.ReconfirmForm,
        ),
    )
}


# State -> its usual next step. That button comes first and is highlighted.
ONWARD = {
    RiskState.OPEN: "assess",
    RiskState.ASSESSING: "treat",
    RiskState.TREATING: "monitor",
    RiskState.MONITORING: "close",
    RiskState.ACCEPTED: "reopen",
    RiskState.CLOSED: "reopen",
}


# The steps of a proposed acceptance, with the permission for the proposal.
_OF_PROPOSAL = {
    "accept": "risklog.acceptance_decide",
    "decline": "risklog.acceptance_decide",
    "withdraw": "risklog.acceptance_withdraw",
}


def steps_for(user: User, risk: Risk, proposal: Acceptance | None) -> list[OfferedStep]:
    """Return the steps that this reader may take from the state of the risk, the usual next one first.

    proposal: the acceptance of the risk that waits for a decision.
    """
    steps = [
        step
        for step in STEPS.values()
        if step.leads_from(risk.state) and _fits(step, user, proposal) and may(user, step.permission, risk)
    ]
    return sorted(steps, key=lambda step: step.name != ONWARD[RiskState(risk.state)])


def _fits(step: OfferedStep, user: User, proposal: Acceptance | None) -> bool:
    """Return True unless the step needs a proposal that is missing or not this reader's to decide."""
    if step.name == "propose":
        return proposal is None
    if step.name in _OF_PROPOSAL:
        return proposal is not None and may(user, _OF_PROPOSAL[step.name], proposal)
    return True


def undo_address(risk: Risk) -> str:
    """Return the address that takes back the last change of a risk, for its author."""
    address = reverse("risklog:risk_undo", args=[risk.reference])
    return f"{address}?{urlencode({'at': risk.updated_at.isoformat()})}"


@require_http_methods(["GET", "POST"])
@view_needs("risklog.risk_change")
def risk_step(request: SignedInRequest, reference: str, name: str) -> HttpResponse:
    """Show the form of a step on GET, take the step on POST."""
    if name not in STEPS:
        raise Http404
    step = STEPS[name]
    risk = get_object_or_404(queries.for_page(request.user), subject__reference=reference.upper())
    data = request.POST if request.method == "POST" else None
    former = risk.state
    return flows.step(
        request,
        risk,
        step.form(data, risk=risk, user=request.user),
        permission=step.permission,
        operation=step.operation,
        address=origin.address_of(request, risk),
        show=flows.form_page(request, "risklog/risk_step.html", "step", risk=risk, step=step),
        message=step.done,
        undo=lambda: undo_address(risk) if risk_bulk_undo.can_undo(risk, former) else "",
        over=reverse("risklog:risk_list"),
    )
