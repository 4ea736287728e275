"""The pages of appetites. The page of the matrix lists them."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from history.queries import show
from kit.rights import may, view_needs
from pages import flows
from pages.answers import respond
from people.permissions import SignedInRequest
from risklog.forms.appetite import AppetiteForm, NewAppetiteForm
from risklog.models import Appetite
from risklog.operations import appetite as operations
from risklog.queries import appetite as queries
from risklog.views.matrix import address_of

TEMPLATE = "risklog/appetite_edit.html"


def address_of_appetite(appetite: Appetite) -> str:
    return reverse("risklog:appetite_detail", args=[appetite.pk])


def _appetite(request: SignedInRequest, pk: int) -> Appetite:
    """Return an appetite in force. Raises Http404."""
    appetite = get_object_or_404(queries.in_force(request.user), pk=pk)
    show(request.user, [appetite], "because")
    return appetite


@require_safe
@view_needs("risklog.matrix_view")
def appetite_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show an appetite with its reason, the risks that are above it, and its history."""
    appetite = get_object_or_404(queries.appetites(request.user), pk=pk)
    show(request.user, [appetite], "because")
    may_change = may(request.user, "risklog.matrix_change") and not appetite.is_retired
    context: dict[str, Any] = {"appetite": appetite, "may_change": may_change}
    if not appetite.is_retired:
        context["effect"] = _effect(request, appetite, appetite.max_score)
    return respond(request, "risklog/appetite_detail.html", None, context)


@require_http_methods(["GET", "POST"])
@view_needs("risklog.matrix_change")
def appetite_new(request: SignedInRequest) -> HttpResponse:
    """Add an appetite. It says first how many risks it affects, and saves what it counted."""
    form = NewAppetiteForm(request.POST or None, user=request.user)
    if _is_to_count(request, form):
        given = form.values()
        scope = Appetite(category=given["category"], tier=given["tier"])
        effect = _effect(request, scope, given["max_score"])
        return flows.form_page(request, TEMPLATE, effect=effect)(form, 200)
    return flows.create(
        request,
        form,
        operation=operations.add,
        address=address_of_appetite,
        show=flows.form_page(request, TEMPLATE),
        message="Appetite added",
    )


@require_http_methods(["GET", "POST"])
@view_needs("risklog.matrix_change")
def appetite_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change an appetite. It says first how many risks that affects, and saves what it counted."""
    appetite = _appetite(request, pk)
    form = AppetiteForm.of(appetite, request.POST or None, user=request.user)
    if _is_to_count(request, form):
        effect = _effect(request, appetite, form.values()["max_score"])
        return flows.form_page(request, TEMPLATE, appetite=appetite, effect=effect)(form, 200)
    return flows.edit(
        request,
        appetite,
        form,
        permission="risklog.matrix_change",
        operation=operations.change,
        address=address_of_appetite(appetite),
        show=flows.form_page(request, TEMPLATE, appetite=appetite),
    )


def _is_to_count(request: SignedInRequest, form: AppetiteForm) -> bool:
    """Return True if a valid form is to be counted: it was not, or it was with other values."""
    if request.method != "POST" or not form.is_valid():
        return False
    return request.POST.get("step") == "preview" or request.POST.get("counted") != form.mark


def _effect(request: SignedInRequest, scope: Appetite, max_score: int) -> queries.AppetiteEffect:
    return queries.effect_of(request.user, max_score=max_score, category=scope.category, tier=scope.tier)


@require_POST
@view_needs("risklog.matrix_change")
def appetite_retire(request: SignedInRequest, pk: int) -> HttpResponse:
    appetite = _appetite(request, pk)
    return flows.press(
        request,
        appetite,
        permission="risklog.matrix_change",
        operation=operations.retire,
        address=address_of(),
        message="Appetite removed",
    )
