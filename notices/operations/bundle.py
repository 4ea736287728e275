"""Several mails to one person become one: mails soon after another one, and those above the limit of an hour.

The first mail of a bundle is its lead. It is claimed, sent and tried again as any mail. The others are its
followers: they have the state BUNDLED meanwhile, and then the final state of the lead. Mails about
escalations, invitations and digests are never in a bundle and never wait. The clock is that of the database,
as for leases.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from history import declarations
from kit import locks
from kit.locks import Lock
from notices.models import Message
from notices.operations.attempts import logged
from notices.queries import still_relevant
from notices.states import MessageState

HOUR = timedelta(hours=1)
MOST_IN_ONE = 50


def may_wait(row: Message) -> bool:
    """Return True if a mail may be in a bundle. One to somebody without an account goes alone."""
    return not row.address and row.digest_id is None and row.verb not in _alone()


def _alone() -> list[str]:
    """Return the verbs whose mails go alone and at once: escalations, and what is declared so."""
    return [
        declared.verb
        for declared in declarations.every()
        if declared.cannot_be_silenced or (declared.mail and declared.mail.is_alone)
    ]


def waits_until(row: Message) -> datetime | None:
    """Return until when a mail waits, because its recipient got others; None to send it now.

    It waits until MAIL_BUNDLE_MINUTES after the last one. After MAILS_AN_HOUR in an hour, it waits until the
    first of these is an hour old.
    """
    if row.user_id is None or not settings.MAIL_BUNDLE_MINUTES or not may_wait(row) or row.tries > 1:
        return None
    locks.wait_for(Lock.MAILS, row.user_id)  # one worker at a time decides about the mails of a person
    window = timedelta(minutes=settings.MAIL_BUNDLE_MINUTES)
    begun = _may_wait_of_same_person(row).filter(begun_at__gt=Now() - max(window, HOUR)).exclude(pk=row.pk)
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
    new = _may_wait_of_same_person(lead).filter(
        Q(state=MessageState.PENDING, tries=0) | own, policy=lead.policy
    )
    earlier = Message.objects.filter(bundled_in=lead, state=MessageState.BUNDLED)
    rows = (new if lead.tries == 1 else earlier).exclude(pk=lead.pk).order_by("made_at", "id")
    related = ("user", "subject", "event__subject", "event__actor", "digest")
    locked = rows.select_for_update(skip_locked=True, of=("self",)).select_related(*related)
    taken = []
    for row in locked[: MOST_IN_ONE - 1]:
        if why := still_relevant.why_not(row, at=at):
            _settle(row, MessageState.UNWANTED, why, at)
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
        _settle(row, state, text, at, note="In one mail with others: ")


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


def _may_wait_of_same_person(row: Message) -> QuerySet[Message]:
    """Return the mails to the person of this one for which may_wait() is True, without those in a bundle."""
    rows = Message.objects.filter(user=row.user_id, digest__isnull=True, bundled_in__isnull=True)
    return rows.exclude(verb__in=_alone())


def _settle(row: Message, state: str, text: str, at: datetime, *, note: str = "") -> None:
    """Give a follower its final state.

    text: what happened, for its log after `note`, and its error if it was not sent.
    """
    error = "" if state == MessageState.DONE else text[:4000]
    Message.objects.filter(pk=row.pk).update(
        state=state, error=error, settled_at=at, claim=None, lease_until=None, log=logged(row, note + text)
    )
