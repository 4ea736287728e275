"""The pages of the taxonomy: what each word means, and how the words change."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history.queries import timeline
from kit import clock
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, Refused
from kit.rights import may, view_needs
from pages.answers import go, respond, toast
from pages.once import once
from pages.requests import version_of
from risklog.forms.taxonomy import CategoryForm, MergeForm
from risklog.models import Category
from risklog.operations import taxonomy as operations
from risklog.queries import taxonomy as queries


def _found(request: HttpRequest, slug: str) -> Category:
    return get_object_or_404(queries.categories(request.user), slug=slug)


def _mark(form: Any, refusal: Refused) -> None:
    form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)


@view_needs("risklog.category_view")
@require_safe
def category_list(request: HttpRequest) -> HttpResponse:
    context = {
        "categories": list(queries.categories(request.user)),
        "may_change": may(request.user, "risklog.category_change"),
    }
    return respond(request, "risklog/category_list.html", None, context)


@view_needs("risklog.category_view")
@require_safe
def category_by_id(request: HttpRequest, pk: int) -> HttpResponse:
    """Redirect to the page of a category: a subject knows its number, not its slug."""
    category = get_object_or_404(Category.objects.visible_to(request.user), pk=pk)
    return go(request, reverse("risklog:category_detail", args=[category.slug]))


@view_needs("risklog.category_view")
@require_safe
def category_detail(request: HttpRequest, slug: str) -> HttpResponse:
    category = _found(request, slug)
    may_change = may(request.user, "risklog.category_change")
    context = {
        "category": category,
        "may_change": may_change,
        "may_add": may(request.user, "risklog.risk_add"),
        "merge_form": MergeForm(category=category) if may_change else None,
        "timeline": list(timeline(category.subject_id).visible_to(request.user)[:50]),
    }
    return respond(request, "risklog/category_detail.html", None, context)


@view_needs("risklog.category_change")
@require_http_methods(["GET", "POST"])
def category_new(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _form(request, CategoryForm())
    form = CategoryForm(request.POST)
    if not form.is_valid():
        return _form(request, form, status=422)

    def act() -> str:
        values = form.cleaned_data
        slug = slugify(values["name"])[:60] or "category"
        category = operations.add(slug=slug, **values, by=Actor(request.user, "page"), at=clock.now())
        return reverse("risklog:category_detail", args=[category.slug])

    try:
        url = once(request, act)
    except Refused as refusal:
        _mark(form, refusal)
        return _form(request, form, status=422)
    return toast(request, go(request, url), "Category added")


@view_needs("risklog.category_change")
@require_http_methods(["GET", "POST"])
def category_edit(request: HttpRequest, slug: str) -> HttpResponse:
    category = _found(request, slug)
    if request.method != "POST":
        return _form(request, CategoryForm.of(category), category)
    form = CategoryForm.of(category, request.POST)
    if not form.is_valid():
        return _form(request, form, category, status=422, version=version_of(request))
    try:
        operations.change(
            category,
            form.cleaned_data,
            by=Actor(request.user, "page"),
            at=clock.now(),
            seen=version_of(request),
        )
    except ChangedMeanwhile as conflict:
        present = conflict.present
        extra = {"mine": _told(form.cleaned_data), "theirs": _told(CategoryForm.of(present).initial)}
        return _form(request, form, category, status=409, version=present.version, **extra)
    except Refused as refusal:
        _mark(form, refusal)
        return _form(request, form, category, status=422, version=version_of(request))
    return toast(request, go(request, reverse("risklog:category_detail", args=[slug])), "Saved")


@view_needs("risklog.category_change")
@require_POST
def category_step(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Retire, restore, or merge into another."""
    category = _found(request, slug)
    by_at: dict[str, Any] = {
        "by": Actor(request.user, "page"),
        "at": clock.now(),
        "seen": version_of(request),
    }
    said = "Saved"
    try:
        if name == "merge":
            form = MergeForm(request.POST, category=category)
            if not form.is_valid():
                raise Refused("Choose a category that is not retired.", field="into")
            operations.merge(category, into=form.cleaned_data["into"], **by_at)
            said = f"Merged into {form.cleaned_data['into'].name}"
        else:
            {"retire": operations.retire, "restore": operations.restore}[name](category, **by_at)
    except Refused as refusal:
        said = refusal.message
    return toast(request, go(request, reverse("risklog:category_detail", args=[slug])), said)


def _form(
    request: HttpRequest,
    form: CategoryForm,
    category: Category | None = None,
    *,
    status: int = 200,
    version: int = 0,
    **extra: Any,
) -> HttpResponse:
    context = {
        "form": form,
        "category": category,
        "version": version or (category.version if category else 0),
        "mine": "",
        "theirs": "",
        **extra,
    }
    return respond(request, "risklog/category_edit.html", "form", context, status=status)


def _told(values: Mapping[str, Any]) -> str:
    return "\n".join(f"{name.capitalize()}: {values[name]}" for name in CategoryForm.base_fields)
