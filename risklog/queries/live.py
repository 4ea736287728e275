"""The live metric of a risk: points, thresholds in force and breaches of the last DAYS days."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from people.models import User
from signals.models import Series
from signals.states import Agreement

DAYS = 45
BUCKETS = 180
SHOWN_BREACHES = 20

# One query instead of three, because the page of a risk needs many other queries. avg() of PostgreSQL also
# sums squares, so it fails from about 1e154 on. Six hours with such a large value show the value farthest
# from zero.
_LIVE = """
SELECT
  (SELECT json_agg(json_build_array(p.bucket, p.mean) ORDER BY p.bucket)
   FROM (SELECT floor(extract(epoch FROM ts) / %(width)s) * %(width)s AS bucket,
               CASE WHEN min(value) > -1e150 AND max(value) < 1e150
                    THEN avg(value) FILTER (WHERE value > -1e150 AND value < 1e150)
                    WHEN max(value) > -min(value) THEN max(value) ELSE min(value) END AS mean
         FROM signals_seriesvalue
         WHERE series_id = %(series)s AND ts >= %(start)s AND last_ts >= %(start)s GROUP BY 1) AS p)::text,
  (SELECT json_agg(json_build_array(v.id, v.threshold_id, v.number, t.external_rule <> '', v.direction,
                                    v.warning, v.critical, v.clear, v.kind, v.warning_low, v.critical_low,
                                    v.clear_low, v.needed, v.among, v.window_hours) ORDER BY v.id)
   FROM signals_thresholdversion AS v JOIN signals_threshold AS t ON t.id = v.threshold_id
   WHERE v.state = %(active)s
     AND (t.series_id = %(series)s OR t.source_id = %(source)s AND t.external_rule = %(metric)s))::text,
  (SELECT json_agg(json_build_array(s.reference, s.viewers, s.granted, b.level,
                                    extract(epoch FROM b.opened_at), extract(epoch FROM b.cleared_at))
                   ORDER BY b.opened_at, b.id)
   FROM signals_breach AS b JOIN signals_breachgroup AS g ON g.id = b.group_id
   JOIN history_subject AS s ON s.id = g.subject_id
   WHERE b.series_id = %(series)s AND (b.cleared_at IS NULL OR b.cleared_at >= %(start)s))::text
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold in force. id, number: of its version. is_external: its source evaluates the rule."""

    id: int
    threshold_id: int
    number: int
    is_external: bool
    direction: str
    warning: float | None
    critical: float | None
    clear: float | None
    kind: str
    warning_low: float | None
    critical_low: float | None
    clear_low: float | None
    needed: int | None
    among: int | None
    window_hours: float | None


@dataclass(frozen=True, slots=True)
class Crossing:
    """A breach in the time shown. reference: the reference of its group."""

    reference: str
    level: int
    opened_at: datetime
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True)
class LiveMetric:
    """The data of the chart. points: (moment, mean of six hours). crossings: the breaches in the time shown.

    limits: the thresholds in force, and the rule of the tool if the series has the values of an alert.
    """

    series: Series
    points: list[tuple[datetime, float]]
    limits: list[Limit]
    crossings: list[Crossing]
    start: datetime
    end: datetime


def live_metric(user: User, series: Series, *, at: datetime) -> LiveMetric:
    """Return the last DAYS of a series that the reader may see, at most BUCKETS points. One query."""
    start = at - timedelta(days=DAYS)
    parameters: dict[str, Any] = {
        "series": series.pk,
        "source": series.source_id,
        "metric": series.metric,
        "start": start,
        "width": DAYS * 86400 // BUCKETS,
        "active": str(Agreement.ACTIVE),
    }
    with connection.cursor() as cursor:
        cursor.execute(_LIVE, parameters)
        points, limits, crossings = (json.loads(text or "[]") for text in cursor.fetchone())
    return LiveMetric(
        series,
        [(_moment(bucket), value) for bucket, value in points],
        [Limit(*limit) for limit in limits],
        _visible(crossings, user)[-SHOWN_BREACHES:],
        start,
        at,
    )


def _visible(crossings: list[Any], user: User) -> list[Crossing]:
    return [
        Crossing(reference, level, _moment(opened), None if cleared is None else _moment(cleared))
        for reference, viewers, granted, level, opened, cleared in crossings
        if user.sight.sees(viewers, granted)
    ]


def _moment(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
