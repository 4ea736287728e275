"""Write series: create them at their first point, change their kind or unit."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from catalogue.models import Model
from catalogue.queries import model as catalogue
from history import bulk
from history import operations as history
from history.scope import Placement
from kit.actor import Actor
from signals.mapping.labels import kind_of_name
from signals.mapping.points import Name
from signals.models import Series, Source
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
    A series whose model is not registered has no model; claim.claim() sets it later.
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


UNREGISTERED = " (not registered)"


def below(model: Model | None) -> Placement:
    """Return the scope of a row about a model: everyone who may see the model may see the row."""
    return Placement(parent=model.subject_id if model else None)
