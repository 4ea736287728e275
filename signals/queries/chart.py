"""The chart of a series over a period: points, limits in force, breaches, deployments of its model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from catalogue.models import Deployment
from catalogue.states import DeploymentState
from history.models import RecordedQuerySet
from people.models import User
from signals.models import Breach, Series, ThresholdVersion
from signals.queries.chart_mutes import ChartMute, chart_mutes, mutes_on
from signals.queries.points import window
from signals.states import SIZED, Agreement, BreachLevel, RuleDirection, RuleKind

PERIODS = (7, 45, 180)  # days
MAX_POINTS = 400
BUCKETS = 190  # at most two points each, which leaves room for the gaps
MAX_BREACHES = 60
MAX_DEPLOYMENTS = 20
# A distance of more than this many medians between two points interrupts the line.
_GAP_FACTOR = 4
_LEVELS = ("clear", "warning", "critical", "warning_low", "critical_low", "clear_low", "window_hours")
Points = list[tuple[datetime, float | None]]


@dataclass(frozen=True, slots=True)
class ChartVersion:
    """The values of a threshold version that a chart shows."""

    id: int
    threshold_id: int
    number: int
    is_external: bool
    is_in_force: bool
    direction: str
    clear: float | None
    warning: float | None
    critical: float | None
    agreed_at: datetime | None
    kind: str = RuleKind.LIMIT
    warning_low: float | None = None
    critical_low: float | None = None
    clear_low: float | None = None
    needed: int | None = None
    among: int | None = None
    window_hours: float | None = None


@dataclass(frozen=True, slots=True)
class ChartBreach:
    """The values of a breach that a chart shows. reference: that of its group."""

    reference: str
    level: BreachLevel
    opened_at: datetime
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChartDeployment:
    """A deployment of the model that a chart marks. version: the name of what was deployed."""

    id: int
    subject: int
    at: datetime
    version: str
    environment: str
    is_rolled_back: bool

    @property
    def label(self) -> str:
        label = f"Version {self.version} deployed to {self.environment}"
        return f"{label}, rolled back" if self.is_rolled_back else label


@dataclass(frozen=True, slots=True)
class Chart:
    """A series between `start` and `end`; days: the length of the period.

    points: (time, value), at most MAX_POINTS, with the value None in a gap. Dense points are reduced to the
    lowest and highest of each bucket.
    limits: the versions in force. agreed: those agreed within the period. breaches, deployments, mutes: those
    within the period.
    """

    series: Series
    start: datetime
    end: datetime
    days: int
    points: Points
    limits: Sequence[ChartVersion] = ()
    agreed: Sequence[ChartVersion] = ()
    breaches: Sequence[ChartBreach] = ()
    deployments: Sequence[ChartDeployment] = ()
    mutes: Sequence[ChartMute] = ()

    @property
    def has_points(self) -> bool:
        return bool(self.points)


def chart(user: User, series: Series, *, start: datetime, end: datetime) -> Chart:
    """Return the chart of a series between two times. Two queries.

    The caller has checked that the user may see the series.
    """
    return charts(user, [series], start=start, end=end)[series.pk]


def charts(user: User, series: Sequence[Series], *, start: datetime, end: datetime) -> dict[int, Chart]:
    """Return series id -> its chart between two times. Two queries for any number of series.

    The caller has checked that the user may see the series.
    """
    ids = [row.pk for row in series]
    versions_of = ArraySubquery(_chart_versions(versions_on().visible_to(user)))
    breaches = breaches_on(start, end).visible_to(user)[:MAX_BREACHES]
    breaches_of = ArraySubquery(_chart_breaches(breaches))
    deployments = _deployments_on(start, end).visible_to(user)[:MAX_DEPLOYMENTS]
    deployments_of = ArraySubquery(_chart_deployments(deployments))
    parts = (versions_of, breaches_of, deployments_of, *mutes_on(user, start, end))
    shown = Series.objects.filter(pk__in=ids).order_by().values_list("pk", *parts)
    found = {pk: rows for pk, *rows in shown}
    points = window(ids, start, end, buckets=BUCKETS)
    empty = {
        row.pk: Chart(row, start, end, max((end - start).days, 1), with_gaps(points[row.pk]))
        for row in series
    }
    return {pk: _with_parts(chart, *found[pk]) for pk, chart in empty.items()}


def _with_parts(
    chart: Chart,
    version_rows: Sequence[dict[str, Any]],
    breach_rows: Sequence[dict[str, Any]],
    deployment_rows: Sequence[dict[str, Any]],
    *mute_rows: Sequence[dict[str, Any]],
) -> Chart:
    versions = [_chart_version(row) for row in version_rows]
    return replace(
        chart,
        limits=[version for version in versions if version.is_in_force],
        agreed=[
            version
            for version in versions
            if version.agreed_at and chart.start <= version.agreed_at <= chart.end and not version.is_external
        ],
        breaches=[_chart_breach(row) for row in breach_rows],
        deployments=[
            ChartDeployment(**row | {"at": datetime.fromisoformat(row["at"])}) for row in deployment_rows
        ],
        mutes=chart_mutes(*mute_rows),
    )


def _chart_versions(versions: QuerySet[ThresholdVersion]) -> QuerySet[Any]:
    """Return each version as one JSON value, so that one query returns the versions and the breaches."""
    columns = ("id", "threshold_id", "number", "kind", "direction", *_LEVELS, "needed", "among", "agreed_at")
    return versions.values(
        row=JSONObject(
            **{name: name for name in columns},
            is_external=~Q(threshold__external_rule=""),
            is_in_force=Q(state=Agreement.ACTIVE),
        )
    )


def _chart_version(row: dict[str, Any]) -> ChartVersion:
    # JSON returns a whole number as an int.
    levels = {name: row[name] and float(row[name]) for name in _LEVELS}
    return ChartVersion(**row | levels | {"agreed_at": moment(row["agreed_at"])})


def _chart_breaches(breaches: QuerySet[Breach]) -> QuerySet[Any]:
    columns = ("level", "opened_at", "cleared_at")
    values = JSONObject(reference="group__subject__reference", **{name: name for name in columns})
    return breaches.values(row=values)


def _chart_breach(row: dict[str, Any]) -> ChartBreach:
    opened_at, cleared_at = datetime.fromisoformat(row["opened_at"]), moment(row["cleared_at"])
    return ChartBreach(row["reference"], BreachLevel(row["level"]), opened_at, cleared_at)


def _chart_deployments(deployments: QuerySet[Deployment]) -> QuerySet[Any]:
    values = JSONObject(
        id="id",
        subject="subject_id",
        at="deployed_at",
        version="model_version__name",
        environment="environment",
        is_rolled_back=Q(state=DeploymentState.ROLLED_BACK),
    )
    return deployments.values(row=values)


def lines_of(version: Any) -> list[tuple[str, float, str]]:
    """Return the limits of a rule that a chart can draw: (clear, warning or critical; value; side).

    version: has the fields of a rule. The worst limit comes last, so that its band is on top. Limits that are
    no values of the series, such as per cent or hours, are left out.
    """
    if version.kind in SIZED:
        return []
    lines: list[tuple[str, float | None, str]] = []
    for kind in ("clear", "warning", "critical"):
        if version.kind == RuleKind.RANGE:
            lines.append((kind, getattr(version, kind), RuleDirection.ABOVE))
            lines.append((kind, getattr(version, f"{kind}_low"), RuleDirection.BELOW))
        else:
            lines.append((kind, getattr(version, kind), version.direction))
    return [(kind, value, side) for kind, value, side in lines if value is not None]


def moment(text: str | None) -> datetime | None:
    """Return the time that a JSON value of PostgreSQL holds, None for null."""
    return datetime.fromisoformat(text) if text else None


def recent(user: User, series: Series, *, days: int, at: datetime) -> Chart:
    """Return the chart of the last `days` days before `at`."""
    return chart(user, series, start=at - timedelta(days=days), end=at)


def versions_on() -> RecordedQuerySet[ThresholdVersion]:
    """Return the agreed versions on the series of the outer query.

    They include those of its source's rule, if the series holds the values of alerts.
    """
    of_source = Q(threshold__source=OuterRef("source_id"), threshold__external_rule=OuterRef("metric"))
    return (
        ThresholdVersion.objects.filter(Q(threshold__series=OuterRef("pk")) | of_source)
        .exclude(state__in=(Agreement.PROPOSED, Agreement.DECLINED))
        .order_by("threshold_id", "number")
    )


def breaches_on(start: datetime, end: datetime) -> RecordedQuerySet[Breach]:
    """Return the breaches of the series of the outer query that were open in the period, newest first."""
    return (
        Breach.objects.filter(Q(cleared_at__isnull=True) | Q(cleared_at__gte=start), series=OuterRef("pk"))
        .filter(opened_at__lte=end)
        .order_by("-opened_at", "-id")
    )


def _deployments_on(start: datetime, end: datetime) -> RecordedQuerySet[Deployment]:
    """Return the deployments of the model of the outer query's series in the period, newest first."""
    made = Deployment.objects.filter(deployed_at__range=(start, end), model=OuterRef("model_id"))
    return made.order_by("-deployed_at", "-id")


def with_gaps(points: Sequence[tuple[datetime, float]]) -> Points:
    """Return the points with a None in each gap, so that the line shows only what was measured."""
    if len(points) < 3:
        return list(points)
    pairs = list(pairwise(points))
    typical = median((later[0] - earlier[0]).total_seconds() for earlier, later in pairs)
    result: Points = []
    for earlier, later in pairs:
        result.append(earlier)
        distance = later[0] - earlier[0]
        if distance.total_seconds() > _GAP_FACTOR * typical > 0 and len(result) < MAX_POINTS:
            result.append((earlier[0] + distance / 2, None))
    return [*result, points[-1]]
