"""EMAIL_URL switches mail on or off. Mails older than the moment of switching on are held back.

A register that ran without a mail server, or a sample with weeks of invented history, has mails that nobody
expects any more. Setting EMAIL_URL must not send them, so an administrator decides about them.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from kit.actor import Actor
from notices.models import MailSwitch, Message
from notices.operations.attempts import act_logged
from notices.states import MessageState

_OLDER = "Held back: it is older than the moment mail was switched on, {since:%d %b %Y %H:%M} UTC."


def note(*, is_on: bool, at: datetime, using: str = "default") -> MailSwitch:
    """Record whether mail is on, with the moment of the change. using: the database connection.

    Called after each migration, which is before anybody can act, and before mail is sent.
    """
    rows = MailSwitch.objects.using(using)
    known = rows.filter(pk=MailSwitch.ONLY).first()
    if known is not None and known.is_on == is_on:
        return known
    with transaction.atomic(using=using):
        rows.bulk_create([MailSwitch(pk=MailSwitch.ONLY, is_on=not is_on, since=at)], ignore_conflicts=True)
        switch = rows.select_for_update().get(pk=MailSwitch.ONLY)
        if switch.is_on != is_on:  # no other process has recorded it
            switch.is_on, switch.since = is_on, at
            switch.save(update_fields=["is_on", "since"])
    return switch


def hold_back() -> int:
    """Hold back the waiting mails that are older than the moment mail was switched on. Return how many."""
    switch = MailSwitch.objects.filter(pk=MailSwitch.ONLY, is_on=True).first()
    if switch is None:
        return 0
    older = Q(made_at__lt=switch.since) | Q(event__at__lt=switch.since)
    waiting = Message.objects.filter(older, state=MessageState.PENDING, released_at__isnull=True)
    # The filter joins the event, and an UPDATE allows no join. So it updates by the keys.
    keys = list(waiting.values_list("pk", flat=True))
    if not keys:
        return 0
    still_waiting = Message.objects.filter(pk__in=keys, state=MessageState.PENDING)
    return still_waiting.update(state=MessageState.HELD, error=_OLDER.format(since=switch.since))


@transaction.atomic
def release(*, by: Actor, at: datetime) -> int:
    """Release the held mails. Each is checked again before it is sent. Returns their number."""
    rows = _held()
    for row in rows:
        row.state, row.released_at, row.error = MessageState.PENDING, at, ""
        row.log = act_logged(row, "Released", by, at)
    Message.objects.bulk_update(rows, ["state", "released_at", "error", "log"])
    Message.objects.filter(pk__in=[row.pk for row in rows]).update(not_before=Now())
    return len(rows)


@transaction.atomic
def drop(*, by: Actor, at: datetime) -> int:
    """Cancel the held mails. They stay in the list. Returns their number."""
    rows = _held()
    for row in rows:
        row.state, row.settled_at = MessageState.UNWANTED, at
        row.log = act_logged(row, "Dropped", by, at)
        row.error = row.log[-1]
    Message.objects.bulk_update(rows, ["state", "settled_at", "error", "log"])
    return len(rows)


def _held() -> list[Message]:
    held = Message.objects.filter(state=MessageState.HELD).order_by("pk")
    return list(held.select_for_update(of=("self",)))
