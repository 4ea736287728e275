"""Old points that are not needed as evidence: those that are not near a breach of their series."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from signals.models import Breach, SeriesValue

# Points so long before and after a breach stay with it.
AROUND = timedelta(days=7)
# No more are counted.
MOST_COUNTED = 100_000


def deletable(before: datetime) -> QuerySet[Any]:
    """Return the values before a moment that are in no breach of their series, nor AROUND one."""
    near = Breach.objects.filter(
        Q(cleared_at__isnull=True) | Q(cleared_at__gte=OuterRef("ts") - AROUND),
        series=OuterRef("series_id"),
        opened_at__lte=OuterRef("ts") + AROUND,
    )
    return SeriesValue.objects.between(None, before).filter(~Exists(near))


def number_deletable(before: datetime) -> int:
    """Return how many values retention would delete, counted up to MOST_COUNTED."""
    return deletable(before).order_by().values(one=F("series_id"))[:MOST_COUNTED].count()
