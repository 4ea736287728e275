"""Uses of learnings: somebody applied one, and where."""

from django.db import models
from django.db.models import Q

from history.models import Part, RecordedQuerySet, Subject
from learnings.models.learning import Learning
from people.models import User

MAX_NOTE = 500


class LearningUseQuerySet(RecordedQuerySet):
    """A use is visible to those who may see the learning."""

    through = "learning__subject__"


class LearningUse(Part):
    """A person used a learning. Once for each person and place, unless it is withdrawn.

    about: where, such as a risk; None if the person does not say. withdrawn_at: None while it counts.
    """

    OF = "learning"

    learning = models.ForeignKey(Learning, models.PROTECT, related_name="uses")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    about = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")
    note = models.CharField(max_length=MAX_NOTE, blank=True, default="")
    used_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = LearningUseQuerySet.as_manager()

    # Set by queries.use.of_learning(): where it was used, None if this reader may not see that.
    shown_about: Subject | None

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["learning", "user", "about"],
                condition=Q(withdrawn_at__isnull=True),
                nulls_distinct=False,
                name="learnings_use_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["learning", "-id"],
                name="learnings_use_newest",
                condition=Q(withdrawn_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"use #{self.pk}"
