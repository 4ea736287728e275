"""The steps of a risk: which ones a reader can take from a state, each with its form."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from kit.rights import may, view_needs
from pages import flows
from people.models import User
from people.permissions import SignedInRequest
from risklog.forms import risk as forms
from risklog.models import Risk
from risklog.operations import risk as operations
from risklog.queries import risk as queries
from risklog.states import LIVE_RISKS, RISK_MOVES, RiskState


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
    operation: Callable[..., Risk]
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


def steps_for(user: User, risk: Risk) -> list[OfferedStep]:
    """Return the steps that this reader may take from the state of the risk, the usual next one first."""
    steps = [
        step for step in STEPS.values() if step.leads_from(risk.state) and may(user, step.permission, risk)
    ]
    return sorted(steps, key=lambda step: step.name != ONWARD[RiskState(risk.state)])


@require_http_methods(["GET", "POST"])
@view_needs("risklog.risk_change")
def risk_step(request: SignedInRequest, reference: str, name: str) -> HttpResponse:
    """Show the form of a step on GET, take the step on POST."""
    if name not in STEPS:
        raise Http404
    step = STEPS[name]
    risk = get_object_or_404(queries.for_page(request.user), subject__reference=reference.upper())
    data = request.POST if request.method == "POST" else None
    return flows.step(
        request,
        risk,
        step.form(data, risk=risk, user=request.user),
        permission=step.permission,
        operation=step.operation,
        address=reverse("risklog:risk_detail", args=[risk.reference]),
        show=flows.form_page(request, "risklog/risk_step.html", "step", risk=risk, step=step),
        message=step.done,
    )
