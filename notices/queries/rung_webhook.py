"""The webhooks that rungs of ladders tell, as the risk log reads them (risklog/queries/channels.py)."""

from collections.abc import Collection
from datetime import datetime

from lists.collation import BY_NAME
from notices.models import WebhookDelivery, WebhookEndpoint
from notices.states import DeliveryState
from risklog.queries.channels import RungWebhook, WebhookReader

_OUTCOMES = {
    DeliveryState.PENDING: "waiting",
    DeliveryState.CLAIMED: "waiting",
    DeliveryState.DONE: "sent",
    DeliveryState.DEAD: "failed",
    DeliveryState.UNWANTED: "not sent",
}


def offered() -> list[RungWebhook]:
    """Return the webhooks that administrators let ladders use, also paused ones."""
    rows = WebhookEndpoint.objects.filter(is_for_ladders=True).order_by(*BY_NAME)
    return [RungWebhook(*row) for row in rows.values_list("id", "name", "is_active")]


def names(ids: Collection[int]) -> dict[int, str]:
    return dict(WebhookEndpoint.objects.filter(pk__in=ids).values_list("id", "name"))


def outcomes(subject_id: int) -> dict[tuple[int, datetime], str]:
    """Return the results of the deliveries of an escalation: (id of the webhook, moment) -> result."""
    rows = WebhookDelivery.objects.filter(event__subject=subject_id).order_by("made_at")
    return {
        (endpoint_id, at): _OUTCOMES[DeliveryState(state)]
        for endpoint_id, at, state in rows.values_list("endpoint_id", "event__at", "state")
    }


READER = WebhookReader(offered, names, outcomes)
