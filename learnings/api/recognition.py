"""API resources of recognitions: list, give, change, withdraw."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.models import Subject
from history.queries import seen_by, tell
from kit import clock
from learnings.filters.recognition import SPEC
from learnings.models import Recognition, ThankedPerson
from learnings.operations import recognition as operations
from learnings.operations.recognition import DAYS, MAX_DAYS, MAX_PEOPLE, MIN_DAYS, figures_of
from learnings.queries import recognition as queries
from learnings.states import RecognitionKind, RecognitionState
from people.models import Team, User
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.resource import Collection, Resource
from rest.steps import Step
from signals.models import Series


class RecognitionRow(serializers.Serializer):
    """A thank-you for an outcome. Texts are Markdown. Figures are null if you may not see their metric."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    text = serializers.CharField()
    kind = serializers.ChoiceField(RecognitionKind.choices)
    state = serializers.ChoiceField(RecognitionState.choices)
    people = serializers.ListField(
        child=serializers.IntegerField(), help_text="The ids of the people who are thanked by name."
    )
    team_id = serializers.IntegerField(allow_null=True)
    about_kind = serializers.CharField(allow_null=True)
    about_reference = serializers.CharField(allow_null=True)
    metric_series = serializers.IntegerField(allow_null=True)
    metric_changed_on = serializers.DateField(allow_null=True)
    metric_days = serializers.IntegerField(allow_null=True)
    metric_name = serializers.CharField(allow_null=True)
    metric_unit = serializers.CharField(allow_null=True)
    metric_before = serializers.FloatField(allow_null=True)
    metric_after = serializers.FloatField(allow_null=True)
    metric_source = serializers.CharField(allow_null=True)
    author_id = serializers.IntegerField(allow_null=True)
    given_at = serializers.DateTimeField()


class RecognitionChange(Body):
    """The texts to change; fields that are not sent stay the same."""

    title = serializers.CharField(max_length=200, required=False)
    text = serializers.CharField(max_length=20000, required=False, allow_blank=True)


class NewRecognition(RecognitionChange):
    """A recognition. Send a metric with the day it changed on, or a figure with its source."""

    title = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(RecognitionKind.choices)
    about = Visible("object", Subject.objects.visible_to, by="reference", help_text="The outcome.")
    people = serializers.ListField(
        child=Visible("person", User.objects.visible_to, by="email"), required=False, max_length=MAX_PEOPLE
    )
    team = Visible("team", Team.objects.visible_to, required=False, allow_null=True)
    metric_series = Visible("series", Series.objects.visible_to, by="", required=False, allow_null=True)
    metric_changed_on = serializers.DateField(required=False, allow_null=True)
    metric_days = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=MIN_DAYS,
        max_value=MAX_DAYS,
        help_text=f"{DAYS} by default.",
    )
    metric_name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    metric_unit = serializers.CharField(max_length=16, required=False, allow_blank=True)
    metric_before = serializers.FloatField(required=False, allow_null=True)
    metric_after = serializers.FloatField(required=False, allow_null=True)
    metric_source = serializers.CharField(max_length=300, required=False, allow_blank=True)


class RecognitionWithdrawal(Body):
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True)


class _Recognitions(Resource):
    kind = "recognition"
    serializer_class = RecognitionRow
    columns = {
        **{name: name for name in RecognitionRow().fields if name != "people"},
        "about_kind": "about__kind",
        "about_reference": "about__reference",
    }

    def rows(self, request: Request) -> QuerySet:
        return Recognition.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return queries.recognitions().visible_to(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        hiding = {**seen_by("about"), **seen_by("metric", "metric_series__subject")}
        return super().as_values(rows).annotate(**hiding)

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Add the people, and remove the outcome and the metric if the user may not see them."""
        thanked: dict[int, list[int]] = {row["id"]: [] for row in found}
        pairs = ThankedPerson.objects.filter(recognition__in=thanked).order_by("pk")
        for recognition, person in pairs.values_list("recognition_id", "person_id"):
            thanked[recognition].append(person)
        for row in found:
            row["people"] = thanked[row["id"]]
        return tell(request.user, found, "about", "metric")


class Recognitions(_Recognitions, Collection):
    """Recognitions. POST gives one."""

    permission = {"GET": "learnings.recognition_view", "POST": "learnings.recognition_give"}
    bodies = {"POST": NewRecognition}
    spec = SPEC

    def post(self, request: Request) -> Response:
        values = read(NewRecognition, request)
        given = operations.give(
            **{name: value for name, value in values.items() if not name.startswith("metric_")},
            figures=figures_of(values),
            by=self.by(request),
            at=clock.now(),
        )
        return self.created(request, given.pk, f"recognitions/{given.pk}")


class RecognitionItem(_Recognitions, EditableItem):
    """A recognition, by id."""

    permission = {"GET": "learnings.recognition_view", "PATCH": "learnings.recognition_change"}
    body = RecognitionChange
    operation = staticmethod(operations.change)


class WithdrawRecognition(_Recognitions, Step):
    """Withdraw a recognition that was given by mistake."""

    permission = {"POST": "learnings.recognition_change"}
    body = RecognitionWithdrawal
    operation = operations.withdraw
    is_versioned = True


RESOURCES: list = [
    ("recognitions", Recognitions),
    ("recognitions/<str:key>", RecognitionItem),
    ("recognitions/<str:key>/withdraw", WithdrawRecognition),
]
