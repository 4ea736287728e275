"""Sources: what they are, what they sent, whether they fell silent."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet

from history.models import RecordedQuerySet
from people.models import User
from signals.models import Delivery, Series, Source


def sources() -> RecordedQuerySet[Source]:
    """All sources by name, with their owner; the reader's share is `.visible_to(user)`."""
    return Source.objects.select_related("subject", "owner", "owner__subject").order_by("name", "id")


def with_troubles(rows: RecordedQuerySet[Source], *, at: datetime) -> RecordedQuerySet[Source]:
    """rows that know has_trouble: something was rejected within a week."""
    week = Delivery.objects.filter(source=OuterRef("pk"), at__gte=at - timedelta(days=7)).exclude(
        problem="", rejected=0
    )
    marked: Any = rows.annotate(has_trouble=Exists(week))
    return marked


def silent_for(source: Source, *, at: datetime) -> timedelta | None:
    """How long past its expected period nothing came; None when it keeps time, or none is expected.

    A source that never sent anything is not silent: it has not begun.
    """
    if source.expected_every is None or source.last_received_at is None:
        return None
    late = at - source.last_received_at - source.expected_every
    return late if late > timedelta(0) else None


def deliveries_of(source: Source) -> QuerySet[Delivery]:
    """Its bodies; newest first is ("-at", "-id")."""
    return source.deliveries.all()


def series_count(user: User, source: Source) -> int:
    return Series.objects.filter(source=source).visible_to(user).aggregate(n=Count("pk"))["n"]
