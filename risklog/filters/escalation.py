"""The filters, orders and tabs of escalations."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from django.db.models import Q, Value
from django.db.models.functions import Coalesce

from lists import filtering
from lists.specification import ListSpec, Order, Reader
from people.models import Team
from risklog.states import UNRESOLVED, EscalationState, Severity

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# The columns of an order may not be null. What is not resolved yet comes last.
RESOLVED_ORDER = Coalesce("resolved_at", Value(_LONG_AGO))

# The tabs of the page: value -> (label, condition).
ESCALATION_VIEWS: Mapping[str, tuple[str, Callable[[Reader], Q]]] = {
    "open": ("Open", lambda reader: Q(state__in=UNRESOLVED)),
    "resolved": ("Resolved", lambda reader: Q(state=EscalationState.RESOLVED)),
}
ESCALATIONS = ListSpec(
    filters={
        "show": filtering.named("View", ESCALATION_VIEWS, "Open or resolved ones."),
        "state": filtering.choice("State", "state", EscalationState),
        "severity": filtering.choice("Severity", "severity", Severity),
        "team": filtering.slug("Team", "team", Team.objects.visible_to, help="The slug of a team."),
    },
    orders={
        "id": Order("Oldest", ("id",)),
        "-id": Order("Newest", ("-id",)),
        "-started_at": Order("Latest started", ("-started_at", "-id")),
        "-resolved_at": Order("Latest resolved", ("-resolved_order", "-id")),
    },
)
