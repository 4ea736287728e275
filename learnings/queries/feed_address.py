"""Queries of the secret addresses of the feed."""

from django.db.models import QuerySet

from learnings.models import FeedAddress
from people.models import User
from people.queries.sight import with_readers


def addresses_of(user: User) -> QuerySet[FeedAddress]:
    """Return the live address of a person, if there is one."""
    return FeedAddress.objects.filter(user=user, ended_at__isnull=True).select_related("user__subject")


def address_with(secret_hash: bytes) -> FeedAddress | None:
    """Return the live address with this hash, of an active person; None without one. See reader_of()."""
    live = FeedAddress.objects.filter(ended_at__isnull=True, user__is_active=True)
    return with_readers(live).filter(secret_hash=secret_hash).first()
