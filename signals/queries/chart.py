"""A series over a time, as one chart: thinned out points, the limits in force, the breaches, what was agreed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from signals.models import Breach, Point, Series, ThresholdVersion
from signals.states import Agreement, Direction

PERIODS = (7, 45, 180)  # days
MOST_POINTS = 400
MOST_BREACHES = 60
# A hole so many times the usual distance between points is a hole in the line, too.
_HOLE = 4
_STEPS = (60, 300, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)  # seconds

_WORST_OF_EACH = """
SELECT to_timestamp(floor(extract(epoch FROM ts) / %s) * %s) AS step, {worst}(value)
FROM signals_point WHERE series_id = %s AND ts > %s AND ts <= %s GROUP BY 1 ORDER BY 1
"""

Points = list[tuple[datetime, float | None]]


@dataclass(frozen=True, slots=True)
class Chart:
    """points: at most MOST_POINTS, None where data is missing; step: what one stands for, "" for itself.

    limits: the versions in force; agreed: those agreed within the time; breaches: those of the time.
    """

    series: Series
    start: datetime
    end: datetime
    days: int
    points: Points
    step: str = ""
    limits: Sequence[ThresholdVersion] = ()
    agreed: Sequence[ThresholdVersion] = ()
    breaches: Sequence[Breach] = ()
    marks: Sequence[tuple[datetime, str]] = field(default=())

    @property
    def has_points(self) -> bool:
        return bool(self.points)


def chart(user: Any, series: Series, *, start: datetime, end: datetime) -> Chart:
    """A series between two moments. Three queries, four when its points are thinned out.

    The caller has made sure that the reader may see the series.
    """
    versions = list(versions_on(series).visible_to(user))
    limits = [version for version in versions if version.state == Agreement.ACTIVE]
    agreed = [version for version in versions if version.agreed_at and start <= version.agreed_at <= end]
    points, step = _points(series, start, end, _worst(limits))
    return Chart(
        series=series,
        start=start,
        end=end,
        days=max((end - start).days, 1),
        points=points,
        step=step,
        limits=limits,
        agreed=[version for version in agreed if not version.threshold.is_external],
        breaches=list(breaches_on(series, start, end).visible_to(user)[:MOST_BREACHES]),
    )


def recent(user: Any, series: Series, *, days: int, at: datetime) -> Chart:
    """The last so many days of a series."""
    return chart(user, series, start=at - timedelta(days=days), end=at)


def versions_on(series: Series) -> QuerySet[ThresholdVersion]:
    """Our rules on a series; and its tool's rule, where the series holds the values of an alert."""
    rules = Q(threshold__series=series)
    if series.source_id:
        rules |= Q(threshold__source=series.source_id, threshold__external_rule=series.metric)
    return (
        ThresholdVersion.objects.filter(rules)
        .exclude(state__in=(Agreement.PROPOSED, Agreement.DECLINED))
        .select_related("threshold")
        .order_by("threshold_id", "number")
    )


def breaches_on(series: Series, start: datetime, end: datetime) -> QuerySet[Breach]:
    """The breaches of a series that touch the time between two moments, newest first."""
    return (
        Breach.objects.filter(Q(cleared_at__isnull=True) | Q(cleared_at__gte=start), series=series)
        .filter(opened_at__lte=end)
        .select_related("group__subject")
        .order_by("-opened_at", "-id")
    )


def _points(series: Series, start: datetime, end: datetime, worst: str) -> tuple[Points, str]:
    rows = Point.objects.filter(series_id=series.pk, ts__gt=start, ts__lte=end)
    found: Points = list(rows.order_by("ts").values_list("ts", "value")[: MOST_POINTS + 1])
    if len(found) <= MOST_POINTS:
        return with_holes(found), ""
    seconds = _step((end - start).total_seconds())
    with connection.cursor() as cursor:
        query = _WORST_OF_EACH.format(worst=worst)
        cursor.execute(query, [seconds, seconds, series.pk, start, end])
        found = cursor.fetchall()
    words = {"max": "the highest", "min": "the lowest", "avg": "the mean"}[worst]
    return with_holes(found), f"{words} of {_length(seconds)}"


def _worst(limits: Sequence[ThresholdVersion]) -> str:
    """Which value stands for its neighbours: the one that a limit would mind most."""
    directions = {limit.direction for limit in limits}
    if directions == {Direction.ABOVE}:
        return "max"
    return "min" if directions == {Direction.BELOW} else "avg"


def _step(seconds: float) -> int:
    """The shortest round step by which the points fit; a margin is left for holes."""
    wanted = seconds / (MOST_POINTS - 40)
    return next((step for step in _STEPS if step >= wanted), int(-(-wanted // 86400) * 86400))


def _length(seconds: int) -> str:
    if seconds % 86400 == 0:
        return f"{seconds // 86400} d"
    return f"{seconds // 3600} h" if seconds % 3600 == 0 else f"{seconds // 60} min"


def with_holes(points: Points) -> Points:
    """Points with a None in each hole, so that a line does not claim what nobody measured."""
    if len(points) < 3:
        return points
    pairs = list(zip(points, points[1:], strict=False))
    usual = median((later[0] - earlier[0]).total_seconds() for earlier, later in pairs)
    found: Points = []
    for earlier, later in pairs:
        found.append(earlier)
        distance = later[0] - earlier[0]
        if distance.total_seconds() > _HOLE * usual > 0 and len(found) < MOST_POINTS:
            found.append((earlier[0] + distance / 2, None))
    return [*found, points[-1]]
