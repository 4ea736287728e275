"""The steps of a risk's life: which ones lead on from here for this reader, each with its small form."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from kit import clock
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, Refused
from kit.rights import may, require, view_needs
from pages.answers import go, respond, toast
from pages.requests import version_of
from risklog.forms import risk as forms
from risklog.models import Risk
from risklog.operations import risk as operations
from risklog.queries import risk as queries
from risklog.states import LIVE_RISKS, RISK_MOVES, RiskState


@dataclass(frozen=True, slots=True)
class OfferedStep:
    """label: on its button; done: shown afterwards; to: the state, None for a review."""

    name: str
    label: str
    symbol: str
    done: str
    to: RiskState | None
    act: Callable[..., Risk]
    form: type[forms.StepForm]
    permission: str = "risklog.risk_change"

    def leads_from(self, state: str) -> bool:
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
            "look",
            "Reconfirm",
            "eye",
            "Reconfirmed. The next review is rescheduled.",
            None,
            operations.still_so,
            forms.LookForm,
        ),
    )
}


# The step that leads on from a state: its button stands out, and first.
ONWARD = {
    RiskState.OPEN: "assess",
    RiskState.ASSESSING: "treat",
    RiskState.TREATING: "monitor",
    RiskState.MONITORING: "close",
    RiskState.ACCEPTED: "reopen",
    RiskState.CLOSED: "reopen",
}


def steps_for(user: Any, risk: Risk) -> list[OfferedStep]:
    """The steps this reader may take from where the risk stands, the one that leads on first."""
    steps = [
        step for step in STEPS.values() if step.leads_from(risk.state) and may(user, step.permission, risk)
    ]
    return sorted(steps, key=lambda step: step.name != ONWARD[RiskState(risk.state)])


@view_needs("risklog.risk_change")
@require_http_methods(["GET", "POST"])
def risk_step(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """One step: its form, or its doing. The form names the version it was made from."""
    if name not in STEPS:
        raise Http404
    step = STEPS[name]
    risk = get_object_or_404(queries.for_page(request.user), subject__reference=reference.upper())
    require(request.user, step.permission, risk)
    if request.method != "POST":
        return _shown(request, risk, step, step.form(risk=risk, user=request.user))
    form = step.form(request.POST, risk=risk, user=request.user)
    if not form.is_valid():
        return _shown(request, risk, step, form, status=422)
    seen = version_of(request)
    try:
        step.act(risk, **form.cleaned_data, by=Actor(request.user, "page"), at=clock.now(), seen=seen)
    except ChangedMeanwhile as conflict:
        extra = {"mine": _told(form), "theirs": _told_of(conflict.present)}
        risk.version, risk.state = conflict.present.version, conflict.present.state
        return _shown(request, risk, step, form, status=409, **extra)
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return _shown(request, risk, step, form, status=422)
    return toast(request, go(request, reverse("risklog:risk_detail", args=[reference])), step.done)


def _shown(
    request: HttpRequest, risk: Risk, step: OfferedStep, form: forms.StepForm, status: int = 200, **extra: Any
) -> HttpResponse:
    context = {"risk": risk, "step": step, "form": form, "mine": "", "theirs": "", **extra}
    return respond(request, "risklog/risk_step.html", "step", context, status=status)


def _told(form: forms.StepForm) -> str:
    return "\n".join(
        f"{form.fields[name].label}: {value}" for name, value in form.cleaned_data.items() if value
    )


def _told_of(risk: Risk) -> str:
    return f"State: {risk.get_state_display()}\nTitle: {risk.title}"
