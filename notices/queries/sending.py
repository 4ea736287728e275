"""Whether sending is held, and what waits meanwhile."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, Q, QuerySet

from history.models import Due
from history.states import Work
from notices.models import Message, SendingSwitch, WebhookDelivery
from notices.states import DeliveryState, MessageState

_MAIL_WAITS = (MessageState.PENDING, MessageState.CLAIMED, MessageState.BUNDLED)
_DELIVERY_WAITS = (DeliveryState.PENDING, DeliveryState.CLAIMED)
# The name with which the organisation of a request has the answer of is_held() (people.queries.read_along).
SETTING = "is_sending_held"


@dataclass(frozen=True, slots=True)
class HeldSending:
    """What waits while sending is held.

    since: None if the row is missing, because a restore did not finish. backup_at: the moment of the restored
    backup. limit: mails and webhooks from before it are the older ones. dues: due dates that have passed.
    """

    since: datetime | None
    backup_at: datetime | None
    limit: datetime
    mails: int
    older_mails: int
    webhooks: int
    older_webhooks: int
    dues: int


def may_send() -> QuerySet[SendingSwitch]:
    """Return the row that lets the register send, or none."""
    return SendingSwitch.objects.filter(pk=SendingSwitch.ONLY, held_since__isnull=True)


def is_held() -> bool:
    """Return True if nothing may be sent and no due date may act. One query."""
    return not may_send().exists()


def along() -> Any:
    """Return is_held() as an expression of the query that reads the organisation."""
    return ~Exists(may_send())


def waiting_mails() -> QuerySet[Message]:
    return Message.objects.filter(state__in=_MAIL_WAITS)


def waiting_deliveries() -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(state__in=_DELIVERY_WAITS)


def older(limit: datetime) -> Q:
    """Return the condition of mails and deliveries that are older than a moment, or whose event is."""
    return Q(made_at__lt=limit) | Q(event__at__lt=limit)


def held(at: datetime) -> HeldSending | None:
    """Return what waits; None while the register sends. At most four queries."""
    row = SendingSwitch.objects.filter(pk=SendingSwitch.ONLY).first()
    if row is not None and row.held_since is None:
        return None
    since, backup_at = (row.held_since, row.backup_at) if row else (None, None)
    limit = backup_at or since or at
    counts = {"every": Count("pk"), "older": Count("pk", filter=older(limit))}
    mails = waiting_mails().aggregate(**counts)
    webhooks = waiting_deliveries().aggregate(**counts)
    return HeldSending(
        since=since,
        backup_at=backup_at,
        limit=limit,
        mails=mails["every"],
        older_mails=mails["older"],
        webhooks=webhooks["every"],
        older_webhooks=webhooks["older"],
        dues=Due.objects.filter(state=Work.PENDING, at__lte=at).count(),
    )
