"""The pages of agenda templates: everyone reads them, risk managers change them."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kit import references
from kit.rights import may, view_needs
from meetings.filters import AGENDA_TEMPLATES
from meetings.forms import AgendaTemplateForm
from meetings.forms.agenda_template import lines_of
from meetings.models import AgendaTemplate, MeetingSeries
from meetings.operations import agenda_template as operations
from meetings.queries import agenda_template as queries
from pages import flows
from pages.answers import respond
from pages.listing import listing, selection_of
from people.permissions import SignedInRequest

_STEPS = {"retire": (operations.retire, "{} retired"), "restore": (operations.restore, "{} restored")}
_FORM = "meetings/agenda_template_form.html"


def address_of(template: AgendaTemplate) -> str:
    return reverse("meetings:agenda_template_detail", args=[template.pk])


def _template(request: SignedInRequest, pk: int) -> AgendaTemplate:
    return get_object_or_404(queries.templates(request.user), pk=pk)


@require_safe
@view_needs("meetings.agenda_template_view")
def agenda_template_list(request: SignedInRequest) -> HttpResponse:
    selection = selection_of(request, AGENDA_TEMPLATES).in_order("name")
    shown = listing(request, AGENDA_TEMPLATES, queries.templates(request.user), selection=selection)
    may_change = may(request.user, "meetings.agenda_template_change")
    context = {"listing": shown, "page": shown.page, "may_change": may_change}
    return respond(request, "meetings/agenda_template_list.html", None, context)


@require_safe
@view_needs("meetings.agenda_template_view")
def agenda_template_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    template = _template(request, pk)
    context = {
        "template": template,
        "minutes": sum(item["minutes"] for item in template.items),
        "may_change": may(request.user, "meetings.agenda_template_change", template),
    }
    return respond(request, "meetings/agenda_template_detail.html", None, context)


@require_http_methods(["GET", "POST"])
@view_needs("meetings.agenda_template_change")
def agenda_template_create(request: SignedInRequest) -> HttpResponse:
    """Create a template. ?series=3 starts with the standing items of that series."""
    return flows.create(
        request,
        AgendaTemplateForm(request.POST or None, initial=_initial(request)),
        operation=operations.add,
        address=address_of,
        show=flows.form_page(request, _FORM, changed=None),
        message="Template created",
    )


def _initial(request: SignedInRequest) -> dict[str, Any]:
    pk = references.as_id(request.GET.get("series", ""))
    series = MeetingSeries.objects.visible_to(request.user).filter(pk=pk).first() if pk else None
    return {"name": series.name, "items": lines_of(series.standing_items)} if series else {}


@require_http_methods(["GET", "POST"])
@view_needs("meetings.agenda_template_change")
def agenda_template_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    template = _template(request, pk)
    return flows.edit(
        request,
        template,
        AgendaTemplateForm.of(template, request.POST or None),
        permission="meetings.agenda_template_change",
        operation=operations.change,
        address=address_of(template),
        show=flows.form_page(request, _FORM, changed=template),
    )


@require_POST
@view_needs("meetings.agenda_template_change")
def agenda_template_step(request: SignedInRequest, pk: int, name: str) -> HttpResponse:
    """Retire or restore a template."""
    template = _template(request, pk)
    operation, message = _STEPS[name]
    return flows.press(
        request,
        template,
        permission="meetings.agenda_template_change",
        operation=operation,
        address=address_of(template),
        message=message.format(template.name),
    )
