"""The pages of the aliases of models: the list of one model, add and remove."""

from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.filters.alias import ALIASES
from catalogue.forms.alias import AliasForm
from catalogue.models import Alias, Model
from catalogue.operations import alias as operations
from catalogue.queries import model as queries
from kit.actor import Actor
from kit.rights import may, require, view_needs
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.listing import listing
from people.permissions import SignedInRequest


def address_of_aliases(model: Model) -> str:
    return reverse("catalogue:model_aliases", args=[model.slug])


@require_safe
@view_needs("catalogue.view")
def model_aliases(request: SignedInRequest, slug: str) -> HttpResponse:
    model = get_object_or_404(queries.models().visible_to(request.user), slug=slug)
    shown = listing(request, ALIASES, queries.aliases().visible_to(request.user).filter(model=model))
    context = {
        "model": model,
        "listing": shown,
        "page": shown.page,
        "may_change": may(request.user, "catalogue.model_change", model),
    }
    return respond(request, "catalogue/alias_list.html", "rows", context)


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.model_change")
def alias_create(request: SignedInRequest) -> HttpResponse:
    """Add an alias. `?name=` and `?model=` (a slug) preset the fields."""
    slug = request.GET.get("model", "")[:120]
    model = Model.objects.visible_to(request.user).filter(slug=slug).first() if slug else None
    initial = {"name": request.GET.get("name", "")[:120], "model": model}

    def add(*, model: Model, name: str, by: Actor, at: datetime) -> Alias:
        require(request.user, "catalogue.model_change", model)
        return operations.add(model, name=name, by=by, at=at)

    return flows.create(
        request,
        AliasForm(request.POST or None, user=request.user, initial=initial),
        operation=add,
        address=lambda alias: address_of_aliases(alias.model),
        show=form_page(request, "catalogue/alias_create.html"),
        message=lambda alias: f"“{alias.name}” is now a name of {alias.model.name}",
    )


@require_POST
@view_needs("catalogue.alias_remove")
def alias_remove(request: SignedInRequest, pk: int) -> HttpResponse:
    alias = get_object_or_404(queries.aliases().visible_to(request.user), pk=pk)
    return flows.press(
        request,
        alias,
        permission="catalogue.alias_remove",
        operation=operations.remove,
        address=address_of_aliases(alias.model),
        message=f"“{alias.name}” removed",
    )
