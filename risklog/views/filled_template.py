"""The pages of filled templates: list, fill in, read, change, and compare field by field."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from history.queries import with_related
from kit.rights import may, view_needs
from pages import flows
from pages.answers import respond
from pages.listing import listing, selection_of
from people.permissions import SignedInRequest
from risklog.filters.template import FILLED_TEMPLATES
from risklog.forms.template import ChooseTemplateForm, FilledForm
from risklog.models import FilledTemplate
from risklog.operations import filled_template as operations
from risklog.queries import template as queries


def address_of(filled: FilledTemplate) -> str:
    return reverse("risklog:filled_detail", args=[filled.reference])


def _filled(request: SignedInRequest, reference: str) -> FilledTemplate:
    rows = with_related(queries.filled(request.user))
    return get_object_or_404(rows, subject__reference=reference.upper())


@require_safe
@view_needs("risklog.template_view")
def filled_list(request: SignedInRequest) -> HttpResponse:
    """List the filled templates. Those of one template can be chosen and compared."""
    selection = selection_of(request, FILLED_TEMPLATES)
    shown = listing(request, FILLED_TEMPLATES, queries.filled(request.user), selection=selection)
    context = {
        "listing": shown,
        "page": shown.page,
        "rows": queries.with_shown_about(request.user, shown.page.rows),
        "may_fill": may(request.user, "risklog.template_fill"),
    }
    return respond(request, "risklog/filled_list.html", "rows", context)


@require_safe
@view_needs("risklog.template_view")
def filled_compare(request: SignedInRequest) -> HttpResponse:
    """Compare 2 to 4 filled templates field by field: ?key=T-1&key=T-2."""
    keys = list(dict.fromkeys(key.upper() for key in request.GET.getlist("key")))
    rows = list(queries.filled(request.user).filter(subject__reference__in=keys).order_by("id"))
    is_fit = queries.are_comparable(rows)
    context = {"rows": rows, "lines": queries.compared(rows) if is_fit else [], "is_fit": is_fit}
    return respond(request, "risklog/filled_compare.html", None, context)


@require_http_methods(["GET", "POST"])
@view_needs("risklog.template_fill")
def filled_new(request: SignedInRequest) -> HttpResponse:
    """Fill in a template: ?template= and ?about= say which and about what. Without them it asks."""
    is_chosen = {"template", "about"} <= request.GET.keys()
    choose = ChooseTemplateForm(
        request.GET if is_chosen else None, user=request.user, initial=request.GET.dict()
    )
    if not choose.is_valid():
        context = {"form": choose}
        return respond(
            request, "risklog/filled_choose.html", None, context, status=422 if request.POST else 200
        )
    chosen = choose.cleaned_data
    version = chosen["template"].versions.get(is_current=True)

    def add(**values: Any) -> FilledTemplate:
        return operations.add(template=chosen["template"], about=chosen["about"], **values)

    return flows.create(
        request,
        FilledForm(
            request.POST or None,
            described=version.fields,
            initial=queries.draft_of(request.user, chosen["about"], version.fields),
        ),
        operation=add,
        address=address_of,
        show=flows.form_page(
            request, "risklog/filled_edit.html", form_name=chosen["template"].name, about=chosen["about"]
        ),
        message="Filled in",
    )


@require_safe
@view_needs("risklog.template_view")
def filled_detail(request: SignedInRequest, reference: str) -> HttpResponse:
    filled = _filled(request, reference)
    queries.with_shown_about(request.user, [filled])
    context = {"filled": filled, "may_change": may(request.user, "risklog.template_fill", filled)}
    return respond(request, "risklog/filled_detail.html", None, context)


@require_http_methods(["GET", "POST"])
@view_needs("risklog.template_fill")
def filled_edit(request: SignedInRequest, reference: str) -> HttpResponse:
    filled = _filled(request, reference)
    return flows.edit(
        request,
        filled,
        FilledForm.of(filled, request.POST or None),
        permission="risklog.template_fill",
        operation=operations.change,
        address=address_of(filled),
        show=flows.form_page(
            request, "risklog/filled_edit.html", filled=filled, form_name=filled.template.name
        ),
    )
