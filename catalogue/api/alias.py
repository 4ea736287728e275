"""The API of the aliases of a model: list, add, get and remove."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.filters.alias import ALIASES
from catalogue.models import Model
from catalogue.operations import alias as operations
from catalogue.queries import model as queries
from kit import clock
from rest import keys
from rest.fields import Body, read
from rest.nested import Nested, NestedCollection, NestedItem


class AliasRow(serializers.Serializer):
    """Another name of a model in a tool."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    model_id = serializers.IntegerField()
    name = serializers.CharField()
    added_at = serializers.DateTimeField()


class NewAlias(Body):
    name = serializers.CharField(
        max_length=120, help_text="In any script. Case, spaces and punctuation do not matter."
    )


class _OfAliases(Nested):
    kind = "alias"
    serializer_class = AliasRow
    columns = {name: name for name in AliasRow().fields}

    def parents(self, request: Request) -> QuerySet:
        return Model.objects.visible_to(request.user).select_related("subject", "owner_team")

    def parent(self, request: Request) -> Model:
        """Return the model that the address names by slug or id. Raises Http404."""
        lookup = keys.lookup(self.kwargs["key"], reference="", slug="slug")
        return get_object_or_404(self.parents(request), **lookup)

    def rows(self, request: Request) -> QuerySet:
        return queries.aliases().visible_to(request.user).filter(model=self.parent(request))


class ModelAliases(_OfAliases, NestedCollection):
    """List the other names of a model. POST adds one."""

    permission = {"GET": "catalogue.view", "POST": "catalogue.model_change"}
    bodies = {"POST": NewAlias}
    spec = ALIASES

    def post(self, request: Request, key: str) -> Response:
        model = self.parent(request)
        self.require(request, "catalogue.model_change", model)
        alias = operations.add(model, **read(NewAlias, request), by=self.by(request), at=clock.now())
        return self.created(request, alias.pk, f"models/{model.slug}/aliases/{alias.pk}")


class ModelAliasItem(_OfAliases, NestedItem):
    """An alias of a model, by its id."""

    permission = {"GET": "catalogue.view", "DELETE": "catalogue.alias_remove"}
    bodies = {"DELETE": None}

    def delete(self, request: Request, key: str, number: str) -> Response:
        """Remove an alias. What tools sent under it until now stays with the model."""
        alias = self.found(request, number)
        self.require(request, "catalogue.alias_remove", alias)
        seen = self.seen(request, alias)
        operations.remove(alias, by=self.by(request), at=clock.now(), seen=seen)
        return Response(status=204)


RESOURCES = [
    ("models/<str:key>/aliases", ModelAliases),
    ("models/<str:key>/aliases/<str:number>", ModelAliasItem),
]
