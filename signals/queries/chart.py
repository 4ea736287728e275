"""A series over a time, as one chart: its points thinned out, the limits in force, the breaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from django.db.models import Q

from history.models import RecordedQuerySet
from signals.models import Breach, Series, ThresholdVersion
from signals.queries.points import window
from signals.states import Agreement

PERIODS = (7, 45, 180)  # days
MOST_POINTS = 400
BUCKETS = 190  # two points each, and room for the holes
MOST_BREACHES = 60
# A hole so many times the usual distance between points is a hole in the line, too.
_HOLE = 4
Points = list[tuple[datetime, float | None]]


@dataclass(frozen=True, slots=True)
class Chart:
    """points: at most MOST_POINTS, None in a hole; dense ones by the lowest and the highest of a while.

    limits: the versions in force; agreed: those agreed within the time; breaches: those of the time.
    """

    series: Series
    start: datetime
    end: datetime
    days: int
    points: Points
    limits: Sequence[ThresholdVersion] = ()
    agreed: Sequence[ThresholdVersion] = ()
    breaches: Sequence[Breach] = ()

    @property
    def has_points(self) -> bool:
        return bool(self.points)


def chart(user: Any, series: Series, *, start: datetime, end: datetime) -> Chart:
    """A series between two moments. Three queries.

    The caller has made sure that the reader may see the series.
    """
    versions = list(versions_on(series).visible_to(user))
    limits = [version for version in versions if version.state == Agreement.ACTIVE]
    agreed = [version for version in versions if version.agreed_at and start <= version.agreed_at <= end]
    points = window([series.pk], start, end, buckets=BUCKETS)[series.pk]
    return Chart(
        series=series,
        start=start,
        end=end,
        days=max((end - start).days, 1),
        points=with_holes(points),
        limits=limits,
        agreed=[version for version in agreed if not version.threshold.is_external],
        breaches=list(breaches_on(series, start, end).visible_to(user)[:MOST_BREACHES]),
    )


def recent(user: Any, series: Series, *, days: int, at: datetime) -> Chart:
    """The last so many days of a series."""
    return chart(user, series, start=at - timedelta(days=days), end=at)


def versions_on(series: Series) -> RecordedQuerySet[ThresholdVersion]:
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


def breaches_on(series: Series, start: datetime, end: datetime) -> RecordedQuerySet[Breach]:
    """The breaches of a series that touch the time between two moments, newest first."""
    return (
        Breach.objects.filter(Q(cleared_at__isnull=True) | Q(cleared_at__gte=start), series=series)
        .filter(opened_at__lte=end)
        .select_related("group__subject")
        .order_by("-opened_at", "-id")
    )


def with_holes(points: Sequence[tuple[datetime, float]]) -> Points:
    """Points with a None in each hole, so that a line does not claim what nobody measured."""
    if len(points) < 3:
        return list(points)
    pairs = list(pairwise(points))
    usual = median((later[0] - earlier[0]).total_seconds() for earlier, later in pairs)
    found: Points = []
    for earlier, later in pairs:
        found.append(earlier)
        distance = later[0] - earlier[0]
        if distance.total_seconds() > _HOLE * usual > 0 and len(found) < MOST_POINTS:
            found.append((earlier[0] + distance / 2, None))
    return [*found, points[-1]]
