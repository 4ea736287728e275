"""Secret addresses of the feed: create, renew and end them, and note that one was read."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction

from history import operations as history
from history.models import Event
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from learnings.models import FeedAddress
from people.models import User
from people.operations.token import hash_of

_NOTED_EVERY = timedelta(hours=1)


@transaction.atomic
def add(user: User, *, by: Actor, at: datetime) -> tuple[FeedAddress, str]:
    """Create the address of a person. Returns it with its secret, which is never available again.

    Raises Refused if the person has one.
    """
    user = User.objects.select_for_update(of=("self",)).select_related("subject").get(pk=user.pk)
    if not user.is_active:
        raise Refused("This person is deactivated. Choose an active person.")
    if FeedAddress.objects.filter(user=user, ended_at__isnull=True).exists():
        raise Refused("You have an address. Renew it to see a new one.")
    address, secret = _new(user, at)
    history.record(address, "learnings.feed_address_added", by=by, at=at)
    return address, secret


@transaction.atomic
def renew(address: FeedAddress, *, by: Actor, at: datetime) -> tuple[FeedAddress, str]:
    """Replace an address by one with a new secret. The old one ends. Raises Refused if it ended before."""
    old = FeedAddress.objects.select_for_update(of=("self",)).select_related("user__subject")
    held = old.get(pk=address.pk)
    if held.ended_at:
        raise Refused("This address has ended. Create a new one.")
    new, secret = _new(held.user, at)
    rows: list[history.FurtherRow] = [(held, {"ended_at": at}), new]
    history.record(held.user, "learnings.feed_address_renewed", by=by, at=at, rows=rows)
    return new, secret


def end(address: FeedAddress, *, by: Actor, at: datetime) -> FeedAddress:
    """End an address at once. Ending it again changes nothing."""
    if address.ended_at is None:
        history.change(address, {"ended_at": at}, by=by, at=at, verb="learnings.feed_address_ended")
    return address


@handler("learnings.feed_address.end")
@history.in_one_transaction
def on_access_ended(event: Event, *, at: datetime) -> None:
    """End the address of a person who was deactivated or gets a link for a new password.

    One that the person created after that stays. The event is about the person.
    """
    live = FeedAddress.objects.filter(
        user__subject=event.subject_id, ended_at__isnull=True, created_at__lte=event.at
    )
    for address in live.select_related("user__subject"):
        end(address, by=SYSTEM, at=at)


def note_reading(address: FeedAddress, *, at: datetime) -> None:
    """Note that a program read the feed, at most once an hour. It is no event: history omits it."""
    if address.last_read_at is None or address.last_read_at < at - _NOTED_EVERY:
        FeedAddress.objects.filter(pk=address.pk).update(last_read_at=at)
        address.last_read_at = at


def _new(user: User, at: datetime) -> tuple[FeedAddress, str]:
    secret = secrets.token_urlsafe(32)
    return FeedAddress(user=user, secret_hash=hash_of(secret), created_at=at), secret
