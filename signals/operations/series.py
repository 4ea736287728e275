"""Write series: create them at their first point, claim them when their model is registered."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from catalogue.models import Model
from catalogue.queries import model as catalogue
from history import bulk
from history import operations as history
from history.models import Event
from history.scope import Placement
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from signals.mapping.labels import kind_of_name
from signals.mapping.points import Name
from signals.models import BreachGroup, Series, Source
from signals.operations.source import lock_creation

_MISSING = """
SELECT g.n - 1
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) WITH ORDINALITY
     AS g(model_name, metric, feature, slice, n)
WHERE NOT EXISTS (
  SELECT 1 FROM signals_series s
  WHERE s.model_name = g.model_name AND s.metric = g.metric AND s.feature = g.feature AND s.slice = g.slice
)
ORDER BY g.n
"""


@transaction.atomic
def create_missing(
    names: Sequence[Name],
    kinds: Sequence[str],
    units: Sequence[str],
    *,
    source: Source | None,
    by: Actor,
    at: datetime,
) -> set[Name]:
    """Create the series that do not exist yet. The number of statements is constant.

    names, kinds, units: one entry per series. An empty kind is derived from the metric's name.
    A series whose model is not registered has no model; claim() sets it later.
    Returns the names that are not created, because the source would have more series than it may have.
    """
    lock_creation()
    with connection.cursor() as cursor:
        cursor.execute(_MISSING, [list(column) for column in zip(*names, strict=True)])
        missing = [position for (position,) in cursor.fetchall()]
    left: list[int] = []
    if missing and source is not None:
        room = max(settings.MAX_SERIES_OF_SOURCE - source.series.count(), 0)
        missing, left = missing[:room], missing[room:]
    models = catalogue.models_called({names[position][0] for position in missing})
    created: list[Series] = []
    for position in missing:
        model_name, metric, feature, slice_name = names[position]
        model = models.get(model_name)
        series = Series(
            model=model,
            model_name=model_name,
            metric=metric,
            feature=feature,
            slice=slice_name,
            kind=kinds[position] or kind_of_name(metric),
            unit=units[position],
            source=source,
        )
        created.append(series)
    if created:
        acts = [bulk.Act(series, "signals.series_added", placed=below(series.model)) for series in created]
        bulk.perform(acts, by=by, at=at)
    return {names[position] for position in left}


@transaction.atomic
def change(
    series: Series, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Series:
    """Change the kind or unit of a series. Raises ValueError for another field, ChangedMeanwhile."""
    if unknown := set(values) - {"kind", "unit"}:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    history.change(series, values, by=by, at=at, seen=seen)
    return series


@history.in_one_transaction
def claim(model: Model, *, by: Actor, at: datetime, cause: Event | None = None) -> int:
    """Assign to a model the series and breach groups that tools sent under its name before it was registered.

    Returns the number of rows that were assigned, 0 if there are none.
    """
    acts = []
    subject_ids: list[int] = []
    retitled: list[BreachGroup] = []
    for rows, verb in (
        (Series.objects, "signals.series_claimed"),
        (BreachGroup.objects, "signals.breach_claimed"),
    ):
        orphans = rows.filter(model__isnull=True)
        sent = orphans.order_by().values_list("model_name", flat=True).distinct()
        names = [name for name, called in catalogue.models_called(sent).items() if called.pk == model.pk]
        for row in orphans.filter(model_name__in=names).select_related("subject").order_by("pk"):
            values: dict[str, Any] = {"model": model}
            if isinstance(row, BreachGroup):
                values["title"] = row.title.removesuffix(UNREGISTERED)
                retitled.append(row)
            acts.append(bulk.Act(row, verb, values=values))
            subject_ids.append(row.subject_id)
    if acts:
        bulk.perform(acts, by=by, at=at, cause=cause)
        history.reroot(subject_ids, model.subject)
        for group in retitled:
            history.retitle(group)
    return len(acts)


@handler("signals.series.claim_for_model")
def on_model_registered(event: Event, *, at: datetime) -> None:
    """Claim series and breach groups for a model that is registered or gets an alias, if it is not gone."""
    model = Model.objects.select_related("subject").filter(subject_id=event.subject_id).first()
    if model is not None:
        claim(model, by=SYSTEM, at=at, cause=event)


UNREGISTERED = " (not registered)"


def below(model: Model | None) -> Placement:
    """Return the scope of a row about a model: everyone who may see the model may see the row."""
    return Placement(parent=model.subject_id if model else None)
