"""The health of a model by API."""

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.models import Model
from meetings.queries import model_health
from rest.resource import Item


class HealthTileRow(serializers.Serializer):
    """A figure of the last 30 days, and of the 30 days before."""

    name = serializers.CharField()
    value = serializers.IntegerField()
    before = serializers.IntegerField()


class AxisEntryRow(serializers.Serializer):
    """What happened at a moment, or between two."""

    at = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True, help_text="The end of a breach.")
    title = serializers.CharField(source="label")
    link = serializers.CharField(help_text="The path of its page.")


class LaneRow(serializers.Serializer):
    """What happened of one kind in the last 90 days, the latest first, at most 15."""

    name = serializers.CharField()
    entries = AxisEntryRow(many=True)


class ModelHealthRow(serializers.Serializer):
    """The health of a model, as the owner of the token may see it."""

    level = serializers.ChoiceField(["good", "warn", "bad", "unknown"])
    sentence = serializers.CharField()
    tiles = HealthTileRow(many=True)
    lanes = LaneRow(many=True)


class ModelHealthItem(Item):
    """Get the health of a model, by slug or id."""

    kind = "model_health"
    slug = "slug"
    serializer_class = ModelHealthRow
    permission = {"GET": "meetings.meeting_view"}
    answers = {"GET": (200, ModelHealthRow)}

    def rows(self, request: Request) -> QuerySet:
        return Model.objects.visible_to(request.user)

    def get(self, request: Request, key: str) -> Response:
        found = model_health.health(request.user, self.found(request, key))
        return Response(ModelHealthRow(found).data)


RESOURCES = [("models/<str:key>/health", ModelHealthItem)]
