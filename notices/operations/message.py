"""Mails: claimed, asked whether they are still wanted, begun, handed to the mail server, settled.

The claim and the beginning are committed before the server hears of a mail, so a row whose worker died tells
how far it came: not begun, it is tried again; begun, nobody knows, and its policy decides.
"""

import time
from datetime import datetime, timedelta
from random import SystemRandom

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from history import claims
from history.claims import LostClaim, Tally
from history.states import InDoubt
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from notices.models import Message
from notices.operations.smtp import Answer, Connection, DeliveryStatus, NoConnection
from notices.queries import rendered_mail, still_relevant
from notices.queries.rendered_mail import RenderedMail
from notices.states import MessageState
from people.models import User
from people.operations import person

BATCH = 20
LEASE = 2 * claims.LEASE
_PAUSES = (60, 300, 900, 3600, 4 * 3600)
_UNKNOWN = "The worker stopped while it sent the mail, so it may have been delivered."
_chance = SystemRandom()


def send_due(*, at: datetime, limit: int = 500, seconds: float = 10.0) -> Tally:
    """Send what waits, oldest first, for at most so many mails and so long. Any number may run at once.

    Without a mail server (settings.IS_MAIL_KEPT) a mail is sent to the page of sent mail.
    """
    _park_lost()
    total, ends = Tally(), time.monotonic() + seconds
    with Connection() as connection:
        while total.done + total.failed < limit and time.monotonic() < ends:
            batch = claims.claim(_open(), limit=min(BATCH, limit), lease=LEASE)
            if not batch:
                break
            for position, row in enumerate(batch):
                if time.monotonic() >= ends:
                    _release(batch[position:])
                    break
                try:
                    total += _keep(row, at) if settings.IS_MAIL_KEPT else _send(row, connection, at)
                except NoConnection as error:
                    for waiting in batch[position:]:
                        total += _later(waiting, str(error))
                    return total
    return total


def _open() -> QuerySet[Message]:
    """What may be claimed. A parked kind that was begun never is: a repeat would be worse than a miss."""
    rows = Message.objects.exclude(policy=InDoubt.PARK, begun_at__isnull=False)
    return rows.order_by("not_before", "id")


def _park_lost() -> None:
    """A lease that ran out after the beginning means that we do not know."""
    lost = Message.objects.filter(
        state=MessageState.CLAIMED,
        policy=InDoubt.PARK,
        begun_at__isnull=False,
        lease_until__lt=Now(),
    )
    lost.update(state=MessageState.UNCERTAIN, claim=None, lease_until=None, settled_at=Now(), error=_UNKNOWN)


def _keep(row: Message, at: datetime) -> Tally:
    """The mail goes to the page of sent mail, in one transaction: nothing can be in doubt."""
    try:
        with transaction.atomic():
            mail = _begin(row, at)
            if mail is None:
                return Tally(done=1)
            claims.settle(row, history=_noted(row, "Kept in Riskhub: no mail server is configured."))
    except LostClaim:
        return Tally()
    except Exception as error:
        return _later(row, f"{type(error).__name__}: {error}")
    return Tally(done=1)


def _send(row: Message, connection: Connection, at: datetime) -> Tally:
    try:
        with transaction.atomic():
            mail = _begin(row, at)
        if mail is None:
            return Tally(done=1)
        data = as_bytes(row, mail)
    except LostClaim:
        return Tally()
    except Exception as error:  # a poison row ends as dead and holds nobody up
        return _later(row, f"{type(error).__name__}: {error}")
    answer = connection.hand_over(
        data, sender=settings.DEFAULT_FROM_EMAIL.split("<")[-1].rstrip("> "), to=mail.to
    )
    return _settle(row, answer, at)


def _begin(row: Message, at: datetime) -> RenderedMail | None:
    """Render what is still wanted and say that it is under way; None when it is not wanted any more."""
    held = (
        claims.held(row)
        .select_for_update(of=("self",))
        .select_related("user", "subject", "event__subject", "event__actor", "digest")
        .first()
    )
    if held is None:
        raise LostClaim
    why_not = still_relevant.why_not(held, at=at)
    if why_not:
        claims.settle(row, state=MessageState.UNWANTED, error=why_not, history=_noted(row, why_not))
        return None
    mail = rendered_mail.render(held, at=at)
    claims.held(row).update(
        begun_at=Now(),
        lease_until=Now() + LEASE,
        sent_to=mail.to,
        sent_title=mail.title,
        sent_text=mail.text,
        sent_html=mail.html,
    )
    return mail


def _settle(row: Message, answer: Answer, at: datetime) -> Tally:
    if answer.status is DeliveryStatus.SENT:
        try:
            claims.settle(row, history=_noted(row, answer.words))
        except LostClaim:
            return Tally()
        return Tally(done=1)
    if answer.status is DeliveryStatus.DOUBT and row.policy == InDoubt.PARK:
        try:
            claims.settle(
                row, state=MessageState.UNCERTAIN, error=answer.words, history=_noted(row, answer.words)
            )
        except LostClaim:
            return Tally()
        return Tally(failed=1)
    if answer.status is DeliveryStatus.REFUSED:
        _mark_refused(row.user_id, at)
    return _later(row, answer.words, for_good=answer.status in (DeliveryStatus.REFUSED, DeliveryStatus.NEVER))


def _later(row: Message, words: str, *, for_good: bool = False) -> Tally:
    seconds = _PAUSES[min(row.tries, len(_PAUSES)) - 1] * _chance.uniform(0.9, 1.1)
    return claims.fail(
        row,
        words,
        pause=timedelta(seconds=seconds),
        for_good=for_good,
        begun_at=None,
        history=_noted(row, words),
    )


def _release(rows: list[Message]) -> None:
    """Give back what was claimed and not begun, with its count of tries."""
    for row in rows:
        claims.held(row).update(state=MessageState.PENDING, claim=None, lease_until=None, tries=row.tries - 1)


def _noted(row: Message, words: str) -> list[str]:
    return [*row.history, f"Attempt {row.tries}: {words}"[:300]][-20:]


def _mark_refused(user_id: int, at: datetime) -> None:
    user = User.objects.select_related("subject").get(pk=user_id)
    if not user.is_mail_refused:
        person.change(user, {"is_mail_refused": True}, by=SYSTEM, at=at)


def as_bytes(row: Message, mail: RenderedMail) -> bytes:
    """The mail as it goes over the connection. Its Message-ID is the row's id: a repeat can be told."""
    built = EmailMultiAlternatives(
        subject=mail.title,
        body=mail.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail.to],
        headers={"Message-ID": f"<{row.pk}@{rendered_mail.host()}>", **mail.headers},
    )
    built.attach_alternative(mail.html, "text/html")
    return built.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]


# ------------------------------------------------------------------ what administrators do with it


@transaction.atomic
def retry(message: Message, *, by: Actor, at: datetime) -> Message:
    """Try a mail anew that was given up or is in doubt. Raises Refused for any other."""
    found = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
    if found.state not in (MessageState.DEAD, MessageState.UNCERTAIN):
        raise Refused("Only failed mails and mails with uncertain delivery can be retried.", field="state")
    words = f"Retried by {by.person or 'Riskhub'} at {at:%d %b %Y %H:%M} UTC"
    found.history = [*found.history, words][-20:]
    found.state, found.tries, found.error = MessageState.PENDING, 0, ""
    found.begun_at = found.settled_at = None
    found.save(update_fields=["history", "state", "tries", "error", "begun_at", "settled_at"])
    Message.objects.filter(pk=found.pk).update(not_before=Now())
    return found
