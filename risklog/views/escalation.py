"""The pages of escalations: what climbs, one climb with its ladder, and what can be done with it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history.queries import timeline
from kit import clock
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from kit.rights import may, require, view_needs
from pages.answers import go, respond, toast
from pages.once import once
from pages.requests import page_of, version_of
from risklog.forms.escalation import (
    AcknowledgeForm,
    HandOverForm,
    PauseForm,
    RaiseForm,
    ResolveForm,
    StepDownForm,
)
from risklog.models import Escalation
from risklog.operations import escalation as operations
from risklog.queries import escalation as queries
from risklog.queries.review import sighted
from risklog.states import EscalationState, Severity

# step -> words of the toast
STEPS = {
    "acknowledge": "{} acknowledged",
    "pause": "{} paused",
    "resume": "{} resumed",
    "hand-over": "{} handed over",
    "step-down": "{} de-escalated",
    "resolve": "{} resolved",
}
# state -> the steps that lead from it
_FROM: dict[str, tuple[str, ...]] = {
    EscalationState.CLIMBING: ("acknowledge", "pause", "step-down", "resolve"),
    EscalationState.ACKNOWLEDGED: ("hand-over", "pause", "step-down", "resolve"),
    EscalationState.PAUSED: ("resume", "resolve"),
    EscalationState.RESOLVED: (),
}


@require_safe
@view_needs("risklog.escalation_view")
def escalation_list(request: HttpRequest) -> HttpResponse:
    tab = request.GET.get("show")
    tab = tab if tab in queries.TABS else "open"
    order = ("-resolved_at", "-id") if tab == "resolved" else ("-started_at", "-id")
    page = page_of(queries.in_tab(request.user, tab), order, request)
    context = {
        "tab": tab,
        "counts": queries.tab_counts(request.user),
        "page": page,
        "rows": sighted(request.user, page.rows),
        "may_raise": may(request.user, "risklog.escalation_raise"),
    }
    return respond(request, "risklog/escalation_list.html", "list", context)


@require_http_methods(["GET", "POST"])
@view_needs("risklog.escalation_raise")
def escalation_raise(request: HttpRequest) -> HttpResponse:
    """Raise something urgent by hand; `?about=R-12` says what."""
    if request.method != "POST":
        form = RaiseForm(user=request.user, initial={"about": request.GET.get("about", "")[:24]})
        return respond(request, "risklog/escalation_raise.html", "form", {"form": form})
    form = RaiseForm(request.POST, user=request.user)
    if not form.is_valid():
        return respond(request, "risklog/escalation_raise.html", "form", {"form": form}, status=422)

    def act() -> str:
        said = form.cleaned_data
        actor = Actor(request.user, "page")
        escalation = operations.start(
            about=said["about"],
            title=said["about"].title,
            why=said["why"],
            severity=Severity.CRITICAL,
            by=actor.unnamed() if said["is_unnamed"] else actor,
            at=clock.now(),
        )
        return reverse("risklog:escalation_detail", args=[escalation.reference])

    return toast(request, go(request, once(request, act)), "Escalated. The first rung is notified.")


@require_safe
@view_needs("risklog.escalation_view")
def escalation_detail(request: HttpRequest, reference: str) -> HttpResponse:
    return _detail(request, _found(request, reference))


def _found(request: HttpRequest, reference: str) -> Escalation:
    return get_object_or_404(queries.for_ladder(request.user), subject__reference=reference.upper())


def _detail(
    request: HttpRequest,
    escalation: Escalation,
    *,
    status: int = 200,
    step: str = "",
    form: Any = None,
    **extra: Any,
) -> HttpResponse:
    at, user = clock.now(), request.user
    sighted(user, [escalation])
    open_steps = _FROM[escalation.state] if may(user, "risklog.escalation_change", escalation) else ()
    context = {
        "escalation": escalation,
        "rungs": queries.steps_of(escalation, at=at),
        "minutes": queries.minutes_between(escalation),
        "steps": open_steps,
        "forms": _forms(user, at, open_steps) | ({step.replace("-", "_"): form} if form else {}),
        "refused": step,
        "timeline": list(timeline(escalation.subject_id).visible_to(user)[:50]),
        **extra,
    }
    return respond(request, "risklog/escalation_detail.html", None, context, status=status)


def _forms(user: Any, at: Any, steps: tuple[str, ...]) -> dict[str, Any]:
    return {step.replace("-", "_"): _form(step, None, user, at) for step in steps if step != "resume"}


def _form(step: str, data: Any, user: Any, at: Any) -> Any:
    given: dict[str, Any] = {"data": data, "auto_id": f"{step}_%s"}
    match step:
        case "acknowledge":
            return AcknowledgeForm(**given)
        case "pause":
            return PauseForm(**given)
        case "hand-over":
            return HandOverForm(**given, at=at, user=user)
        case "step-down":
            return StepDownForm(**given)
        case "resolve":
            return ResolveForm(**given)
        case _:
            return None


@require_POST
@view_needs("risklog.escalation_change")
def escalation_step(request: HttpRequest, reference: str, step: str) -> HttpResponse:
    """Acknowledge, pause, let go on, hand over, step down, resolve."""
    escalation = _found(request, reference)
    require(request.user, "risklog.escalation_change", escalation)
    at = clock.now()
    form = _form(step, request.POST, request.user, at)
    if form and not form.is_valid():
        return _detail(request, escalation, status=422, step=step, form=form)
    try:
        _take(step, escalation, form, request, at)
    except (ChangedMeanwhile, IllegalMove) as refusal:
        present = _found(request, reference)
        return _detail(request, present, status=409, step=step, form=form, conflict=refusal.message)
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return _detail(request, escalation, status=422, step=step, form=form)
    url = reverse("risklog:escalation_detail", args=[escalation.reference])
    return toast(request, go(request, url), STEPS[step].format(escalation.reference))


def _take(step: str, escalation: Escalation, form: Any, request: HttpRequest, at: Any) -> None:
    who: dict[str, Any] = {"by": Actor(request.user, "page"), "at": at, "seen": version_of(request)}
    match step:
        case "acknowledge":
            operations.acknowledge(escalation, **form.cleaned_data, **who)
        case "pause":
            operations.pause(escalation, until=form.until(at), reason=form.cleaned_data["reason"], **who)
        case "resume":
            operations.resume(escalation, **who)
        case "hand-over":
            operations.hand_over(escalation, **form.cleaned_data, **who)
        case "step-down":
            operations.step_down(escalation, **form.cleaned_data, **who)
        case "resolve":
            operations.resolve(escalation, **form.cleaned_data, **who)
