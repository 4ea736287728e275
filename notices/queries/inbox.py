"""The inbox of one person, without entries about objects that they may not see any more."""

from django.db.models import F, QuerySet

from notices.models import Entry
from people.models import User


def entries(user: User) -> QuerySet[Entry]:
    """Return the entries of a person with the relations that a line needs."""
    rows = Entry.objects.filter(user=user).visible_to(user)
    return rows.select_related("event__subject", "event__actor")


def newest(user: User, count: int) -> list[Entry]:
    return list(entries(user).order_by("-at", "-id")[:count])


def unread_count(user: User, most: int = 99) -> str:
    """Return the number of unread entries as text for the side bar: "" for none, "99+" above `most`."""
    unread = Entry.objects.filter(user=user, read_at__isnull=True).visible_to(user)
    count = unread.values(one=F("pk"))[: most + 1].count()
    return f"{most}+" if count > most else str(count or "")
