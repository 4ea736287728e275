"""What the attempts to send mails and webhooks share: their pauses, their log, and their release."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import SystemRandom

from django.db.models import F

from history.states import Work
from kit.actor import Actor
from notices.models import Message, WebhookDelivery

Row = Message | WebhookDelivery
PAUSES = (60, 300, 900, 3600, 4 * 3600)  # seconds after the first attempt, the second and so on
_LINES, _LONGEST = 20, 300
_chance = SystemRandom()


def pause_after(tries: int) -> timedelta:
    """Return the pause before the next attempt: up to a tenth shorter or longer, so that rows spread out."""
    return timedelta(seconds=PAUSES[min(tries, len(PAUSES)) - 1] * _chance.uniform(0.9, 1.1))


def logged(row: Row, text: str) -> list[str]:
    """Return the log of a row with a further line. It keeps the last 20 lines, 300 characters of each."""
    return [*row.log, text[:_LONGEST]][-_LINES:]


def attempt_logged(row: Row, text: str) -> list[str]:
    """Return the log of a row with the result of the current attempt."""
    return logged(row, f"Attempt {row.tries}: {text}")


def act_logged(row: Row, act: str, by: Actor, at: datetime) -> list[str]:
    """Return the log of a row with what an administrator did, such as "Released"."""
    return logged(row, f"{act} by {by.person or 'Riskhub'} at {at:%d %b %Y %H:%M} UTC")


def release(rows: Sequence[Row]) -> None:
    """Release rows of one claim whose attempts were not begun, and restore their count of tries."""
    claimed = type(rows[0]).objects.filter(pk__in=[row.pk for row in rows], claim=rows[0].claim)
    claimed.filter(state=Work.CLAIMED).update(
        state=Work.PENDING, claim=None, lease_until=None, tries=F("tries") - 1
    )
