"""The pages of templates: everyone reads them, risk managers change them."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kit import clock
from kit.rights import may, view_needs
from pages import flows
from pages.answers import go, respond, toast
from pages.listing import listing, selection_of
from pages.requests import actor
from people.permissions import SignedInRequest
from risklog.filters.template import TEMPLATES
from risklog.forms.template import TemplateForm
from risklog.models import Template
from risklog.operations import template as operations
from risklog.queries import template as queries

STEPS = {"retire": (operations.retire, "{} retired"), "restore": (operations.restore, "{} restored")}


def address_of(template: Template) -> str:
    return reverse("risklog:template_detail", args=[template.pk])


def _template(request: SignedInRequest, pk: int) -> Any:
    return get_object_or_404(queries.templates(request.user), pk=pk)


@require_safe
@view_needs("risklog.template_view")
def template_list(request: SignedInRequest) -> HttpResponse:
    selection = selection_of(request, TEMPLATES)
    shown = listing(request, TEMPLATES, queries.templates(request.user), selection=selection)
    context = {
        "page": shown.page,
        "may_change": may(request.user, "risklog.template_change"),
        "may_fill": may(request.user, "risklog.template_fill"),
    }
    return respond(request, "risklog/template_list.html", None, context)


@require_POST
@view_needs("risklog.template_change")
def template_seed(request: SignedInRequest) -> HttpResponse:
    """Add the first templates to a register that has none of them."""
    added = operations.seed(by=actor(request), at=clock.now())
    return toast(request, go(request, reverse("risklog:template_list")), f"{len(added)} templates added")


@require_safe
@view_needs("risklog.template_view")
def template_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    context = {
        "template": _template(request, pk),
        "may_change": may(request.user, "risklog.template_change"),
        "may_fill": may(request.user, "risklog.template_fill"),
    }
    return respond(request, "risklog/template_detail.html", None, context)


@require_http_methods(["GET", "POST"])
@view_needs("risklog.template_change")
def template_new(request: SignedInRequest) -> HttpResponse:
    return flows.create(
        request,
        TemplateForm(request.POST or None),
        operation=operations.add,
        address=address_of,
        show=flows.form_page(request, "risklog/template_edit.html"),
        message="Template added",
    )


@require_http_methods(["GET", "POST"])
@view_needs("risklog.template_change")
def template_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change a template. Filled ones keep the version that they were filled from."""
    template = _template(request, pk)
    return flows.edit(
        request,
        template,
        TemplateForm.of(template, request.POST or None),
        permission="risklog.template_change",
        operation=operations.change,
        address=address_of(template),
        show=flows.form_page(request, "risklog/template_edit.html", changed=template),
    )


@require_POST
@view_needs("risklog.template_change")
def template_step(request: SignedInRequest, pk: int, name: str) -> HttpResponse:
    template = _template(request, pk)
    operation, message = STEPS[name]
    return flows.press(
        request,
        template,
        permission="risklog.template_change",
        operation=operation,
        address=address_of(template),
        message=message.format(template.name),
    )
