"""The page of the duties to report incidents outside."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from incidents.filters.postmortem import DUTIES
from incidents.forms.postmortem import ReportingDutyForm
from incidents.models import ReportingDuty
from incidents.operations import duty as operations
from kit.rights import may, view_needs
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.listing import listing
from people.permissions import SignedInRequest


def _list_address(duty: ReportingDuty | None = None) -> str:
    return reverse("incidents:duty_list")


@require_safe
@view_needs("incidents.incident_view")
def duty_list(request: SignedInRequest) -> HttpResponse:
    shown = listing(request, DUTIES, ReportingDuty.objects.visible_to(request.user))
    may_change = may(request.user, "incidents.duty_change")
    context = {"listing": shown, "page": shown.page, "may_change": may_change}
    return respond(request, "incidents/duty_list.html", "rows", context)


@require_http_methods(["GET", "POST"])
@view_needs("incidents.duty_change")
def duty_create(request: SignedInRequest) -> HttpResponse:
    return flows.create(
        request,
        ReportingDutyForm(request.POST or None),
        operation=operations.add,
        address=_list_address,
        show=form_page(request, "incidents/duty_create.html"),
        message="Reporting duty added",
    )


@require_http_methods(["GET", "POST"])
@view_needs("incidents.duty_change")
def duty_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    duty = get_object_or_404(ReportingDuty.objects.visible_to(request.user), pk=pk)
    return flows.edit(
        request,
        duty,
        ReportingDutyForm.of(duty, request.POST or None),
        permission="incidents.duty_change",
        operation=operations.change,
        address=_list_address(),
        show=form_page(request, "incidents/duty_edit.html", duty=duty),
    )


@require_POST
@view_needs("incidents.duty_change")
def duty_step(request: SignedInRequest, pk: int, step: str) -> HttpResponse:
    """Retire a duty, or bring it back into force."""
    duty = get_object_or_404(ReportingDuty.objects.visible_to(request.user), pk=pk)
    operation, message = {
        "retire": (operations.retire, "Reporting duty retired"),
        "restore": (operations.restore, "Reporting duty restored"),
    }[step]
    return flows.press(
        request,
        duty,
        permission="incidents.duty_change",
        operation=operation,
        address=_list_address(),
        message=message,
    )
