"""The memory of a model and of a team by API."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request

from catalogue.models import Model
from meetings.filters import MEMORY
from meetings.memory import WORDS
from meetings.queries import memory as queries
from people.models import Team
from rest import keys
from rest.nested import NestedCollection


class MemoryRow(serializers.Serializer):
    """Something that was seen, decided, tried or learned."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    verb = serializers.ChoiceField(sorted(WORDS))
    subject_kind = serializers.CharField()
    subject_reference = serializers.CharField(allow_null=True)
    subject_title = serializers.CharField()


class _Memory(NestedCollection):
    kind = "memory"
    serializer_class = MemoryRow
    permission = {"GET": "meetings.meeting_view"}
    spec = MEMORY
    parent_reference = ""
    columns = {
        "id": "id",
        "at": "at",
        "verb": "verb",
        "subject_kind": "subject__kind",
        "subject_reference": "subject__reference",
        "subject_title": "subject__title",
    }

    def parent(self, request: Request) -> Any:
        """Return the object that the address names by slug or id. Raises Http404."""
        lookup = keys.lookup(self.kwargs["key"], reference="", slug="slug")
        return get_object_or_404(self.parents(request), **lookup)


class MemoryOfModel(_Memory):
    """What was seen, decided, tried and learned about a model, the latest first."""

    def parents(self, request: Request) -> QuerySet[Model]:
        return Model.objects.visible_to(request.user)

    def rows(self, request: Request) -> QuerySet:
        return queries.of_model(request.user, self.parent(request))


class MemoryOfTeam(_Memory):
    """What was seen, decided, tried and learned by a team and about its models, the latest first."""

    def parents(self, request: Request) -> QuerySet[Team]:
        return Team.objects.visible_to(request.user)

    def rows(self, request: Request) -> QuerySet:
        return queries.of_team(request.user, self.parent(request))


RESOURCES: list = [
    ("models/<str:key>/memory", MemoryOfModel),
    ("teams/<str:key>/memory", MemoryOfTeam),
]
