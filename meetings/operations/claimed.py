"""Take names off agendas that became restricted: tools sent them before a restricted model was registered."""

from datetime import datetime

from django.db.models import Q

from history import operations as history
from history.models import Event
from history.wiring import handler
from kit.actor import SYSTEM
from meetings.models import AgendaItem, Meeting, Tripwire
from meetings.operations import standing, subject_items, waiting_items
from meetings.states import PATTERNS_ITEM
from signals.models import BreachGroup, Series


@handler("meetings.agenda.hide_claimed_breach")
def on_breach_claimed(event: Event, *, at: datetime) -> None:
    """Sum up the patterns again on agendas that name a model which only some may see now.

    Handles signals.breach_claimed.
    """
    rows = BreachGroup.objects.select_related("model", "subject").filter(subject__viewers__isnull=False)
    group = rows.filter(subject=event.subject_id, model__isnull=False).first()
    if group is None or group.model is None:
        return
    named = Q(why__icontains=group.model_name or group.model.slug) | Q(why__icontains=group.model.name)
    items = waiting_items.rows().filter(named, about__isnull=True, title=PATTERNS_ITEM)
    meetings = Meeting.objects.select_related("subject", "series", "focus").filter(
        pk__in=items.order_by().values("meeting")
    )
    for meeting in meetings.order_by("pk"):
        standing.put_patterns(meeting, by=SYSTEM, at=at)


@handler("meetings.agenda.hide_claimed_metric")
def on_series_claimed(event: Event, *, at: datetime) -> None:
    """Name no metric any more in the reasons of decisions that came back, if only some may see it now.

    Handles signals.series_claimed.
    """
    series = Series.objects.filter(subject=event.subject_id, subject__viewers__isnull=False).first()
    if series is None:
        return
    rows = Tripwire.objects.select_related("decision__subject", "series__subject").filter(series=series)
    for tripwire in rows.order_by("pk"):
        reason = subject_items.reason_of(tripwire)
        for item in waiting_items.about(tripwire.decision.subject_id):
            _hide(item, tripwire, reason, event, at=at)


def _hide(item: AgendaItem, tripwire: Tripwire, reason: str, event: Event, *, at: datetime) -> None:
    """Replace the reason of a tripwire. It is found by its condition: the metric had another name."""
    condition = f" {tripwire.direction} {tripwire.value:g}"
    parts = [
        reason if part.startswith("Tripwire: ") and condition in part else part
        for part in item.why.split("; ")
    ]
    if (why := "; ".join(dict.fromkeys(parts))) != item.why:
        history.change(item, {"why": why}, by=SYSTEM, at=at, verb="meetings.item_changed", cause=event)
