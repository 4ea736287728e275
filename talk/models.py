"""Comments on objects, and the people who watch an object."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from history.models import Part, RecordedQuerySet, Subject
from people.models import User
from talk.states import COMMENT_MOVES, CommentState


class CommentQuerySet(RecordedQuerySet):
    """A comment is visible to those who may see what it is about."""

    through = "about__"


class Comment(Part):
    """What somebody writes about an object. Its events are events of that object.

    text: Markdown; "" while the comment is removed. removed_text: the text meanwhile, so that the removal
    can be undone. mentioned: the ids of the people whom the text mentions. edited_at: None if never edited.
    """

    OF = "about"
    MOVES = COMMENT_MOVES
    HISTORY_OMITS = frozenset({"removed_text"})

    about = models.ForeignKey(Subject, models.PROTECT, related_name="+")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    text = models.TextField(max_length=10_000, blank=True)
    removed_text = models.TextField(blank=True, default="")
    mentioned = ArrayField(models.BigIntegerField(), default=list, blank=True)
    state = models.CharField(max_length=8, choices=CommentState.choices, default=CommentState.POSTED)
    posted_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)

    objects = CommentQuerySet.as_manager()

    # Set by talk.queries.comment.with_mentioned(): {"handle", "name", "id"} of each mentioned person.
    people: list[dict[str, Any]]

    class Meta:
        indexes = [
            models.Index(fields=["about", "-id"], name="talk_comment_about"),
            models.Index(fields=["author", "-id"], name="talk_comment_author"),
        ]

    @property
    def subject_id(self) -> int:
        return self.about_id

    @property
    def is_removed(self) -> bool:
        return self.state == CommentState.REMOVED


class WatchQuerySet(RecordedQuerySet):
    """A watch is visible to those who may see what it is about."""

    through = "about__"


class Watch(models.Model):
    """A person watches an object, or receives nothing about it. A personal setting without history.

    is_muted: the person receives nothing, also as the owner or as a commenter.
    """

    about = models.ForeignKey(Subject, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    is_muted = models.BooleanField(default=False)
    since = models.DateTimeField()

    objects = WatchQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["about", "user"], name="talk_watch_once")]
        indexes = [models.Index(fields=["user", "-id"], name="talk_watch_user")]

    def __str__(self) -> str:
        return f"watch #{self.pk}"
