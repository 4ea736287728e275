"""Collecting of events for webhooks: one delivery for each event and endpoint."""

from datetime import timedelta

from django.db.models import Exists, Max, OuterRef
from django.db.models.functions import Now

from history.models import Event
from notices.models import WebhookDelivery, WebhookEndpoint
from notices.queries.webhook import public_verbs

AT_ONCE = 500
# A transaction that writes events takes less than that, so an event with a smaller number is known by then.
_SETTLED = timedelta(minutes=10)


def collect() -> int:
    """Create the deliveries of new events for active endpoints. Returns their number. Safe in parallel."""
    return sum(map(collect_for, WebhookEndpoint.objects.filter(is_active=True).order_by("pk")))


def collect_for(endpoint: WebhookEndpoint) -> int:
    """Create the deliveries of new events for one endpoint. Returns their number.

    It reads the events after the floor of the endpoint again, because an event with a smaller number may be
    committed later than one with a larger one. The floor rises behind them.
    """
    known = set(public_verbs())
    later = Event.objects.filter(pk__gt=endpoint.floor)
    floor = later.filter(recorded_at__lt=Now() - _SETTLED).aggregate(newest=Max("pk"))["newest"]
    queued = WebhookDelivery.objects.filter(endpoint=endpoint, event=OuterRef("pk"))
    verbs = [verb for verb in endpoint.verbs if verb in known]
    events = list(later.filter(~Exists(queued), verb__in=verbs).order_by("pk")[:AT_ONCE])
    WebhookDelivery.objects.bulk_create(
        [
            WebhookDelivery(
                endpoint=endpoint, event=event, verb=event.verb, subject_id=event.subject_id, made_at=event.at
            )
            for event in events
        ],
        ignore_conflicts=True,
    )
    if floor and len(events) < AT_ONCE:
        WebhookEndpoint.objects.filter(pk=endpoint.pk, floor__lt=floor).update(floor=floor)
    return len(events)
