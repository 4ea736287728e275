"""The calendar parts of mails: invitations of one person, with their updates and cancellations.

The upper room that has calendar feeds installs who reads one, because a subscriber needs no invitation.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings

from history.declarations import CalendarPart
from kit.texts import one_line
from people import icalendars
from people import queries as people
from people.icalendars import CalendarEntry
from people.models import User

Subscribed = Callable[[User, datetime], bool]

_subscribed: list[Subscribed] = []


def install(subscribed: Subscribed) -> None:
    """Set the query that says whether a person's calendar program reads their own feed."""
    _subscribed[:] = [subscribed]


def is_subscribed(reader: User, at: datetime) -> bool:
    return any(subscribed(reader, at) for subscribed in _subscribed)


def host() -> str:
    """Return the last part of the UIDs of entries."""
    return urlsplit(settings.BASE_URL).hostname or "localhost"


def part(
    entries: Sequence[CalendarEntry], reader: User, *, what: str, is_cancellation: bool = False
) -> CalendarPart:
    """Return entries of one UID as a request to the reader, or as a cancellation.

    what: the plural that the organizer's name ends with, such as "meetings".
    """
    organisation = people.organisation()
    name = f"{organisation.name} {what}" if organisation else what.capitalize()
    content = icalendars.invitation(
        entries,
        is_cancellation=is_cancellation,
        organizer=(one_line(name), parseaddr(settings.DEFAULT_FROM_EMAIL)[1]),
        attendee=(one_line(reader.name), reader.email),
    )
    return CalendarPart("CANCEL" if is_cancellation else "REQUEST", content)
