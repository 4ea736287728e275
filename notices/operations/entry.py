"""Entries: what a person is told, once, in their inbox; and the mails that go with it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from history.models import Event
from history.wiring import handler
from notices.models import Entry, Message
from notices.queries import audience
from notices.queries.audience import AUDIBLE, AUDIENCES

__all__ = ["AUDIBLE", "read", "tell", "unread"]


@handler("notices.entry.add")
@transaction.atomic
def tell(event: Event, *, at: datetime) -> None:
    """Add an inbox entry for each recipient of an event, and a mail where the table says so.

    Subscribed to every verb of AUDIBLE.
    """
    how = AUDIENCES[event.verb]
    told = audience.told(event)
    Entry.objects.bulk_create(
        [
            Entry(user=user, event=event, why=why[:120], is_urgent=how.is_urgent, at=event.at)
            for user, why in told
        ]
    )
    if not how.is_mailed:
        return
    Message.objects.bulk_create(
        [
            Message(
                key=f"event:{event.pk}:{user.pk}",
                user=user,
                verb=event.verb,
                subject_id=event.subject_id,
                event=event,
                policy=how.policy,
                made_at=at,
            )
            for user, _ in told
            if not user.is_mail_refused
        ]
    )


def read(user: Any, ids: Iterable[int] | None = None, *, at: datetime) -> int:
    """Mark entries of this person as read: these, or all. Returns how many were unread."""
    rows = Entry.objects.filter(user=user, read_at__isnull=True)
    if ids is not None:
        rows = rows.filter(pk__in=list(ids))
    return rows.update(read_at=at)


def unread(user: Any, ids: Iterable[int]) -> int:
    """Take that back."""
    return Entry.objects.filter(user=user, pk__in=list(ids)).update(read_at=None)
