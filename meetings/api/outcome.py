"""The API resource of the question whether a decision worked."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from meetings.api.decision import DecisionResource
from meetings.operations import outcome as operations
from meetings.queries import decision as queries
from meetings.queries import metrics
from meetings.states import DidItWork
from rest.fields import Body, read
from rest.resource import Item


class FigureRow(serializers.Serializer):
    """The mean of a metric in the two weeks before the decision, and in the last two."""

    series_id = serializers.IntegerField()
    name = serializers.CharField()
    before = serializers.FloatField(allow_null=True)
    after = serializers.FloatField(allow_null=True)


class OutcomeRow(serializers.Serializer):
    """Whether a decision worked, with the metrics of what it is about."""

    id = serializers.IntegerField(help_text="Of the decision.")
    version = serializers.IntegerField(help_text="Of the decision.")
    outcome = serializers.ChoiceField([*DidItWork.choices, ""])
    note = serializers.CharField()
    answered_by_id = serializers.IntegerField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    asks_at = serializers.DateTimeField(allow_null=True, help_text="When people are asked the next time.")
    metrics = FigureRow(many=True)


class OutcomeAnswer(Body):
    outcome = serializers.ChoiceField(DidItWork.choices)
    note = serializers.CharField(
        max_length=4000, required=False, allow_blank=True, help_text="Needed if it did not work."
    )


class DecisionOutcome(DecisionResource, Item):
    """Whether a decision worked. POST answers; a later answer takes the place of an earlier one."""

    permission = {"GET": "meetings.decision_view", "POST": "meetings.outcome_answer"}
    serializer_class = OutcomeRow
    bodies = {"POST": OutcomeAnswer}
    answers = {"POST": (200, OutcomeRow)}
    is_versioned = True

    def one(self, request: Request, key: str) -> dict[str, Any]:
        decision = self.found(request, key)
        return {
            "id": decision.pk,
            "version": decision.version,
            "outcome": decision.outcome,
            "note": decision.outcome_note,
            "answered_by_id": decision.outcome_by_id,
            "answered_at": decision.outcome_at,
            "asks_at": queries.asks_at(decision),
            "metrics": [
                {
                    "series_id": figure.series.pk,
                    "name": str(figure.series),
                    "before": figure.before,
                    "after": figure.after,
                }
                for figure in metrics.figures(request.user, decision, clock.now())
            ],
        }

    def post(self, request: Request, key: str) -> Response:
        found = self.found(request, key)
        self.require(request, "meetings.outcome_answer", found)
        seen = self.seen(request, found)
        operations.answer(
            found, **read(OutcomeAnswer, request), by=self.by(request), at=clock.now(), seen=seen
        )
        return self.answer(request, found.pk)


RESOURCES: list = [("decisions/<str:key>/outcome", DecisionOutcome)]
