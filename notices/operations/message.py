"""Sending of mails: claim, check the relevance, render, send, settle.

The claim and begun_at are committed before the mail is sent. So the row of a dead worker shows its progress.
Without begun_at the mail is retried. With begun_at its delivery is uncertain, and its policy (in_doubt)
decides.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from email.mime.image import MIMEImage
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.message import utf8_charset_qp
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from history import claims
from history import operations as history
from history.claims import LostClaim, Tally
from history.states import InDoubt
from kit.actor import SYSTEM, Actor
from kit.prepared import Argument, Prepared
from kit.refusals import Refused
from notices.events import EscalationMailFailed
from notices.models import Message
from notices.operations import attempts, bundle, entry, mail_switch
from notices.operations.attempts import attempt_logged
from notices.operations.smtp import DeliveryStatus, MailConnection, NoConnection, ServerReply
from notices.queries import bundled_mail, rendered_mail, sealed_links, sending, still_relevant
from notices.queries.rendered_mail import RenderedMail
from notices.states import MessageState
from people import queries as people
from people.models import User
from people.operations import person

# A mail that hangs holds up the others of its batch.
BATCH = 4
LEASE = 2 * claims.LEASE
# As long as mail servers keep a mail that they cannot pass on (RFC 5321, 4.5.4.1).
_WAITS_FOR_SERVER = timedelta(days=5)
_UNKNOWN = "The worker stopped while it sent the mail, so it may have been delivered."


def send_due(
    *,
    at: datetime,
    limit: int = 500,
    seconds: float = 10.0,
    gives_way: Callable[[], bool] = lambda: False,
    is_kept: bool | None = None,
) -> Tally:
    """Send the waiting mails, oldest first: at most `limit`, for at most `seconds`. Safe in parallel.

    gives_way: asked before each mail but the first; True ends the run. So other work does not wait for mails,
    and each run sends at least one.
    is_kept: only show the mails on the page of sent mail; by default settings.IS_MAIL_KEPT.
    Mails older than the moment mail was switched on are held back (notices.operations.mail_switch).
    Nothing is sent while all sending is held (notices.operations.sending).
    """
    if sending.is_held():
        return Tally()
    is_kept = settings.IS_MAIL_KEPT if is_kept is None else is_kept
    _park_lost(at)
    if not is_kept:
        mail_switch.hold_back()
    total, ends = Tally(), time.monotonic() + seconds

    def is_over() -> bool:
        is_begun = total.done + total.failed > 0
        return time.monotonic() >= ends or (is_begun and gives_way())

    # The organisation is read once for all mails of the run.
    with MailConnection() as connection, people.known_organisation(people.organisation()):
        while total.done + total.failed < limit and not is_over():
            batch = claims.claim(_open(), limit=min(BATCH, limit), lease=LEASE)
            if not batch:
                break
            for position, row in enumerate(batch):
                if is_over():
                    attempts.release(batch[position:])
                    return total
                try:
                    total += _keep(row, at) if is_kept else _send(row, connection, at)
                except NoConnection as error:
                    for waiting in batch[position:]:
                        total += _await_server(waiting, str(error), at)
                    return total
    return total


def _open() -> QuerySet[Message]:
    """Return the claimable mails, without begun mails with the policy PARK: a repeat is worse than a miss."""
    rows = Message.objects.exclude(policy=InDoubt.PARK, begun_at__isnull=False)
    return rows.order_by("not_before", "id")


def _park_lost(at: datetime) -> None:
    """Mark begun mails whose lease expired as uncertain, because nobody knows whether they were sent."""
    lost = Message.objects.filter(
        state=MessageState.CLAIMED,
        policy=InDoubt.PARK,
        begun_at__isnull=False,
        lease_until__lt=Now(),
    )
    with transaction.atomic():
        bundle.settle_lost(lost, _UNKNOWN, at=at)
        lost.update(state=MessageState.UNCERTAIN, claim=None, lease_until=None, settled_at=at, error=_UNKNOWN)


def _keep(row: Message, at: datetime) -> Tally:
    """Keep the mail on the page of sent mail, in one transaction, so that its state is never uncertain."""
    try:
        with transaction.atomic():
            mail = _begin(row, at, is_kept=True)
            if mail is None:
                return Tally(done=1)
            claims.settle(row, log=attempt_logged(row, "Kept in Riskhub: no mail server is configured."))
    except LostClaim:
        return Tally()
    except Exception as error:
        return _later(row, f"{type(error).__name__}: {error}", at=at)
    return Tally(done=1)


def _send(row: Message, connection: MailConnection, at: datetime) -> Tally:
    """Send one claimed mail and settle it. Raises NoConnection before it is begun."""
    connection.open()
    try:
        with transaction.atomic():
            mail = _begin(row, at)
        if mail is None:
            return Tally(done=1)
        data = as_bytes(row, mail)
    except LostClaim:
        return Tally()
    except Exception as error:  # a row that always fails ends as dead and does not block others
        return _later(row, f"{type(error).__name__}: {error}", at=at)
    sender = settings.DEFAULT_FROM_EMAIL.split("<")[-1].rstrip("> ")
    answer = connection.hand_over(data, sender=sender, to=mail.to)
    if answer.status is DeliveryStatus.NEVER and _is_escalation(row):
        # A server that refuses the mail may accept its simplest form: one part of plain text.
        row.log = attempt_logged(row, f"{answer.text}. Sent again as plain text.")
        answer = connection.hand_over(as_plain_bytes(row, mail), sender=sender, to=mail.to)
    return _settle(row, answer, at)


def _is_escalation(row: Message) -> bool:
    return row.subject is not None and row.subject.kind == "escalation"


def _held(**claim: Any) -> QuerySet[Message]:
    rows = Message.objects.filter(pk=Argument("pk"), state=MessageState.CLAIMED, claim=Argument("claim"))
    return rows.filter(**claim)


# The condition is true for each person. It joins them, so that their row can be locked with the mail.
_HELD = Prepared(
    lambda: (
        _held(user__is_active__in=[True, False])
        .select_for_update(of=("self", "user"), no_key=True)
        .select_related("user", "subject", "event__subject", "event__actor", "digest")
    )
)
_HELD_TO_ADDRESS = Prepared(
    lambda: (
        _held(user__isnull=True)
        .select_for_update(of=("self",), no_key=True)
        .select_related("subject", "event__subject", "event__actor", "digest")
    )
)


def _begin(row: Message, at: datetime, *, is_kept: bool = False) -> RenderedMail | None:
    """Render a mail that is still relevant and set begun_at. Otherwise settle it and return None.

    A mail soon after another one to the same person is put back instead, to become one with those that follow
    (notices.operations.bundle). A mail that is only kept never waits. Raises LostClaim.
    """
    held = (_HELD_TO_ADDRESS if row.address else _HELD).first(pk=row.pk, claim=row.claim)
    if held is None:
        raise LostClaim
    why_not = still_relevant.why_not(held, at=at)
    if why_not:
        claims.settle(row, state=MessageState.UNWANTED, error=why_not, log=attempt_logged(row, why_not))
        bundle.dissolve(held)
        if held.event is not None and held.user is not None:
            entry.add_for_stand_in(held.event, absent=held.user, at=at)
        return None
    until = None if is_kept else bundle.waits_until(held)
    if until is not None:
        _put_back(row, until)
        return None
    others = [] if is_kept else bundle.take_along(held, at=at)
    mail = rendered_mail.render(held, at=at)
    if others:
        others_rendered = [(one, rendered_mail.render(one, at=at)) for one in others]
        mail = bundled_mail.render([(held, mail), *others_rendered], at=at)
    claims.while_claimed(row).update(
        begun_at=Now(),
        lease_until=Now() + LEASE,
        sent_to=mail.to,
        sent_title=mail.title,
        sent_text=sealed_links.without(mail.text, mail.secrets),
        sent_html=sealed_links.without(mail.html, mail.secrets),
        names=None if mail.names is None else sorted(mail.names),
    )
    return mail


def _settle(row: Message, answer: ServerReply, at: datetime) -> Tally:
    if answer.status is DeliveryStatus.SENT:
        return _settle_with_others(row, MessageState.DONE, answer.text, Tally(done=1), at)
    if answer.status is DeliveryStatus.DOUBT and row.policy == InDoubt.PARK:
        return _settle_with_others(row, MessageState.UNCERTAIN, answer.text, Tally(failed=1), at)
    if answer.status is DeliveryStatus.REFUSED and row.user_id is not None:
        _mark_refused(row.user_id, at)
    return _fail(
        row, answer.text, at, for_good=answer.status in (DeliveryStatus.REFUSED, DeliveryStatus.NEVER)
    )


@transaction.atomic
def _fail(row: Message, text: str, at: datetime, *, for_good: bool) -> Tally:
    """Try a mail again later, or give it up. Administrators are told about the mail of an escalation."""
    tally = _later(row, text, at=at, for_good=for_good)
    if tally.dead and _is_escalation(row):
        _tell_administrators(row, at)
    return tally


def _tell_administrators(row: Message, at: datetime) -> None:
    """Record on the person that a mail about an escalation failed. Others may not know which escalation."""
    user = User.objects.select_related("subject").get(pk=row.user_id)
    history.record(user, EscalationMailFailed(mail=str(row.pk)), by=SYSTEM, at=at)


def _await_server(row: Message, text: str, at: datetime) -> Tally:
    """Let a mail that was not begun wait for the mail server. The attempt does not count.

    The mail is not the reason, and an outage of a day uses up all attempts. After _WAITS_FOR_SERVER it is
    given up. An outage is one line of the log.
    """
    if at - row.made_at > _WAITS_FOR_SERVER:
        return _fail(row, text, at, for_good=True)
    log = row.log if row.log and row.log[-1].endswith(text) else attempt_logged(row, text)
    claims.while_claimed(row).update(
        state=MessageState.PENDING,
        claim=None,
        lease_until=None,
        tries=F("tries") - 1,
        not_before=Now() + attempts.pause_after(1),
        error=text,
        log=log,
    )
    return Tally(failed=1)


def _later(row: Message, text: str, *, at: datetime, for_good: bool = False) -> Tally:
    with transaction.atomic():
        tally = claims.fail(
            row,
            text,
            pause=attempts.pause_after(row.tries),
            for_good=for_good,
            begun_at=None,
            log=attempt_logged(row, text),
        )
        if tally.dead:
            bundle.settle(row, MessageState.DEAD, text, at=at)
    return tally


def _settle_with_others(row: Message, state: MessageState, text: str, tally: Tally, at: datetime) -> Tally:
    """Settle a mail that was handed over, and the others in it."""
    error = "" if state == MessageState.DONE else text
    try:
        with transaction.atomic():
            claims.settle(row, state=state, error=error, log=attempt_logged(row, text))
            bundle.settle(row, state, text, at=at)
    except LostClaim:
        return Tally()
    return tally


def _put_back(row: Message, until: datetime) -> None:
    """Let a claimed mail wait. The attempt does not count."""
    claims.while_claimed(row).update(
        state=MessageState.PENDING, claim=None, lease_until=None, tries=F("tries") - 1, not_before=until
    )


def _mark_refused(user_id: int, at: datetime) -> None:
    user = User.objects.select_related("subject").get(pk=user_id)
    if not user.is_mail_refused:
        person.change(user, {"is_mail_refused": True}, by=SYSTEM, at=at)


# Headers that prevent out-of-office replies and receipts (RFC 3834).
_AUTOMATIC = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


def as_bytes(row: Message, mail: RenderedMail) -> bytes:
    """Return the mail as bytes with CRLF lines, with a text and an HTML part.

    The Message-ID is the id of the row, so a repeat can be recognised. Both parts are
    quoted-printable, so no line is longer than 76 bytes: some servers refuse long lines.
    An invitation is a third part of the same content, as Outlook and Google read it, and a file, as Apple
    Mail and Thunderbird show it.
    """
    built = _built(row, mail, EmailMultiAlternatives)
    built.attach_alternative(mail.html, "text/html")  # type: ignore[attr-defined]  # the class is given above
    if mail.calendar:
        text = mail.calendar.content.decode().replace("\r\n", "\n")
        built.attach_alternative(text, f"text/calendar; method={mail.calendar.method}")  # type: ignore[attr-defined]  # as above
        built.attach("invite.ics", mail.calendar.content, "application/ics")
    for name, content in mail.images.items():
        image = MIMEImage(content, "png")
        image.add_header("Content-ID", f"<{name}>")
        image.add_header("Content-Disposition", "inline", filename=f"{name}.png")
        built.attach(image)
    if mail.images:
        built.mixed_subtype = "related"  # type: ignore[attr-defined]  # as above
    return built.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]  # Django's own method takes it


def as_plain_bytes(row: Message, mail: RenderedMail) -> bytes:
    """Return the mail as one part of plain text, for a server that refused the usual form."""
    return _built(row, mail, EmailMessage).message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]  # as above


def _built(row: Message, mail: RenderedMail, form: type[EmailMessage]) -> EmailMessage:
    identity = {"Message-ID": f"<{row.pk}@{rendered_mail.host()}>"}
    built = form(
        subject=mail.title,
        body=mail.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail.to],
        headers=identity | _AUTOMATIC | dict(mail.headers),
    )
    built.encoding = utf8_charset_qp  # type: ignore[assignment]  # Django takes a Charset too
    return built


# ------------------------------------------------------------------ operations of administrators


@transaction.atomic
def retry(message: Message, *, by: Actor, at: datetime) -> Message:
    """Retry a mail that failed or whose delivery is uncertain. Raises Refused for any other mail."""
    row = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
    if row.state not in (MessageState.DEAD, MessageState.UNCERTAIN):
        raise Refused("Only failed mails and mails with uncertain delivery can be retried.", field="state")
    row.log = attempts.act_logged(row, "Retried", by, at)
    row.state, row.tries, row.error = MessageState.PENDING, 0, ""
    row.begun_at = row.settled_at = None
    row.save(update_fields=["log", "state", "tries", "error", "begun_at", "settled_at"])
    bundle.rejoin(row)
    Message.objects.filter(pk=row.pk).update(not_before=Now())
    return row
