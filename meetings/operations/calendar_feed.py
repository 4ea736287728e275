"""Secret addresses of calendars: create, renew and end them, and note that one was read."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction

from history import operations as history
from history.models import Event
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from meetings.models import CalendarFeed, MeetingSeries
from people.models import User
from people.operations.token import hash_of

_NOTED_EVERY = timedelta(hours=1)


@transaction.atomic
def add(
    user: User, *, series: MeetingSeries | None = None, by: Actor, at: datetime
) -> tuple[CalendarFeed, str]:
    """Create a feed of all meetings of a person, or of one series. Returns it with its secret.

    The secret is never available again. Raises Refused(field="series") if the person has such a feed.
    """
    User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if not user.is_active:
        raise Refused("This person is deactivated. Choose an active person.", field="series")
    if CalendarFeed.objects.filter(user=user, series=series, ended_at__isnull=True).exists():
        raise Refused("You have an address for this calendar. Renew it to see a new one.", field="series")
    feed, secret = _new(user, series, at)
    history.record(feed, "meetings.calendar_feed_added", by=by, at=at)
    return feed, secret


@transaction.atomic
def renew(feed: CalendarFeed, *, by: Actor, at: datetime) -> tuple[CalendarFeed, str]:
    """Replace a feed by one with a new secret. The old address ends. Raises Refused if it ended before."""
    held = CalendarFeed.objects.select_for_update(of=("self",)).select_related("user__subject", "series")
    old = held.get(pk=feed.pk)
    if old.ended_at:
        raise Refused("This address has ended. Create a new one.")
    new, secret = _new(old.user, old.series, at)
    rows: list[history.FurtherRow] = [(old, {"ended_at": at}), new]
    history.record(old.user, "meetings.calendar_feed_renewed", by=by, at=at, rows=rows)
    return new, secret


def end(feed: CalendarFeed, *, by: Actor, at: datetime) -> CalendarFeed:
    """End a feed at once. Ending it again changes nothing."""
    if feed.ended_at is None:
        history.change(feed, {"ended_at": at}, by=by, at=at, verb="meetings.calendar_feed_ended")
    return feed


@handler("meetings.calendar_feed.end_all")
@history.in_one_transaction
def on_access_ended(event: Event, *, at: datetime) -> None:
    """End the feeds of a person who was deactivated or gets a link for a new password.

    Those that the person created after that stay. The event is about the person.
    """
    live = CalendarFeed.objects.filter(
        user__subject=event.subject_id, ended_at__isnull=True, created_at__lte=event.at
    )
    for feed in live.select_related("user__subject").order_by("pk"):
        end(feed, by=SYSTEM, at=at)


def note_reading(feed: CalendarFeed, *, at: datetime) -> None:
    """Note that a program read the feed, at most once an hour. It is no event: history omits it."""
    if feed.last_read_at is None or feed.last_read_at < at - _NOTED_EVERY:
        CalendarFeed.objects.filter(pk=feed.pk).update(last_read_at=at)
        feed.last_read_at = at


def _new(user: User, series: MeetingSeries | None, at: datetime) -> tuple[CalendarFeed, str]:
    secret = secrets.token_urlsafe(32)
    return CalendarFeed(user=user, series=series, secret_hash=hash_of(secret), created_at=at), secret
