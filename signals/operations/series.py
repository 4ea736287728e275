"""Series: born at their first point, claimed when their model is registered."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from catalogue import queries as catalogue
from catalogue.models import Model
from history import bulk
from history import operations as history
from history.models import Event
from history.scope import Scope
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from signals.mapping.labels import kind_of_name
from signals.mapping.points import Name
from signals.models import BreachGroup, Series, Source
from signals.operations.source import lock_births

_MISSING = """
SELECT g.n - 1
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) WITH ORDINALITY
     AS g(model_name, metric, feature, slice, n)
WHERE NOT EXISTS (
  SELECT 1 FROM signals_series s
  WHERE s.model_name = g.model_name AND s.metric = g.metric AND s.feature = g.feature AND s.slice = g.slice
)
"""


@transaction.atomic
def bear(
    names: Sequence[Name],
    kinds: Sequence[str],
    units: Sequence[str],
    *,
    source: Source | None,
    by: Actor,
    at: datetime,
) -> list[Series]:
    """Make the series that are not there yet, in a constant number of statements. Returns the new ones.

    kinds: "" where the sender did not say; then the metric's name decides.
    A model that nobody registered leaves its series unclaimed.
    """
    lock_births()
    with connection.cursor() as cursor:
        cursor.execute(_MISSING, [list(column) for column in zip(*names, strict=True)])
        missing = [number for (number,) in cursor.fetchall()]
    models = catalogue.models_called({names[number][0] for number in missing})
    acts = []
    for number in missing:
        model_name, metric, feature, part = names[number]
        model = models.get(model_name)
        born = Series(
            model=model,
            model_name=model_name,
            metric=metric,
            feature=feature,
            slice=part,
            kind=kinds[number] or kind_of_name(metric),
            unit=units[number],
            source=source,
        )
        acts.append(bulk.Act(born, "signals.series_added", placed=below(model)))
    if acts:
        bulk.perform(acts, by=by, at=at)
    return [act.obj for act in acts]  # type: ignore[misc]


@transaction.atomic
def change(
    series: Series, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Series:
    """Change what a series is said to be: its kind, its unit."""
    unknown = set(values) - {"kind", "unit"}
    if unknown:
        raise ValueError(f"Not to be changed: {unknown}")
    history.change(series, values, by=by, at=at, seen=seen)
    return series


@transaction.atomic
def claim(model: Model, *, by: Actor, at: datetime, cause: Event | None = None) -> int:
    """Give a model the series and breach groups that came under its name before it was registered.

    Returns how many rows were claimed. Harmless when there is nothing to claim.
    """
    acts = []
    for rows, verb in (
        (Series.objects, "signals.series_claimed"),
        (BreachGroup.objects, "signals.breach_claimed"),
    ):
        orphans = rows.filter(model__isnull=True)
        names = [
            name
            for name in orphans.order_by().values_list("model_name", flat=True).distinct()
            if catalogue.is_called(model, name)
        ]
        for row in orphans.filter(model_name__in=names).select_related("subject").order_by("pk"):
            values: dict[str, Any] = {"model": model}
            if isinstance(row, BreachGroup):
                values["title"] = row.title.removesuffix(UNREGISTERED)
            acts.append(bulk.Act(row, verb, values=values))
    if acts:
        bulk.perform(acts, by=by, at=at, cause=cause)
        history.reroot([act.obj.subject_id for act in acts], model.subject)  # type: ignore[union-attr]
        for act in acts:
            if "title" in act.values:
                history.retitle(act.obj)  # type: ignore[arg-type]
    return len(acts)


@handler("signals.series.claim_for_model")
def on_model_registered(event: Event, *, at: datetime) -> None:
    """A model has come: it claims what tools said of it before."""
    model = Model.objects.select_related("subject").filter(subject_id=event.subject_id).first()
    if model is not None:
        claim(model, by=SYSTEM, at=at, cause=event)


UNREGISTERED = " (not registered)"


def below(model: Model | None) -> Scope:
    """What is about a model belongs to it, and is seen by whoever sees the model."""
    return Scope(parent=model.subject_id if model else None)
