"""The pages of deployments: the list, one deployment, record, edit, and its outcome."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.filters.deployment import DEPLOYMENTS
from catalogue.forms.deployment import DeploymentForm, DeploymentOutcomeForm, NewDeploymentForm
from catalogue.models import Deployment
from catalogue.operations import deployment as operations
from catalogue.queries import deployment as deployment_queries
from catalogue.queries import model as model_queries
from kit.actor import Actor
from kit.rights import may, require, view_needs
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.forms import PageForm
from pages.listing import listing
from people.permissions import SignedInRequest


def address_of_deployment(deployment: Deployment) -> str:
    return reverse("catalogue:deployment_detail", args=[deployment.pk])


@require_safe
@view_needs("catalogue.view")
def deployment_list(request: SignedInRequest) -> HttpResponse:
    shown = listing(
        request, DEPLOYMENTS, deployment_queries.deployments().visible_to(request.user).order_by()
    )
    slug = request.GET.get("model", "")
    models = model_queries.models().visible_to(request.user)
    model = models.filter(slug=slug).first() if slug else None
    context = {
        "listing": shown,
        "page": shown.page,
        "model": model,
        "may_record": model and may(request.user, "catalogue.model_change", model),
    }
    return respond(request, "catalogue/deployment_list.html", "rows", context)


def _deployment(request: SignedInRequest, pk: int) -> Deployment:
    return get_object_or_404(deployment_queries.deployments().visible_to(request.user), pk=pk)


@require_safe
@view_needs("catalogue.view")
def deployment_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    return _detail(request, _deployment(request, pk), DeploymentOutcomeForm())


def _detail(
    request: SignedInRequest, deployment: Deployment, form: PageForm, status: int = 200
) -> HttpResponse:
    context = {
        "deployment": deployment,
        "model": deployment.model,
        "form": form,
        "may_settle": may(request.user, "catalogue.deployment_settle", deployment),
    }
    return respond(request, "catalogue/deployment_detail.html", None, context, status=status)


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.model_change")
def deployment_create(request: SignedInRequest, slug: str) -> HttpResponse:
    """Record a deployment by hand. Build servers use the API."""
    model = get_object_or_404(model_queries.models().visible_to(request.user), slug=slug)
    require(request.user, "catalogue.model_change", model)

    def record(*, by: Actor, at: datetime, **values: Any) -> Deployment:
        return operations.record(model, **values, by=by, at=at)[0]

    return flows.create(
        request,
        NewDeploymentForm(request.POST or None, model=model, user=request.user),
        operation=record,
        address=address_of_deployment,
        show=form_page(request, "catalogue/deployment_create.html", model=model),
        message="Deployment recorded",
    )


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.deployment_settle")
def deployment_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    deployment = _deployment(request, pk)
    return flows.edit(
        request,
        deployment,
        DeploymentForm.of(deployment, request.POST or None, user=request.user),
        permission="catalogue.deployment_settle",
        operation=operations.change,
        address=address_of_deployment(deployment),
        show=form_page(request, "catalogue/deployment_edit.html", deployment=deployment),
    )


@require_POST
@view_needs("catalogue.deployment_settle")
def deployment_outcome(request: SignedInRequest, pk: int) -> HttpResponse:
    """Record whether a deployment was kept or rolled back."""
    deployment = _deployment(request, pk)

    def show(form: PageForm, status: int) -> HttpResponse:
        return _detail(request, _deployment(request, pk), form, status)

    return flows.step(
        request,
        deployment,
        DeploymentOutcomeForm(request.POST),
        permission="catalogue.deployment_settle",
        operation=operations.settle,
        address=address_of_deployment(deployment),
        show=show,
        message="Outcome recorded",
    )
