"""The states of a comment, and the steps between them."""

from django.db.models import TextChoices


class CommentState(TextChoices):
    POSTED = "posted", "Posted"
    REMOVED = "removed", "Removed"


COMMENT_MOVES = {
    (CommentState.POSTED, CommentState.REMOVED): "talk.comment_removed",
    (CommentState.REMOVED, CommentState.POSTED): "talk.comment_restored",
}
