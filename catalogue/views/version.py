"""The pages of the versions of models."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from catalogue.filters.version import VERSIONS
from catalogue.forms.version import NewVersionForm, VersionForm
from catalogue.models import Model, Version
from catalogue.operations import version as operations
from catalogue.queries import model as model_queries
from catalogue.queries import run as run_queries
from catalogue.queries import version as version_queries
from kit.rights import may, require, view_needs
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.listing import listing
from people.permissions import SignedInRequest


def address_of_version(version: Version) -> str:
    return reverse("catalogue:version_detail", args=[version.pk])


def _model(request: SignedInRequest, slug: str) -> Model:
    return get_object_or_404(model_queries.models().visible_to(request.user), slug=slug)


def _version(request: SignedInRequest, pk: int) -> Version:
    return get_object_or_404(version_queries.versions().visible_to(request.user), pk=pk)


@require_safe
@view_needs("catalogue.view")
def model_versions(request: SignedInRequest, slug: str) -> HttpResponse:
    model = _model(request, slug)
    rows = version_queries.versions().visible_to(request.user).filter(model=model)
    shown = listing(request, VERSIONS, rows)
    context = {
        "model": model,
        "listing": shown,
        "page": shown.page,
        "may_change": may(request.user, "catalogue.model_change", model),
    }
    return respond(request, "catalogue/version_list.html", "rows", context)


@require_safe
@view_needs("catalogue.view")
def version_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    version = _version(request, pk)
    context = {
        "version": version,
        "model": version.model,
        "runs": run_queries.that_made(request.user, version),
        "lines": version_queries.configuration_lines(version.configuration),
        "may_change": may(request.user, "catalogue.version_change", version),
    }
    return respond(request, "catalogue/version_detail.html", None, context)


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.model_change")
def version_create(request: SignedInRequest, slug: str) -> HttpResponse:
    model = _model(request, slug)
    require(request.user, "catalogue.model_change", model)
    return flows.create(
        request,
        NewVersionForm(request.POST or None, model=model, user=request.user),
        operation=partial(operations.register, model),
        address=address_of_version,
        show=form_page(request, "catalogue/version_create.html", model=model),
        message="Version registered",
    )


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.version_change")
def version_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    version = _version(request, pk)
    return flows.edit(
        request,
        version,
        VersionForm.of(version, request.POST or None, user=request.user),
        permission="catalogue.version_change",
        operation=operations.change,
        address=address_of_version(version),
        show=form_page(request, "catalogue/version_edit.html", version=version),
    )
