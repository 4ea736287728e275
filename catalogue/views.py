"""The pages of the inventory: the list, a model, registering and changing one."""

from typing import Any

from django.db.models import Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue import queries
from catalogue.forms import EDITED, ModelForm, Narrow, NewModelForm
from catalogue.models import Model
from catalogue.operations import model as operations
from catalogue.states import Stage
from history.queries import timeline
from kit import clock
from kit.actor import Actor
from kit.counting import capped_count
from kit.refusals import ChangedMeanwhile, Refused
from kit.rights import may, require, view_needs
from pages.answers import go, respond, toast
from pages.once import once
from pages.panels import hung_on
from pages.requests import page_of, version_of

NOT_RATED = 9
ORDERS = {
    "name": ("name", "id"),
    "-name": ("-name", "-id"),
    "tier": ("tier_order", "name", "id"),
    "-tier": ("-tier_order", "-name", "-id"),
}


@require_safe
@view_needs("catalogue.view")
def model_list(request: HttpRequest) -> HttpResponse:
    """The inventory: filters, one page, and the columns that upper rooms hang on it."""
    narrow = Narrow(request.GET, user=request.user)
    rows = narrow.applied(queries.models().visible_to(request.user))
    rows = rows.annotate(tier_order=Coalesce("tier", Value(NOT_RATED)))
    page = page_of(rows, ORDERS.get(request.GET.get("sort", ""), ORDERS["name"]), request)
    total, is_more = capped_count(rows)
    context = {
        "narrow": narrow,
        "page": page,
        "headings": _hang_columns(request, page.rows),
        "counted": f"{total}{'+' if is_more else ''} model{'' if total == 1 else 's'}",
        "may_add": may(request.user, "catalogue.model_add"),
    }
    return respond(request, "catalogue/model_list.html", "rows", context)


def _hang_columns(request: HttpRequest, rows: list[Model]) -> list[str]:
    """Give each row its `cells`, drawn by the upper rooms; returns the headings above them.

    A panel in the slot "column" is asked once for all rows: query(user, rows) gives an object with
    `headings` and `cells` (by primary key); its template draws the <td>s of one row.
    """
    headings: list[str] = []
    for row in rows:
        row.cells = []  # type: ignore[attr-defined]
    for panel in hung_on("catalogue.models", "column"):
        if not rows or not may(request.user, panel.permission):
            continue
        column = panel.query(request.user, rows)
        headings.extend(column.headings)
        for row in rows:
            context = {"panel": column.cells.get(row.pk), "object": row}
            row.cells.append(render_to_string(panel.template, context))  # type: ignore[attr-defined]
    return headings


@require_safe
@view_needs("catalogue.view")
def model_by_id(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Model.objects.visible_to(request.user), pk=pk)
    return HttpResponseRedirect(reverse("catalogue:model_detail", args=[found.slug]))


@require_safe
@view_needs("catalogue.view")
def model_detail(request: HttpRequest, slug: str) -> HttpResponse:
    return _detail(request, _found(request, slug))


def _found(request: HttpRequest, slug: str) -> Model:
    return get_object_or_404(queries.models().visible_to(request.user), slug=slug)


def _detail(request: HttpRequest, model: Model, *, status: int = 200, **extra: Any) -> HttpResponse:
    # What the reader chose on this page, such as ?series=7: the panels of upper rooms read it from here.
    model.asked = request.GET.dict()  # type: ignore[attr-defined]
    events = timeline(model.subject_id).visible_to(request.user)[:50]
    context = {
        "model": model,
        "stages": list(Stage),
        "may_change": may(request.user, "catalogue.model_change", model),
        "timeline": list(events),
        **extra,
    }
    return respond(request, "catalogue/model_detail.html", None, context, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.model_add")
def model_create(request: HttpRequest) -> HttpResponse:
    """Register a model; `?name=` and `?slug=` fill in what a tool called it."""
    if request.method != "POST":
        initial = {name: request.GET.get(name, "")[:120] for name in ("name", "slug")}
        return _create_form(request, NewModelForm(user=request.user, initial=initial))
    form = NewModelForm(request.POST, user=request.user)
    if not form.is_valid():
        return _create_form(request, form, status=422)

    def act() -> str:
        model = operations.add(**form.values(), by=Actor(request.user, "page"), at=clock.now())
        return reverse("catalogue:model_detail", args=[model.slug])

    try:
        url = once(request, act)
    except Refused as refusal:
        _mark(form, refusal)
        return _create_form(request, form, status=422)
    return toast(request, go(request, url), "Model registered")


def _create_form(request: HttpRequest, form: NewModelForm, status: int = 200) -> HttpResponse:
    return respond(request, "catalogue/model_create.html", "form", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.model_change")
def model_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a model. When somebody else was first, both texts are shown and nothing is lost."""
    model = _found(request, slug)
    require(request.user, "catalogue.model_change", model)
    if request.method != "POST":
        return _edit_form(request, model, ModelForm.of(model, user=request.user))
    form, seen = ModelForm.of(model, request.POST, user=request.user), version_of(request)
    if not form.is_valid():
        return _edit_form(request, model, form, version=seen, status=422)
    try:
        operations.change(model, form.values(), by=Actor(request.user, "page"), at=clock.now(), seen=seen)
    except ChangedMeanwhile as conflict:
        extra = {"mine": _told(form.values()), "theirs": _told_of(conflict.present)}
        return _edit_form(request, model, form, version=conflict.present.version, status=409, **extra)  # type: ignore[attr-defined]
    except Refused as refusal:
        _mark(form, refusal)
        return _edit_form(request, model, form, version=seen, status=422)
    return toast(request, go(request, reverse("catalogue:model_detail", args=[model.slug])), "Saved")


def _edit_form(
    request: HttpRequest, model: Model, form: ModelForm, *, version: int = 0, status: int = 200, **extra: Any
) -> HttpResponse:
    context = {"model": model, "form": form, "version": version or model.version, **extra}
    return respond(request, "catalogue/model_edit.html", "form", context, status=status)


def _told(values: dict[str, Any]) -> str:
    """The fields of a model as lines, for the comparison of two texts."""
    labels = {name: ModelForm.base_fields[name].label or name.capitalize() for name in EDITED}
    return "\n".join(f"{labels[name]}: {values[name] or 'nothing'}" for name in EDITED)


def _told_of(model: Any) -> str:
    return _told({name: getattr(model, name) for name in EDITED})


def _mark(form: Any, refusal: Refused) -> None:
    form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)


@require_POST
@view_needs("catalogue.model_change")
def model_stage(request: HttpRequest, slug: str) -> HttpResponse:
    """Move a model along its life."""
    model = _found(request, slug)
    require(request.user, "catalogue.model_change", model)
    url = reverse("catalogue:model_detail", args=[model.slug])
    to = request.POST.get("stage", "")
    try:
        operations.move_stage(
            model, to, by=Actor(request.user, "page"), at=clock.now(), seen=version_of(request)
        )
    except ChangedMeanwhile as refusal:
        return _detail(request, _found(request, slug), status=409, refusal=refusal.message)
    except Refused as refusal:
        return _detail(request, model, status=422, refusal=refusal.message)
    return toast(request, go(request, url), f"{model.name} moved to: {Stage(to).label.lower()}")
