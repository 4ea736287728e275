"""Comments and files on objects, the people who watch an object, and the vocabulary of tags."""

from typing import Any
from urllib.parse import quote

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.urls import reverse

from history.models import Part, RecordedQuerySet, Subject
from history.search import PlainWords
from people.models import User
from talk.file_types import IMAGES, MAX_NAME
from talk.states import COMMENT_MOVES, FILE_MOVES, CommentState, FileState, ReactionKind
from talk.tags import MAX_TAG


class CommentQuerySet(RecordedQuerySet):
    """A comment is visible to those who may see what it is about."""

    through = "about__"


class Comment(Part):
    """What somebody writes about an object. Its events are events of that object.

    text: Markdown; "" while the comment is removed. removed_text: the text meanwhile, so that the removal
    can be undone. removed_by: who removed it, None while it is posted. mentioned: the ids of the people whom
    the text mentions. edited_at: None if never edited.
    """

    OF = "about"
    MOVES = COMMENT_MOVES
    HISTORY_OMITS = frozenset({"removed_text"})
    HISTORY_LABELS = {
        "text": "Comment",
        "mentioned": "People mentioned",
    }

    about = models.ForeignKey(Subject, models.PROTECT, related_name="+")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    text = models.TextField(max_length=10_000, blank=True)
    removed_text = models.TextField(blank=True, default="")
    # No list selects by it, so it has no index.
    removed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    mentioned = ArrayField(models.BigIntegerField(), default=list, blank=True)
    state = models.CharField(max_length=8, choices=CommentState.choices, default=CommentState.POSTED)
    posted_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)

    objects = CommentQuerySet.as_manager()

    # Set by talk.queries.comment: with_mentioned() sets {"handle", "name", "id"} of each mentioned person,
    # with_reactions() sets {"reaction", "person_id", "person_name"} of each reaction, the first one first.
    people: list[dict[str, Any]]
    reactions: list[dict[str, Any]]
    # Set by talk.operations.comment.add() and change(): the handles of the text that mention nobody.
    unknown_mentions: list[str]

    class Meta:
        indexes = [
            # For search, which finds words as they are written. A query also has their stems.
            GinIndex(PlainWords("text"), name="talk_comment_words"),
            models.Index(fields=["about", "-id"], name="talk_comment_about"),
            models.Index(fields=["author", "-id"], name="talk_comment_author"),
        ]

    @property
    def subject_id(self) -> int:
        return self.about_id

    @property
    def is_removed(self) -> bool:
        return self.state == CommentState.REMOVED


class Reaction(models.Model):
    """A person's reaction to a comment. A personal mark like a watch, so it has no history and no mail."""

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=ReactionKind.choices)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "user", "kind"], name="talk_reaction_once")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.user_id}"


class FileQuerySet(RecordedQuerySet):
    """A file is visible to those who may see what it is attached to."""

    through = "about__"


class File(Part):
    """A file that is attached to an object. Its content is in the storage "files".

    media_type: by its content. size: in bytes. sha256: of the content, in hexadecimal digits. stored_as: its
    random name in the storage, which is not shown. removed_at, removed_by: None if it is attached.
    """

    OF = "about"
    MOVES = FILE_MOVES
    HISTORY_OMITS = frozenset({"stored_as"})
    HISTORY_LABELS = {
        "sha256": "Checksum (SHA-256)",
        "size": "Size (bytes)",
    }

    about = models.ForeignKey(Subject, models.PROTECT, related_name="+")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    name = models.CharField(max_length=MAX_NAME)
    media_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=100, unique=True)
    state = models.CharField(max_length=8, choices=FileState.choices, default=FileState.ATTACHED)
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    # No list selects by it, so it has no index.
    removed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects = FileQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["about", "-id"], name="talk_file_about"),
            models.Index(fields=["author", "-id"], name="talk_file_author"),
            models.Index(
                fields=["removed_at"],
                name="talk_file_removed",
                condition=models.Q(state=FileState.REMOVED),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def subject_id(self) -> int:
        return self.about_id

    @property
    def is_attached(self) -> bool:
        return self.state == FileState.ATTACHED

    @property
    def is_image(self) -> bool:
        """Return whether browsers may show it as an image: PNG, JPEG, GIF or WebP."""
        return self.media_type in IMAGES

    @property
    def download(self) -> dict[str, Any]:
        """Return what pages.downloads.download() needs besides the content."""
        image_type = self.media_type if self.is_image else ""
        subjects = (self.about, self.about.root)
        shown = {one.reference for one in subjects if one and one.reference}
        same = {"name": self.name, "size": self.size, "sha256": self.sha256}
        return {**same, "image_type": image_type, "shown": shown}

    @property
    def content_url(self) -> str:
        """Return the path at which its content is downloaded."""
        return reverse("talk:file", args=[self.pk]) + quote(self.name, safe="")

    @property
    def markdown(self) -> str:
        """Return Markdown that shows it, if it is an image, or links to it."""
        label = "".join(f"\\{letter}" if letter in "\\[]*_`<>!" else letter for letter in self.name)
        return f"{'!' if self.is_image else ''}[{label}]({self.content_url})"


class Tag(models.Model):
    """A word of the vocabulary of tags. Objects store the words themselves, in arrays (ADR 21).

    replaced_by: the tag that it was renamed to or merged into, None for a tag in use. retired_at: None unless
    it is retired. It has no events: its changes are events of the objects that have it, so only their readers
    see them.
    """

    name = models.CharField(max_length=MAX_TAG, unique=True)
    replaced_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    retired_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


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
