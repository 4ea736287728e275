"""To how many people a step of a meeting mails. Whoever takes it confirms a large number."""

from django.conf import settings

from kit.refusals import Refused
from meetings.models import Meeting
from meetings.queries import series as queries
from people.models import User

MOST_MAILS = 1_000_000


def needs_confirmation(count: int) -> bool:
    """Return True if mails to so many people must be confirmed."""
    return count > settings.MAILS_TO_CONFIRM > 0


def count_of(meeting: Meeting, *, but: User | None = None) -> int:
    """Return how many people get the agenda or the minutes of a meeting. but: whose act it is."""
    people = set(queries.participants(meeting.series).order_by().values_list("pk", flat=True))
    return len((people | {meeting.observer_id}) - {None, but and but.pk})


def check(meeting: Meeting, mails_to: int, *, what: str, step: str, but: User | None = None) -> None:
    """Raise Refused(field="mails_to") if a step mails to many people.

    mails_to: the number of people that the caller has confirmed; 0 without a confirmation. what: is mailed,
    by which step. but: as in count_of().
    """
    count = count_of(meeting, but=but)
    if needs_confirmation(count) and mails_to < count:
        text = f"This mails the {what} to {count} people. Confirm the number to {step}."
        raise Refused(text, field="mails_to")
