"""The pages of models: the list, a model, register and edit, and the move to another stage.

Then those of decision rights.
"""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue import queries
from catalogue.filters import DECISION_RIGHTS, SPEC, TIER_ORDER
from catalogue.forms import ModelForm, NewModelForm, NewRightForm, RightForm, StageForm, WithdrawRightForm
from catalogue.models import DecisionRight, Model
from catalogue.operations import decision_right as right_operations
from catalogue.operations import model as operations
from catalogue.states import Stage
from history.queries import show
from kit.rights import may, view_needs
from lists.counting import capped_count
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.forms import PageForm
from pages.listing import listing, selection_of
from pages.panels import panels_of
from people.permissions import SignedInRequest


def address_of(model: Model) -> str:
    return reverse("catalogue:model_detail", args=[model.slug])


@require_safe
@view_needs("catalogue.view")
def model_list(request: SignedInRequest) -> HttpResponse:
    """Show one page of the models, filtered, with the columns that upper rooms add."""
    rows = queries.models().visible_to(request.user).annotate(tier_order=TIER_ORDER)
    shown = listing(request, SPEC, rows)
    total, is_more = capped_count(shown.rows)
    context = {
        "listing": shown,
        "page": shown.page,
        "headings": _add_columns(request, shown.page.rows),
        "counted": f"{total}{'+' if is_more else ''} model{'' if total == 1 else 's'}",
        "may_add": may(request.user, "catalogue.model_add"),
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
def model_by_id(request: SignedInRequest, pk: int) -> HttpResponse:
    model = get_object_or_404(Model.objects.visible_to(request.user), pk=pk)
    return HttpResponseRedirect(reverse("catalogue:model_detail", args=[model.slug]))


@require_safe
@view_needs("catalogue.view")
def model_detail(request: SignedInRequest, slug: str) -> HttpResponse:
    return _detail(request, _model(request, slug))


def _model(request: SignedInRequest, slug: str) -> Model:
    return get_object_or_404(queries.models().visible_to(request.user), slug=slug)


def _detail(request: SignedInRequest, model: Model, *, status: int = 200, **extra: Any) -> HttpResponse:
    # The query of the request, such as ?series=7. The panels of upper rooms read it here.
    model.asked = request.GET.dict()
    context = {
        "model": model,
        "stages": list(Stage),
        "may_change": may(request.user, "catalogue.model_change", model),
        "deciders": queries.deciders_of_model(request.user, model),
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
        ModelForm.of(model, request.POST or None, user=request.user),
        permission="catalogue.model_change",
        operation=operations.change,
        address=address_of(model),
        show=form_page(request, "catalogue/model_edit.html", model=model),
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


# ------------------------------------------------------------------ decision rights


def address_of_right(right: DecisionRight) -> str:
    return reverse("catalogue:right_detail", args=[right.pk])


@require_safe
@view_needs("catalogue.right_view")
def right_list(request: SignedInRequest) -> HttpResponse:
    """Show who decides what. Withdrawn rights are shown only if the query asks for them."""
    selection = selection_of(request, DECISION_RIGHTS)
    rows = queries.decision_rights().visible_to(request.user)
    if "is_withdrawn" not in selection.values:
        rows = rows.filter(is_withdrawn=False)
    shown = listing(request, DECISION_RIGHTS, rows, selection=selection)
    context = {
        "listing": shown,
        "page": shown.page,
        "rights": show(request.user, shown.page.rows, "because"),
        "may_assign": may(request.user, "catalogue.right_assign"),
    }
    return respond(request, "catalogue/right_list.html", "rows", context)


def _right(request: SignedInRequest, pk: int) -> DecisionRight:
    right = get_object_or_404(queries.decision_rights().visible_to(request.user), pk=pk)
    show(request.user, [right], "because")
    return right


@require_safe
@view_needs("catalogue.right_view")
def right_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    return _right_page(request, _right(request, pk), WithdrawRightForm())


def _right_page(
    request: SignedInRequest, right: DecisionRight, form: PageForm, *, status: int = 200
) -> HttpResponse:
    """Show a right. form: of its withdrawal."""
    may_assign = may(request.user, "catalogue.right_assign", right) and not right.is_withdrawn
    context = {"right": right, "may_assign": may_assign, "form": form}
    return respond(request, "catalogue/right_detail.html", None, context, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.right_assign")
def right_create(request: SignedInRequest) -> HttpResponse:
    """Assign a right. `?kind=`, `?model=` and `?team=` (numbers) preset the fields."""
    initial = {name: request.GET.get(name, "")[:20] for name in ("kind", "model", "team")}
    return flows.create(
        request,
        NewRightForm(request.POST or None, user=request.user, initial=initial),
        operation=right_operations.assign,
        address=address_of_right,
        show=form_page(request, "catalogue/right_create.html"),
        message="Decision right assigned",
    )


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.right_assign")
def right_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    right = _right(request, pk)
    return flows.edit(
        request,
        right,
        RightForm.of(right, request.POST or None, user=request.user),
        permission="catalogue.right_assign",
        operation=right_operations.change,
        address=address_of_right(right),
        show=form_page(request, "catalogue/right_edit.html", right=right),
    )


@require_POST
@view_needs("catalogue.right_assign")
def right_withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    right = _right(request, pk)
    return flows.step(
        request,
        right,
        WithdrawRightForm(request.POST),
        permission="catalogue.right_assign",
        operation=right_operations.withdraw,
        address=address_of_right(right),
        show=lambda form, status: _right_page(request, _right(request, pk), form, status=status),
        message="Decision right withdrawn",
    )
