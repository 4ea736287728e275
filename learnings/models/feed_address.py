"""The secret addresses at which feed readers, which have no session, read the feed of learnings."""

from django.db import models
from django.db.models import Q

from history.models import Part, RecordedQuerySet
from people.models import User


class FeedAddressQuerySet(RecordedQuerySet):
    """Pages show an address only to its owner. Its events are private events of that person."""

    through = "user__subject__"


class FeedAddress(Part):
    """The secret address of one person. Only the SHA-256 of the secret is stored.

    last_read_at: rounded; history omits it.
    """

    OF = "user"
    HISTORY_OMITS = frozenset({"secret_hash", "last_read_at"})

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    secret_hash = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    last_read_at = models.DateTimeField(null=True, blank=True)

    objects = FeedAddressQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(ended_at__isnull=True), name="learnings_one_feed_address"
            )
        ]

    def __str__(self) -> str:
        return f"feed address #{self.pk}"
