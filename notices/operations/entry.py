"""Inbox entries, one for each event and recipient, and the mails that go with them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef

from history import declarations
from history import operations as history
from history.declarations import EventType, Mail
from history.models import Event, Subject
from history.queries import present_data
from history.states import InDoubt, NewsTiming
from history.wiring import handler
from kit import kinds
from notices.models import Entry, Message
from notices.queries import recipients
from notices.queries.recipients import Recipient
from people.models import User


@handler("notices.entry.add")
@history.in_one_transaction
def add(event: Event, *, at: datetime) -> None:
    """Add an inbox entry for each recipient of an event, and a mail for those who want to be told at once.

    The entry of who never wants to be told is marked as read.

    Subscribed to every event that is declared with recipients.
    """
    declared = declarations.find(event.verb)
    if declared is None:
        return
    if declared.mail and declared.mail.address:
        _mail_to_address(event, declared.mail, declared.mail.address(event), at)
    _notify(event, declared, recipients.of_event(event, at=at), at)


def add_for_stand_in(event: Event, *, absent: User, at: datetime) -> None:
    """Add the entry and the mail of the person who stands in for a recipient who is away by now."""
    declared = declarations.find(event.verb)
    if declared is not None:
        stand_ins = [one for one in recipients.of_event(event, at=at) if one.stands_in_for == absent.pk]
        _notify(event, declared, stand_ins, at)


def _notify(event: Event, declared: EventType, notified: Sequence[Recipient], at: datetime) -> None:
    """Add entries and mails, except those that are there already."""
    topic = _topic_of(event.subject)
    Entry.objects.bulk_create(
        [
            Entry(
                user=recipient.user,
                event=event,
                topic_id=topic,
                why=recipient.reason[:120],
                is_urgent=declared.is_urgent and recipient.timing != NewsTiming.NEVER,
                is_for_digest=recipient.timing == NewsTiming.DIGEST,
                at=event.at,
                read_at=event.at if recipient.timing == NewsTiming.NEVER else None,
            )
            for recipient in notified
        ],
        ignore_conflicts=True,
    )
    if declared.mail and declared.mail.is_wanted and not declared.mail.is_wanted(event):
        return
    Message.objects.bulk_create(
        [
            Message(
                key=f"event:{event.pk}:{recipient.user.pk}",
                user=recipient.user,
                verb=event.verb,
                subject_id=event.subject_id,
                event=event,
                policy=declared.mail.in_doubt if declared.mail else InDoubt.PARK,
                made_at=at,
            )
            for recipient in notified
            if recipient.wants_mail(declared) and not recipient.user.is_mail_refused
        ],
        ignore_conflicts=True,
    )


def _mail_to_address(event: Event, mail: Mail, address: str, at: datetime) -> None:
    """Queue a mail to somebody without an account. "": there is nobody any more."""
    if address:
        row = Message(
            key=f"event:{event.pk}:address",
            address=address,
            verb=event.verb,
            subject_id=event.subject_id,
            event=event,
            policy=mail.in_doubt,
            made_at=at,
        )
        Message.objects.bulk_create([row], ignore_conflicts=True)


def _topic_of(subject: Subject) -> int:
    """Return the id of the subject whose line of the inbox has the news of this one (Kind.bundled_with).

    The paths are followed to their end: an escalation is about a review, which is about a breach group.
    """
    while (kind := kinds.find(subject.kind)) and kind.bundled_with:
        rows = kind.row._base_manager.filter(pk=subject.object_id)
        subject = Subject.objects.get(pk=rows.values_list(kind.bundled_with, flat=True).get())
    return subject.pk


def add_missing_topics(limit: int = 1000) -> int:
    """Give a topic to entries without one. Returns their number.

    The code of the version before wrote some, if it ran while the migrations did.
    """
    rows = Entry.objects.filter(topic__isnull=True).select_related("event__subject").order_by("pk")
    found = list(rows[:limit])
    for entry in found:
        entry.topic_id = _topic_of(entry.event.subject)
    return Entry.objects.bulk_update(found, ["topic"])


# What tells two requests about one subject apart, if both events have it: the version of a threshold, or who
# wants to be a member.
_SAME = ("number", "person")


@handler("notices.entry.settle")
@history.in_one_transaction
def settle(event: Event, *, at: datetime) -> None:
    """Mark as read what the person of this event has answered with it, about the same subject.

    Subscribed to every event that another one is answered by (EventType.answered_by).
    """
    asking = [one.verb for one in declarations.every() if event.verb in one.answered_by]
    answered = Entry.objects.filter(
        user__subject=event.actor_id,
        event__subject=event.subject_id,
        event__verb__in=asking,
        event__at__lte=event.at,
        read_at__isnull=True,
    )
    data = present_data(event)
    same = {name: data[name] for name in _SAME if data.get(name) is not None}
    ids = [
        entry.pk
        for entry in answered.select_related("event")
        if all(present_data(entry.event).get(name, value) == value for name, value in same.items())
    ]
    if ids:
        Entry.objects.filter(pk__in=ids).update(read_at=at)


def read(user: User, ids: Iterable[int] | None = None, *, at: datetime) -> int:
    """Mark as read all entries of this person that have the topics of these entries; of None, all entries.

    Entries that came after the newest of `ids` stay unread. Returns the number of changed rows.
    """
    rows = Entry.objects.filter(user=user, read_at__isnull=True)
    if ids is None:
        return rows.update(read_at=at)
    marked = Entry.objects.filter(
        user=user, pk__in=list(ids), topic=OuterRef("topic"), pk__gte=OuterRef("pk")
    )
    return rows.filter(Exists(marked)).update(read_at=at)


def unread_again(user: User, read_at: datetime) -> int:
    """Undo read() of all entries: mark those as unread again that it marked at this moment.

    An entry that the person has read since, or before, stays read. Returns the number of changed rows.
    """
    # The entries that are read from the beginning are none that it marked.
    rows = Entry.objects.filter(user=user, read_at=read_at).exclude(at=read_at)
    return rows.update(read_at=None)


def unread(user: User, ids: Iterable[int]) -> int:
    """Mark entries of this person as unread. Returns the number of changed rows."""
    return Entry.objects.filter(user=user, pk__in=list(ids)).update(read_at=None)
