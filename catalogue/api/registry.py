"""The API of model registries: list, add, get, change, and read one now."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.filters.registry import REGISTRIES
from catalogue.models import Registry
from catalogue.operations import registry as operations
from catalogue.queries import registry as queries
from kit import clock
from outgoing.urls import LONGEST
from people.models import Team, User
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.resource import Collection, Resource
from rest.steps import Step


class RegistryRow(serializers.Serializer):
    """A registry of MLflow, from which models and versions are imported, with its last reading."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    url = serializers.CharField()
    username = serializers.CharField()
    owner_id = serializers.IntegerField(help_text="Imports change what this person may change.")
    owner_name = serializers.CharField()
    owner_team_slug = serializers.CharField(allow_null=True, help_text="Of new models.")
    every_minutes = serializers.IntegerField()
    production_alias = serializers.CharField()
    is_active = serializers.BooleanField()
    read_at = serializers.DateTimeField(allow_null=True, help_text="The last successful reading.")
    tried_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(help_text="Why the last reading failed, empty if it did not.")
    problems = serializers.ListField(
        child=serializers.CharField(), help_text="What the last reading did not import, and why."
    )
    is_partial = serializers.BooleanField(
        help_text="The next reading goes on with the rest, within a minute."
    )


class _RegistryBody(Body):
    name = serializers.CharField(max_length=80, required=False)
    url = serializers.CharField(
        max_length=LONGEST,
        required=False,
        help_text="Another address removes the token, unless it is sent too.",
    )
    username = serializers.CharField(max_length=120, required=False, allow_blank=True)
    token = serializers.CharField(
        max_length=4_000,
        required=False,
        allow_blank=True,
        write_only=True,
        help_text="A bearer token, or the password of the user name. Blank removes it. It is never shown.",
    )
    owner = Visible("person", User.objects.visible_to, by="email", required=False)
    owner_team = Visible("team", Team.objects.visible_to, required=False, allow_null=True)
    every_minutes = serializers.IntegerField(
        min_value=operations.SHORTEST, max_value=operations.LONGEST, required=False
    )
    production_alias = serializers.CharField(max_length=120, required=False, allow_blank=True)


class RegistryChange(_RegistryBody):
    """The fields to change. Fields that are not sent keep their values."""

    is_active = serializers.BooleanField(required=False)


class NewRegistry(_RegistryBody):
    """The body that adds a registry. You own it if you name nobody else."""

    name = serializers.CharField(max_length=80)
    url = serializers.CharField(max_length=LONGEST, help_text="Of the MLflow tracking server.")


class _Registries(Resource):
    kind = "registry"
    serializer_class = RegistryRow
    columns = {
        **{name: name for name in RegistryRow().fields},
        "owner_name": "owner__name",
        "owner_team_slug": "owner_team__slug",
        **{name: f"reading__{name}" for name in ("read_at", "tried_at", "error", "problems", "is_partial")},
    }

    def rows(self, request: Request) -> QuerySet:
        return Registry.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return queries.registries().visible_to(request.user)


class Registries(_Registries, Collection):
    """List the model registries. POST adds one, which is read within a minute."""

    permission = {"GET": "catalogue.registry_view", "POST": "catalogue.registry_change"}
    bodies = {"POST": NewRegistry}
    spec = REGISTRIES

    def post(self, request: Request) -> Response:
        values: dict[str, Any] = read(NewRegistry, request)
        registry = operations.add(**values, by=self.by(request), at=clock.now())
        return self.created(request, registry.pk, f"registries/{registry.pk}")


class RegistryItem(_Registries, EditableItem):
    """A model registry, by its id."""

    permission = {"GET": "catalogue.registry_view", "PATCH": "catalogue.registry_change"}
    body = RegistryChange
    operation = staticmethod(operations.change)


class RegistryRead(_Registries, Step):
    """Let a registry be read again, within a minute. The answer has the reading before."""

    permission = {"POST": "catalogue.registry_change"}
    answers = {"POST": (200, RegistryRow)}
    operation = operations.ask
    takes_version = False


RESOURCES = [
    ("registries", Registries),
    ("registries/<str:key>", RegistryItem),
    ("registries/<str:key>/read", RegistryRead),
]
