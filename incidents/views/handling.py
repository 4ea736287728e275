"""What those who handle an incident do: roles, timeline, updates, further models."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST

from incidents.forms.handling import (
    InvolvedModelForm,
    RoleForm,
    TakeRoleForm,
    TimelineForm,
    UpdateForm,
)
from incidents.models import Incident, InvolvedModel, TimelineEntry
from incidents.operations import involved, role, timeline, update
from incidents.views.incident import address_of, detail, incident_of
from kit import clock
from kit.refusals import Refused
from kit.rights import require, view_needs
from pages import flows
from pages.answers import go, toast
from pages.flows import form_page
from pages.forms import PageForm
from pages.requests import actor
from people.permissions import SignedInRequest


@require_POST
@view_needs("incidents.role_take")
def role_take(request: SignedInRequest, reference: str) -> HttpResponse:
    """Take a role. It needs no version: the operation refuses a role that somebody has."""
    incident = incident_of(request, reference)
    require(request.user, "incidents.role_take", incident)
    form, show = TakeRoleForm(request.POST), _show(request, reference, "role")
    if not form.is_valid():
        return show(form, 422)
    try:
        role.take(incident, **form.values(), by=actor(request), at=clock.now())
    except Refused as refusal:
        return show(form, form.refuse(refusal))
    return toast(request, go(request, address_of(incident)), "Role taken")


@require_http_methods(["GET", "POST"])
@view_needs("incidents.incident_change")
def role_assign(request: SignedInRequest, reference: str) -> HttpResponse:
    """Give a role to a person, hand it over, or give it up."""
    incident = incident_of(request, reference)
    return flows.step(
        request,
        incident,
        RoleForm(request.POST or None),
        permission="incidents.incident_change",
        operation=role.assign,
        address=address_of(incident),
        show=form_page(request, "incidents/role.html", incident=incident),
        message="Role changed",
    )


def _show(request: SignedInRequest, reference: str, part: str) -> flows.Show:
    """Return `show` for the page of the incident with the refused form of one of its parts."""

    def show(form: PageForm, status: int) -> HttpResponse:
        return detail(request, reference, refused=part, form=form, status=status)

    return show


def _add(
    request: SignedInRequest,
    incident: Incident,
    form: PageForm,
    *,
    operation: Callable[..., Any],
    show: flows.Show,
    message: str,
) -> HttpResponse:
    """Add a part to an incident, once for each rendered form."""
    require(request.user, "incidents.incident_change", incident)
    return flows.create(
        request,
        form,
        operation=partial(operation, incident),
        address=lambda made: address_of(incident),
        show=show,
        message=message,
    )


@require_POST
@view_needs("incidents.incident_change")
def timeline_add(request: SignedInRequest, reference: str) -> HttpResponse:
    """Add a line to the timeline."""
    return _add(
        request,
        incident_of(request, reference),
        TimelineForm(request.POST),
        operation=timeline.add,
        show=_show(request, reference, "timeline"),
        message="Added to the timeline",
    )


@require_POST
@view_needs("incidents.incident_change")
def update_send(request: SignedInRequest, reference: str) -> HttpResponse:
    """Send an update to those concerned."""
    return _add(
        request,
        incident_of(request, reference),
        UpdateForm(request.POST),
        operation=update.send,
        show=_show(request, reference, "update"),
        message="Update sent",
    )


@require_http_methods(["GET", "POST"])
@view_needs("incidents.incident_change")
def model_add(request: SignedInRequest, reference: str) -> HttpResponse:
    """Add a further model."""
    incident = incident_of(request, reference)
    return _add(
        request,
        incident,
        InvolvedModelForm(request.POST or None, user=request.user),
        operation=involved.add,
        show=form_page(request, "incidents/model_add.html", incident=incident),
        message="Model added",
    )


@require_POST
@view_needs("incidents.incident_change")
def model_remove(request: SignedInRequest, reference: str, pk: int) -> HttpResponse:
    incident = incident_of(request, reference)
    rows = InvolvedModel.objects.select_related("incident", "model__subject")
    row = get_object_or_404(rows, pk=pk, incident=incident, removed_at__isnull=True)
    return flows.press(
        request,
        row,
        permission="incidents.part_change",
        operation=involved.remove,
        address=address_of(incident),
        message="Model removed",
    )


@require_http_methods(["GET", "POST"])
@view_needs("incidents.incident_change")
def timeline_edit(request: SignedInRequest, reference: str, pk: int) -> HttpResponse:
    """Change a line of the timeline."""
    entry = _entry(request, reference, pk)
    return flows.edit(
        request,
        entry,
        TimelineForm.of(entry, request.POST or None),
        permission="incidents.part_change",
        operation=timeline.change,
        address=address_of(entry.incident),
        show=form_page(request, "incidents/timeline_edit.html", entry=entry, incident=entry.incident),
    )


@require_POST
@view_needs("incidents.incident_change")
def timeline_remove(request: SignedInRequest, reference: str, pk: int) -> HttpResponse:
    entry = _entry(request, reference, pk)
    return flows.press(
        request,
        entry,
        permission="incidents.part_change",
        operation=timeline.remove,
        address=address_of(entry.incident),
        message="Removed from the timeline",
    )


def _entry(request: SignedInRequest, reference: str, pk: int) -> TimelineEntry:
    incident = incident_of(request, reference)
    rows = TimelineEntry.objects.select_related("incident__subject")
    return get_object_or_404(rows, pk=pk, incident=incident, removed_at__isnull=True)
