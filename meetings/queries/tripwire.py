"""Read the tripwires of decisions."""

from collections.abc import Sequence

from django.db.models import QuerySet

from kit.sight import Visitor
from meetings.models import Decision, Tripwire


def of_decisions(user: Visitor, decisions: Sequence[Decision]) -> dict[int, list[Tripwire]]:
    """Return decision id -> its tripwires, oldest first, each with `is_series_seen`. One query."""
    rows = Tripwire.objects.filter(decision__in=decisions).select_related("series__subject")
    found: dict[int, list[Tripwire]] = {decision.pk: [] for decision in decisions}
    for tripwire in rows.order_by("decision", "id"):
        series = tripwire.series
        tripwire.is_series_seen = series is None or series.subject.is_visible_to(user)
        found[tripwire.decision_id].append(tripwire)
    return found


def tripwires(user: Visitor) -> QuerySet[Tripwire]:
    """Return the tripwires of the decisions that this reader may see, with what their permission reads."""
    rows = Tripwire.objects.visible_to(user)
    return rows.select_related("decision__subject", "decision__meeting__series", "series__subject")
