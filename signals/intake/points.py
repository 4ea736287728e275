"""Points by REST: POST a batch, GET those of a series."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kit.actor import Actor
from kit.refusals import Refused
from rest.fields import Body
from rest.resource import Collection
from signals.filters import POINTS
from signals.intake.receive import BodyResult, Receiver
from signals.mapping import points as reading_of
from signals.mapping.points import Reading
from signals.models import Point, Series, Source
from signals.operations import points
from signals.states import Adapter, ItemResult, SignalKind


class MomentField(serializers.DateTimeField):
    """When a value was measured: a text or a number; described in riskhub.schema."""


class PairField(serializers.ListField):
    """[ts, value]; described in riskhub.schema."""


def _maybe(longest: int) -> serializers.CharField:
    return serializers.CharField(max_length=longest, required=False, allow_blank=True, allow_null=True)


class NewPoint(Body):
    """One value of one metric of one model at one moment."""

    model = serializers.CharField(max_length=120, help_text="The model's slug.")
    metric = serializers.CharField(max_length=120)
    feature = _maybe(120)
    slice = _maybe(120)
    kind = serializers.ChoiceField(
        SignalKind.choices,
        required=False,
        allow_null=True,
        help_text="Kind of a new series. Default: derived from the metric's name.",
    )
    unit = _maybe(16)
    ts = MomentField(help_text="ISO 8601 with its offset, or seconds since 1970.")
    value = serializers.FloatField()


class NewSeriesPoints(Body):
    """Many values of one series."""

    model = serializers.CharField(max_length=120)
    metric = serializers.CharField(max_length=120)
    feature = _maybe(120)
    slice = _maybe(120)
    kind = serializers.ChoiceField(SignalKind.choices, required=False, allow_null=True)
    unit = _maybe(16)
    points = serializers.ListField(child=PairField(), help_text="Pairs of [ts, value].")


class NewPoints(Body):
    """A batch: `points` one by one, `series` with their points, or both; at most 10,000 points.

    One series may be sent alone, as an object and not a list.
    """

    source = serializers.SlugField(  # type: ignore[assignment]
        max_length=60,
        required=False,
        allow_blank=True,
        allow_null=True,
        help_text="Slug of the source. Created if it does not exist.",
    )
    points = NewPoint(many=True, required=False)
    series = NewSeriesPoints(many=True, required=False)


class PointRejection(serializers.Serializer):
    index = serializers.IntegerField(help_text="Index of the point in `points` or in its series.")
    series = serializers.IntegerField(required=False, help_text="Index of the series, if `series` was sent.")
    field = serializers.CharField(help_text="Full path of the invalid field.")
    detail = serializers.CharField(help_text="How to fix it.")


class PointsReceipt(serializers.Serializer):
    """What became of a batch: stored and safe, never yet a judgement."""

    stored = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    corrected = serializers.IntegerField()
    rejected = serializers.IntegerField()
    fates = serializers.ListField(
        child=serializers.ChoiceField(ItemResult.choices),
        help_text="One a point, as sent: `points`, then those of each of `series`.",
    )
    rejections = PointRejection(many=True)
    limits = serializers.DictField(child=serializers.IntegerField())


class PointRow(serializers.Serializer):
    """A value of a series at a moment."""

    series_id = serializers.IntegerField()
    ts = serializers.DateTimeField()
    value = serializers.FloatField()


class Points(Receiver, Collection):
    """GET the points of a series; POST a batch of points."""

    permission = {"GET": "signals.view", "POST": "signals.ingest"}
    bodies = {"POST": NewPoints}
    answers = {"POST": (202, PointsReceipt)}
    kind = "point"
    serializer_class = PointRow
    columns = {"series_id": "series_id", "ts": "ts", "value": "value"}
    spec = POINTS
    is_counted = False  # a series may have millions
    adapter = Adapter.POINTS
    limits = reading_of.LIMITS

    def rows(self, request: Request) -> QuerySet:
        return Point.objects.filter(series__in=Series.objects.visible_to(request.user))

    def get(self, request: Request) -> Response:
        named = request.query_params.get("series")
        if not named or "," in named:
            raise ValidationError({"series": ["Name one series by its number."]})
        return super().get(request)

    def post(self, request: Request) -> Response:
        return self.receive(request)

    def slug_of(self, request: Request, body: Any) -> str:
        named = body.get("source") if isinstance(body, dict) else None
        if named is not None and not isinstance(named, str):
            raise Refused("The name of a source must be a string.", field="source")
        return named or ""

    def take(self, body: Any, source: Source, *, by: Actor, at: datetime) -> BodyResult:
        reading = reading_of.read(body, at=at)
        stored = points.store(reading, source=source, by=by, at=at)
        fates: list[Any] = stored.fates
        for item in reading.refused:
            fates[item] = ItemResult.REJECTED
        return BodyResult(fates, [_rejection(reading, item) for item in reading.refused])


def _rejection(reading: Reading, item: int) -> dict[str, Any]:
    error = reading.refused[item]
    series, index = reading.places[item] if reading.places is not None else (-1, item)
    place = f"points[{index}]" if series < 0 else f"series[{series}].points[{index}]"
    found: dict[str, Any] = {} if series < 0 else {"series": series}
    return found | {"index": index, "field": f"{place}.{error.field}", "detail": error.message}
