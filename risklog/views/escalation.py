"""The pages of escalations: the list, one escalation with its ladder, and its steps."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kit import clock
from kit.rights import may, view_needs
from pages import flows
from pages.answers import respond
from pages.forms import PageForm
from pages.listing import listing, reader_of, selection_of
from people.models import User
from people.permissions import SignedInRequest
from risklog.filters.escalation import ESCALATION_VIEWS, ESCALATIONS
from risklog.forms.escalation import (
    AcknowledgeForm,
    AskRevealForm,
    CallAgainForm,
    DeclineRevealForm,
    EscalationStepForm,
    HandOverForm,
    PauseForm,
    RaiseForm,
    ResolveForm,
    StepDownForm,
)
from risklog.models import Escalation
from risklog.operations import escalation as operations
from risklog.operations import escalation_pauses, top_rung
from risklog.operations import reveal as reveal_operations
from risklog.queries import escalation as queries
from risklog.queries import reveal as reveals
from risklog.queries.review import with_shown_about
from risklog.states import EscalationState, RevealState

DEFAULT_VIEW = "open"
# The order of each view of the list.
ORDERS = {"open": "-started_at", "resolved": "-resolved_at"}
# step -> (operation, toast)
STEPS: dict[str, tuple[Callable[..., Escalation], str]] = {
    "acknowledge": (operations.acknowledge, "{} acknowledged"),
    "call-again": (top_rung.call_again, "The rung of {} is called again"),
    "pause": (escalation_pauses.pause, "{} paused"),
    "resume": (escalation_pauses.resume, "{} resumed"),
    "hand-over": (operations.hand_over, "{} handed over"),
    "step-down": (operations.step_down, "{} de-escalated"),
    "resolve": (operations.resolve, "{} resolved"),
}
# The steps that ask for something: each takes (data, auto_id=, at=, user=).
FORMS: dict[str, type[EscalationStepForm]] = {
    "acknowledge": AcknowledgeForm,
    "call-again": CallAgainForm,
    "pause": PauseForm,
    "hand-over": HandOverForm,
    "step-down": StepDownForm,
    "resolve": ResolveForm,
}
# state -> the steps that lead from it
_FROM: dict[str, tuple[str, ...]] = {
    EscalationState.CLIMBING: ("acknowledge", "pause", "step-down", "resolve"),
    EscalationState.ACKNOWLEDGED: ("hand-over", "pause", "step-down", "resolve"),
    EscalationState.PAUSED: ("resume", "resolve"),
    EscalationState.RESOLVED: (),
}


# Of a request to reveal who escalated anonymously: step -> (operation, toast)
REVEAL_STEPS: dict[str, tuple[Callable[..., Escalation], str]] = {
    "ask-reveal": (reveal_operations.ask, "Asked. Another administrator decides within two days."),
    "confirm-reveal": (reveal_operations.confirm, "Confirmed. The person who escalated is told."),
    "decline-reveal": (reveal_operations.decline, "Declined"),
}
REVEAL_FORMS: dict[str, type[EscalationStepForm]] = {
    "ask-reveal": AskRevealForm,
    "decline-reveal": DeclineRevealForm,
}
# The further steps on the top rung, where nobody else is notified by itself.
_AT_TOP = ("call-again", "hand-over")


def address_of(escalation: Escalation) -> str:
    return reverse("risklog:escalation_detail", args=[escalation.reference])


@require_safe
@view_needs("risklog.escalation_view")
def escalation_list(request: SignedInRequest) -> HttpResponse:
    """Show open escalations, or resolved ones (?show=resolved)."""
    selection, reader = selection_of(request, ESCALATIONS), reader_of(request)
    view = selection.texts.get("show", DEFAULT_VIEW)
    rows = queries.for_pages(request.user).filter(ESCALATION_VIEWS[view][1](reader))
    shown = listing(request, ESCALATIONS, rows, selection=selection.in_order(ORDERS[view]))
    context = {
        "listing": shown,
        "page": shown.page,
        "view": view,
        "counts": queries.tab_counts(reader),
        "rows": with_shown_about(request.user, shown.page.rows),
        "may_raise": may(request.user, "risklog.escalation_raise"),
    }
    return respond(request, "risklog/escalation_list.html", "list", context)


@require_http_methods(["GET", "POST"])
@view_needs("risklog.escalation_raise")
def escalation_raise(request: SignedInRequest) -> HttpResponse:
    """Escalate something by hand. ?about=R-12 fills in what."""
    initial = {"about": request.GET.get("about", "")[:24]}
    return flows.create(
        request,
        RaiseForm(request.POST or None, user=request.user, initial=initial),
        operation=operations.escalate,
        address=address_of,
        show=flows.form_page(request, "risklog/escalation_raise.html"),
        message="Escalated. The first rung is notified.",
    )


@require_safe
@view_needs("risklog.escalation_view")
def escalation_detail(request: SignedInRequest, reference: str) -> HttpResponse:
    return _detail(request, _escalation(request, reference))


def _escalation(request: SignedInRequest, reference: str) -> Escalation:
    return get_object_or_404(queries.for_ladder(request.user), subject__reference=reference.upper())


def _detail(
    request: SignedInRequest,
    escalation: Escalation,
    *,
    status: int = 200,
    refused: str = "",
    form: PageForm | None = None,
) -> HttpResponse:
    """Show the page. refused: the step that was refused; form: its form, kept so that no text is lost."""
    at, user = clock.now(), request.user
    with_shown_about(user, [escalation])
    steps = _steps(escalation) if may(user, "risklog.escalation_change", escalation) else ()
    forms = _forms(steps, at=at, user=user)
    if form is not None:
        steps, forms[_key(refused)] = tuple(dict.fromkeys((*steps, refused))), form
    progress = queries.progress_of(escalation, at=at)
    context = {
        "escalation": escalation,
        "progress": progress,
        "channels": progress.channels(escalation),
        "minutes": queries.minutes_between(escalation),
        "steps": steps,
        "forms": forms,
        "refused": refused,
        "step_form": form,
        **_reveal(escalation, user, forms, at=at),
    }
    return respond(request, "risklog/escalation_detail.html", None, context, status=status)


def _reveal(
    escalation: Escalation, user: User, forms: dict[str, PageForm], *, at: datetime
) -> dict[str, Any]:
    """Return what an administrator sees of requests to reveal who escalated it; {} for others."""
    if not may(user, "risklog.escalation_reveal", escalation) or not reveals.is_unnamed(escalation):
        return {}
    found = reveals.of_escalation(escalation)
    asked = next((one for one in found if one.state == RevealState.ASKED and one.until > at), None)
    for step, form in REVEAL_FORMS.items():
        forms.setdefault(_key(step), form(None, auto_id=f"{step}_%s", at=at, user=user))
    return {
        "reveals": found,
        "asked": asked,
        "revealed": reveals.names_for(user, found),
        "may_ask": asked is None and reveals.has_more(user, found),
        "may_confirm": asked and reveals.may_confirm(user, asked),
    }


def _steps(escalation: Escalation) -> tuple[str, ...]:
    """Return the steps that lead on from here."""
    return (*_FROM[escalation.state], *(_AT_TOP if escalation.is_at_top else ()))


def _key(step: str) -> str:
    """Return the name of a step's form in the template."""
    return step.replace("-", "_")


