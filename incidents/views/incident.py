"""The pages of one incident: declare, detail, edit, its steps and who may see it."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions import queries as actions
from catalogue.models import Model
from history.models import Subject
from incidents.forms.handling import TimelineForm, UpdateForm
from incidents.forms.incident import (
    IncidentForm,
    IncidentReasonForm,
    IncidentSightForm,
    MitigateIncidentForm,
    NewIncidentForm,
    ResolveIncidentForm,
)
from incidents.models import Incident
from incidents.models.incident import MAX_TITLE
from incidents.operations import incident as operations
from incidents.queries import draft as drafts
from incidents.queries import incident as queries
from incidents.queries import postmortem as postmortems
from incidents.queries import role as roles
from incidents.queries import timeline as timelines
from incidents.states import INCIDENT_MOVES, IncidentState
from kit import clock
from kit.rights import may, view_needs
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.forms import PageForm
from pages.sight import change_sight
from people.permissions import SignedInRequest
from people.queries.restriction import offered_teams

# A step in an address -> the state it leads to, its form, its operation, and the toast.
STEPS: dict[str, tuple[IncidentState, type[PageForm], Any, str]] = {
    "mitigate": (
        IncidentState.MITIGATED,
        MitigateIncidentForm,
        operations.mitigate,
        "{} marked as mitigated",
    ),
    "resolve": (IncidentState.RESOLVED, ResolveIncidentForm, operations.resolve, "{} resolved"),
    "reopen": (IncidentState.OPEN, IncidentReasonForm, operations.reopen, "{} reopened"),
    "withdraw": (IncidentState.WITHDRAWN, IncidentReasonForm, operations.withdraw, "{} withdrawn"),
}
_LABELS = {
    "mitigate": "Mark as mitigated",
    "resolve": "Resolve",
    "reopen": "Reopen",
    "withdraw": "Withdraw: this is no incident",
}


def address_of(incident: Incident) -> str:
    return reverse("incidents:incident_detail", args=[incident.reference])


def incident_of(request: SignedInRequest, reference: str) -> Incident:
    """Return the incident of an address. Raises Http404 if the reader may not see it."""
    rows = queries.incidents().visible_to(request.user)
    return get_object_or_404(rows, subject__reference=reference.upper())


@require_safe
@view_needs("incidents.incident_view")
def incident_detail(request: SignedInRequest, reference: str) -> HttpResponse:
    return detail(request, reference)


def detail(
    request: SignedInRequest,
    reference: str,
    *,
    refused: str = "",
    form: PageForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show an incident. refused, form: the step or part that was refused, with its form."""
    rows = queries.for_page(request.user)
    incident = get_object_or_404(rows, subject__reference=reference.upper())
    queries.show_links(request.user, [incident])
    may_change = may(request.user, "incidents.incident_change", incident)
    involved = queries.shown_involved(request.user, incident)
    context = {
        "incident": incident,
        "steps": _steps(incident, refused, form) if may_change else [],
        "forms": _forms(refused, form) if may_change else {},
        "postmortem": postmortems.of_incident(request.user, incident),
        "roles": roles.roles_of(request.user, incident),
        "role_refusal": form.first_error if form and refused == "role" else "",
        "timeline": timelines.timeline(request.user, incident, until=clock.now(), further=involved),
        "involved": involved,
        "may_change": may_change,
        "may_escalate": may(request.user, "risklog.escalation_raise"),
        "may_pin": may(request.user, "signals.dashboard_add"),
        "breach": queries.shown_breach(request.user, incident),
        "actions": actions.of_subject(request.user, incident),
    }
    return respond(request, "incidents/incident_detail.html", None, context, status=status)


def _forms(refused: str, form: PageForm | None) -> dict[str, PageForm]:
    """Return the forms of what is added to an incident, by the part of the page that has them."""
    forms: dict[str, PageForm] = {"timeline": TimelineForm(), "update": UpdateForm()}
    return {**forms, refused: form} if refused in forms and form else forms


def _steps(incident: Incident, refused: str, form: PageForm | None) -> list[dict[str, Any]]:
    """Return the steps that lead on from the state of the incident, each with its form."""
    return [
        {
            "name": step,
            "label": _LABELS[step],
            "form": form if step == refused and form else kind(),
            "is_open": step == refused,
        }
        for step, (to, kind, _, _) in STEPS.items()
        if (incident.state, to) in INCIDENT_MOVES
    ]


@require_http_methods(["GET", "POST"])
@view_needs("incidents.incident_add")
def incident_create(request: SignedInRequest) -> HttpResponse:
    """Declare an incident. `?about=B-3` presets the fields from a breach, a risk or another object.

    `?model=` (a slug) and `?title=` preset these.
    """
    reference = request.GET.get("about", "")[:24].upper()
    subjects = Subject.objects.visible_to(request.user)
    about = subjects.filter(reference=reference).first() if reference else None
    initial = drafts.of_subject(request.user, about) if about else {}
    if title := request.GET.get("title", "")[:MAX_TITLE]:
        initial["title"] = title
    if slug := request.GET.get("model", "")[:120]:
        initial["model"] = Model.objects.visible_to(request.user).filter(slug=slug).first()
    form = NewIncidentForm(request.POST or None, user=request.user, initial=initial)
    return flows.create(
        request,
        form,
        operation=operations.declare,
        address=address_of,
        show=form_page(request, "incidents/incident_create.html", about=about),
        message=_declared,
    )


def _declared(incident: Incident) -> str:
    if incident.was_joined:
        return f"{incident.reference} was declared already. Your report was added to it."
    return f"{incident.reference} declared"


@require_http_methods(["GET", "POST"])
@view_needs("incidents.incident_change")
def incident_edit(request: SignedInRequest, reference: str) -> HttpResponse:
    incident = incident_of(request, reference)
    return flows.edit(
        request,
        incident,
        IncidentForm.of(incident, request.POST or None, user=request.user),
        permission="incidents.incident_change",
        operation=operations.change,
        address=address_of(incident),
        show=form_page(request, "incidents/incident_edit.html", incident=incident),
    )


@require_POST
@view_needs("incidents.incident_change")
def incident_step(request: SignedInRequest, reference: str, step: str) -> HttpResponse:
    """Mark an incident as mitigated, resolve, reopen or withdraw it."""
    incident = incident_of(request, reference)
    _, form, operation, message = STEPS[step]

    def show(form: PageForm, status: int) -> HttpResponse:
        return detail(request, reference, refused=step, form=form, status=status)

    return flows.step(
        request,
        incident,
        form(request.POST),
        permission="incidents.incident_change",
        operation=operation,
        address=address_of(incident),
        show=show,
        message=message.format(incident.reference),
    )


@require_http_methods(["GET", "POST"])
@view_needs("incidents.incident_change")
def incident_sight(request: SignedInRequest, reference: str) -> HttpResponse:
    """Choose who may see the incident: everyone or some teams. The user may lose access by that."""
    incident = incident_of(request, reference)
    data = request.POST if request.method == "POST" else None

    return change_sight(
        request,
        incident,
        IncidentSightForm.of(incident, data, teams=offered_teams(incident)),
        permission="incidents.incident_change",
        operation=operations.restrict,
        page_url=address_of(incident),
        list_url=reverse("incidents:incident_list"),
    )
