"""The pages of rollback procedures, and the readiness of models for a deployment."""

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.filters.model import SPEC, TIER_ORDER
from catalogue.forms.rollback import RehearsalForm, RollbackForm
from catalogue.models import RollbackProcedure
from catalogue.operations import rollback as operations
from catalogue.queries import model as model_queries
from catalogue.queries import readiness as readiness_queries
from catalogue.queries import rollback as rollback_queries
from kit import clock
from kit.rights import may, require, view_needs
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.forms import PageForm
from pages.listing import listing
from people.permissions import SignedInRequest


def address_of_rollback(procedure: RollbackProcedure) -> str:
    return reverse("catalogue:rollback_detail", args=[procedure.pk])


@require_safe
@view_needs("catalogue.view")
def readiness_list(request: SignedInRequest) -> HttpResponse:
    """Show the models that are not retired, and what each needs before its next deployment."""
    rows = readiness_queries.models_to_deploy().visible_to(request.user).annotate(tier_order=TIER_ORDER)
    shown = listing(request, SPEC, rows)
    models: list[Any] = list(shown.page.rows)
    readiness = readiness_queries.readiness_of(models, at=clock.now())
    for model in models:
        model.readiness = readiness[model.pk]
    context = {"listing": shown, "page": shown.page, "models": models}
    return respond(request, "catalogue/readiness_list.html", "rows", context)


def _procedure(request: SignedInRequest, pk: int) -> RollbackProcedure:
    return get_object_or_404(rollback_queries.procedures().visible_to(request.user), pk=pk)


@require_safe
@view_needs("catalogue.view")
def rollback_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    today = timezone.localdate(clock.now())
    return _detail(request, _procedure(request, pk), RehearsalForm(initial={"on": today}))


def _detail(
    request: SignedInRequest, procedure: RollbackProcedure, form: PageForm, status: int = 200
) -> HttpResponse:
    context = {
        "procedure": procedure,
        "model": procedure.model,
        "form": form,
        "may_change": may(request.user, "catalogue.rollback_change", procedure),
    }
    return respond(request, "catalogue/rollback_detail.html", None, context, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.model_change")
def rollback_create(request: SignedInRequest, slug: str) -> HttpResponse:
    model = get_object_or_404(model_queries.models().visible_to(request.user), slug=slug)
    require(request.user, "catalogue.model_change", model)
    return flows.create(
        request,
        RollbackForm(request.POST or None, user=request.user),
        operation=partial(operations.add, model),
        address=address_of_rollback,
        show=form_page(request, "catalogue/rollback_create.html", model=model),
        message="Rollback procedure saved",
    )


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.rollback_change")
def rollback_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    procedure = _procedure(request, pk)
    return flows.edit(
        request,
        procedure,
        RollbackForm.of(procedure, request.POST or None, user=request.user),
        permission="catalogue.rollback_change",
        operation=operations.change,
        address=address_of_rollback(procedure),
        show=form_page(request, "catalogue/rollback_edit.html", procedure=procedure),
    )


@require_POST
@view_needs("catalogue.rollback_change")
def rollback_rehearse(request: SignedInRequest, pk: int) -> HttpResponse:
    """Record a rehearsal."""
    procedure = _procedure(request, pk)

    def show(form: PageForm, status: int) -> HttpResponse:
        return _detail(request, _procedure(request, pk), form, status)

    return flows.step(
        request,
        procedure,
        RehearsalForm(request.POST),
        permission="catalogue.rollback_change",
        operation=operations.rehearse,
        address=address_of_rollback(procedure),
        show=show,
        message="Rehearsal recorded",
    )
