"""Dashboards: the rows, the pictures of their panels, and the dashboards that Riskhub makes itself."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from catalogue.models import Model
from kit.sight import Visitor
from lists.collation import BY_NAME
from people.models import User
from signals.dashboards import ChartPeriod, ids_in
from signals.models import BreachGroup, Dashboard, DashboardVersion, Series
from signals.queries import picture
from signals.queries.chart import charts
from signals.queries.marks import marks_of
from signals.queries.model import series_of
from signals.queries.points import window
from signals.queries.risk_reader import risks_of
from signals.queries.spark import sparks
from signals.states import PanelKind, SignalKind

MAX_FIGURES, MAX_CHARTS = 4, 12
MAX_GRID_ROWS, MAX_GRID_DAYS = 60, 31
MAX_GROUPS, MAX_RISKS = 40, 20
# The metric that a model's grid shows: the first of these words in the name of one of its metrics.
_GRID_WORDS = ("null", "missing", "psi", "drift")


def dashboards(user: Visitor) -> QuerySet[Dashboard]:
    """Return the dashboards that this reader may see, by name, each with its current panels."""
    current = DashboardVersion.objects.filter(dashboard=OuterRef("pk"), is_current=True)
    return (
        Dashboard.objects.visible_to(user)
        .select_related("subject", "model", "team", "author")
        .annotate(
            current_panels=Subquery(current.values("panels")), number=Subquery(current.values("number"))
        )
        .order_by(*BY_NAME)
    )


def versions(dashboard: Dashboard) -> QuerySet[DashboardVersion]:
    """Return the versions of a dashboard, latest first."""
    return dashboard.versions.select_related("author").order_by("-number")


# ------------------------------------------------------------------ the dashboards that Riskhub makes


def panels_of_models(user: User, models: Sequence[Model], kind: str = "") -> list[dict[str, Any]]:
    """Return the panels for one model, or for the models of a team or a focus. One query.

    The most important series come first, as on the page of a model. kind: only series of this SignalKind.
    """
    rows = series_of(user, models)
    if kind:
        rows = rows.filter(kind=kind)
    newest = F("latest_ts").desc(nulls_last=True)
    series = list(rows.order_by("-is_crossed", "-is_watched", newest, "id")[:200])
    panels: list[dict[str, Any]] = []
    if series:
        figures = _one_of_each_kind(series)[:MAX_FIGURES]
        panels.append({"kind": PanelKind.FIGURES, "series": [row.pk for row in figures]})
        panels += [{"kind": PanelKind.SERIES, "series": [row.pk]} for row in series[:MAX_CHARTS]]
    if metric := _grid_metric(series):
        owners = list(dict.fromkeys(row.model_id for row in series if row.metric == metric))[:4]
        panels.append({"kind": PanelKind.GRID, "models": owners, "metric": metric})
    if models:
        shown: dict[str, Any] = {"kind": PanelKind.BREACHES, "models": [model.pk for model in models[:12]]}
        panels.append(shown | ({"signal": kind} if kind else {}))
        if len(models) > 1 and not kind:
            panels.append({"kind": PanelKind.RISKS, "models": shown["models"]})
    return panels


def _one_of_each_kind(series: Sequence[Series]) -> list[Series]:
    """Return the series with the first of each kind in front."""
    first = {row.kind: row for row in reversed(series)}
    order = [kind for kind in SignalKind if kind in first]
    chosen = [first[kind] for kind in order]
    return [*chosen, *(row for row in series if row not in chosen)]


def _grid_metric(series: Sequence[Series]) -> str:
    """Return the metric of several features that a grid shows best, "" if there is none."""
    counts: dict[str, int] = {}
    for row in series:
        if row.feature:
            counts[row.metric] = counts.get(row.metric, 0) + 1
    several = [metric for metric, count in counts.items() if count > 1]
    for word in _GRID_WORDS:
        if found := next((metric for metric in several if word in metric), ""):
            return found
    return several[0] if several else ""


# ------------------------------------------------------------------ pictures


def pictures(user: User, panels: Sequence[Mapping[str, Any]], period: ChartPeriod) -> list[picture.Picture]:
    """Return what the panels show to this reader, in their order. A constant number of queries.

    Series and models that the reader may not see are left out.
    """
    shown = _PanelData(user, panels, period)
    return [shown.picture(panel) for panel in panels]


def pictures_of_series(user: User, series: Series, period: ChartPeriod) -> list[picture.Picture]:
    """Return the chart of one series as the only picture of a snapshot."""
    return pictures(user, [{"kind": PanelKind.SERIES, "series": [series.pk]}], period)


class _PanelData:
    """Everything that the panels of one dashboard read, with one query for each kind of thing."""

    def __init__(self, user: User, panels: Sequence[Mapping[str, Any]], period: ChartPeriod) -> None:
        self.user, self.period = user, period
        self.series = self._series(panels)
        drawn = [self.series[pk] for pk in _ids(panels, PanelKind.SERIES) if pk in self.series]
        self.charts = charts(user, drawn, start=period.start, end=period.end) if drawn else {}
        self.earlier = None
        if period.is_compared:
            before = period.before
            self.earlier = window([row.pk for row in drawn], before.start, before.end)
        self.marks = self._marks(drawn)
        self.sparks = sparks(
            [row.pk for row in self._of_figures(panels)],
            at=period.end,
        )
        self.days = sparks(
            [row.pk for row in self._of_grids(panels)],
            at=period.end,
            days=max(1, min(MAX_GRID_DAYS, period.length.days)),
        )
        self.groups = self._groups(panels)
        of_risks = _ids(panels, PanelKind.RISKS, "models")
        self.risks = risks_of(user, of_risks) if of_risks else []

    def picture(self, panel: Mapping[str, Any]) -> picture.Picture:
        kind, title = PanelKind(panel["kind"]), panel.get("title", "")
        if kind == PanelKind.FIGURES:
            return picture.of_figures(title, self._named(panel), self.sparks, self.period)
        if kind == PanelKind.GRID:
            return picture.of_grid(title or panel["metric"], self._in_grid(panel), self.days, self.period)
        if kind == PanelKind.BREACHES:
            models, signal = set(panel["models"]), panel.get("signal")
            groups = [
                group
                for group in self.groups
                if group.model_id in models and (not signal or group.kind == signal)
            ]
            return picture.of_breaches(title, groups, self.period)
        if kind == PanelKind.RISKS:
            models = set(panel["models"])
            risks = [risk for risk in self.risks if risk["model"] in models]
            return picture.of_risks(title, risks[:MAX_RISKS], self.period)
        drawn = [self.charts[pk] for pk in panel["series"] if pk in self.charts]
        models = {chart.series.model_id for chart in drawn}
        marks = [mark for mark in self.marks if mark["model"] in models]
        return picture.of_charts(title, drawn, self.period, earlier=self.earlier, marks=marks)

    def _series(self, panels: Sequence[Mapping[str, Any]]) -> dict[int, Series]:
        """Return id -> series, for all that the panels name and all that their grids have."""
        wanted = Q(pk__in=ids_in(panels, "series"))
        for panel in panels:
            if panel["kind"] == PanelKind.GRID:
                wanted |= Q(model__in=panel["models"], metric=panel["metric"])
        rows = Series.objects.visible_to(self.user).filter(wanted).select_related("subject", "model")
        return {row.pk: row for row in rows.order_by("model_name", "metric", "feature", "slice", "id")}

    def _named(self, panel: Mapping[str, Any]) -> list[Series]:
        return [self.series[pk] for pk in panel["series"] if pk in self.series]

    def _in_grid(self, panel: Mapping[str, Any]) -> list[Series]:
        models, metric = set(panel["models"]), panel["metric"]
        rows = [row for row in self.series.values() if row.metric == metric and row.model_id in models]
        return rows[:MAX_GRID_ROWS]

    def _of_figures(self, panels: Sequence[Mapping[str, Any]]) -> list[Series]:
        return [row for panel in panels if panel["kind"] == PanelKind.FIGURES for row in self._named(panel)]

    def _of_grids(self, panels: Sequence[Mapping[str, Any]]) -> list[Series]:
        return [row for panel in panels if panel["kind"] == PanelKind.GRID for row in self._in_grid(panel)]

    def _marks(self, drawn: Sequence[Series]) -> list[dict[str, Any]]:
        models = {row.model_id for row in drawn if row.model_id}
        return marks_of(self.user, models, self.period.start, self.period.end) if models else []

    def _groups(self, panels: Sequence[Mapping[str, Any]]) -> list[BreachGroup]:
        """Return the latest breach groups of the panels that were open in the period."""
        wanted = Q()
        for panel in panels:
            if panel["kind"] == PanelKind.BREACHES:
                of_signal = {"kind": panel["signal"]} if panel.get("signal") else {}
                wanted |= Q(model__in=panel["models"], **of_signal)
        if not wanted:
            return []
        rows = BreachGroup.objects.filter(
            wanted,
            Q(cleared_at__isnull=True) | Q(cleared_at__gte=self.period.start),
            opened_at__lt=self.period.end,
        )
        shown = rows.visible_to(self.user).select_related("subject").order_by("-opened_at", "-id")
        return list(shown[:MAX_GROUPS])


def _ids(panels: Iterable[Mapping[str, Any]], kind: PanelKind, name: str = "series") -> list[int]:
    return ids_in((panel for panel in panels if panel["kind"] == kind), name)
