"""Queries of points and series. The database reduces the points of a chart; one query reads many series."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from history.models import RecordedQuerySet
from signals.models import Correction, Series

BUCKETS = 200  # two values each, the lowest and the highest: at most 400 points per line

Line = list[tuple[datetime, float]]

_WINDOW = """
SELECT series_id, count(*), min(ts), max(ts), min(value), max(value)
FROM signals_seriesvalue
WHERE series_id = ANY(%(ids)s) AND ts >= %(start)s AND last_ts >= %(start)s
  AND ts < %(end)s AND first_ts < %(end)s
GROUP BY series_id, date_bin(%(width)s, ts, %(start)s)
ORDER BY series_id, min(ts)
"""


def series() -> RecordedQuerySet[Series]:
    """Return all series, by model and metric, with model and source. Callers add `.visible_to(user)`."""
    return Series.objects.select_related("subject", "model", "source").order_by(
        "model_name", "metric", "feature", "slice", "id"
    )


def window(
    series_ids: Collection[int], start: datetime, end: datetime, *, buckets: int = BUCKETS
) -> dict[int, Line]:
    """Return series id -> its points in [start, end): the lowest and the highest of each of `buckets`.

    A series without points has an empty list. One query, which reads only the index of the primary key, and
    the packs of the period.
    """
    lines: dict[int, Line] = {pk: [] for pk in series_ids}
    if not lines:
        return lines
    with connection.cursor() as cursor:
        width: Any = max((end - start) / buckets, timedelta(microseconds=1))
        cursor.execute(_WINDOW, {"ids": list(lines), "start": start, "end": end, "width": width})
        for pk, count, first, last, low, high in cursor.fetchall():
            lines[pk].append((first, low))
            if count > 1:
                lines[pk].append((last, high))
    return lines


def corrections(series_id: int) -> QuerySet[Correction]:
    """Return the replaced values of a series, newest first."""
    return Correction.objects.filter(series_id=series_id).order_by("-at", "-id")
