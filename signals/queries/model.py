"""What the page of a model and the list of models show of signals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet

from catalogue.models import Model
from catalogue.queries import model as catalogue
from kit import clock
from kit.rights import may
from lists.collation import sort_key
from people.models import User
from signals.models import Breach, BreachGroup, Series, ThresholdVersion
from signals.queries import chart as charts
from signals.queries import configuration
from signals.queries.spark import Spark, sparks
from signals.states import Agreement, BreachLevel, BreachState

MAX_GROUPS = 8
MAX_SERIES = 400
MAX_CHIPS = 8
MAX_NAMES = 50


def series_of(user: User, models: Sequence[Model]) -> QuerySet[Series]:
    """Return the series of models: those with an open breach first, then with a threshold, then the newest.

    Each row has is_crossed (an open breach) and is_watched (a threshold in force).
    """
    crossed = Breach.objects.filter(series=OuterRef("pk"), state=BreachState.OPEN)
    watched = ThresholdVersion.objects.filter(threshold__series=OuterRef("pk"), state=Agreement.ACTIVE)
    return (
        Series.objects.filter(model__in=models)
        .visible_to(user)
        .annotate(is_crossed=Exists(crossed), is_watched=Exists(watched))
        .order_by("model_id", "-is_crossed", "-is_watched", F("latest_ts").desc(nulls_last=True), "id")
    )


# ------------------------------------------------------------------ the list of models


@dataclass(frozen=True, slots=True)
class Health:
    """The numbers of open breach groups of a model, by level, and whether it has series at all."""

    critical: int = 0
    warning: int = 0
    has_series: bool = False

    @property
    def total(self) -> int:
        return self.critical + self.warning


@dataclass(frozen=True, slots=True)
class Cell:
    """The columns of one model. series: its first series by series_of(), None without one."""

    health: Health
    series: Series | None = None
    spark: Spark | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """Columns for the list of models. cells: id of the model -> what the template of a row gets."""

    headings: Sequence[str]
    cells: Mapping[int, Cell]


def column_of_models(user: User, models: Sequence[Model]) -> Column:
    """Return the health of models and 14 days of the first series of each. Four queries."""
    health = _health(user, models)
    first = {series.model_id: series for series in series_of(user, models).distinct("model_id")}
    spark_of = sparks((series.pk for series in first.values()), at=clock.now())
    cells = {}
    for model in models:
        series = first.get(model.pk)
        critical, warning = health.get(model.pk, (0, 0))
        model_health = Health(critical, warning, series is not None)
        cells[model.pk] = Cell(model_health, series, spark_of.get(series.pk) if series else None)
    return Column(("Health", "14 days"), cells)


def _health(user: User, models: Sequence[Model]) -> dict[int, tuple[int, int]]:
    """Return model id -> numbers of (critical, warning) open groups, without models that have none."""
    rows = (
        BreachGroup.objects.filter(model__in=models, state=BreachState.OPEN)
        .visible_to(user)
        .order_by()
        .values("model_id")
        .annotate(
            critical=Count("pk", filter=Q(level=BreachLevel.CRITICAL)),
            warning=Count("pk", filter=Q(level=BreachLevel.WARNING)),
        )
    )
    return {row["model_id"]: (row["critical"], row["warning"]) for row in rows}


def has_dashboard(user: User, model: Model) -> bool:
    """Return True: each model has a dashboard."""
    return True


# ------------------------------------------------------------------ the page of a model


@dataclass(frozen=True, slots=True)
class ModelPanel:
    """The series of a model, the chart of the chosen one, the open and the latest breach groups.

    is_picked_from_list: show a select element, because there are too many series for chips.
    chart: None while there is no series; then `call` is the command that sends the first point.
    """

    series: Sequence[Series]
    is_picked_from_list: bool
    chart: charts.Chart | None
    groups: Sequence[BreachGroup]
    is_more: bool
    periods: Sequence[int]
    call: str
    may_propose: bool


def panel_of_model(user: User, model: Model) -> ModelPanel:
    """Return the panel of a model's page. model.asked: {"series": id, "period": days}, as text."""
    asked: Mapping[str, str] = getattr(model, "asked", {})
    series = list(series_of(user, [model])[:MAX_SERIES])
    default = series[0] if series else None
    chosen = next((row for row in series if str(row.pk) == asked.get("series")), default)
    days = next((days for days in charts.PERIODS if str(days) == asked.get("period")), charts.PERIODS[1])
    groups = list(
        BreachGroup.objects.filter(model=model)
        .visible_to(user)
        .select_related("subject")
        .annotate(breach_count=Count("breaches"))
        .order_by("-state", "-opened_at", "-id")[: MAX_GROUPS + 1]
    )
    return ModelPanel(
        series=series,
        is_picked_from_list=len(series) > MAX_CHIPS,
        chart=charts.recent(user, chosen, days=days, at=clock.now()) if chosen else None,
        groups=groups[:MAX_GROUPS],
        is_more=len(groups) > MAX_GROUPS,
        periods=charts.PERIODS,
        call=configuration.points_call(model.slug) if chosen is None else "",
        may_propose=may(user, "signals.threshold_propose"),
    )


# ------------------------------------------------------------------ names nobody registered


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """A model name that tools send and that is not registered.

    series: number of series. breaches: number of open breach groups. latest: time of the last point or
    breach. likely: the registered model that the name probably means, if the reader may add an alias to it.
    """

    name: str
    series: int
    breaches: int
    latest: Any
    likely: Model | None = None


@dataclass(frozen=True, slots=True)
class UnclaimedPanel:
    names: Sequence[Unclaimed]
    is_more: bool
    may_add: bool


def unclaimed(user: User, _: Any = None) -> UnclaimedPanel | None:
    """Return the unregistered model names that tools send, None if there are none. Three queries."""
    series = (
        Series.objects.filter(model__isnull=True)
        .visible_to(user)
        .order_by()
        .values("model_name")
        .annotate(count=Count("pk"), latest=Max("latest_ts"))
    )
    groups = (
        BreachGroup.objects.filter(model__isnull=True, state=BreachState.OPEN)
        .exclude(model_name="")
        .visible_to(user)
        .order_by()
        .values("model_name")
        .annotate(count=Count("pk"), latest=Max("opened_at"))
    )
    series_by_name = {row["model_name"]: row for row in series}
    groups_by_name = {row["model_name"]: row for row in groups}
    names = [
        _unclaimed(name, series_by_name.get(name), groups_by_name.get(name))
        for name in series_by_name.keys() | groups_by_name
    ]
    names.sort(key=lambda row: (-row.breaches, sort_key(row.name)))
    if not names:
        return None
    shown = _with_likely_models(user, names[:MAX_NAMES])
    return UnclaimedPanel(shown, len(names) > MAX_NAMES, may(user, "catalogue.model_add"))


def _with_likely_models(user: User, names: Sequence[Unclaimed]) -> list[Unclaimed]:
    likely = catalogue.likely_models(user, (row.name for row in names))
    mine = {name: model for name, model in likely.items() if may(user, "catalogue.model_change", model)}
    return [replace(row, likely=mine.get(row.name)) for row in names]


def _unclaimed(name: str, series: Mapping | None, groups: Mapping | None) -> Unclaimed:
    times = [row["latest"] for row in (series, groups) if row and row["latest"]]
    return Unclaimed(
        name,
        series["count"] if series else 0,
        groups["count"] if groups else 0,
        max(times) if times else None,
    )
