"""The pages that change appetites. The page of the matrix shows them."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST

from kit.rights import view_needs
from pages import flows
from people.permissions import SignedInRequest
from risklog.forms.appetite import AppetiteForm, NewAppetiteForm
from risklog.models import Appetite
from risklog.operations import appetite as operations
from risklog.queries import appetite as queries
from risklog.views.matrix import address_of


def _appetite(request: SignedInRequest, pk: int) -> Appetite:
    return get_object_or_404(queries.in_force(request.user), pk=pk)


@require_http_methods(["GET", "POST"])
@view_needs("risklog.matrix_change")
def appetite_new(request: SignedInRequest) -> HttpResponse:
    return flows.create(
        request,
        NewAppetiteForm(request.POST or None),
        operation=operations.add,
        address=address_of,
        show=flows.form_page(request, "risklog/appetite_edit.html"),
        message="Appetite added",
    )


@require_http_methods(["GET", "POST"])
@view_needs("risklog.matrix_change")
def appetite_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    appetite = _appetite(request, pk)
    return flows.edit(
        request,
        appetite,
        AppetiteForm.of(appetite, request.POST or None),
        permission="risklog.matrix_change",
        operation=operations.change,
        address=address_of(),
        show=flows.form_page(request, "risklog/appetite_edit.html", appetite=appetite),
    )


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
