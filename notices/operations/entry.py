"""Inbox entries, one for each event and recipient, and the mails that go with them."""

from collections.abc import Iterable
from datetime import datetime

from history import declarations
from history import operations as history
from history.models import Event
from history.wiring import handler
from notices.models import Entry, Message
from notices.queries import recipients
from people.models import User


@handler("notices.entry.add")
@history.in_one_transaction
def add(event: Event, *, at: datetime) -> None:
    """Add an inbox entry for each recipient of an event, and a mail if the event is declared with one.

    Subscribed to every event that is declared with recipients.
    """
    declared = declarations.find(event.verb)
    if declared is None:
        return
    told = recipients.of_event(event, at=at)
    Entry.objects.bulk_create(
        [
            Entry(user=one.user, event=event, why=one.reason[:120], is_urgent=declared.is_urgent, at=event.at)
            for one in told
        ]
    )
    if declared.mail is None:
        return
    Message.objects.bulk_create(
        [
            Message(
                key=f"event:{event.pk}:{one.user.pk}",
                user=one.user,
                verb=event.verb,
                subject_id=event.subject_id,
                event=event,
                policy=declared.mail.in_doubt,
                made_at=at,
            )
            for one in told
            if one.is_mailed and not one.user.is_mail_refused
        ]
    )


def read(user: User, ids: Iterable[int] | None = None, *, at: datetime) -> int:
    """Mark entries of this person as read: those with these ids, or all. Returns their number."""
    rows = Entry.objects.filter(user=user, read_at__isnull=True)
    if ids is not None:
        rows = rows.filter(pk__in=list(ids))
    return rows.update(read_at=at)


def unread(user: User, ids: Iterable[int]) -> int:
    """Mark entries of this person as unread. Returns the number of changed rows."""
    return Entry.objects.filter(user=user, pk__in=list(ids)).update(read_at=None)
