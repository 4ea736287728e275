"""What a model's page, and the list of models, show of signals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from catalogue.models import Model
from kit import clock
from kit.rights import may
from people.models import User
from signals.models import Breach, BreachGroup, Series, ThresholdVersion
from signals.queries import chart as charts
from signals.queries import configuration
from signals.queries.spark import Spark, sparks
from signals.states import Agreement, BreachState, Level

MOST_GROUPS = 8
MOST_SERIES = 400
MOST_CHIPS = 8
MOST_NAMES = 50


def series_of(user: User, models: Sequence[Model]) -> QuerySet[Series]:
    """The series of models, the most watched first: crossed now, then with a threshold, then the newest.

    Each knows is_crossed and is_watched.
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
    """The open breach groups of a model, by level."""

    critical: int = 0
    warning: int = 0
    has_series: bool = False

    @property
    def total(self) -> int:
        return self.critical + self.warning


@dataclass(frozen=True, slots=True)
class Cell:
    health: Health
    series: Series | None = None
    spark: Spark | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """headings: above the cells; cells: what a row's template gets, by the model's primary key."""

    headings: Sequence[str]
    cells: Mapping[int, Cell]


def column_of_models(user: User, models: Sequence[Model]) -> Column:
    """Health and the fortnight of the most watched series. Four queries, however many models."""
    health = _health(user, models)
    first = {series.model_id: series for series in series_of(user, models).distinct("model_id")}
    drawn = sparks((series.pk for series in first.values()), at=clock.now())
    cells = {}
    for model in models:
        series = first.get(model.pk)
        critical, warning = health.get(model.pk, (0, 0))
        found = Health(critical, warning, series is not None)
        cells[model.pk] = Cell(found, series, drawn.get(series.pk) if series else None)
    return Column(("Health", "14 days"), cells)


def _health(user: User, models: Sequence[Model]) -> dict[int, tuple[int, int]]:
    rows = (
        BreachGroup.objects.filter(model__in=models, state=BreachState.OPEN)
        .visible_to(user)
        .order_by()
        .values("model_id")
        .annotate(
            critical=Count("pk", filter=Q(level=Level.CRITICAL)),
            warning=Count("pk", filter=Q(level=Level.WARNING)),
        )
    )
    return {row["model_id"]: (row["critical"], row["warning"]) for row in rows}


def health_of_model(user: User, model: Model) -> Health:
    """The health sentence of a model's page. One query."""
    crossed = BreachGroup.objects.filter(model=model, state=BreachState.OPEN).visible_to(user)
    series = Series.objects.filter(model=model).visible_to(user)
    critical, warning, has_series = Model.objects.values_list(
        *(_count(crossed.filter(level=level)) for level in (Level.CRITICAL, Level.WARNING)), Exists(series)
    ).get(pk=model.pk)
    return Health(critical, warning, has_series)


def _count(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.order_by().values("model").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted), 0)


# ------------------------------------------------------------------ the page of a model


@dataclass(frozen=True, slots=True)
class ModelPanel:
    """The series of a model, the chosen one as a chart, the open and the latest breaches.

    chart: None while there is no series; then `call` says how to push the first point.
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
    """What the reader asked for stands in `model.asked`: {"series": id, "period": days}."""
    asked: Mapping[str, str] = getattr(model, "asked", {})
    series = list(series_of(user, [model])[:MOST_SERIES])
    chosen = next(
        (one for one in series if str(one.pk) == asked.get("series")), series[0] if series else None
    )
    days = next((days for days in charts.PERIODS if str(days) == asked.get("period")), charts.PERIODS[1])
    groups = list(
        BreachGroup.objects.filter(model=model)
        .visible_to(user)
        .select_related("subject")
        .annotate(breach_count=Count("breaches"))
        .order_by("-state", "-opened_at", "-id")[: MOST_GROUPS + 1]
    )
    return ModelPanel(
        series=series,
        is_picked_from_list=len(series) > MOST_CHIPS,
        chart=charts.recent(user, chosen, days=days, at=clock.now()) if chosen else None,
        groups=groups[:MOST_GROUPS],
        is_more=len(groups) > MOST_GROUPS,
        periods=charts.PERIODS,
        call=configuration.points_call(model.slug) if chosen is None else "",
        may_propose=may(user, "signals.threshold_propose"),
    )


# ------------------------------------------------------------------ names nobody registered


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """A name that tools send and nobody registered: how many series and open breaches, since last when."""

    name: str
    series: int
    breaches: int
    latest: Any


@dataclass(frozen=True, slots=True)
class UnclaimedPanel:
    names: Sequence[Unclaimed]
    is_more: bool
    may_add: bool


def unclaimed(user: User, _: Any = None) -> UnclaimedPanel | None:
    """The names seen in signals that mean no model; None when there is none. Two queries."""
    loose = {"model__isnull": True}
    series = (
        Series.objects.filter(**loose)
        .visible_to(user)
        .order_by()
        .values("model_name")
        .annotate(count=Count("pk"), latest=Max("latest_ts"))
    )
    groups = (
        BreachGroup.objects.filter(**loose, state=BreachState.OPEN)
        .exclude(model_name="")
        .visible_to(user)
        .order_by()
        .values("model_name")
        .annotate(count=Count("pk"), latest=Max("opened_at"))
    )
    of_series = {row["model_name"]: row for row in series}
    of_groups = {row["model_name"]: row for row in groups}
    found = [
        _unclaimed(name, of_series.get(name), of_groups.get(name)) for name in of_series.keys() | of_groups
    ]
    found.sort(key=lambda one: (-one.breaches, one.name))
    if not found:
        return None
    return UnclaimedPanel(found[:MOST_NAMES], len(found) > MOST_NAMES, may(user, "catalogue.model_add"))


def _unclaimed(name: str, series: Mapping | None, groups: Mapping | None) -> Unclaimed:
    moments = [row["latest"] for row in (series, groups) if row and row["latest"]]
    return Unclaimed(
        name,
        series["count"] if series else 0,
        groups["count"] if groups else 0,
        max(moments) if moments else None,
    )
