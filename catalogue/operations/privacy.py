"""Lock the objects that the privacy constraints of their models demand to be restricted."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from catalogue.queries.privacy import IS_DEMANDED, pks_to_restrict
from history import operations as history

_BATCH = 100


def restrict_each(rows: QuerySet[Any], restrict: Callable[[Any], None]) -> None:
    """Call restrict() for each of these rows that must be restricted now, with the row locked.

    rows: of objects with a `model` and a `subject`. They are found without locks, and locked in batches, each
    in a transaction of its own unless the caller has one. restrict: asks teams_to_restrict() again, because
    the object may have changed meanwhile.
    """
    pks = pks_to_restrict(rows)
    for start in range(0, len(pks), _BATCH):
        batch = pks[start : start + _BATCH]
        _restrict_batch(rows.filter(IS_DEMANDED, subject__viewers__isnull=True, pk__in=batch), restrict)


@history.in_one_transaction
def _restrict_batch(rows: QuerySet[Any], restrict: Callable[[Any], None]) -> None:
    related = rows.select_related("subject", "model__subject", "model__owner_team__subject")
    for row in related.select_for_update(of=("self",)).order_by("pk"):
        restrict(row)
