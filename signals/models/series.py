"""Series, their points, and corrections of points."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models

from catalogue.models import Model
from history.models import Recorded
from signals.models.source import Source
from signals.states import (
    SignalKind,
)


class Series(Recorded):
    """One metric of one model, optionally of one feature and slice. model: null while it is unregistered.

    packed_until: no pack of its points has a later one. None without packs.
    """

    KIND = "series"

    model = models.ForeignKey(Model, models.PROTECT, null=True, blank=True, related_name="+")
    model_name = models.CharField(max_length=120)
    metric = models.CharField(max_length=120)
    feature = models.CharField(max_length=120, blank=True, default="")
    slice = models.CharField(max_length=120, blank=True, default="")
    kind = models.CharField(max_length=16, choices=SignalKind.choices)
    unit = models.CharField(max_length=16, blank=True, default="")
    source = models.ForeignKey(Source, models.PROTECT, null=True, blank=True, related_name="series")
    latest_ts = models.DateTimeField(null=True, blank=True)
    latest_value = models.FloatField(null=True, blank=True)
    packed_until = models.DateTimeField(null=True, blank=True)

    HISTORY_OMITS = frozenset({"latest_ts", "latest_value", "packed_until"})
    HISTORY_LABELS = {
        "model_name": "Unregistered model",
        "slice": "Data slice",
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model_name", "metric", "feature", "slice"], name="signals_series_once"
            )
        ]
        indexes = [models.Index(fields=["model", "metric", "id"], name="signals_series_of_model")]

    @property
    def subject_title(self) -> str:
        parts = [self.metric, self.feature, self.slice]
        return f"{self.model_name}: " + " · ".join(part for part in parts if part)

    @property
    def display_name(self) -> str:
        """Return the name under its model: "psi of age, EU"."""
        feature = f" of {self.feature}" if self.feature else ""
        return f"{self.metric}{feature}" + (f", {self.slice}" if self.slice else "")


class Point(models.Model):
    """A value of a series at a time. (series, ts) is the primary key, and its index covers value (see 0002).

    Only operations use it: old points are in PackedPoints, and SeriesValue has both. Partitioned by month.

    There is no foreign key in the database: checking it for each point takes a third of the time of storing
    it. Instead, the only operation that writes points locks the rows of their series, and series are never
    deleted.
    """

    pk = models.CompositePrimaryKey("series_id", "ts")
    series = models.ForeignKey(
        Series, models.DO_NOTHING, related_name="points", db_index=False, db_constraint=False
    )
    ts = models.DateTimeField()
    value = models.FloatField()


class PackedPoints(models.Model):
    """Up to 500 old points of a series, as arrays of their times and values, in the order of time.

    The packs of a series do not overlap, and a point is either here or a Point (see operations.packing).
    """

    pk = models.CompositePrimaryKey("series_id", "last_ts")
    series = models.ForeignKey(
        Series, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    first_ts = models.DateTimeField()
    last_ts = models.DateTimeField()
    times = ArrayField(models.DateTimeField())
    values = ArrayField(models.FloatField())


class SeriesValueQuerySet(models.QuerySet["SeriesValue"]):
    def between(self, start: datetime | None, end: datetime | None) -> "SeriesValueQuerySet":
        """Return the values at or after `start` and before `end`. None: without this bound."""
        rows = self
        if start is not None:
            rows = rows.filter(ts__gte=start, last_ts__gte=start)
        if end is not None:
            rows = rows.filter(ts__lt=end, first_ts__lt=end)
        return rows


class SeriesValue(models.Model):
    """A value of a series at a time, of a Point or of PackedPoints: what everything reads (a view).

    first_ts, last_ts: the bounds of its pack, the time itself without one. A condition on `ts` has the same
    condition on one of them, so that no other packs are opened; see between().
    """

    pk = models.CompositePrimaryKey("series_id", "ts")
    series = models.ForeignKey(Series, models.DO_NOTHING, related_name="+")
    ts = models.DateTimeField()
    value = models.FloatField()
    first_ts = models.DateTimeField()
    last_ts = models.DateTimeField()

    objects = SeriesValueQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "signals_seriesvalue"


class Correction(models.Model):
    """A value that was replaced by another one for the same time."""

    series = models.ForeignKey(Series, models.CASCADE, related_name="corrections")
    ts = models.DateTimeField()
    old_value = models.FloatField()
    new_value = models.FloatField()
    at = models.DateTimeField()
