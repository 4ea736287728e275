"""Reading points: windows for charts, thinned out in the database, one query for many series."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from history.models import RecordedQuerySet
from signals.models import Correction, Series

BUCKETS = 200  # two values each, the lowest and the highest: 400 points a line at most

Line = list[tuple[datetime, float]]

_WINDOW = """
SELECT series_id, count(*), min(ts), max(ts), min(value), max(value)
FROM signals_point
WHERE series_id = ANY(%s) AND ts >= %s AND ts < %s
GROUP BY series_id, date_bin(%s, ts, %s)
ORDER BY series_id, min(ts)
"""


def series() -> RecordedQuerySet[Series]:
    """All series by model and metric, with model and source; the reader's share is `.visible_to(user)`."""
    return Series.objects.select_related("subject", "model", "source").order_by(
        "model_name", "metric", "feature", "slice", "id"
    )


def window(
    series_ids: Collection[int], start: datetime, end: datetime, *, buckets: int = BUCKETS
) -> dict[int, Line]:
    """The points of each series in [start, end): the lowest and the highest of each of `buckets`.

    A series without points there has an empty line. One query, answered by the primary key alone.
    """
    found: dict[int, Line] = {pk: [] for pk in series_ids}
    if not found:
        return found
    with connection.cursor() as cursor:
        width: Any = max((end - start) / buckets, timedelta(microseconds=1))
        cursor.execute(_WINDOW, [list(found), start, end, width, start])
        for pk, count, first, last, low, high in cursor.fetchall():
            found[pk].append((first, low))
            if count > 1:
                found[pk].append((last, high))
    return found


def corrections(series_id: int) -> QuerySet[Correction]:
    """The values that were replaced, newest first."""
    return Correction.objects.filter(series_id=series_id).order_by("-at", "-id")


def silent_since(series_ids: Iterable[int], moment: datetime) -> RecordedQuerySet[Series]:
    """Those of the series that have had no point since a moment."""
    return Series.objects.filter(pk__in=list(series_ids), latest_ts__lt=moment)
