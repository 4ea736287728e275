"""Several mails to one person become one: mails soon after another, and those above the most of an hour.

The first mail of a bundle is its lead. It is claimed, sent and tried again as any mail. The others have the
state BUNDLED meanwhile, and then the final state of the lead. What is escalated to somebody, invitations and
digests are never in a bundle and never wait. The clock is that of the database, as for leases.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from history import declarations
from notices.models import Message
from notices.queries import still_relevant
from notices.states import MessageState

HOUR = timedelta(hours=1)
MOST_IN_ONE = 50
_LOCK = 7401  # the number of these advisory locks; others have other numbers


def may_wait(row: Message) -> bool:
    """Return whether a mail may be in a bundle."""
    return row.digest_id is None and row.verb not in _alone()


def _alone() -> list[str]:
    """Return the verbs whose mails go alone and at once: escalations, and what is declared so."""
    return [
        declared.verb
        for declared in declarations.every()
        if declared.cannot_be_silenced or (declared.mail and declared.mail.is_alone)
    ]


def waits_until(row: Message) -> datetime | None:
    """Return until when a mail waits, because its recipient got others; None to send it now.

    It waits until some minutes after the last one, and after too many in an hour, until the first of these is
    an hour old.
    """
    if not settings.MAIL_BUNDLE_MINUTES or not may_wait(row) or row.tries > 1:
        return None
    with connection.cursor() as cursor:  # one worker at a time decides about the mails of a person
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, row.user_id % 2**31])
    window = timedelta(minutes=settings.MAIL_BUNDLE_MINUTES)
    begun = _counted(row).filter(begun_at__gt=Now() - max(window, HOUR)).exclude(pk=row.pk)
    moments = list(begun.order_by("-begun_at").annotate(now=Now()).values_list("begun_at", "now"))
    found = [(at, now) for at, now in moments if at is not None]
    if not found:
        return None
    (last, now), most = found[0], settings.MAILS_AN_HOUR
    until = last + window
    if len(found) >= most > 0:
        until = max(until, found[most - 1][0] + HOUR)
    return until if until > now else None


def take_along(lead: Message, *, at: datetime) -> list[Message]:
    """Return the other mails that are sent with this one, locked. Call it in the transaction of its begin.

    At the first attempt these are the waiting mails to the same person, at a further one those that were in
    the bundle. A mail that is not relevant any more is cancelled.
    """
    if not may_wait(lead) or not settings.MAIL_BUNDLE_MINUTES:
        return []
    own = Q(claim=lead.claim, state=MessageState.CLAIMED)
    new = _counted(lead).filter(Q(state=MessageState.PENDING, tries=0) | own, policy=lead.policy)
    earlier = Message.objects.filter(bundled_in=lead, state=MessageState.BUNDLED)
    rows = (new if lead.tries == 1 else earlier).exclude(pk=lead.pk).order_by("made_at", "id")
    related = ("user", "subject", "event__subject", "event__actor", "digest")
    locked = rows.select_for_update(skip_locked=True, of=("self",)).select_related(*related)
    taken = []
    for row in locked[: MOST_IN_ONE - 1]:
        if why := still_relevant.why_not(row, at=at):
            _free(row, MessageState.UNWANTED, why, at)
        else:
            taken.append(row)
    Message.objects.filter(pk__in=[row.pk for row in taken]).update(
        state=MessageState.BUNDLED, bundled_in=lead, claim=None, lease_until=None
    )
    return taken


def settle(lead: Message, state: str, text: str, *, at: datetime) -> None:
    """Give the other mails of a bundle the final state of its lead. No query for one that is always alone."""
    if not may_wait(lead):
        return
    for row in Message.objects.filter(bundled_in=lead.pk, state=MessageState.BUNDLED):
        _free(row, state, text, at, bundled_in=lead)


def dissolve(lead: Message) -> None:
    """Let the other mails of a bundle wait again, because its lead is not sent."""
    followers = Message.objects.filter(bundled_in=lead.pk, state=MessageState.BUNDLED)
    followers.update(state=MessageState.PENDING, bundled_in=None, tries=0, not_before=Now())


def settle_lost(leads: QuerySet[Message], text: str, *, at: datetime) -> None:
    """Mark the other mails of bundles as uncertain, as their leads are."""
    followers = Message.objects.filter(bundled_in__in=leads, state=MessageState.BUNDLED)
    followers.update(state=MessageState.UNCERTAIN, settled_at=at, error=text)


def rejoin(lead: Message) -> None:
    """Put the other mails of a bundle that failed back into it, because its lead is tried again."""
    troubled = (MessageState.DEAD, MessageState.UNCERTAIN)
    Message.objects.filter(bundled_in=lead.pk, state__in=troubled).update(
        state=MessageState.BUNDLED, error="", settled_at=None
    )


def _counted(row: Message) -> QuerySet[Message]:
    """Return the mails to the same person that count and wait: no digests, nothing that goes alone."""
    rows = Message.objects.filter(user=row.user_id, digest__isnull=True, bundled_in__isnull=True)
    return rows.exclude(verb__in=_alone())


def _free(row: Message, state: str, text: str, at: datetime, **values: Any) -> None:
    note = f"In one mail with others: {text}"[:300] if "bundled_in" in values else text[:300]
    error = "" if state == MessageState.DONE else text[:4000]
    Message.objects.filter(pk=row.pk).update(
        state=state, error=error, settled_at=at, claim=None, lease_until=None, log=[*row.log, note][-20:]
    )
