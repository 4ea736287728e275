"""The learning of the week: votes of people, and the choice of a facilitator or risk manager."""

from django.db import models
from django.db.models import Q

from history.models import Part, RecordedQuerySet
from learnings.models.learning import Learning
from people.models import User


class OfLearningQuerySet(RecordedQuerySet):
    """A vote and a choice are visible to those who may see the learning."""

    through = "learning__subject__"


class LearningVote(models.Model):
    """The vote of a person in a week. A personal mark like a reaction, so it has no history and no mail.

    week: its Monday.
    """

    learning = models.ForeignKey(Learning, models.CASCADE, related_name="votes")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    week = models.DateField()
    voted_at = models.DateTimeField()

    objects = OfLearningQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "week"], name="learnings_vote_once_a_week")]
        indexes = [models.Index(fields=["week", "learning"], name="learnings_vote_week")]

    def __str__(self) -> str:
        return f"vote of {self.user_id} in the week of {self.week}"


class LearningOfWeek(Part):
    """A learning that was chosen for a week. week: its Monday. replaced_at: None unless another one was."""

    OF = "learning"

    learning = models.ForeignKey(Learning, models.PROTECT, related_name="weeks")
    week = models.DateField()
    chosen_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    chosen_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, blank=True)

    objects = OfLearningQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["week"], condition=Q(replaced_at__isnull=True), name="learnings_one_of_a_week"
            )
        ]

    def __str__(self) -> str:
        return f"choice for the week of {self.week}"
