"""The words of the glossary, and who took which lesson."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from history.models import Recorded
from lists.collation import Collated
from people.models import User


class GlossaryWord(Recorded):
    """A word with its definition. also: other spellings. lesson: the slug of its lesson, or ""."""

    KIND = "glossary_word"
    HISTORY_LABELS = {
        "slug": "Name in addresses",
        "also": "Other spellings",
    }

    slug = models.SlugField(max_length=80, unique=True)
    word = models.CharField(max_length=80, unique=True)
    also = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    definition = models.TextField()
    lesson = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        indexes = [models.Index(Collated("word"), "word", "id", name="learnings_word_by_name")]

    @property
    def subject_title(self) -> str:
        return self.word


class LessonTaken(models.Model):
    """A person took a lesson. A personal mark without history: others see counts of functions only."""

    lesson = models.CharField(max_length=40)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lesson", "user"], name="learnings_lesson_taken_once")]

    def __str__(self) -> str:
        return f"{self.lesson} taken by {self.user_id}"
