"""Webhook endpoints and their deliveries, for administrators."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Func, Q, QuerySet

from history import declarations
from history.models import Subject
from notices.models import WebhookDelivery, WebhookEndpoint
from notices.states import DeliveryState
from people.models import User

# What a test says in place of a verb.
TEST_VERB = "notices.webhook_test"


def public_verbs() -> list[str]:
    """Return the verbs of the events that webhooks can have, sorted."""
    return sorted(one.verb for one in declarations.every() if one.is_public and not one.is_private)


def chosen_verbs() -> QuerySet[WebhookEndpoint, Any]:
    """Return the verbs that active endpoints have chosen, one column, with repeats."""
    return WebhookEndpoint.objects.filter(is_active=True).values_list(Func(F("verbs"), function="unnest"))


def endpoints(reader: User) -> QuerySet[WebhookEndpoint]:
    """Return the endpoints with their owners, and how many deliveries of each wait and failed."""
    states = DeliveryState
    return (
        WebhookEndpoint.objects.visible_to(reader)
        .select_related("subject", "owner")
        .annotate(
            waiting=Count("deliveries", filter=Q(deliveries__state__in=(states.PENDING, states.CLAIMED))),
            failed=Count("deliveries", filter=Q(deliveries__state=states.DEAD)),
        )
    )


def deliveries(endpoint: WebhookEndpoint) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(endpoint=endpoint).select_related("subject")


def visible_subjects(rows: Sequence[WebhookDelivery], reader: User) -> set[int]:
    """Return the ids of the subjects of these deliveries that the reader may see. One query."""
    ids = {row.subject_id for row in rows}
    return set(Subject.objects.visible_to(reader).filter(pk__in=ids).values_list("pk", flat=True))


def is_broken(endpoint: WebhookEndpoint, at: datetime) -> bool:
    """Return whether nothing is sent for now, because the endpoint failed several times."""
    return endpoint.closed_until is not None and endpoint.closed_until > at
