"""The API of series: which metrics are measured of which model."""

from rest_framework import serializers

from rest.resource import Collection, Item, Resource
from signals.filters.series import SERIES
from signals.models import Series
from signals.states import SignalKind


class MetricSeriesRow(serializers.Serializer):
    """One metric of one model. model_id null: no model of that name is registered yet."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    model_id = serializers.IntegerField(allow_null=True)
    model_name = serializers.CharField()
    metric = serializers.CharField()
    feature = serializers.CharField()
    slice = serializers.CharField()
    kind = serializers.ChoiceField(SignalKind.choices)
    unit = serializers.CharField()
    source_slug = serializers.CharField(source="source.slug", default=None, allow_null=True)
    latest_ts = serializers.DateTimeField(allow_null=True)
    latest_value = serializers.FloatField(allow_null=True)


class _MetricSeries(Resource):
    kind = "series"
    serializer_class = MetricSeriesRow
    columns = {
        "id": "id",
        "version": "version",
        "model_id": "model_id",
        "model_name": "model_name",
        "metric": "metric",
        "feature": "feature",
        "slice": "slice",
        "kind": "kind",
        "unit": "unit",
        "source_slug": "source__slug",
        "latest_ts": "latest_ts",
        "latest_value": "latest_value",
    }

    visible_rows = Series.objects


class SeriesList(_MetricSeries, Collection):
    """List series."""

    permission = {"GET": "signals.view"}
    spec = SERIES


class MetricSeriesItem(_MetricSeries, Item):
    """Get a series by number."""

    permission = {"GET": "signals.view"}
