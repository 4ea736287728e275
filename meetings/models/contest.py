"""Contested proposals: somebody wants to discuss them in the meeting instead of settling them before."""

from django.db import models
from django.db.models import Q

from history.models import Part, RecordedQuerySet
from meetings.models.meeting import AgendaItem
from people.models import User


class ContestQuerySet(RecordedQuerySet):
    """Readers of the subject of an item see who contested it."""

    through = "item__about__"


class Contest(Part):
    """A person wants the meeting to discuss a proposal. Its events are on the subject of the item.

    withdrawn_at: None while it counts.
    """

    OF = "item"
    HISTORY_LABELS = {
        "contested_at": "Objected at",
    }

    item = models.ForeignKey(AgendaItem, models.PROTECT, related_name="contests")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(max_length=300)
    contested_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = ContestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item", "user"], condition=Q(withdrawn_at__isnull=True), name="meetings_contest_once"
            )
        ]

    @property
    def subject_id(self) -> int:
        """Return the id of the subject of the item, which has one because it is a proposal."""
        assert self.item.about_id is not None
        return self.item.about_id
