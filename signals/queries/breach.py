"""Breach groups: the list, shared by pages and API."""

from typing import Any

from django.db.models import Count, Q

from history.models import RecordedQuerySet
from people.models import User
from signals.models import BreachGroup
from signals.states import BreachState


def groups() -> RecordedQuerySet[BreachGroup]:
    """All groups with what a row needs; the reader's share is `.visible_to(user)`."""
    rows: Any = BreachGroup.objects.select_related("subject", "model")
    return rows.annotate(
        breach_count=Count("breaches"),
        open_count=Count("breaches", filter=Q(breaches__state=BreachState.OPEN)),
    )


def tab_counts(user: User) -> dict[str, int]:
    """How many groups are open, and how many cleared. One query."""
    return BreachGroup.objects.visible_to(user).aggregate(
        open=Count("pk", filter=Q(state=BreachState.OPEN)),
        cleared=Count("pk", filter=Q(state=BreachState.CLEARED)),
    )
