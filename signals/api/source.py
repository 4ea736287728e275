"""The API of sources: the tools that send signals."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from people.models import User
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.resource import Collection, Resource
from signals.filters.source import SOURCES
from signals.models import Source
from signals.operations import source as operations
from signals.states import Adapter


class SourceRow(serializers.Serializer):
    """A source: a tool that sends signals."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()
    adapter = serializers.CharField()
    owner_id = serializers.IntegerField(allow_null=True)
    owner_name = serializers.CharField(source="owner.name", default=None, allow_null=True)
    mapping = serializers.JSONField()
    expected_every = serializers.DurationField(
        allow_null=True, help_text="Expected interval between payloads."
    )
    last_received_at = serializers.DateTimeField(allow_null=True)


def _people(user: User) -> QuerySet[User]:
    return User.objects.active().visible_to(user)


class SourceChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    name = serializers.CharField(max_length=80, required=False)
    owner = Visible("person", _people, by="email", required=False, allow_null=True)
    mapping = serializers.JSONField(required=False)
    expected_every = serializers.DurationField(required=False, allow_null=True)
    secret = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        write_only=True,
        help_text="With which Grafana or MLflow signs its bodies. Blank removes it. It is never shown.",
    )


class NewSource(SourceChange):
    """The body that adds a source before its first payload."""

    name = serializers.CharField(max_length=80)
    slug = serializers.CharField(
        max_length=60, required=False, default="", help_text="Part of its address. Default: as the name."
    )
    adapter = serializers.ChoiceField(Adapter.choices)


class _Sources(Resource):
    kind = "source"
    slug = "slug"
    serializer_class = SourceRow
    columns = {
        "id": "id",
        "version": "version",
        "slug": "slug",
        "name": "name",
        "adapter": "adapter",
        "owner_id": "owner_id",
        "owner_name": "owner__name",
        "mapping": "mapping",
        "expected_every": "expected_every",
        "last_received_at": "last_received_at",
    }

    def rows(self, request: Request) -> QuerySet:
        return Source.objects.visible_to(request.user)

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        to_text = serializers.DurationField().to_representation
        for row in rows:
            interval = row["expected_every"]
            row["expected_every"] = to_text(interval) if interval is not None else None
        return rows


class Sources(_Sources, Collection):
    """List sources. POST adds one before its first payload."""

    permission = {"GET": "signals.view", "POST": "signals.source_change"}
    bodies = {"POST": NewSource}
    spec = SOURCES

    def post(self, request: Request) -> Response:
        values = read(NewSource, request)
        source = operations.add(**values, by=self.by(request), at=clock.now())
        return self.created(request, source.pk, f"sources/{source.slug}")


class SourceItem(_Sources, EditableItem):
    """Get a source by slug or number."""

    permission = {"GET": "signals.view", "PATCH": "signals.source_change"}
    body = SourceChange
    operation = staticmethod(operations.change)
