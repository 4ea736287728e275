"""The pages of models: the list, a model, register and edit, and the move to another stage."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.filters.model import SPEC, TIER_ORDER
from catalogue.forms.model import EditModelForm, NewModelForm, StageForm, TierForm
from catalogue.models import Model
from catalogue.operations import model as operations
from catalogue.queries import concentration as concentration_queries
from catalogue.queries import decision_right as right_queries
from catalogue.queries import model as model_queries
from catalogue.queries import validation as validation_queries
from catalogue.queries import version as version_queries
from catalogue.states import Stage
from kit.rights import may, view_needs
from lists.counting import capped_count
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.listing import listing
from pages.panels import panels_of
from people.permissions import SignedInRequest


def address_of(model: Model) -> str:
    return reverse("catalogue:model_detail", args=[model.slug])


@require_safe
@view_needs("catalogue.view")
def model_list(request: SignedInRequest) -> HttpResponse:
    """Show one page of the models, filtered, with the columns that upper rooms add."""
    rows = model_queries.models().visible_to(request.user).annotate(tier_order=TIER_ORDER)
    shown = listing(request, SPEC, rows)
    total, is_more = capped_count(shown.rows)
    context = {
        "listing": shown,
        "page": shown.page,
        "headings": _add_columns(request, shown.page.rows),
        "counted": f"{total}{'+' if is_more else ''} model{'' if total == 1 else 's'}",
        "may_add": may(request.user, "catalogue.model_add"),
        "may_see_registries": may(request.user, "catalogue.registry_view"),
    }
    return respond(request, "catalogue/model_list.html", "rows", context)


def _add_columns(request: SignedInRequest, rows: list[Model]) -> list[str]:
    """Set `cells` of each row, the HTML of the columns of upper rooms. Returns their headings.

    Each panel in the slot "column" is queried once for all rows: query(user, rows) returns an object with
    `headings` and `cells` (by primary key). Its template renders the <td>s of one row.
    """
    headings: list[str] = []
    for row in rows:
        row.cells = []
    for panel in panels_of("catalogue.models", "column"):
        if not rows or not may(request.user, panel.permission):
            continue
        column = panel.query(request.user, rows)
        headings.extend(column.headings)
        for row in rows:
            context = {"panel": column.cells.get(row.pk), "object": row}
            row.cells.append(render_to_string(panel.template, context))
    return headings


@require_safe
@view_needs("catalogue.view")
def concentration(request: SignedInRequest) -> HttpResponse:
    """Show on which data sources and models most models depend."""
    rows = concentration_queries.inputs(request.user)
    shown = rows[: concentration_queries.SHOWN]
    context = {"rows": shown, "is_more": len(rows) > len(shown)}
    return respond(request, "catalogue/concentration.html", None, context)


@require_safe
@view_needs("catalogue.view")
def model_by_id(request: SignedInRequest, pk: int) -> HttpResponse:
    model = get_object_or_404(Model.objects.visible_to(request.user), pk=pk)
    return HttpResponseRedirect(reverse("catalogue:model_detail", args=[model.slug]))


@require_safe
@view_needs("catalogue.view")
def model_detail(request: SignedInRequest, slug: str) -> HttpResponse:
    return _detail(request, _model(request, slug))


def _model(request: SignedInRequest, slug: str) -> Model:
    return get_object_or_404(model_queries.with_details(request.user).visible_to(request.user), slug=slug)


def _detail(request: SignedInRequest, model: Model, *, status: int = 200, **extra: Any) -> HttpResponse:
    # The query of the request, such as ?series=7. The panels of upper rooms read it here.
    model.asked = request.GET.dict()
    context = {
        "model": model,
        "stages": list(Stage),
        "may_change": may(request.user, "catalogue.model_change", model),
        "versions": version_queries.newest_of(request.user, model),
        "validations": validation_queries.lines_of(model),
        "deciders": right_queries.deciders_of_model(request.user, model),
        "may_assign": may(request.user, "catalogue.right_assign"),
        **extra,
    }
    return respond(request, "catalogue/model_detail.html", None, context, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.model_add")
def model_create(request: SignedInRequest) -> HttpResponse:
    """Register a model. `?name=` and `?slug=` preset the fields."""
    initial = {name: request.GET.get(name, "")[:120] for name in ("name", "slug")}
    return flows.create(
        request,
        NewModelForm(request.POST or None, user=request.user, initial=initial),
        operation=operations.add,
        address=address_of,
        show=form_page(request, "catalogue/model_create.html"),
        message="Model registered",
    )


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.model_change")
def model_edit(request: SignedInRequest, slug: str) -> HttpResponse:
    model = _model(request, slug)
    return flows.edit(
        request,
        model,
        EditModelForm.of(model, request.POST or None, user=request.user),
        permission="catalogue.model_change",
        operation=operations.change,
        address=address_of(model),
        show=form_page(request, "catalogue/model_edit.html", model=model),
    )


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.model_change")
def model_tier(request: SignedInRequest, slug: str) -> HttpResponse:
    """Answer the questions that give the tier of a model."""
    model = _model(request, slug)
    return flows.step(
        request,
        model,
        TierForm.of(model, request.POST or None),
        permission="catalogue.model_change",
        operation=operations.rate,
        address=address_of(model),
        show=form_page(request, "catalogue/model_tier.html", model=model),
        message=lambda: f"{model.name} is {model.get_tier_display()}",
    )


@require_POST
@view_needs("catalogue.model_change")
def model_stage(request: SignedInRequest, slug: str) -> HttpResponse:
    """Move a model to another stage."""
    model = _model(request, slug)
    form = StageForm(request.POST)
    labels = dict(Stage.choices)

    def show(form: StageForm, status: int) -> HttpResponse:
        return _detail(request, _model(request, slug), status=status, refusal=form.first_error)

    return flows.step(
        request,
        model,
        form,
        permission="catalogue.model_change",
        operation=operations.move_stage,
        address=address_of(model),
        show=show,
        message=f"{model.name} moved to: {labels.get(request.POST.get('stage', ''), '').lower()}",
    )
