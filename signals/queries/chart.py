"""A series over a time, as one chart: its points thinned out, the limits in force, the breaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Q, QuerySet
from django.db.models.functions import JSONObject

from history.models import RecordedQuerySet
from people.models import User
from signals.models import Breach, Series, ThresholdVersion
from signals.queries.points import window
from signals.states import Agreement, Level

PERIODS = (7, 45, 180)  # days
MOST_POINTS = 400
BUCKETS = 190  # two points each, and room for the holes
MOST_BREACHES = 60
# A hole so many times the usual distance between points is a hole in the line, too.
_HOLE = 4
Points = list[tuple[datetime, float | None]]


@dataclass(frozen=True, slots=True)
class ChartVersion:
    """A version of a threshold, as a chart draws and names it."""

    threshold_id: int
    number: int
    is_external: bool
    is_in_force: bool
    direction: str
    clear: float | None
    warning: float | None
    critical: float | None
    agreed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChartBreach:
    """A breach; reference: its group's."""

    reference: str
    level: Level
    opened_at: datetime
    cleared_at: datetime | None


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
    limits: Sequence[ChartVersion] = ()
    agreed: Sequence[ChartVersion] = ()
    breaches: Sequence[ChartBreach] = ()

    @property
    def has_points(self) -> bool:
        return bool(self.points)


def chart(user: User, series: Series, *, start: datetime, end: datetime) -> Chart:
    """A series between two moments. Two queries.

    The caller has made sure that the reader may see the series.
    """
    limits, breaches = Series.objects.values_list(
        ArraySubquery(_limits(versions_on(series).visible_to(user))),
        ArraySubquery(_crossings(breaches_on(series, start, end).visible_to(user)[:MOST_BREACHES])),
    ).get(pk=series.pk)
    versions = [_limit(row) for row in limits]
    points = window([series.pk], start, end, buckets=BUCKETS)[series.pk]
    return Chart(
        series=series,
        start=start,
        end=end,
        days=max((end - start).days, 1),
        points=with_holes(points),
        limits=[one for one in versions if one.is_in_force],
        agreed=[
            one for one in versions if one.agreed_at and start <= one.agreed_at <= end and not one.is_external
        ],
        breaches=[_crossing(row) for row in breaches],
    )


def _limits(versions: QuerySet[ThresholdVersion]) -> QuerySet[Any]:
    """Versions as rows of one column, so that a chart asks once for them and its breaches."""
    same = ("threshold_id", "number", "direction", "clear", "warning", "critical", "agreed_at")
    return versions.values(
        row=JSONObject(
            **{name: name for name in same},
            is_external=~Q(threshold__external_rule=""),
            is_in_force=Q(state=Agreement.ACTIVE),
        )
    )


def _limit(row: dict[str, Any]) -> ChartVersion:
    # A whole number comes back from JSON as such.
    levels = {name: row[name] and float(row[name]) for name in ("clear", "warning", "critical")}
    return ChartVersion(**row | levels | {"agreed_at": moment(row["agreed_at"])})


def _crossings(breaches: QuerySet[Breach]) -> QuerySet[Any]:
    same = ("level", "opened_at", "cleared_at")
    return breaches.values(row=JSONObject(reference="group__subject__reference", **{n: n for n in same}))


def _crossing(row: dict[str, Any]) -> ChartBreach:
    opened_at, cleared_at = datetime.fromisoformat(row["opened_at"]), moment(row["cleared_at"])
    return ChartBreach(row["reference"], Level(row["level"]), opened_at, cleared_at)


def moment(text: str | None) -> datetime | None:
    """A moment as it stands in JSON."""
    return datetime.fromisoformat(text) if text else None


def recent(user: User, series: Series, *, days: int, at: datetime) -> Chart:
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
        .order_by("threshold_id", "number")
    )


def breaches_on(series: Series, start: datetime, end: datetime) -> RecordedQuerySet[Breach]:
    """The breaches of a series that touch the time between two moments, newest first."""
    return (
        Breach.objects.filter(Q(cleared_at__isnull=True) | Q(cleared_at__gte=start), series=series)
        .filter(opened_at__lte=end)
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