def _forms(steps: Iterable[str], *, at: datetime, user: User) -> dict[str, PageForm]:
    return {_key(step): _form(step, None, at=at, user=user) for step in steps if step in FORMS}


def _form(step: str, data: Any, *, at: datetime, user: User) -> EscalationStepForm:
    return FORMS[step](data, auto_id=f"{step}_%s", at=at, user=user)


@require_POST
@view_needs("risklog.escalation_reveal")
def escalation_reveal(request: SignedInRequest, reference: str, step: str) -> HttpResponse:
    """Ask to reveal who escalated it; confirm or decline the request of another administrator."""
    escalation = _escalation(request, reference)
    operation, message = REVEAL_STEPS[step]
    common: dict[str, Any] = {
        "permission": "risklog.escalation_reveal",
        "operation": operation,
        "address": address_of(escalation),
        "message": message,
    }
    if step not in REVEAL_FORMS:
        return flows.press(request, escalation, **common)

    def show(form: PageForm, status: int) -> HttpResponse:
        present = _escalation(request, reference)
        return _detail(request, present, status=status, refused=step, form=form)

    form = REVEAL_FORMS[step](request.POST, auto_id=f"{step}_%s", at=clock.now(), user=request.user)
    return flows.step(request, escalation, form, show=show, **common)


@require_POST
@view_needs("risklog.escalation_change")
def escalation_step(request: SignedInRequest, reference: str, step: str) -> HttpResponse:
    """Acknowledge, pause, resume, hand over, de-escalate, resolve."""
    escalation = _escalation(request, reference)
    operation, message = STEPS[step]
    common: dict[str, Any] = {
        "permission": "risklog.escalation_change",
        "operation": operation,
        "address": address_of(escalation),
        "message": message.format(escalation.reference),
    }
    if step not in FORMS:
        return flows.press(request, escalation, **common)

    def show(form: PageForm, status: int) -> HttpResponse:
        present = _escalation(request, reference)
        return _detail(request, present, status=status, refused=step, form=form)

    form = _form(step, request.POST, at=clock.now(), user=request.user)
    return flows.step(request, escalation, form, show=show, **common)
