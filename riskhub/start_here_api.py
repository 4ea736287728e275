"""Start here by API: what a newcomer of a team reads first."""

from typing import Any, cast

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.models import Subject
from people.models import Team, User
from rest.resource import Resource
from riskhub import start_here


class NamedRow(serializers.Serializer):
    """An object by its reference and title."""

    kind = serializers.CharField()
    object_id = serializers.IntegerField()
    reference = serializers.CharField(allow_null=True)
    title = serializers.CharField()


class StartHereRow(serializers.Serializer):
    """What a newcomer of a team reads first: at most five of each, but all models."""

    models = NamedRow(many=True)
    risks = NamedRow(many=True)
    ladders = NamedRow(many=True)
    decisions = NamedRow(many=True)
    learnings = NamedRow(many=True)


class StartHereOfTeam(Resource):
    """What a newcomer of a team reads first."""

    permission = {"GET": "people.team_view"}
    answers = {"GET": (200, StartHereRow)}
    slug = "slug"

    def rows(self, request: Request) -> QuerySet:
        return Team.objects.visible_to(request.user)

    def get(self, request: Request, key: str) -> Response:
        """List models, top risks, ladders, latest decisions and learnings of a team."""
        found = start_here.of_team(self.found(request, key), cast(User, request.user))
        names: list[str] = list(StartHereRow().fields)
        return Response({name: [_named(row.subject) for row in getattr(found, name)] for name in names})


def _named(subject: Subject) -> dict[str, Any]:
    return {
        "kind": subject.kind,
        "object_id": subject.object_id,
        "reference": subject.reference,
        "title": subject.title,
    }


RESOURCES: list = [("teams/<str:key>/start-here", StartHereOfTeam)]
