"""The minutes of a large meeting are mailed to many, so who ends it says that they know to how many."""

from django.conf import settings

from kit.refusals import Refused
from meetings.models import Meeting
from meetings.queries import series as queries


def needs_confirmation(count: int) -> bool:
    """Return whether mails to so many people must be confirmed."""
    return count > settings.MAILS_TO_CONFIRM > 0


def check(meeting: Meeting, mails_to: int) -> None:
    """Raise Refused if the minutes go to many people, and to more than the caller knows."""
    count = queries.participants(meeting.series).count()
    if needs_confirmation(count) and mails_to < count:
        raise Refused(
            f"This mails the minutes to {count} people. Confirm the number to end the meeting.",
            field="mails_to",
        )
