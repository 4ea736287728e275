"""What a person has read of the feed. Personal marks without history."""

from django.db import models

from learnings.models.learning import Learning
from people.models import User


class LearningRead(models.Model):
    """A person has read a learning, as it was published at that time."""

    learning = models.ForeignKey(Learning, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    read_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "learning"], name="learnings_read_once")]

    def __str__(self) -> str:
        return f"read by {self.user_id}"


class FeedRead(models.Model):
    """A person has marked everything as read that was published until a moment."""

    user = models.OneToOneField(User, models.CASCADE, related_name="+")
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"read by {self.user_id} until {self.until}"
