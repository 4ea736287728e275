"""Mail is switched on or off by EMAIL_URL; what is older than the moment it was switched on is held back.

A register that ran without a mail server, or a sample with weeks of invented history, holds mails that nobody
expects any more. They do not leave because somebody set a variable; an administrator decides.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from kit.actor import Actor
from notices.models import MailSwitch, Message
from notices.states import MessageState

_OLDER = "Held back: it is older than the moment mail was switched on, {since:%d %b %Y %H:%M} UTC."


def note(*, is_on: bool, at: datetime, using: str = "default") -> MailSwitch:
    """Note whether mail is on now, with the moment of the change. using: the database connection.

    Called after each migration, which is before anybody can act, and before mail is sent.
    """
    rows = MailSwitch.objects.using(using)
    known = rows.filter(pk=MailSwitch.ONLY).first()
    if known is not None and known.is_on == is_on:
        return known
    with transaction.atomic(using=using):
        rows.bulk_create([MailSwitch(pk=MailSwitch.ONLY, is_on=not is_on, since=at)], ignore_conflicts=True)
        found = rows.select_for_update().get(pk=MailSwitch.ONLY)
        if found.is_on != is_on:  # nobody else noted it meanwhile
            found.is_on, found.since = is_on, at
            found.save(update_fields=["is_on", "since"])
    return found


def hold_back() -> int:
    """Hold back the waiting mails that are older than the moment mail was switched on. Return how many."""
    switch = MailSwitch.objects.filter(pk=MailSwitch.ONLY, is_on=True).first()
    if switch is None:
        return 0
    older = Q(made_at__lt=switch.since) | Q(event__at__lt=switch.since)
    waiting = Message.objects.filter(older, state=MessageState.PENDING, released_at__isnull=True)
    # The event is joined, and an UPDATE takes no join: so by the keys.
    keys = list(waiting.values_list("pk", flat=True))
    if not keys:
        return 0
    still_waiting = Message.objects.filter(pk__in=keys, state=MessageState.PENDING)
    return still_waiting.update(state=MessageState.HELD, error=_OLDER.format(since=switch.since))


@transaction.atomic
def release(*, by: Actor, at: datetime) -> int:
    """Let the held mails leave; each is checked once more before it is sent. Return how many."""
    rows = _held()
    for row in rows:
        row.state, row.released_at, row.error = MessageState.PENDING, at, ""
        row.history = _noted(row, "Released", by, at)
    Message.objects.bulk_update(rows, ["state", "released_at", "error", "history"])
    Message.objects.filter(pk__in=[row.pk for row in rows]).update(not_before=Now())
    return len(rows)


@transaction.atomic
def drop(*, by: Actor, at: datetime) -> int:
    """Give up the held mails: they stay in the list as cancelled. Return how many."""
    rows = _held()
    for row in rows:
        row.state, row.settled_at = MessageState.UNWANTED, at
        row.history = _noted(row, "Dropped", by, at)
        row.error = row.history[-1]
    Message.objects.bulk_update(rows, ["state", "settled_at", "error", "history"])
    return len(rows)


def _held() -> list[Message]:
    held = Message.objects.filter(state=MessageState.HELD).order_by("pk")
    return list(held.select_for_update(of=("self",)))


def _noted(row: Message, act: str, by: Actor, at: datetime) -> list[str]:
    return [*row.history, f"{act} by {by.person or 'Riskhub'} at {at:%d %b %Y %H:%M} UTC"[:300]][-20:]
