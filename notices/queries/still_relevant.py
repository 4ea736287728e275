"""Checks whether a mail is still relevant, right before it is sent.

The event declares a function of its room (<room>/mail.py), which locks the row that the answer depends on. So
no mail is begun after its subject was closed. The rows of the recipient and of the subject are locked too: no
mail is begun after its recipient was deactivated, or after its subject was restricted. Then the rules of
recipients run again: a person who is no recipient any more gets no mail.

The person is locked first, and the subject last. Operations lock an object before its subject, too.
"""

from datetime import datetime

from history import declarations
from history.models import Subject
from history.states import NewsTiming
from notices.models import Message
from notices.queries import recipients
from notices.queries.recipients import Recipient
from people.models import User


def why_not(message: Message, *, at: datetime) -> str:
    """Return the reason not to send a mail any more; "" to send it. Call it in a transaction.

    message: with its user, whose row is locked: a deactivation waits until the mail has begun.
    """
    user = message.user
    if user is None:
        return _why_not_to_address(message, at)
    if not user.is_active:
        return f"{user} is deactivated."
    if user.is_mail_refused:
        return "The mail server of the recipient refused this address."
    if message.digest_id:
        return "" if user.is_digest_wanted else "The recipient unsubscribed from the digest."
    return _why_not_about(message.subject_id, message, user, at) if message.subject_id else ""


def _why_not_to_address(message: Message, at: datetime) -> str:
    """Return why a mail to somebody without an account is not sent any more; "" if it is."""
    declared = declarations.find(message.verb)
    ask = declared.mail.still_relevant if declared and declared.mail else None
    return ask(message.event, None, at) if ask and message.event else ""


def _why_not_about(subject_id: int, message: Message, user: User, at: datetime) -> str:
    event, declared = message.event, declarations.find(message.verb)
    ask = declared.mail.still_relevant if declared and declared.mail else None
    if why := ask(event, user, at) if event and ask else "":
        return why
    # A restriction waits until the mail has begun, or is seen here.
    subjects = Subject.objects.visible_to(user).select_for_update(of=("self",), no_key=True)
    if not subjects.filter(pk=subject_id).exists():
        return "The recipient may no longer see the subject of this mail."
    if event is None or declared is None:
        return ""
    recipient = next((one for one in recipients.of_event(event, at=at) if one.user.pk == user.pk), None)
    return _why_not_to(recipient)


def _why_not_to(recipient: Recipient | None) -> str:
    """Return why a recipient, as the rules find them now, gets no mail; "" if they do."""
    if recipient is None:
        return "The recipient is no longer notified about this."
    if not recipient.is_mailed:
        return f"{recipient.user} is away. The mail goes to the stand-in."
    if recipient.timing != NewsTiming.AT_ONCE:
        return f"{recipient.user} no longer wants to be told of this at once."
    return ""
