"""Whoever ends a large meeting confirms to how many people its minutes are mailed."""

from django.conf import settings

from kit.refusals import Refused
from meetings.models import Meeting
from meetings.queries import series as queries


def needs_confirmation(count: int) -> bool:
    """Return True if mails to so many people must be confirmed."""
    return count > settings.MAILS_TO_CONFIRM > 0


def check(meeting: Meeting, mails_to: int) -> None:
    """Raise Refused(field="mails_to") if the minutes go to many people.

    mails_to: the number of people that the caller has confirmed; 0 without a confirmation.
    """
    people = set(queries.participants(meeting.series).order_by().values_list("pk", flat=True))
    count = len(people | {meeting.observer_id} - {None})
    if needs_confirmation(count) and mails_to < count:
        raise Refused(
            f"This mails the minutes to {count} people. Confirm the number to end the meeting.",
            field="mails_to",
        )
