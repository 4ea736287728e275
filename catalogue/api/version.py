"""The API of the versions of a model: list, register, get and change."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.filters.version import VERSIONS
from catalogue.models import Model, Version
from catalogue.operations import version as operations
from catalogue.queries import version as version_queries
from catalogue.states import VersionStage
from kit import clock
from kit.refusals import Refused
from rest import keys
from rest.fields import Body, read
from rest.nested import Nested, NestedCollection, NestedEditableItem


class ModelVersionRow(serializers.Serializer):
    """One trained artefact of a model. `version` counts the changes of this row."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    model_id = serializers.IntegerField()
    name = serializers.CharField(help_text="Its name or number in the registry.")
    parent_id = serializers.IntegerField(allow_null=True)
    parent_name = serializers.CharField(source="parent.name", default=None, allow_null=True)
    stage = serializers.ChoiceField(VersionStage.choices)
    data_set = serializers.CharField()
    code = serializers.CharField()
    configuration = serializers.DictField()
    made_at = serializers.DateTimeField(help_text="When it was trained.")
    trigger = serializers.CharField()
    aliases = serializers.ListField(
        child=serializers.CharField(), help_text="What its registry calls it, such as champion."
    )


class VersionChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    parent_name = serializers.CharField(
        max_length=120,
        required=False,
        allow_null=True,
        help_text="The name of the version of this model that it was made from.",
    )
    stage = serializers.ChoiceField(VersionStage.choices, required=False)
    data_set = serializers.CharField(max_length=500, required=False, allow_blank=True)
    code = serializers.CharField(max_length=500, required=False, allow_blank=True)
    configuration = serializers.DictField(required=False)
    made_at = serializers.DateTimeField(required=False)
    trigger = serializers.CharField(max_length=500, required=False, allow_blank=True)


class NewVersion(VersionChange):
    """The body that registers a version. Only the name is required."""

    name = serializers.CharField(max_length=120)


class _OfVersions(Nested):
    kind = "version"
    serializer_class = ModelVersionRow
    columns = {**{name: name for name in ModelVersionRow().fields}, "parent_name": "parent__name"}

    def parents(self, request: Request) -> QuerySet:
        return Model.objects.visible_to(request.user).select_related("subject", "owner_team")

    def parent(self, request: Request) -> Model:
        """Return the model that the address names by slug or id. Raises Http404."""
        lookup = keys.lookup(self.kwargs["key"], reference="", slug="slug")
        return get_object_or_404(self.parents(request), **lookup)

    def rows(self, request: Request) -> QuerySet:
        return Version.objects.visible_to(request.user).filter(model=self.parent(request))

    def objects(self, request: Request) -> QuerySet:
        return version_queries.versions().visible_to(request.user).filter(model=self.parent(request))

    def with_parent(self, model: Model, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values with the parent as a row. Raises Refused(field="parent_name")."""
        if "parent_name" not in values:
            return values
        name = values["parent_name"]
        others = {field: value for field, value in values.items() if field != "parent_name"}
        parent = version_queries.version_called(model, name) if name else None
        if name and parent is None:
            raise Refused(f"{model.name} has no version “{name}”.", field="parent_name")
        return {**others, "parent": parent}


class ModelVersions(_OfVersions, NestedCollection):
    """List the versions of a model, the newest first. POST registers one."""

    permission = {"GET": "catalogue.view", "POST": "catalogue.model_change"}
    bodies = {"POST": NewVersion}
    spec = VERSIONS

    def post(self, request: Request, key: str) -> Response:
        model = self.parent(request)
        self.require(request, "catalogue.model_change", model)
        values = self.with_parent(model, read(NewVersion, request))
        version = operations.register(model, **values, by=self.by(request), at=clock.now())
        return self.created(request, version.pk, f"models/{model.slug}/versions/{version.pk}")


class ModelVersionItem(_OfVersions, NestedEditableItem):
    """A version of a model, by its id."""

    permission = {"GET": "catalogue.view", "PATCH": "catalogue.version_change"}
    body = VersionChange
    operation = staticmethod(operations.change)

    def new_values(self, request: Request, obj: Version) -> dict[str, Any]:
        return self.with_parent(obj.model, super().new_values(request, obj))


RESOURCES = [
    ("models/<str:key>/versions", ModelVersions),
    ("models/<str:key>/versions/<str:number>", ModelVersionItem),
]
