"""Mutes of thresholds."""

from django.db import models
from django.db.models import F, Q

from history.models import Part, RecordedQuerySet
from people.models import User
from signals.models.threshold import Threshold


class MuteQuerySet(RecordedQuerySet):
    through = "threshold__subject__"


class Mute(Part):
    """A time in which the crossings of a threshold are recorded but open no review and notify nobody.

    The start belongs to it, the end does not. ended_by: who ended it before its time, which moved ends_at.
    """

    OF = "threshold"
    HISTORY_LABELS = {
        "ends_at": "Muted until",
        "starts_at": "Muted from",
    }

    threshold = models.ForeignKey(Threshold, models.PROTECT, related_name="mutes")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.TextField()
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    objects = MuteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gte=F("starts_at")), name="signals_mute_ends_after")
        ]
        indexes = [models.Index(fields=["threshold", "-ends_at"], name="signals_mute_of_threshold")]

    @property
    def is_cancelled(self) -> bool:
        """Return True if it was ended before it began, so that it mutes nothing."""
        return self.ends_at <= self.starts_at
