"""One person's inbox, as far as they may still see what it tells of."""

from django.db.models import F, QuerySet

from notices.models import Entry
from people.models import User


def entries(user: User) -> QuerySet[Entry]:
    """Their entries with what a line needs."""
    rows = Entry.objects.filter(user=user).visible_to(user)
    return rows.select_related("event__subject", "event__actor")


def newest(user: User, count: int) -> list[Entry]:
    return list(entries(user).order_by("-at", "-id")[:count])


def unread_count(user: User, most: int = 99) -> str:
    """How many are unread, as the side bar of every page says it: "" for none, "99+" above `most`."""
    unread = Entry.objects.filter(user=user, read_at__isnull=True).visible_to(user)
    count = unread.values(one=F("pk"))[: most + 1].count()
    return f"{most}+" if count > most else str(count or "")
