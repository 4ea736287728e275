"""API resources of tripwires: list those of a decision, add one, remove one."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.queries import may_see, seen_by
from kit import clock
from meetings.filters import TRIPWIRES
from meetings.models import Decision
from meetings.operations import tripwire as operations
from meetings.queries import decision as decisions
from meetings.queries import tripwire as queries
from meetings.states import TripwireKind, TripwireState
from rest.fields import Body, Visible, read
from rest.nested import Nested, NestedCollection, NestedItem, NestedStep
from signals.models import Series
from signals.states import Direction


class TripwireRow(serializers.Serializer):
    """What brings a decision back. Readers who may not see the metric get null for it and its values."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    kind = serializers.ChoiceField(TripwireKind.choices)
    due_on = serializers.DateField(allow_null=True)
    series_id = serializers.IntegerField(allow_null=True)
    direction = serializers.ChoiceField(Direction.choices, allow_null=True)
    value = serializers.FloatField(allow_null=True)
    note = serializers.CharField()
    state = serializers.ChoiceField(TripwireState.choices)
    made_at = serializers.DateTimeField()
    crossed_at = serializers.DateTimeField(allow_null=True)
    crossed_value = serializers.FloatField(allow_null=True)


class NewTripwire(Body):
    """A date, or a metric with the value that it crosses."""

    kind = serializers.ChoiceField(
        TripwireKind.choices, required=False, help_text="metric if there is a series, otherwise date."
    )
    due_on = serializers.DateField(required=False, allow_null=True)
    series = Visible("series", Series.objects.visible_to, by="id", required=False, allow_null=True)
    direction = serializers.ChoiceField(Direction.choices, required=False)
    value = serializers.FloatField(required=False, allow_null=True)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)


class TripwireReason(Body):
    reason = serializers.CharField(max_length=300)


class _Tripwires(Nested):
    kind = "tripwire"
    serializer_class = TripwireRow
    columns = {name: name for name in TripwireRow().fields}

    def parents(self, request: Request) -> QuerySet[Decision]:
        return decisions.decisions(request.user)

    def rows(self, request: Request) -> QuerySet:
        return queries.tripwires(request.user).filter(decision=self.parent(request))

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(**seen_by("series", "series__subject"))

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Leave out the metric for readers who may not see it."""
        for row in rows:
            if not may_see(request.user, row, "series"):
                row.update(dict.fromkeys(("series_id", "direction", "value", "crossed_value")))
        return rows


class Tripwires(_Tripwires, NestedCollection):
    """List the tripwires of a decision. POST adds one."""

    permission = {"GET": "meetings.decision_view", "POST": "meetings.tripwire_change"}
    bodies = {"POST": NewTripwire}
    spec = TRIPWIRES

    def post(self, request: Request, key: str) -> Response:
        decision: Decision = self.parent(request)
        self.require(request, "meetings.tripwire_change", decision)
        values = read(NewTripwire, request)
        tripwire = operations.add(decision, **values, by=self.by(request), at=clock.now())
        return self.created(request, tripwire.pk, f"decisions/{decision.reference}/tripwires/{tripwire.pk}")


class TripwireItem(_Tripwires, NestedItem):
    """Get one tripwire of a decision."""

    permission = {"GET": "meetings.decision_view"}


class RemoveTripwire(_Tripwires, NestedStep):
    """Remove an armed tripwire, with the reason."""

    permission = {"POST": "meetings.tripwire_change"}
    body = TripwireReason
    answers = {"POST": (200, TripwireRow)}
    operation = staticmethod(operations.remove)
    is_versioned = True


RESOURCES: list = [
    ("decisions/<str:key>/tripwires", Tripwires),
    ("decisions/<str:key>/tripwires/<str:number>", TripwireItem),
    ("decisions/<str:key>/tripwires/<str:number>/remove", RemoveTripwire),
]
