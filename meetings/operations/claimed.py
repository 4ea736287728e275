"""Take names off agendas that became restricted: tools sent them before a restricted model was registered."""

import re
from datetime import datetime

from django.db.models import Q

from history import operations as history
from history.models import Event
from history.wiring import handler
from kit.actor import SYSTEM
from meetings import routing
from meetings.models import AgendaItem, Focus, Meeting, Tripwire
from meetings.operations import standing, subject_items, waiting_items
from meetings.states import ACCEPTANCE_PROPOSED, PATTERNS_ITEM, DecisionState, TripwireState
from signals.models import BreachGroup, Series

_TRIPWIRE = "Tripwire: "
# A proposed acceptance, and what routing.lateness() says.
_WITHOUT_NAME = re.compile(
    ACCEPTANCE_PROPOSED + r" until \d{1,2} \w{3} \d{4}"
    r"|after its due date, \d{1,2} \w{3}: no earlier meeting fits"
)


@handler("meetings.agenda.hide_claimed_breach")
def on_breach_claimed(event: Event, *, at: datetime) -> None:
    """Sum up the patterns again on agendas that name a model which only some may see now.

    Handles signals.breach_claimed, and signals.breach_group_cleared: a group that is merged into another one
    of its model writes no other event.
    """
    rows = BreachGroup.objects.select_related("model", "subject").filter(subject__viewers__isnull=False)
    if event.verb == "signals.breach_group_cleared":
        rows = rows.filter(merged_into__isnull=False)
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
    """Write the reasons of decisions that came back again, if only some people may see the metric now.

    Handles signals.series_claimed.
    """
    series = Series.objects.filter(subject=event.subject_id, subject__viewers__isnull=False).first()
    if series is None:
        return
    crossed = Tripwire.objects.filter(series=series, crossed_at__isnull=False)
    subjects = crossed.order_by("decision__subject").values_list("decision__subject", flat=True).distinct()
    for subject_id in subjects:
        for item in waiting_items.about(subject_id):
            _hide(item, series, event, at=at)


def _hide(item: AgendaItem, series: Series, event: Event, *, at: datetime) -> None:
    """Write the reasons again that name the metrics of crossed tripwires.

    A metric may have any name, and a long reason is cut. So it cannot be said where such a reason ends: what
    follows the first one is left out, except for a proposed acceptance and the reasons of the routing.
    """
    parts = item.why.split("; ")
    first = next((place for place, part in enumerate(parts) if part.startswith(_TRIPWIRE)), None)
    if first is None:
        return
    tripwires = Tripwire.objects.select_related("decision__subject", "series__subject").filter(
        Q(decision__state=DecisionState.IN_FORCE) | Q(series=series),
        decision__subject=item.about_id,
        state=TripwireState.CROSSED,
    )
    reasons = [subject_items.reason_of(tripwire) for tripwire in tripwires.order_by("crossed_at", "pk")]
    names = Focus.objects.values_list("name", flat=True)
    routed = {routing.NOT_PLANNED, routing.DUE_BEFORE, *(routing.on_focus(name) for name in names)}
    kept = [part for part in parts[first:] if part in routed or _WITHOUT_NAME.fullmatch(part)]
    why = "; ".join(dict.fromkeys([*parts[:first], *reasons, *kept]))[:300]
    if why != item.why:
        history.change(item, {"why": why}, by=SYSTEM, at=at, verb="meetings.item_changed", cause=event)
