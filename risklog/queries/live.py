"""What a risk is about, live: its metric with the thresholds in force and the breaches of the time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q

from signals.models import Breach, Series, ThresholdVersion
from signals.states import Agreement

DAYS = 45
BUCKETS = 180

_BUCKETED = """
SELECT to_timestamp(floor(extract(epoch FROM ts) / %s) * %s) AS bucket, avg(value)
FROM signals_point WHERE series_id = %s AND ts >= %s GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class LiveMetric:
    """points: (moment, mean of six hours); limits: thresholds in force; breaches: those of the time shown."""

    series: Series
    points: list[tuple[datetime, float]]
    limits: list[ThresholdVersion]
    breaches: list[Breach]
    start: datetime
    end: datetime


def live_metric(user: Any, series: Series, *, at: datetime) -> LiveMetric:
    """The last DAYS of a series, at most BUCKETS points. Three queries."""
    start = at - timedelta(days=DAYS)
    width = DAYS * 86400 // BUCKETS
    with connection.cursor() as cursor:
        cursor.execute(_BUCKETED, [width, width, series.pk, start])
        points = cursor.fetchall()
    limits = ThresholdVersion.objects.visible_to(user).filter(
        threshold__series=series, state=Agreement.ACTIVE
    )
    breaches = (
        Breach.objects.visible_to(user)
        .filter(Q(cleared_at__isnull=True) | Q(cleared_at__gte=start), series=series)
        .select_related("group__subject")
        .order_by("opened_at", "id")
    )
    return LiveMetric(series, points, list(limits), list(breaches[:20]), start, at)
