"""The resource of points: POST a batch, GET the points of a series."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from kit.refusals import Refused
from rest.bodies import loads_leniently, media_type_of
from rest.fields import Body
from rest.resource import Collection
from signals.filters.series import POINTS
from signals.intake.receive import Receiver
from signals.mapping import points as points_mapping
from signals.mapping.text import Unusable
from signals.models import Series, SeriesValue
from signals.states import Adapter, ItemResult, SignalKind

# The media types of one point a line.
LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})


class MomentField(serializers.DateTimeField):
    """The time of a value: ISO 8601 text or a number. riskhub.schema.extensions describes it."""


class PairField(serializers.ListField):
    """[ts, value]. riskhub.schema.extensions describes it."""


def _optional_text(max_length: int) -> serializers.CharField:
    return serializers.CharField(max_length=max_length, required=False, allow_blank=True, allow_null=True)


class NewPoint(Body):
    """One value of one metric of one model at one time."""

    model = serializers.CharField(max_length=120, help_text="The model's slug.")
    metric = serializers.CharField(max_length=120)
    feature = _optional_text(120)
    slice = _optional_text(120)
    kind = serializers.ChoiceField(
        SignalKind.choices,
        required=False,
        allow_null=True,
        help_text="Kind of a new series. Default: derived from the metric's name.",
    )
    unit = _optional_text(16)
    ts = MomentField(help_text="ISO 8601 with its offset, or seconds since 1970.")
    value = serializers.FloatField()


class NewSeriesPoints(Body):
    """Many values of one series."""

    model = serializers.CharField(max_length=120)
    metric = serializers.CharField(max_length=120)
    feature = _optional_text(120)
    slice = _optional_text(120)
    kind = serializers.ChoiceField(SignalKind.choices, required=False, allow_null=True)
    unit = _optional_text(16)
    points = serializers.ListField(child=PairField(), help_text="Pairs of [ts, value].")


class NewPoints(Body):
    """A batch: `points` one by one, `series` with their points, or both; at most 10,000 points.

    One series may be sent alone, as an object and not a list.
    """

    source = serializers.SlugField(  # type: ignore[assignment]  # DRF's Field has an attribute `source`
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
    """The result of a batch. The points counted as stored are committed."""

    stored = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    corrected = serializers.IntegerField()
    rejected = serializers.IntegerField()
    ignored = serializers.IntegerField(help_text="Items whose severity the source ignores.")
    results = serializers.ListField(
        child=serializers.ChoiceField(ItemResult.choices),
        help_text="One per point, in their order: `points`, then those of each of `series`.",
    )
    rejections = PointRejection(many=True)
    limits = serializers.DictField(child=serializers.IntegerField())


class PointRow(serializers.Serializer):
    """A value of a series at a time."""

    series_id = serializers.IntegerField()
    ts = serializers.DateTimeField()
    value = serializers.FloatField()


class Points(Receiver, Collection):
    """GET the points of a series; POST a batch of points.

    POST also takes application/x-ndjson: one point a line, with `?source=` for its source.
    """

    permission = {"GET": "signals.view", "POST": "signals.ingest"}
    bodies = {"POST": NewPoints}
    answers = {"POST": (202, PointsReceipt)}
    kind = "point"
    serializer_class = PointRow
    columns = {"series_id": "series_id", "ts": "ts", "value": "value"}
    spec = POINTS
    written_parameters = frozenset({"source"})
    is_counted = False  # a series may have millions
    adapter = Adapter.POINTS
    limits = points_mapping.LIMITS

    def rows(self, request: Request) -> QuerySet:
        return SeriesValue.objects.filter(series__in=Series.objects.visible_to(request.user))

    def post(self, request: Request) -> Response:
        return self.receive(request)

    def parser_of(self, request: Request) -> Callable[[bytes], Any]:
        return _parse_lines if media_type_of(request) in LINES else super().parser_of(request)

    def slug_of(self, request: Request, body: Any) -> str:
        slug = body.get("source") if isinstance(body, dict) else None
        if slug is None:
            slug = request.query_params.get("source")
        if slug is not None and not isinstance(slug, str):
            raise Refused("The name of a source must be a string.", field="source")
        return slug or ""


def _parse_lines(raw: bytes) -> dict[str, Any]:
    return {"points": points_mapping.of_lines(raw, _parse_line)}


def _parse_line(line: bytes) -> Any:
    try:
        return loads_leniently(line)
    except ParseError:
        return Unusable("line", "The line is not JSON. Each line is one point, as a JSON object.")
