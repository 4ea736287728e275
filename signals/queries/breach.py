"""Queries of breach groups, for the list page."""

from typing import Any

from django.db.models import Count, Q

from history.models import RecordedQuerySet
from people.models import User
from signals.models import BreachGroup
from signals.states import BreachState


def groups() -> RecordedQuerySet[BreachGroup]:
    """Return all groups with what a row needs. Callers add `.visible_to(user)`."""
    rows: Any = BreachGroup.objects.select_related("subject", "model")
    return rows.annotate(
        breach_count=Count("breaches"),
        open_count=Count("breaches", filter=Q(breaches__state=BreachState.OPEN)),
    )


def tab_counts(user: User) -> dict[str, int]:
    """Return the numbers of open and of cleared groups that the user may see. One query."""
    return BreachGroup.objects.visible_to(user).aggregate(
        open=Count("pk", filter=Q(state=BreachState.OPEN)),
        cleared=Count("pk", filter=Q(state=BreachState.CLEARED)),
    )
