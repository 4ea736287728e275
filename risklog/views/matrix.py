"""The page of the matrix of risks: everyone reads it, risk managers change it."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from kit.refusals import Refused
from kit.rights import may, view_needs
from pages import flows
from pages.answers import go, respond
from people.permissions import SignedInRequest
from risklog import scoring
from risklog.forms.matrix import MatrixForm
from risklog.models import RiskMatrix
from risklog.operations import matrix as operations
from risklog.queries import appetite as appetites
from risklog.scoring import Matrix


def address_of(_: Any = None) -> str:
    return reverse("risklog:matrix_show")


@require_safe
@view_needs("risklog.matrix_view")
def matrix_show(request: SignedInRequest) -> HttpResponse:
    row = RiskMatrix.present()
    context = {
        "row": row,
        "matrix": _table(row.as_matrix()),
        "appetites": list(appetites.in_force(request.user)),
        "may_change": may(request.user, "risklog.matrix_change"),
    }
    return respond(request, "risklog/matrix_show.html", None, context)


@require_safe
@view_needs("risklog.matrix_view")
def matrix_by_id(request: SignedInRequest, pk: int) -> HttpResponse:
    """Redirect to the page of the matrix: a subject knows its number, and there is one matrix."""
    get_object_or_404(RiskMatrix.objects.visible_to(request.user), pk=pk)
    return go(request, address_of())


@require_http_methods(["GET", "POST"])
@view_needs("risklog.matrix_change")
def matrix_edit(request: SignedInRequest) -> HttpResponse:
    """Edit the matrix. It says first how many risks change their level, and saves what it counted."""
    row = RiskMatrix.present()
    form = MatrixForm.of(row, request.POST or None)
    if request.method == "POST" and form.is_valid() and not _is_counted(request, form):
        try:
            effect = operations.effect_of(form.values(), reader=request.user)
        except Refused as refusal:
            status = form.refuse(refusal)
            return flows.form_page(request, "risklog/matrix_edit.html", row=row)(form, status)
        return flows.form_page(request, "risklog/matrix_edit.html", row=row, effect=effect)(form, 200)
    return flows.edit(
        request,
        row,
        form,
        permission="risklog.matrix_change",
        operation=operations.change,
        address=address_of(),
        show=flows.form_page(request, "risklog/matrix_edit.html", row=row),
        message="Matrix saved",
    )


def _is_counted(request: SignedInRequest, form: MatrixForm) -> bool:
    """Return True if the form is to be saved as it was when its effect was counted."""
    return request.POST.get("step") != "preview" and request.POST.get("counted") == form.mark


def _table(matrix: Matrix) -> dict[str, Any]:
    """Return the matrix as the page shows it, the highest likelihood first."""
    return {
        "rows": [
            {
                "number": likelihood,
                "name": matrix.likelihoods[likelihood],
                "cells": [(likelihood, impact) for impact in scoring.STEPS],
            }
            for likelihood in reversed(scoring.STEPS)
        ],
        "impacts": matrix.impacts.items(),
        "levels": [(number, matrix.levels[number]) for number in reversed(scoring.STEPS)],
    }
