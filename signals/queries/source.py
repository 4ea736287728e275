"""Queries of sources: the list, their deliveries, and whether they stopped sending."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet

from history.models import RecordedQuerySet
from lists.collation import BY_NAME
from people.models import User
from signals.mapping.labels import IGNORED
from signals.models import Delivery, Series, Source
from signals.states import ALERTING, SeverityRule


def sources() -> RecordedQuerySet[Source]:
    """Return all sources by name, with their owner. Callers add `.visible_to(user)`."""
    return Source.objects.select_related("subject", "owner", "owner__subject").order_by(*BY_NAME)


def with_troubles(rows: RecordedQuerySet[Source], *, at: datetime) -> RecordedQuerySet[Source]:
    """Annotate the rows with has_trouble: a payload of the last 7 days had a problem or rejected items."""
    troubled = Delivery.objects.filter(source=OuterRef("pk"), at__gte=at - timedelta(days=7)).exclude(
        problem="", rejected=0
    )
    annotated: Any = rows.annotate(has_trouble=Exists(troubled))
    return annotated


def silent_for(source: Source, *, at: datetime) -> timedelta | None:
    """Return how long the next payload is overdue, None if it is not or none is expected.

    A source that never sent anything is not silent: it has not started.
    """
    if source.expected_every is None or source.last_received_at is None:
        return None
    late = at - source.last_received_at - source.expected_every
    return late if late > timedelta(0) else None


def severities_of(source: Source) -> list[tuple[str, str]]:
    """Return what its severities mean, as (severity, rule); [] for a source that sends no alerts."""
    if source.adapter not in ALERTING:
        return []
    rules = dict.fromkeys(IGNORED, SeverityRule.IGNORE.value) | source.mapping.get("severities", {})
    return list(rules.items())


def deliveries_of(source: Source) -> QuerySet[Delivery]:
    """Return the deliveries of a source, unsorted. Sort them by ("-at", "-id")."""
    return source.deliveries.all()


def series_count(user: User, source: Source) -> int:
    return Series.objects.filter(source=source).visible_to(user).aggregate(n=Count("pk"))["n"]
