"""How much work waits, and how much was given up: due dates, events, mails and webhooks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    CharField,
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Max,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Least, Now

from history.models import Due, Handover
from history.states import Work
from notices.models import Message, WebhookDelivery
from notices.operations.smtp import NO_CONNECTION
from notices.states import DeliveryState, MessageState

_OPEN = (Work.PENDING, Work.CLAIMED)
_TO_DO = Q(state__in=_OPEN, not_before__lte=Now())


@dataclass(slots=True)
class WaitingWork:
    """Rows of one kind of work. oldest: how long the oldest open one has waited, in seconds."""

    oldest: float = 0.0
    dead: int = 0
    uncertain: int = 0


def waiting_work(at: datetime) -> dict[str, WaitingWork]:
    """Return name -> its rows. One query over partial indexes.

    A due date waits since its moment and since its last try. Without a connection to the mail server a mail
    waits since it was created, because its next try is always in the future. A mail that the server put off
    is tried again later and counts when it was given up.
    """
    tried = _since(Now(), "not_before")
    failed_mails = Message.objects.filter(state__in=_OPEN, error__startswith=NO_CONNECTION)
    arms = [
        _arm("due", Due.objects.filter(_TO_DO, at__lte=at), Least(_since(at, "at"), tried)),
        _arm("handover", Handover.objects.filter(_TO_DO), tried),
        _arm("mail", Message.objects.filter(_TO_DO), tried),
        _arm("mail", failed_mails, _since(at, "made_at")),
        _arm("webhook", WebhookDelivery.objects.filter(_TO_DO), tried),
        _arm("due", Due.objects.filter(state=Work.DEAD), None),
        _arm("handover", Handover.objects.filter(state=Work.DEAD), None),
        _arm("mail", Message.objects.filter(state=MessageState.DEAD), None),
        _arm("webhook", WebhookDelivery.objects.filter(state=DeliveryState.DEAD), None),
        _arm("uncertain", Message.objects.filter(state=MessageState.UNCERTAIN), None),
    ]
    found = {name: WaitingWork() for name in ("due", "handover", "mail", "webhook")}
    for name, number, waited in arms[0].union(*arms[1:], all=True):
        if name == "uncertain":
            found["mail"].uncertain = number
        elif waited is not None:
            found[name].oldest = max(found[name].oldest, waited.total_seconds())
        elif number:
            found[name].dead += number
    return found


def _since(moment: Any, field: str) -> ExpressionWrapper:
    start = Value(moment, output_field=DateTimeField()) if isinstance(moment, datetime) else moment
    return ExpressionWrapper(start - F(field), output_field=DurationField())


def _arm(name: str, rows: QuerySet[Any], waited: Any) -> QuerySet[Any, Any]:
    """Return one row: the name, the number of rows, how long the oldest has waited (None if not asked)."""
    named = rows.order_by().annotate(what=Value(name, output_field=CharField())).values("what")
    nothing = Value(None, output_field=DurationField())
    number = Count("pk") if waited is None else Value(0)
    return named.annotate(number=number, longest=nothing if waited is None else Max(waited)).values_list(
        "what", "number", "longest"
    )
