"""The pages of model registries: the list, a registry with its last reading, add, edit, read now."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.filters.registry import REGISTRIES
from catalogue.forms.registry import NewRegistryForm, RegistryForm
from catalogue.models import Registry
from catalogue.operations import registry as operations
from catalogue.queries import registry as queries
from kit import clock
from kit.refusals import Refused
from kit.rights import may, view_needs
from pages import flows
from pages.answers import go, respond, toast
from pages.flows import form_page
from pages.listing import listing
from pages.requests import actor
from people.permissions import SignedInRequest

CHANGE = "catalogue.registry_change"


def address_of_registry(registry: Registry) -> str:
    return reverse("catalogue:registry_detail", args=[registry.pk])


def _registry(request: SignedInRequest, pk: int) -> Registry:
    return get_object_or_404(queries.registries().visible_to(request.user), pk=pk)


@require_safe
@view_needs("catalogue.registry_view")
def registry_list(request: SignedInRequest) -> HttpResponse:
    shown = listing(request, REGISTRIES, queries.registries().visible_to(request.user))
    context = {"listing": shown, "page": shown.page, "may_change": may(request.user, CHANGE)}
    return respond(request, "catalogue/registry_list.html", "rows", context)


@require_safe
@view_needs("catalogue.registry_view")
def registry_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    registry = _registry(request, pk)
    context = {
        "registry": registry,
        "reading": registry.reading,
        "imported": queries.imported(request.user, registry),
        "may_change": may(request.user, CHANGE, registry),
    }
    return respond(request, "catalogue/registry_detail.html", None, context)


@require_http_methods(["GET", "POST"])
@view_needs(CHANGE)
def registry_create(request: SignedInRequest) -> HttpResponse:
    return flows.create(
        request,
        NewRegistryForm(request.POST or None, user=request.user, initial={"owner": request.user.pk}),
        operation=operations.add,
        address=address_of_registry,
        show=form_page(request, "catalogue/registry_create.html"),
        message="Registry added. It is read within a minute.",
    )


@require_http_methods(["GET", "POST"])
@view_needs(CHANGE)
def registry_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    registry = _registry(request, pk)
    return flows.edit(
        request,
        registry,
        RegistryForm.of(registry, request.POST or None, user=request.user),
        permission=CHANGE,
        operation=operations.change,
        address=address_of_registry(registry),
        show=form_page(request, "catalogue/registry_edit.html", registry=registry),
    )


@require_POST
@view_needs(CHANGE)
def registry_read(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let a worker read the registry now."""
    registry = _registry(request, pk)
    back = go(request, address_of_registry(registry))
    try:
        operations.ask(registry, by=actor(request), at=clock.now())
    except Refused as refusal:
        return toast(request, back, refusal.message)
    return toast(request, back, "The registry is read within a minute")
