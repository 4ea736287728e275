"""The API of breaches: breach groups with the number of their breaches."""

from typing import Any

from django.db.models import Count, Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from catalogue.queries.deployment import version_at
from rest.resource import Collection, Item, Resource
from signals.filters.breach import BREACHES
from signals.models import BreachGroup
from signals.states import BreachLevel, BreachState, SignalKind


class BreachRow(serializers.Serializer):
    """A breach: all crossings of one cause. breaches: number of crossings; open: number still open."""

    id = serializers.IntegerField()
    reference = serializers.CharField(source="subject.reference")
    version = serializers.IntegerField()
    title = serializers.CharField()
    model_id = serializers.IntegerField(allow_null=True)
    model_name = serializers.CharField()
    model_version = serializers.CharField(
        allow_null=True, help_text="Which was in production when it opened, as far as deployments say."
    )
    kind = serializers.ChoiceField(SignalKind.choices)
    level = serializers.ChoiceField(BreachLevel.choices)
    state = serializers.ChoiceField(BreachState.choices)
    is_muted = serializers.BooleanField()
    opened_at = serializers.DateTimeField()
    cleared_at = serializers.DateTimeField(allow_null=True)
    breaches = serializers.IntegerField(source="breach_count")
    open = serializers.IntegerField(source="open_count")


class _Breaches(Resource):
    kind = "breach"
    serializer_class = BreachRow
    columns = {
        "id": "id",
        "reference": "subject__reference",
        "version": "version",
        "title": "title",
        "model_id": "model_id",
        "model_name": "model_name",
        "model_version": "about_version__name",
        "kind": "kind",
        "level": "level",
        "state": "state",
        "is_muted": "is_muted",
        "opened_at": "opened_at",
        "cleared_at": "cleared_at",
    }

    def rows(self, request: Request) -> QuerySet:
        about = version_at(request.user, "opened_at")
        return BreachGroup.objects.visible_to(request.user).annotate(about_version=about)

    def as_values(self, rows: QuerySet) -> QuerySet:
        return (
            super()
            .as_values(rows)
            .annotate(
                breach_count=Count("breaches"),
                open_count=Count("breaches", filter=Q(breaches__state=BreachState.OPEN)),
            )
        )

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        for row in rows:
            row["breaches"], row["open"] = row.pop("breach_count"), row.pop("open_count")
        return rows


class Breaches(_Breaches, Collection):
    """List breaches, newest first. A breach groups the crossings of one cause."""

    permission = {"GET": "signals.view"}
    spec = BREACHES


class BreachItem(_Breaches, Item):
    """Get a breach by reference or number."""

    permission = {"GET": "signals.view"}
