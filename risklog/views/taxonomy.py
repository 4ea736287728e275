"""The pages of the taxonomy: what each category means, and how categories change."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history.queries import show
from kit import references
from kit.rights import may, view_needs
from pages import flows
from pages.answers import go, respond
from pages.flows import form_page
from pages.listing import listing, selection_of
from people.permissions import SignedInRequest
from risklog.filters.taxonomy import CATEGORIES
from risklog.forms.taxonomy import CategoryForm, MergeForm
from risklog.models import Category, Risk
from risklog.operations import taxonomy as operations
from risklog.queries import appetite as appetites
from risklog.queries import taxonomy as queries

DEFAULT_ORDER = "is_retired"
# The steps without a form: step -> (operation, toast).
STEPS = {
    "retire": (operations.retire, "{} retired"),
    "restore": (operations.restore, "{} restored"),
}


def address_of(category: Category) -> str:
    return reverse("risklog:category_detail", args=[category.slug])


def _category(request: SignedInRequest, slug: str) -> Category:
    category = get_object_or_404(queries.categories(request.user), slug=slug)
    show(request.user, [category], "because")
    return category


@require_safe
@view_needs("risklog.category_view")
def category_list(request: SignedInRequest) -> HttpResponse:
    """Show all categories, those in use first unless the address has another order."""
    selection = selection_of(request, CATEGORIES).in_order(DEFAULT_ORDER)
    shown = listing(request, CATEGORIES, queries.categories(request.user), selection=selection)
    context = {
        "listing": shown,
        "page": shown.page,
        "may_change": may(request.user, "risklog.category_change"),
    }
    return respond(request, "risklog/category_list.html", None, context)


@require_safe
@view_needs("risklog.category_view")
def category_by_id(request: SignedInRequest, pk: int) -> HttpResponse:
    """Redirect to the page of a category: a subject knows its number, not its slug."""
    category = get_object_or_404(Category.objects.visible_to(request.user), pk=pk)
    return go(request, address_of(category))


@require_safe
@view_needs("risklog.category_view")
def category_meaning(request: SignedInRequest) -> HttpResponse:
    """Show what the category that a form has chosen means (?category=<number>); nothing without one."""
    number = references.as_id(request.GET.get("category", ""))
    rows = Category.objects.visible_to(request.user)
    category = None if number is None else rows.filter(pk=number).first()
    return respond(request, "risklog/category_meaning.html", "meaning", {"category": category})


@require_safe
@view_needs("risklog.category_view")
def category_detail(request: SignedInRequest, slug: str) -> HttpResponse:
    category = _category(request, slug)
    may_change = may(request.user, "risklog.category_change")
    return _detail(request, category, MergeForm(category=category, user=request.user) if may_change else None)


def _detail(
    request: SignedInRequest, category: Category, merge_form: MergeForm | None, *, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "category": category,
        "may_change": may(request.user, "risklog.category_change"),
        "may_add": may(request.user, "risklog.risk_add"),
        "merge_form": merge_form,
    }
    if merge_form is not None:
        context |= {
            "moving": Risk.objects.visible_to(request.user).filter(category=category).count(),
            "ending": appetites.ending(request.user, category),
        }
    return respond(request, "risklog/category_detail.html", None, context, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("risklog.category_change")
def category_new(request: SignedInRequest) -> HttpResponse:
    return flows.create(
        request,
        CategoryForm(request.POST or None),
        operation=operations.add,
        address=address_of,
        show=form_page(request, "risklog/category_edit.html"),
        message="Category added",
    )


@require_http_methods(["GET", "POST"])
@view_needs("risklog.category_change")
def category_edit(request: SignedInRequest, slug: str) -> HttpResponse:
    category = _category(request, slug)
    return flows.edit(
        request,
        category,
        CategoryForm.of(category, request.POST or None),
        permission="risklog.category_change",
        operation=operations.change,
        address=address_of(category),
        show=form_page(request, "risklog/category_edit.html", category=category),
    )


@require_POST
@view_needs("risklog.category_change")
def category_step(request: SignedInRequest, slug: str, name: str) -> HttpResponse:
    """Retire, restore, or merge into another category."""
    category = _category(request, slug)
    common: dict[str, Any] = {
        "permission": "risklog.category_change",
        "address": address_of(category),
    }
    if name in STEPS:
        operation, message = STEPS[name]
        return flows.press(
            request, category, operation=operation, message=message.format(category.name), **common
        )
    return flows.step(
        request,
        category,
        MergeForm(request.POST, category=category, user=request.user),
        operation=operations.merge,
        show=lambda form, status: _detail(request, _category(request, slug), form, status=status),
        message=f"{category.name} merged",
        **common,
    )
