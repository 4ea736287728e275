"""The secret addresses at which calendar programs read meetings."""

from django.db import models
from django.db.models import Q

from history.models import Part, RecordedQuerySet
from meetings.models.series import MeetingSeries
from people.models import User


class CalendarFeedQuerySet(RecordedQuerySet):
    """Pages show a feed only to its owner. Its events are private events of that person."""

    through = "user__subject__"


class CalendarFeed(Part):
    """A secret address of one person: all their meetings, or those of one series.

    Only the SHA-256 of the secret is stored. last_read_at: rounded; history omits it.
    """

    OF = "user"
    HISTORY_OMITS = frozenset({"secret_hash", "last_read_at"})

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    series = models.ForeignKey(MeetingSeries, models.PROTECT, null=True, blank=True, related_name="+")
    secret_hash = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    last_read_at = models.DateTimeField(null=True, blank=True)

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "series"],
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="meetings_one_calendar_feed",
            )
        ]
